"""Train a candidate of any kind but networks on all folds but one."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from appliednn.search._boosting import Part, fit_histogram, fit_lightgbm, has_lightgbm
from appliednn.search._candidates import Candidate
from appliednn.search._fold_model import FoldModel, part_answer
from appliednn.search._target_means import TargetMeans
from appliednn.search._task import Task
from appliednn.search._views import EncodedRows

_TREES_AT_A_TIME = 25


def fit_fold(
    candidate: Candidate,
    task: Task,
    rows: EncodedRows,
    train: np.ndarray,
    held: np.ndarray,
    seed: int,
    seconds: float,
    n_jobs: int,
) -> FoldModel:
    """Train on some rows; others say when to stop, or how much to regularise.

    Parameters
    ----------
    candidate : Candidate
        What to train.
    task : Task
        Target of all rows.
    rows : EncodedRows
        All rows.
    train, held : ndarray of int
        Row numbers.
    seed : int
        Source of chance.
    seconds : float
        Bound on the time, which boosting and forests keep to by a tenth of their size.
    n_jobs : int
        Threads.

    Returns
    -------
    FoldModel
    """
    began = time.perf_counter()
    Z = rows.read(candidate.view)
    learned, held_out = task.rows(train), task.rows(held)
    offset, bounds = None, None
    if candidate.log_target:
        offset = log_offset(task.y)
        learned.y, held_out.y = np.log(learned.y + offset), np.log(held_out.y + offset)
        bounds = (float(learned.y.min()), float(learned.y.max()))
    rng = np.random.default_rng(seed)
    cardinalities = rows.views.cardinalities(candidate.view)
    means, Zt = TargetMeans.learn(Z[train], cardinalities, _columns(learned), learned.w, rng)
    Zh = Z[held] if means is None else means.transform(Z[held])
    parts = []
    for kind, t, h in _columns_of(learned, held_out, Zt, Zh):
        left = (seconds - (time.perf_counter() - began)) / max(1, _width(task) - len(parts))
        if (t.y == t.y[0]).all():
            parts.append(float(t.y[0]))
            continue
        n_classes = {"regression": 0, "binary": 2}.get(kind, task.n_classes)
        parts.append(_FITS[candidate.model](candidate, kind, n_classes, t, h, seed, left, n_jobs))
    return FoldModel(candidate.view, parts, task.has_columns, means, offset, bounds)


def log_offset(y: np.ndarray) -> float:
    """Return what is added to a target before its logarithm: 0 where all of it is positive."""
    return 0.0 if y.min() > 0 else 1.0


def _width(task: Task) -> int:
    return task.y.shape[1] if task.has_columns else 1


def _columns(task: Task) -> np.ndarray:
    """Return the target as columns of numbers, whose means stand for categories."""
    if task.kind == "multiclass":
        return (task.y[:, None] == np.arange(task.n_classes)).astype(np.float64)
    return task.y.reshape(len(task.y), -1).astype(np.float64)


def _columns_of(learned: Task, held: Task, Zt: np.ndarray, Zh: np.ndarray):
    """Yield (kind, training part, held-out part) of each column of the target."""
    if not learned.has_columns:
        yield learned.kind, Part(Zt, learned.y, learned.w), Part(Zh, held.y, held.w)
        return
    kind = "regression" if learned.is_regression else "binary"
    for yt, yh in zip(learned.y.T, held.y.T, strict=True):
        yield kind, Part(Zt, yt, learned.w), Part(Zh, yh, held.w)


def _boosting(candidate, kind, n_classes, train, held, seed, seconds, n_jobs) -> Any:
    if has_lightgbm():
        return fit_lightgbm(
            kind, n_classes, train, held, candidate.settings, seed, seconds, n_jobs
        )
    return fit_histogram(kind, train, held, histogram_settings(candidate.settings), seed)


def histogram_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of scikit-learn's boosting that come nearest to LightGBM's."""
    return {
        "learning_rate": settings.get("learning_rate", 0.1),
        "max_leaf_nodes": settings.get("num_leaves", 31),
        "max_depth": settings.get("max_depth"),
        "min_samples_leaf": settings.get("min_child_samples", 20),
        "l2_regularization": settings.get("lambda_l2", 0.0),
        "max_features": settings.get("feature_fraction", 1.0),
        "max_bins": settings.get("max_bin", 255),
        "max_iter": 1000,
    }


def _forest(candidate, kind, n_classes, train, held, seed, seconds, n_jobs) -> Any:
    """Grow a forest some trees at a time, until it is whole or time is over."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    began = time.perf_counter()
    settings = dict(candidate.settings)
    wanted = settings.pop("n_estimators", 150)
    cls = ExtraTreesRegressor if kind == "regression" else ExtraTreesClassifier
    forest = cls(n_estimators=0, warm_start=True, random_state=seed, n_jobs=n_jobs, **settings)
    while forest.n_estimators < wanted:
        forest.n_estimators = min(wanted, forest.n_estimators + _TREES_AT_A_TIME)
        forest.fit(train.Z, train.y, sample_weight=train.w)
        if time.perf_counter() - began > seconds:
            break
    return forest.set_params(warm_start=False)


def _linear(candidate, kind, n_classes, train, held, seed, seconds, n_jobs) -> Any:
    """Fit a linear model at a few strengths of the penalty; held-out rows pick one."""
    from sklearn.linear_model import LogisticRegression, Ridge

    began = time.perf_counter()
    n, Z = float(train.w.sum()), train.Z.astype(np.float64)
    best, best_loss = None, np.inf
    for strength in candidate.settings["penalties"]:
        if kind == "regression":
            model = Ridge(alpha=strength * n)
        else:
            model = LogisticRegression(C=1.0 / (strength * n), max_iter=300, tol=1e-5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(Z, train.y, sample_weight=train.w)
        answer = part_answer(model, held.Z, n_classes)
        loss = Task(kind, held.y, held.y, held.w).loss(answer) if len(held.y) else 0.0
        if loss < best_loss:
            best, best_loss = model, loss
        if time.perf_counter() - began > seconds:
            break
    return best


_FITS: dict[str, Callable] = {"boosting": _boosting, "forest": _forest, "linear": _linear}
