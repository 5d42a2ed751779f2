"""The model file of a run: saved, loaded back, and only then used."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save_model(model: Any, path: Path) -> Any:
    """Save a model and return it as the file gives it back.

    What is calibrated, audited and reported is the loaded model: a resumed run and an
    uninterrupted one go through the same bytes.
    """
    from appliednn.core.persistence import load, save

    path.parent.mkdir(parents=True, exist_ok=True)
    save(model, path)
    return load(path)


def load_model(path: Path) -> Any:
    """Load a model file."""
    from appliednn.core.persistence import load

    return load(path)
