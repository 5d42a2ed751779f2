"""Progress of an audit: a bar on a terminal, silence elsewhere unless lines are asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from appliednn.audit._records import Progress
from appliednn.core.errors import UsageError


@contextmanager
def progress_bar(wanted: str | bool | Progress | None) -> Iterator[Progress | None]:
    """Give the function that is told of each check.

    Parameters
    ----------
    wanted : "auto", bool, callable or None
        ``"auto"``: a bar if standard error is a terminal; True: a bar there, plain lines
        elsewhere; a callable is told itself; False or None: nothing.
    """
    if callable(wanted):
        yield wanted
    elif wanted is None or wanted is False or (wanted == "auto" and not sys.stderr.isatty()):
        yield None
    elif wanted not in ("auto", True):
        raise UsageError(f"progress must be 'auto', True, False or a callable, got {wanted!r}")
    elif not sys.stderr.isatty():
        yield _line
    else:
        with _bar() as bar:
            yield bar


def _line(check_id: str, title: str, number: int, of: int, state: str) -> None:
    """Print one line when a check starts."""
    if state == "start":
        print(f"audit {number}/{of}: {check_id} {title}", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show a bar that goes away when the audit is over."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("audit"), BarColumn(), TextColumn("{task.description}"))
    bar = RichProgress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task("", total=None)

        def tell(check_id: str, title: str, number: int, of: int, state: str) -> None:
            done = number if state == "done" else number - 1
            bar.update(task, total=of, completed=done, description=f"{check_id} {title}")

        yield tell
