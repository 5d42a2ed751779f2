"""Train a network on all folds at once, side by side in one program."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import appliednn.tabular
from appliednn.core import backend
from appliednn.search._candidates import Candidate
from appliednn.search._fit_fold import log_offset
from appliednn.search._fold_model import FoldModel
from appliednn.search._task import Task

_CLASSES = {"mlp": "MLP", "realmlp": "RealMLP", "tabm": "TabM"}


def fit_networks(
    candidate: Candidate,
    task: Task,
    X: Any,
    folds: list[tuple[np.ndarray, np.ndarray]],
    seeds: list[int],
    seconds: float,
) -> list[FoldModel]:
    """Train one network a fold; each fold's held-out rows pick its epoch.

    Parameters
    ----------
    candidate : Candidate
        What to train.
    task : Task
        Target of all rows.
    X : DataFrame, array or sparse matrix of shape (n, n_features)
        All rows.
    folds : list of (ndarray of int, ndarray of int)
        Rows of training and held-out rows of each fold.
    seeds : list of int
        One for each fold.
    seconds : float
        Bound on the time of training, without building the program.

    Returns
    -------
    list of FoldModel

    Raises
    ------
    KeyboardInterrupt
        When training was interrupted.
    """
    y, offset = task.y, None
    if candidate.log_target:
        offset = log_offset(y)
        y = np.log(y + offset)
    cls = network_class(candidate.model, task.is_regression)
    networks = [cls(**candidate.settings, verbose=False, random_state=seed) for seed in seeds]
    weights = None if (task.w == task.w[0]).all() else task.w
    together = appliednn.tabular.stack_key(networks[0]) is not None
    groups = [range(len(networks))] if together else [[i] for i in range(len(networks))]
    began = time.perf_counter()
    for done, group in enumerate(groups):
        left = (seconds - (time.perf_counter() - began)) / (len(groups) - done)
        own = [networks[i] for i in group]
        for network in own:
            network.max_seconds = None if np.isinf(seconds) else max(left, 0.05)
        appliednn.tabular.fit_side_by_side(
            own,
            X,
            y,
            sample_weight=weights,
            train_rows=[folds[i][0] for i in group],
            held_rows=[folds[i][1] for i in group],
        )
        if any(network.stop_reason_ == "interrupted" for network in own):
            raise KeyboardInterrupt
    bounds = None if offset is None else (float(y.min()), float(y.max()))
    return [FoldModel("raw", [n], False, None, offset, bounds) for n in networks]


def prepare_networks() -> None:
    """Start what networks run on: a few seconds, once in a process."""
    backend.prepare()


def network_class(model: str, regression: bool) -> type:
    """Return the estimator of a kind of network."""
    return getattr(
        appliednn.tabular, _CLASSES[model] + ("Regressor" if regression else "Classifier")
    )
