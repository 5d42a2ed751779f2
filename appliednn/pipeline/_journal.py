"""The journal of a run: finished pieces of work, so that a resumed run does not redo them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliednn.pipeline._run_folder import write_atomic


class Journal:
    """Bytes by key, one file each, with a checksum in front of them.

    The audit stores each finished check here, the run the outcome of each costly stage. An entry
    whose checksum does not fit is treated as absent: the work is done again.

    Parameters
    ----------
    folder : Path
        Where the entries lie.
    guard : callable, optional
        Called before an entry is stored; it may raise, and then nothing is stored. The run's
        guard raises after an interrupt that a fit has answered by stopping early.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d:
    ...     journal = Journal(Path(d))
    ...     journal.put("search", b"done")
    ...     journal.get("search"), journal.get("fit")
    (b'done', None)
    """

    def __init__(self, folder: Path, guard: Callable[[], None] | None = None) -> None:
        self.folder = Path(folder)
        self._guard = guard

    def get(self, key: str) -> bytes | None:
        """Return the entry, or None when there is none (or a damaged one)."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        digest, _, data = content.partition(b"\n")
        return data if digest == _digest(data) else None

    def put(self, key: str, data: bytes) -> None:
        """Store an entry, replacing an older one."""
        if self._guard is not None:
            self._guard()
        write_atomic(self._path(key), _digest(data) + b"\n" + data)

    def get_json(self, key: str) -> Any:
        """Return an entry stored by :meth:`put_json`, or None."""
        data = self.get(key)
        return None if data is None else json.loads(data)

    def put_json(self, key: str, value: Any) -> None:
        """Store a JSON-ready value; numbers come back bit for bit."""
        self.put(key, json.dumps(value).encode())

    def _path(self, key: str) -> Path:
        """Return a file name for any key: readable, and never two keys in one file."""
        readable = re.sub(r"[^A-Za-z0-9_.-]", "_", key)[:60]
        return self.folder / f"{readable}.{hashlib.sha256(key.encode()).hexdigest()[:8]}.entry"


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()
