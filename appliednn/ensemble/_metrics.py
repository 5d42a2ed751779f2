"""Losses of predictions that are there already: log loss and root mean squared error."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import check_scoring

# Probabilities below this count as this: one sure and wrong row does not decide alone.
SMALLEST = 1e-15


def true_probabilities(proba: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the probability given to what is true.

    Parameters
    ----------
    proba : ndarray of shape (..., n, n_classes)
        Probabilities.
    target : ndarray of int, shape (n,) or (n, n_labels)
        Class index of each row, or 0/1 of each label.

    Returns
    -------
    ndarray of shape (..., n) or (..., n, n_labels)

    Examples
    --------
    >>> true_probabilities(np.array([[0.2, 0.8]]), np.array([1])).tolist()
    [0.8]
    """
    if target.ndim == 2:
        return np.where(target == 1, proba, 1.0 - proba)
    return proba[..., np.arange(len(target)), target]


def log_loss(proba: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the mean log loss in nats; of several labels, the mean over labels too.

    Examples
    --------
    >>> round(log_loss(np.array([[0.5, 0.5]]), np.array([1])), 4)
    0.6931
    """
    logs = np.log(np.maximum(true_probabilities(proba, target), SMALLEST))
    rows = logs.reshape(len(logs), -1).mean(axis=1)
    return -float(np.average(rows, weights=weights))


def rmse(prediction: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the root mean squared error; of several outputs, the mean of theirs.

    Examples
    --------
    >>> rmse(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    1.4142135623730951
    """
    squares = ((prediction - y) ** 2).reshape(len(y), -1)
    return float(np.sqrt(np.average(squares, axis=0, weights=weights)).mean())


class _Given(BaseEstimator):
    """Predictions made elsewhere, for a scorer; ``X`` is not looked at."""

    def __init__(self, answer: Any = None, classes: Any = None) -> None:
        self.answer = answer
        self.classes = classes

    def fit(self, X: Any, y: Any = None) -> _Given:
        return self


class _GivenClasses(ClassifierMixin, _Given):
    @property
    def classes_(self) -> np.ndarray:
        return self.classes

    def predict_proba(self, X: Any) -> np.ndarray:
        return self.answer

    def predict(self, X: Any) -> np.ndarray:
        return self.classes[self.answer.argmax(axis=1)]


class _GivenLabels(_GivenClasses):
    def predict(self, X: Any) -> np.ndarray:
        return (self.answer > 0.5).astype(int)


class _GivenNumbers(RegressorMixin, _Given):
    def predict(self, X: Any) -> np.ndarray:
        return self.answer


def scorer_value(
    scoring: str | Callable,
    answer: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    classes: np.ndarray | None = None,
    multilabel: bool = False,
) -> float:
    """Return a scikit-learn scorer's value of predictions made before, higher is better.

    Parameters
    ----------
    scoring : str or callable
        As in scikit-learn.
    answer : ndarray
        Probabilities (n, n_classes), or a regressor's predictions.
    y : ndarray
        Target as given.
    weights : ndarray of shape (n,), optional
        Weights, handed on to scorers that take them.
    classes : ndarray of shape (n_classes,), optional
        Labels of the columns; None for a regressor.
    multilabel : bool
        Whether columns are labels of their own.

    Examples
    --------
    >>> proba = np.array([[0.8, 0.2], [0.4, 0.6]])
    >>> scorer_value("accuracy", proba, np.array(["a", "a"]), classes=np.array(["a", "b"]))
    0.5
    """
    if classes is None:
        given: _Given = _GivenNumbers(answer)
    else:
        given = (_GivenLabels if multilabel else _GivenClasses)(answer, classes)
    scorer = check_scoring(given, scoring=scoring)
    function = getattr(scorer, "_score_func", scorer)
    takes = "sample_weight" in inspect.signature(function).parameters
    extra = {"sample_weight": weights} if takes and weights is not None else {}
    return float(scorer(given, np.zeros((len(y), 1)), y, **extra))
