"""Where the shipped files are, in a checkout and in an installed package."""

from __future__ import annotations

import hashlib
from pathlib import Path

from appliednn.core.errors import IntegrityError, UsageError

_PACKAGED = Path(__file__).resolve().parent / "files"
_CHECKOUT = Path(__file__).resolve().parents[2]


def path_of(file_name: str) -> Path:
    """Return the path of a shipped file; in a checkout it is the one under ``data/``.

    Raises
    ------
    UsageError
        If the installation lacks it.

    Examples
    --------
    >>> path_of("credit.md").name
    'credit.md'
    """
    # The links in files/ are for building a wheel; where links are not supported (a checkout on
    # Windows) they are text files, so a checkout reads what they point to.
    path = _CHECKOUT / "data" / file_name
    if not ((_CHECKOUT / "pyproject.toml").is_file() and path.is_file()):
        path = _PACKAGED / file_name
    if not path.is_file():
        raise UsageError(
            f"the shipped file {file_name} was expected at {path} and is not there; "
            "install appliednn again"
        )
    return path


def read_checked(file_name: str, sha256: str) -> Path:
    """Return the path of a shipped file after its bytes were compared with the checksum.

    Raises
    ------
    IntegrityError
        If the file was changed.
    """
    path = path_of(file_name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise IntegrityError(
            f"{path} is not the file that was shipped: its sha256 is {found[:12]}..., expected "
            f"{sha256[:12]}...; put the original back, or read your own file as a csv source"
        )
    return path
