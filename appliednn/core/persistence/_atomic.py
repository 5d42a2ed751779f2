"""Write a file in one step: a reader sees the old one or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from appliednn.core.errors import UsageError


def replace_file(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write ``parts`` to a temporary name beside ``path``, flush to disk, rename.

    Raises
    ------
    UsageError
        If the folder is not there or cannot be written to, or ``path`` is a folder.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder; give the name of a file, such as model.ann.")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise UsageError(f"{path} cannot be written: {error.strerror} ({path.parent}).") from error
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:  # also on Ctrl-C: leave no half of a file behind
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
