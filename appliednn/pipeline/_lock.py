"""lock.json: everything a run depended on, so that it can be checked and repeated."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

FORMAT = 1
MAIN_PACKAGES = (
    "appliednn",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "keras",
    "tensorflow",
    "imbalanced-learn",
    "gymnasium",
)
"""Packages that may change a result; the others are listed and not compared."""


def make_lock(loaded: Any, data: Any) -> dict[str, Any]:
    """Return the lock of a run that is about to start.

    Parameters
    ----------
    loaded : LoadedConfig
        The config.
    data : Prepared or PreparedEnv
        Its rows, or its environment.
    """
    config = loaded.config
    return {
        "format": FORMAT,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": devices_in_use(),
        "packages": installed_packages(),
        "git": _git_state(),
        "config": {"sha256": config_sha256(loaded), "file_sha256": text_sha256(loaded.text)},
        "base_dir": str(loaded.base_dir.resolve()),
        "data": data.for_lock(),
        "seeds": {"root": config.seed, "method": "SeedSequence([root, crc32(stage)])"},
    }


def config_sha256(loaded: Any) -> str:
    """Return the hash of what the config means: defaults and overrides in, comments out."""
    return text_sha256(resolved_text(loaded))


def resolved_text(loaded: Any) -> str:
    """Return the resolved config as YAML; secrets stay references to the environment."""
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    stream = StringIO()
    yaml.dump(_plain(loaded.resolved), stream)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    """Return nested values as YAML's own types, mappings in their order."""
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def text_sha256(text: str) -> str:
    """Return the sha256 of a text.

    Examples
    --------
    >>> text_sha256("")[:8]
    'e3b0c442'
    """
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def installed_packages() -> dict[str, str]:
    """Return every installed distribution with its version, sorted by name."""
    found = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    return dict(sorted((n, v) for n, v in found.items() if n))


def devices_in_use() -> list[str]:
    """Return the devices TensorFlow would use, if it is loaded; a lock does not load it."""
    import sys

    if "tensorflow" not in sys.modules:
        return ["CPU"]
    from appliednn.core.backend import devices

    return [f"{d['type']} {d['name']}" for d in devices()]


def _git_state() -> dict[str, Any] | None:
    """Return commit and dirtiness of the working folder, or None outside a repository."""
    from appliednn.audit._provenance import git_state

    return git_state()
