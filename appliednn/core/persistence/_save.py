"""Save a fitted estimator as one file that holds data only."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.core.persistence._arrays import dump_arrays
from appliednn.core.persistence._container import ARRAYS, FORMAT, FORMAT_VERSION, write_container
from appliednn.core.persistence._nodes import describe, is_fitted

_PACKAGES = ("appliednn", "numpy", "scikit-learn", "keras", "tensorflow", "skops", "safetensors")


def save(estimator: Any, path: str | Path, *, verdict: dict[str, Any] | None = None) -> Path:
    """Write a fitted estimator to a model file.

    The file is a zip: ``manifest.json`` (format version, classes by their registered names,
    parameters, package versions, feature schema, sha256 of each member), weights and other
    arrays as safetensors, scikit-learn objects by skops. Nothing in it is code, and
    :func:`load` runs none.

    Parameters
    ----------
    estimator : estimator
        One of ours, a scikit-learn estimator on the reviewed list, or either inside the other
        (a Pipeline, a ColumnTransformer, a calibrated or thresholded model).
    path : str or Path
        Usually ``something.ann``; replaced in one step if it is there.
    verdict : dict, optional
        JSON-ready result of the gates, kept in the manifest.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    UsageError
        If the estimator is not fitted, or a part of it cannot be saved (which, and why), or the
        path cannot be written to.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0]], ["no", "yes"])
    >>> path = save(model, pathlib.Path(tempfile.mkdtemp()) / "model.ann")
    >>> from appliednn.core.persistence import load
    >>> load(path).predict([[2.0]]).tolist()
    ['yes']
    """
    path = Path(path)
    _check_fitted(estimator)
    described = describe(estimator)
    members = dict(described.objects)
    if described.arrays:
        members = {ARRAYS: dump_arrays(described.arrays), **members}
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "estimator": type(estimator).__name__,
        "packages": _versions(),
        "schema": _schema(estimator),
        "classes": _classes(estimator),
        "n_params": _n_params(estimator),
        "verdict": verdict,
        "nodes": described.nodes,
    }
    try:
        write_container(path, manifest, members)
    except (TypeError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"the manifest cannot be written as JSON: {error}") from error
    return path


def _check_fitted(estimator: Any) -> None:
    if isinstance(estimator, type):
        raise UsageError(f"the class {estimator.__name__} was given; save a fitted instance.")
    if not is_fitted(estimator):
        raise UsageError(f"{type(estimator).__name__} is not fitted; call fit first.")


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _schema(estimator: Any) -> dict[str, Any]:
    """Return what a caller must pass: the columns' names and, where known, kinds."""
    names = getattr(estimator, "feature_names_in_", None)
    n_features = getattr(estimator, "n_features_in_", None)
    encoder = getattr(estimator, "encoder_", estimator)
    kinds = getattr(encoder, "kinds_", None)
    return {
        "n_features": None if n_features is None else int(n_features),
        "feature_names": None if names is None else [str(name) for name in names],
        "kinds": list(kinds) if isinstance(kinds, list) else None,
    }


def _classes(estimator: Any) -> list | None:
    classes = getattr(estimator, "classes_", None)
    if not isinstance(classes, np.ndarray):
        return None
    plain = classes.tolist()
    return [c if isinstance(c, bool | int | str) else str(c) for c in plain]


def _n_params(estimator: Any) -> int | None:
    """Return the number of weights of the network inside, through wrappers and pipelines."""
    for _ in range(10):
        network = getattr(estimator, "network_", None)
        if network is not None:
            return int(network.n_parameters)
        steps = getattr(estimator, "steps", None)
        inner = getattr(estimator, "estimator_", getattr(estimator, "estimator", None))
        estimator = steps[-1][1] if steps else inner
        if estimator is None:
            return None
    return None
