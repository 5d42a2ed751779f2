"""A progress bar for long training, on a terminal only."""

from __future__ import annotations

import sys
import time

_PATIENCE_SECONDS = 3.0


class EpochProgress:
    """Shows how far it is, the losses and the time left once training has taken three seconds.

    Parameters
    ----------
    n_epochs : int
        Planned epochs.
    verbose : "auto" or bool
        ``"auto"``: a bar if standard error is a terminal; True: a bar there, a plain line an epoch
        elsewhere; False: nothing.
    unit : str
        What is counted, if not epochs.
    """

    def __init__(self, n_epochs: int, verbose: str | bool, unit: str = "epochs") -> None:
        terminal = sys.stderr.isatty()
        self.n_epochs, self.unit = n_epochs, unit
        self._bar_wanted = terminal and verbose is not False
        self._lines = verbose is True and not terminal
        self._began = time.perf_counter()
        self._bar = None
        self._task = None

    def __enter__(self) -> EpochProgress:
        return self

    def __exit__(self, *exc_info) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, history: dict[str, list[float]]) -> None:
        """Show that ``done`` epochs are over."""
        if not (self._lines or self._bar_wanted):
            return
        losses = " ".join(
            f"{k}={v[-1]:.4g}" for k, v in history.items() if k not in ("lr", "seconds") and v
        )
        if self._lines:
            print(f"{self.unit[:-1]} {done}/{self.n_epochs} {losses}", file=sys.stderr)
        elif self._bar is not None or time.perf_counter() - self._began > _PATIENCE_SECONDS:
            self._show(done, losses)

    def _show(self, done: int, losses: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("training"),
                BarColumn(),
                TextColumn(f"{{task.completed}}/{{task.total}} {self.unit}"),
                TextColumn("{task.fields[losses]}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("training", total=self.n_epochs, losses="")
        self._bar.update(self._task, completed=done, losses=losses)
