"""Time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A budget of seconds, counted from construction.

    Parameters
    ----------
    seconds : float or None
        The budget; None is no bound.
    clock : callable, default=time.perf_counter
        Gives seconds.

    Examples
    --------
    >>> now = [0.0]
    >>> deadline = Deadline(10.0, clock=lambda: now[0])
    >>> now[0] = 4.0
    >>> deadline.elapsed(), deadline.left(), deadline.over()
    (4.0, 6.0, False)
    """

    def __init__(
        self, seconds: float | None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.seconds = float("inf") if seconds is None else float(seconds)
        self._clock = clock
        self._began = clock()

    def elapsed(self) -> float:
        """Return the seconds since construction."""
        return self._clock() - self._began

    def left(self) -> float:
        """Return the seconds left; infinite without a budget, negative when it is overdrawn."""
        return self.seconds - self.elapsed()

    def over(self) -> bool:
        """Whether nothing is left."""
        return self.left() <= 0
