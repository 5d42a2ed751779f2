"""Models judged on rows they have not seen."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing

from appliednn.search._task import Task


class HeldOut:
    """Scores of models, and their predictions in one form.

    Parameters
    ----------
    estimator : estimator
        What is tuned.
    scoring : str, callable or None
        None: log loss or root mean squared error (accuracy of a classifier without
        probabilities), negated.
    X : array-like of shape (n, n_features)
        All rows.
    task : Task
        Their target.
    weighted : bool
        Whether rows have weights.
    """

    def __init__(
        self, estimator: Any, scoring: str | Callable | None, X: Any, task: Task, weighted: bool
    ) -> None:
        self.X, self.task = X, task
        self.answers = not is_classifier(estimator) or hasattr(estimator, "predict_proba")
        # The scorer that `score` uses; the search itself reads its predictions once for all.
        default = "neg_log_loss" if task.classes is not None else "neg_root_mean_squared_error"
        if not self.answers:
            default = "accuracy"
        self.own_loss = scoring is None and self.answers
        self.scorer = check_scoring(estimator, scoring=default if scoring is None else scoring)
        function = getattr(self.scorer, "_score_func", self.scorer)
        self._weighted = weighted and "sample_weight" in inspect.signature(function).parameters

    def judge(self, model: Any, rows: np.ndarray) -> tuple[float, np.ndarray | None]:
        """Return a fitted model's score on some rows, and its predictions (None: it has none)."""
        X, task = _safe_indexing(self.X, rows), self.task.rows(rows)
        answer = model_answer(model, X, task) if self.answers else None
        if self.own_loss:
            return -task.loss(answer), answer
        weights = {"sample_weight": task.w} if self._weighted else {}
        return float(self.scorer(model, X, task.given, **weights)), answer


def model_answer(model: Any, X: Any, task: Task) -> np.ndarray:
    """Return probabilities in the order of the task's classes, or numbers, float64."""
    if task.is_regression:
        return np.asarray(model.predict(X), dtype=np.float64).reshape(task.y.shape)
    given = model.predict_proba(X)
    if task.kind == "multilabel":
        if isinstance(given, list):
            given = np.column_stack([p[:, -1] for p in given])
        return np.asarray(given, dtype=np.float64)
    proba = np.asarray(given, dtype=np.float64)
    if len(model.classes_) == task.n_classes:
        return proba
    full = np.zeros((len(proba), task.n_classes))
    full[:, np.searchsorted(task.classes, model.classes_)] = proba
    return full


def holdout(task: Task, seed: int, share: float = 0.2) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return one split, balanced by class where each class has rows for both parts.

    Parameters
    ----------
    task : Task
        Target.
    seed : int
        Source of chance.
    share : float
        Share of the rows held out.
    """
    n = len(task.y)
    if n < 2:
        raise ValueError(f"{n} sample was given; at least 2 rows are needed to hold one out")
    strata = task.strata
    if strata is not None:
        counts = np.unique(strata, return_counts=True)[1]
        n_held = int(np.ceil(share * n))
        if counts.min() < 2 or min(n_held, n - n_held) < len(counts):
            strata = None
    rows = np.arange(n)
    train, held = train_test_split(rows, test_size=share, random_state=seed, stratify=strata)
    return [(np.sort(train), np.sort(held))]
