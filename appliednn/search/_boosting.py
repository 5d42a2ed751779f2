"""Gradient boosting that stops by held-out rows or by the clock."""

from __future__ import annotations

import importlib.util
import time
from typing import Any, NamedTuple

import numpy as np

from appliednn.search._boosted_trees import BoostedTrees

_BLOCK = 10  # trees between two looks at the held-out rows and at the clock
_DEFAULTS = {"max_rounds": 4000, "patience": 40}


class Part(NamedTuple):
    """Rows as a model reads them.

    Attributes
    ----------
    Z : ndarray of shape (n, n_inputs)
        Encoded rows.
    y : ndarray of shape (n,) or (n, n_outputs)
        Class numbers, 0/1, or numbers.
    w : ndarray of shape (n,)
        Weights.
    """

    Z: np.ndarray
    y: np.ndarray
    w: np.ndarray


def has_lightgbm() -> bool:
    """Whether LightGBM is installed (the extra ``lightgbm`` brings it)."""
    return importlib.util.find_spec("lightgbm") is not None


def fit_lightgbm(
    kind: str,
    n_classes: int,
    train: Part,
    held: Part,
    settings: dict[str, Any],
    seed: int,
    seconds: float = float("inf"),
    n_jobs: int = 1,
) -> BoostedTrees:
    """Train LightGBM until held-out rows get no better, or time is over.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
        Task.
    n_classes : int
        Number of classes.
    train, held : Part
        Rows to learn from, and rows that say when to stop.
    settings : dict
        LightGBM's parameters; ``max_rounds`` and ``patience`` (in trees) are ours.
    seed : int
        Source of chance.
    seconds : float
        Bound on the training time; ten trees are always grown.
    n_jobs : int
        Threads.

    Returns
    -------
    BoostedTrees
    """
    import lightgbm

    began = time.perf_counter()
    own = {**_DEFAULTS, **settings}
    max_rounds, patience = own.pop("max_rounds"), own.pop("patience")
    params = {
        "objective": kind,
        "num_threads": n_jobs,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
        **own,
    }
    if kind == "multiclass":
        params["num_class"] = n_classes
    rows = lightgbm.Dataset(train.Z, train.y, weight=train.w, params=params)
    # Without the parameters here too, linear leaves would read held-out rows that are freed.
    watched = lightgbm.Dataset(held.Z, held.y, weight=held.w, reference=rows, params=params)
    booster = lightgbm.Booster(params, rows).add_valid(watched, "held")
    best, best_round, done, finished = np.inf, 0, 0, False
    while done < max_rounds and not finished:
        for _ in range(_BLOCK):
            finished = booster.update() or finished
        done += _BLOCK
        loss = booster.eval_valid()[0][2]
        if loss < best:
            best, best_round = loss, done
        finished |= done - best_round >= patience or time.perf_counter() - began > seconds
    booster.free_dataset()
    groups = n_classes if kind == "multiclass" else 1
    return BoostedTrees(kind, train.Z.shape[1], groups, booster, best_round)


def fit_histogram(kind: str, train: Part, held: Part, settings: dict[str, Any], seed: int) -> Any:
    """Train scikit-learn's histogram gradient boosting, stopped by held-out rows.

    Parameters
    ----------
    kind : {"binary", "multiclass", "regression"}
        Task.
    train, held : Part
        Rows to learn from, and rows that say when to stop.
    settings : dict
        Parameters of the estimator.
    seed : int
        Source of chance.

    Returns
    -------
    HistGradientBoostingClassifier or HistGradientBoostingRegressor
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    cls = HistGradientBoostingRegressor if kind == "regression" else HistGradientBoostingClassifier
    model = cls(early_stopping=True, n_iter_no_change=15, random_state=seed, **settings)
    # Labels that only the held-out rows have say nothing about when to stop.
    known = np.isin(held.y, train.y) if kind != "regression" else slice(None)
    return model.fit(
        train.Z,
        train.y,
        sample_weight=train.w,
        X_val=held.Z[known],
        y_val=held.y[known],
        sample_weight_val=held.w[known],
    )
