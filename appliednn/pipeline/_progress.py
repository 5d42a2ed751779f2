"""Progress of a run: which stage it is in, and how long those before took."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

PATIENCE = 1.0  # seconds; a stage that took less is not worth a second line


class StageProgress:
    """Says on standard error which stage runs and how long each took.

    Lines, not a live display: training and audit show bars of their own on a terminal, and two
    displays at once would draw over each other.

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
        """Announce one stage while it runs."""
        self.number += 1
        label = f"[{self.number}/{self.n_stages}] "
        self.line(label + title)
        started = time.perf_counter()
        yield
        seconds = time.perf_counter() - started
        if seconds > PATIENCE:
            self.line(" " * len(label) + f"took {seconds:.1f} s")

    def line(self, text: str) -> None:
        """Write one line."""
        print(text, file=sys.stderr, flush=True)
