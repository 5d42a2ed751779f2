"""What is installed and what the backend sees."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from typing import Any

PACKAGE = "appliednn"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


def info() -> dict[str, Any]:
    """Return versions, devices and what is missing; starts the backend to ask for devices.

    Returns
    -------
    dict
        ``appliednn``, ``python``, ``platform``; ``packages`` (name to version, None where it is
        missing); ``extras`` (name of an extra to the list of its missing packages); ``devices``
        (list of ``{"name", "type"}``).

    Notes
    -----
    Packages and extras are read from the metadata of the installed distribution, so that the list
    is the one in ``pyproject.toml``.
    """
    from appliednn.core.backend import devices

    return {**versions(), "devices": devices()}


def versions() -> dict[str, Any]:
    """Return what :func:`info` does, without the devices and without starting the backend.

    Examples
    --------
    >>> versions()["packages"]["keras"] is not None
    True
    """
    packages, extras = _requirements()
    found = {name: _version(name) for name in packages}
    missing = {
        extra: [name for name in names if _version(name) is None]
        for extra, names in extras.items()
    }
    return {
        "appliednn": _version(PACKAGE) or "not installed",
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": found,
        "extras": missing,
    }


def _requirements() -> tuple[list[str], dict[str, list[str]]]:
    """Return the names of the required packages, and of those of each extra."""
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return [], {}
    packages: list[str] = []
    extras: dict[str, list[str]] = {}
    for line in lines:
        match, extra = _NAME.match(line), _EXTRA.search(line)
        if match is None:
            continue
        (extras.setdefault(extra[1], []) if extra else packages).append(match[0])
    return packages, extras


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def info_lines(found: dict[str, Any]) -> list[str]:
    """Return the result of :func:`info` as lines for a terminal."""
    lines = [
        f"appliednn {found['appliednn']}",
        f"Python {found['python']} on {found['platform']}",
        "",
        "packages",
    ]
    width = max(map(len, found["packages"]), default=0)
    for name, version in found["packages"].items():
        lines.append(f"  {name:{width}}  {version or 'MISSING: pip install ' + name}")
    lines += ["", "extras"]
    for extra, missing in found["extras"].items():
        state = f"missing {', '.join(missing)}: pip install 'appliednn[{extra}]'"
        lines.append(f"  {extra}: {state if missing else 'installed'}")
    lines += ["", "devices"]
    lines += [f"  {device['name']} ({device['type']})" for device in found.get("devices", [])]
    return lines
