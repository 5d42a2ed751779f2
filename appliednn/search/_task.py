"""What is to be predicted: the target as models of every kind read it, and its losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, logit

from appliednn.tabular import ClassTarget, read_labels, read_numbers

_SMALLEST = 1e-12


@dataclass
class Task:
    """A target.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel", "regression"}
        What it is.
    given : ndarray of shape (n,), (n, n_labels) or (n, n_outputs)
        Labels, a 0/1 indicator, or numbers.
    y : ndarray
        Class numbers (n,), the indicator, or numbers as float64.
    w : ndarray of shape (n,)
        Weights, mean 1.
    classes : ndarray of shape (n_classes,) or None
        Labels of the columns of predictions.
    """

    kind: str
    given: np.ndarray
    y: np.ndarray
    w: np.ndarray
    classes: np.ndarray | None = None

    @classmethod
    def of_labels(cls, y: Any, w: np.ndarray) -> Task:
        """Return the task of labels; see :class:`appliednn.tabular.ClassTarget` for errors."""
        y = read_labels(y)
        target = ClassTarget.learn(y)
        given = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        return cls(target.kind, given, target.encode(y).astype(int), w / w.mean(), target.classes)

    @classmethod
    def of_numbers(cls, y: Any, w: np.ndarray) -> Task:
        """Return the task of numbers."""
        y = read_numbers(y)
        return cls("regression", y, y, w / w.mean())

    @property
    def is_regression(self) -> bool:
        """Whether numbers are predicted."""
        return self.kind == "regression"

    @property
    def has_columns(self) -> bool:
        """Whether there are several labels or outputs."""
        return self.y.ndim == 2

    @property
    def n_classes(self) -> int:
        """Return the number of classes, 0 for numbers."""
        return 0 if self.classes is None else len(self.classes)

    @property
    def strata(self) -> np.ndarray | None:
        """What folds are balanced by: classes, or sets of labels; None for numbers."""
        if self.is_regression:
            return None
        if not self.has_columns:
            return self.y
        return np.unique(self.y, axis=0, return_inverse=True)[1].reshape(-1)

    def rows(self, index: np.ndarray) -> Task:
        """Return the task of some rows."""
        return Task(self.kind, self.given[index], self.y[index], self.w[index], self.classes)

    def loss(self, answer: np.ndarray) -> float:
        """Return the log loss (nats) or the root mean squared error of predictions."""
        if self.is_regression:
            squares = ((answer - self.y) ** 2).reshape(len(self.y), -1)
            return float(np.sqrt(np.average(squares, axis=0, weights=self.w)).mean())
        if self.has_columns:
            true = np.where(self.y == 1, answer, 1.0 - answer)
        else:
            true = answer[np.arange(len(self.y)), self.y]
        logs = np.log(np.maximum(true, _SMALLEST)).reshape(len(true), -1).mean(axis=1)
        return -float(np.average(logs, weights=self.w))

    def tempered(self, answer: np.ndarray, temperature: float) -> np.ndarray:
        """Return probabilities with their logits divided by a temperature.

        Examples
        --------
        >>> task = Task.of_labels([0, 1], np.ones(2))
        >>> task.tempered(np.array([[0.2, 0.8]]), 0.5).round(4).tolist()
        [[0.0588, 0.9412]]
        """
        if temperature == 1.0:
            return answer
        safe = np.clip(answer, _SMALLEST, 1.0)
        if self.has_columns:
            return expit(logit(np.minimum(safe, 1.0 - _SMALLEST)) / temperature)
        return np.exp(log_softmax(np.log(safe) / temperature, axis=1))


def make_folds(
    n: int, k: int, strata: np.ndarray | None, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the held-out rows of each of ``k`` folds, with every class in all parts it can be in.

    Rows are shuffled, sorted by class and dealt out in turn, so that a class of two rows or more
    is never missing from the rows of training. A class with a single row is held out nowhere.

    Parameters
    ----------
    n : int
        Rows.
    k : int
        Folds, at least 2.
    strata : ndarray of int, shape (n,), optional
        Class of each row.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of k sorted arrays of row numbers

    Examples
    --------
    >>> folds = make_folds(6, 3, np.array([0, 0, 0, 1, 1, 1]), np.random.default_rng(0))
    >>> [len(fold) for fold in folds]
    [2, 2, 2]
    """
    order = rng.permutation(n)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
        counts = np.bincount(strata, minlength=strata.max() + 1)
        order = order[counts[strata[order]] > 1]
    return [np.sort(order[j::k]) for j in range(k)]
