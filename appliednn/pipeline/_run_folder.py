"""The folder a run writes into: every file appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from appliednn.core.errors import UsageError

_NO_ROOM = ("ENOSPC", "EDQUOT", "EFBIG", "EROFS")  # errors that name no file
FINISHED = "finished"
RUNNING = "running"
INTERRUPTED = "interrupted"
FAILED = "failed"
LOCK_HASH = "lock.json sha256: "
"""Begins the second line of STATUS in a finished run: nothing else guards the lock itself."""


def write_atomic(path: Path, data: bytes | str) -> Path:
    """Write ``data`` under a temporary name beside ``path``, flush it to disk, rename it.

    A process that is killed at any moment leaves the old file or the new one, never half of one.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as d:
    ...     write_atomic(Path(d) / "a.txt", "x").read_text()
    'x'
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
        file.flush()
        os.fsync(file.fileno())
    return Path(path)


@contextlib.contextmanager
def writing_to(place: Path, advice: str) -> Iterator[None]:
    """Say in a sentence that a place cannot be written to, and what to do about it.

    Raises
    ------
    UsageError
        For a full disk, a read-only file system, a missing right, a folder that is none.

    Examples
    --------
    >>> with writing_to(Path("runs"), "choose another --out"):
    ...     raise OSError(errno.ENOSPC, "No space left on device")
    Traceback (most recent call last):
    ...
    appliednn.core.errors.UsageError: runs cannot be written to (No space left on device); \
choose another --out
    """
    try:
        yield
    except OSError as error:
        file = str(error.filename or "")
        here = file and (file.startswith(str(place)) or str(place).startswith(file))
        if not here and errno.errorcode.get(error.errno or 0) not in _NO_ROOM:
            raise
        raise UsageError(f"{place} cannot be written to ({error.strerror}); {advice}") from error


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success it is renamed to ``path``.

    For writers that take a file name. The suffix is kept, since some of them look at it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}-{path.name}")
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    """Ask the system to put a file's (or a folder's) content on disk."""
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> Path:
    """Write ``value`` as readable JSON (strict: NaN is refused), atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return write_atomic(path, text + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file of a run folder, or say that it cannot be read."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{path} is not there; is {Path(path).parent} a run folder?") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from error


class RunFolder:
    """Names, status, log and journal of one run folder.

    Parameters
    ----------
    path : Path
        The folder; made when it is first written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @classmethod
    def create(cls, root: Path, name: str) -> RunFolder:
        """Make a new folder ``<root>/<name>-<time>`` that no other run has."""
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        for attempt in range(1000):
            path = Path(root) / (f"{name}-{stamp}" + (f"-{attempt}" if attempt else ""))
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise UsageError(
                    f"the run folder {path} cannot be made ({error.strerror}); "
                    "choose another report.dir or --out"
                ) from error
            return cls(path)
        raise UsageError(f"no free name for a run folder in {root}")

    @property
    def status(self) -> str:
        """First word of STATUS: running, finished, interrupted, failed, or "" without one."""
        try:
            text = (self / "STATUS").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return text.split(":")[0].strip()

    def set_status(self, status: str, detail: str = "") -> None:
        """Write STATUS, a line such as ``finished: PASS``."""
        write_atomic(self / "STATUS", f"{status}: {detail}\n" if detail else f"{status}\n")

    def log(self, event: str, **fields: Any) -> None:
        """Append one line to log.jsonl, in one write, so that a kill leaves no half line."""
        record = {"time": round(time.time(), 3), "event": event, **fields}
        line = json.dumps(record, ensure_ascii=False, default=str) + "\n"
        descriptor = os.open(self / "log.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Remove temporary files that a killed process left behind."""
        for pattern in (".tmp-*", "journal/.tmp-*", ".*.tmp"):
            for path in self.path.glob(pattern):
                path.unlink(missing_ok=True)

    def point_latest(self) -> None:
        """Let ``latest`` beside the folder lead to it, so that ``latest/model.ann`` is a path.

        Where links are not allowed, it is a file with the folder's name.
        """
        latest, link = self.path.parent / "latest", self.path.parent / f".latest.{os.getpid()}.tmp"
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(self.path.name, target_is_directory=True)
            os.replace(link, latest)
        except OSError:
            write_atomic(latest, self.path.name + "\n")


def find_unfinished(root: Path, name: str, config_sha256: str) -> RunFolder:
    """Return the newest unfinished run of this config below ``root``.

    Raises
    ------
    UsageError
        When there is none.
    """
    changed = 0
    for path in sorted(Path(root).glob(f"{name}-*"), reverse=True):
        folder = RunFolder(path)
        if not (folder / "lock.json").is_file() or folder.status == FINISHED:
            continue
        if read_json(folder / "lock.json").get("config", {}).get("sha256") == config_sha256:
            return folder
        changed += 1
    hint = f" ({changed} of another version of the config: name its folder)" if changed else ""
    raise UsageError(f"no unfinished run of {name!r} in {root}{hint}; run without --resume")
