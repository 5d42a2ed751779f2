"""Inequality indices of what the predictions grant: generalized entropy, Theil, variation.

Each row's benefit is ``b = prediction - truth + 1``: 2 for an unearned positive, 1 for a right
answer, 0 for a positive that was denied.

Source: T. Speicher et al., KDD 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.fairness._groups import cross, group_labels
from appliednn.fairness._labels import indicators


def entropy_of(benefits: np.ndarray, alpha: float = 2.0) -> float:
    """Return the generalized entropy of benefits of shape (n,).

    Raises
    ------
    ValueError
        If every benefit is zero (all positives denied), where the index is 0/0, or for
        ``alpha=0`` with a zero benefit, where it is infinite.
    """
    mean = benefits.mean()
    if mean == 0:
        raise ValueError("every row's benefit is zero (all positives denied): no index exists")
    b = benefits / mean
    if alpha == 1:
        return float(np.mean(b * np.log(np.where(b > 0, b, 1.0))))
    if alpha == 0:
        if not np.all(b > 0):
            raise ValueError("alpha=0 needs benefits above zero: no denied positive; use alpha=2")
        return float(-np.mean(np.log(b)))
    return float(np.mean(b**alpha - 1) / (alpha * (alpha - 1)))


def benefits_of(y_true: Any, y_pred: Any, positive: Any = None, expected: Any = None):
    """Return ``prediction - truth + 1``, shape (n,)."""
    y, q, _ = indicators(y_true, y_pred, positive, expected)
    return q - y + 1.0


def generalized_entropy(
    y_true: Any, y_pred: Any, *, alpha: float = 2.0, positive: Any = None, expected: Any = None
) -> float:
    """Return the generalized entropy index of the benefits; 0 is perfect equality.

    ``1 / (n alpha (alpha - 1)) * sum((b / mean(b)) ** alpha - 1)``; its limits at ``alpha`` 1
    (Theil) and 0 (mean log deviation).

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels.
    alpha : float
        Larger values weigh large benefits more.
    positive : label, optional
        The positive label; needed unless labels are 0 and 1.
    expected : array-like of shape (n,), optional
        Expected rates of a randomised predictor, in place of ``y_pred``.

    Examples
    --------
    >>> generalized_entropy([0, 1, 1, 0], [0, 1, 0, 1])
    0.25
    """
    return entropy_of(benefits_of(y_true, y_pred, positive, expected), alpha)


def theil_index(y_true: Any, y_pred: Any, *, positive: Any = None, expected: Any = None) -> float:
    """Return the Theil index of the benefits: ``mean(b / mean * ln(b / mean))``.

    Examples
    --------
    >>> round(theil_index([0, 1, 1, 0], [0, 1, 0, 1]), 4)  # ln(2) / 2
    0.3466
    """
    return entropy_of(benefits_of(y_true, y_pred, positive, expected), 1.0)


def coefficient_of_variation(
    y_true: Any, y_pred: Any, *, positive: Any = None, expected: Any = None
) -> float:
    """Return standard deviation over mean of the benefits, ``sqrt(2 GE(2))``.

    Examples
    --------
    >>> round(coefficient_of_variation([0, 1, 1, 0], [0, 1, 0, 1]), 4)
    0.7071
    """
    return float(np.sqrt(2 * entropy_of(benefits_of(y_true, y_pred, positive, expected), 2.0)))


def between_group_generalized_entropy(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    alpha: float = 2.0,
    positive: Any = None,
    expected: Any = None,
) -> float:
    """Return the part of the generalized entropy that lies between groups.

    Each benefit is replaced by its group's mean.

    Examples
    --------
    >>> between_group_generalized_entropy([0, 1, 1, 0], [0, 1, 0, 1], ["a", "b", "a", "b"])
    0.125
    """
    benefits = benefits_of(y_true, y_pred, positive, expected)
    codes = cross(group_labels(groups, len(benefits))).codes
    means = np.bincount(codes, weights=benefits) / np.bincount(codes)
    return entropy_of(means[codes], alpha)
