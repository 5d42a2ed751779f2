"""Products of small matrices on one thread: several wait for each other longer than they work."""

from __future__ import annotations

from threading import Lock

_lock = Lock()
_users, _limits = 0, None


class OneBlasThread:
    """A block in which NumPy's linear algebra uses one thread; blocks may overlap in threads.

    An agent acts on a few observations at a time: on a busy machine a product of 16 x 256 and
    256 x 256 takes tens of milliseconds on several threads, and less than one on one. The first
    block to begin sets the limit, the last one to end takes it away.

    Examples
    --------
    >>> import numpy as np
    >>> with OneBlasThread():
    ...     float((np.eye(2) @ np.eye(2)).sum())
    2.0
    """

    def __enter__(self) -> OneBlasThread:
        global _users, _limits
        with _lock:
            if _users == 0:
                from threadpoolctl import threadpool_limits

                _limits = threadpool_limits(1, "blas")
            _users += 1
        return self

    def __exit__(self, *exc_info) -> None:
        global _users, _limits
        with _lock:
            _users -= 1
            if _users == 0:
                _limits.restore_original_limits()
                _limits = None
