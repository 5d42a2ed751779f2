"""One process a run folder: two that write into the same one would mix their results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from appliednn.core.errors import IntegrityError

NAME = "running.pid"


@contextlib.contextmanager
def in_use(folder: Path) -> Iterator[None]:
    r"""Hold a run folder for this process.

    The file ``running.pid`` names the process. What counts is the system's lock on it, which ends
    with the process, however it ends: a killed run can be resumed at once, and no process number
    that was given away again is taken for a running one.

    Parameters
    ----------
    folder : Path
        The run folder.

    Raises
    ------
    IntegrityError
        When another process holds it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d, in_use(Path(d)):
    ...     (Path(d) / NAME).read_text() == f"{os.getpid()}\n"
    True
    """
    path = Path(folder) / NAME
    descriptor = _open_locked(path)
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        if os.name == "nt":  # an open file cannot be removed there
            os.close(descriptor)
            path.unlink(missing_ok=True)
        else:  # removed while it is held, so that nobody finds it unlocked
            path.unlink(missing_ok=True)
            os.close(descriptor)


def _open_locked(path: Path) -> int:
    """Return the open and locked file, which is the one that lies there now."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if not _lock(descriptor):
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise IntegrityError(
                f"{path.parent} is in use by process {holder or 'unknown'}; wait until it ends, "
                "or stop it and resume then"
            )
        try:
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        except FileNotFoundError:
            pass  # its holder ended between opening and locking: take a new one
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file for this process alone; False when another has it."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond the text, which stays readable
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
