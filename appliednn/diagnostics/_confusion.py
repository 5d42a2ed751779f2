"""Scores from confusion matrices, one or many at once; definitions as in scikit-learn.

Where scikit-learn warns and returns 0 for a rate without rows, these return NaN: such a rate is
not estimable.
"""

from __future__ import annotations

import numpy as np


def confusions(y: np.ndarray, predicted: np.ndarray, n_labels: int, counts: np.ndarray):
    """Return the confusion matrix of each resample.

    Parameters
    ----------
    y, predicted : ndarray of int, shape (n,)
        Codes below ``n_labels``.
    n_labels : int
    counts : ndarray of shape (b, n)
        Weight of each row in each resample.

    Returns
    -------
    ndarray of shape (b, n_labels, n_labels)
        Rows are true, columns predicted labels.

    Examples
    --------
    >>> confusions(np.array([0, 1, 1]), np.array([0, 1, 0]), 2, np.ones((1, 3)))[0].tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    cell = y * n_labels + predicted
    order = np.argsort(cell, kind="stable")
    cells, starts = np.unique(cell[order], return_index=True)
    out = np.zeros((len(counts), n_labels * n_labels))
    out[:, cells] = np.add.reduceat(counts[:, order], starts, axis=1)
    return out.reshape(-1, n_labels, n_labels)


def accuracy(matrices: np.ndarray) -> np.ndarray:
    """Share of right rows, (b,)."""
    return np.trace(matrices, axis1=1, axis2=2) / matrices.sum((1, 2))


def balanced_accuracy(matrices: np.ndarray) -> np.ndarray:
    """Mean recall over the labels that occur, (b,); NaN with fewer than two."""
    hits, support, _ = _margins(matrices)
    occurs = support > 0
    total = _ratio(hits, support, 0.0).sum(1)
    return _ratio(total, np.where(occurs.sum(1) > 1, occurs.sum(1), 0))


def macro(matrices: np.ndarray) -> dict[str, np.ndarray]:
    """Precision, recall and F1 averaged over labels that occur or are predicted, each (b,).

    A label that occurs and is never predicted has precision 0.
    """
    hits, support, given = _margins(matrices)
    n = (support + given > 0).sum(1)
    parts = {
        "precision": (hits, given),
        "recall": (hits, support),
        "f1": (2 * hits, given + support),
    }
    return {key: _ratio(_ratio(a, b, 0.0).sum(1), n) for key, (a, b) in parts.items()}


def of_label(matrices: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Precision, recall and F1 of label ``k``, each (b,); NaN without rows to judge by."""
    hits, support, given = (part[:, k] for part in _margins(matrices))
    f1 = np.where(support > 0, _ratio(2 * hits, support + given), np.nan)
    return {"precision": _ratio(hits, given), "recall": _ratio(hits, support), "f1": f1}


def mcc(matrices: np.ndarray) -> np.ndarray:
    """Matthews correlation, (b,): 0 for constant predictions, NaN for constant labels.

    Source: J. Gorodkin, Computational Biology and Chemistry 28 (2004) 367-374.
    """
    hits, support, given = _margins(matrices)
    n = support.sum(1)
    joint = hits.sum(1) * n - (support * given).sum(1)
    spread_true = n**2 - (support**2).sum(1)
    spread_given = n**2 - (given**2).sum(1)
    value = _ratio(joint, np.sqrt(spread_true * spread_given), 0.0)
    return np.where(spread_true > 0, value, np.nan)


def _margins(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right rows, true rows and predicted rows of each label, each (b, n_labels)."""
    return np.diagonal(matrices, axis1=1, axis2=2), matrices.sum(2), matrices.sum(1)


def _ratio(a: np.ndarray, b: np.ndarray, empty: float = np.nan) -> np.ndarray:
    """Return ``a / b``, and ``empty`` where ``b`` is 0."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    return np.divide(a, b, np.full(np.broadcast(a, b).shape, empty), where=b > 0)
