"""Ctrl-C that is not forgotten: a fit may stop cleanly on it, the run still ends there."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class InterruptWatch:
    """While active, remembers an interrupt that somebody else has caught.

    Neural estimators answer Ctrl-C by keeping the best weights so far. A run must not go on with
    a model that was trained less than its config says: :meth:`check`, called after each stage,
    raises KeyboardInterrupt then.

    Examples
    --------
    >>> with InterruptWatch() as watch:
    ...     watch.check()
    """

    def __init__(self) -> None:
        self._seen = False
        self._before = None

    def __enter__(self) -> InterruptWatch:
        # Only the main thread may set handlers, and a handler of the caller's own is kept.
        if threading.current_thread() is threading.main_thread():
            current = signal.getsignal(signal.SIGINT)
            if current is signal.default_int_handler:
                self._before = current
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def check(self) -> None:
        """Raise KeyboardInterrupt when there was one."""
        if self._seen:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._seen = True
        raise KeyboardInterrupt
