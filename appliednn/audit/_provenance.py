"""Where a report comes from: versions, platform, seeds, commit, hashes of model and data."""

from __future__ import annotations

import hashlib
import pickle
import platform
import subprocess
import sys
from importlib import metadata

import numpy as np
import pandas as pd

from appliednn.audit._context import AuditContext

_PACKAGES = (
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "tensorflow",
    "keras",
    "imbalanced-learn",
    "fairlearn",
    "shap",
    "lime",
    "adversarial-robustness-toolbox",
    "lightgbm",
    "gymnasium",
)


def provenance(
    context: AuditContext,
    *,
    config: str | None = None,
    data: list[dict] | None = None,
) -> dict:
    """Return what identifies an audit, less its times.

    Parameters
    ----------
    context : AuditContext
        Model, data and seed.
    config : str, optional
        The configuration's text.
    data : list of dict, optional
        From :func:`describe_data`, when already at hand.

    Returns
    -------
    dict
        JSON-ready: ``tool_version, python, packages, platform, device, seeds, git, model, data,
        config_sha256``.
    """
    from appliednn import __version__

    return {
        "tool_version": __version__,
        "python": platform.python_version(),
        "packages": _versions(),
        "platform": platform.platform(),
        "device": _devices(),
        "seeds": {"random_state": context.random_state},
        "git": git_state(),
        "model": describe_model(context),
        "data": data if data is not None else describe_data(context),
        "config_sha256": None if config is None else hashlib.sha256(config.encode()).hexdigest(),
    }


def describe_data(context: AuditContext) -> list[dict]:
    """Return role, hash, shape and schema of each table; no value of any row.

    Of an agent: of its environment and the seeds of the episodes.
    """
    if context.task == "reinforcement":
        return context.describe_data()
    tables = [("test", context.X_test, context.y_test)]
    if context.X_train is not None:
        tables.append(("train", context.X_train, context.y_train))
    if context.sensitive is not None:
        tables.append(("sensitive", context.sensitive, None))
    return [
        {
            "role": role,
            "sha256": table_hash(X, y),
            "n_rows": int(X.shape[0]),
            "n_cols": int(X.shape[1]),
            "schema": [{"name": str(c), "dtype": str(t)} for c, t in X.dtypes.items()],
        }
        for role, X, y in tables
    ]


def table_hash(X: pd.DataFrame, y: np.ndarray | None = None) -> str:
    """Return a sha256 over column names, dtypes, values and labels, in row order.

    Examples
    --------
    >>> X = pd.DataFrame({"x": [1.0, 2.0]})
    >>> table_hash(X) == table_hash(X.copy()), table_hash(X) == table_hash(X[::-1])
    (True, False)
    """
    digest = hashlib.sha256(repr([(str(c), str(t)) for c, t in X.dtypes.items()]).encode())
    columns = [X.iloc[:, j] for j in range(X.shape[1])]
    if y is not None:
        columns.append(pd.Series(y))
    for column in columns:
        digest.update(_column_bytes(column))
    return digest.hexdigest()


def _column_bytes(column: pd.Series) -> bytes:
    """Return a column's content as bytes that depend on its values alone."""
    try:
        hashed = pd.util.hash_pandas_object(column, index=False)
    except TypeError:
        # Mixed or unhashable objects: their text stands for them.
        hashed = pd.util.hash_pandas_object(column.map(repr), index=False)
    return hashed.to_numpy().tobytes()


def describe_model(context: AuditContext) -> dict:
    """Return class, framework, number of parameters and hash of the model.

    The hash covers weights and settings of a neural estimator (its training times differ between
    equal models), and the pickle of any other; None where it cannot be pickled.
    """
    model, network = context.model, context.network_model
    if network is not None:
        weights = [np.asarray(w) for w in network.network_.weights]
        digest = hashlib.sha256(repr(model).encode())
        for array in weights:
            digest.update(repr((array.shape, array.dtype.str)).encode() + array.tobytes())
        value, of = digest.hexdigest(), "weights"
    else:
        value, of = _pickle_hash(model), "pickle"
    return {
        "class": f"{type(model).__module__}.{type(model).__qualname__}",
        "framework": _framework(model),
        "n_params": n_parameters(context),
        "sha256": value,
        "sha256_of": of if value is not None else None,
    }


def n_parameters(context: AuditContext) -> int | None:
    """Return how many numbers the model learned, where that is well defined."""
    network = context.network_model
    if network is not None:
        return int(sum(np.size(w) for w in network.network_.weights))
    model = context.model
    model = model.steps[-1][1] if hasattr(model, "steps") else model
    if hasattr(model, "coefs_"):
        return int(sum(np.size(w) for w in (*model.coefs_, *model.intercepts_)))
    if hasattr(model, "coef_"):
        return int(np.size(model.coef_) + np.size(getattr(model, "intercept_", ())))
    return None


class _HashWriter:
    """A file that keeps nothing but the hash of what is written to it."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, data) -> int:
        self.digest.update(data)
        return len(data)


def _pickle_hash(model) -> str | None:
    """Return the sha256 of the model's pickle, or None for a model that has none."""
    writer = _HashWriter()
    try:
        pickle.Pickler(writer, protocol=5).dump(model)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError):
        return None
    return writer.digest.hexdigest()


def _framework(model) -> str:
    """Return the package a model comes from, with its version."""
    package = type(model).__module__.partition(".")[0]
    name = {"sklearn": "scikit-learn"}.get(package, package)
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return name


def _versions() -> dict[str, str]:
    """Return the versions of the packages that matter and are installed."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _devices() -> list[str]:
    """Return the devices of the backend, if one is loaded; an audit loads none for this."""
    if "tensorflow" not in sys.modules:
        return ["CPU"]
    from appliednn.core.backend import devices

    return [f"{d['type']} {d['name']}" for d in devices()]


def git_state() -> dict | None:
    """Return commit and dirtiness of the working directory, or None outside a repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        dirty = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "dirty": dirty}


def _git(*arguments: str) -> str:
    """Return what git prints."""
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
