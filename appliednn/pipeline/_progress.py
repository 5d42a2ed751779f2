"""Progress of a run: a live line per stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

Tell = Callable[[str], None]


class StageProgress:
    """Says on standard error which stage runs and how long each took.

    Parameters
    ----------
    n_stages : int
        How many there are.
    """

    def __init__(self, n_stages: int) -> None:
        self.n_stages = n_stages
        self.number = 0

    @contextlib.contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """Show one stage while it runs."""
        self.number += 1
        label = f"[{self.number}/{self.n_stages}] {title}"
        started = time.perf_counter()
        if sys.stderr.isatty():
            from rich.console import Console

            with Console(stderr=True).status(label):
                yield
        else:
            yield
        self.line(f"{label} ({time.perf_counter() - started:.1f} s)")

    def line(self, text: str) -> None:
        """Write one line."""
        print(text, file=sys.stderr, flush=True)
