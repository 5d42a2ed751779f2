"""What decisions cost at each threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class CostCurve:
    """Mean cost a row over thresholds.

    Attributes
    ----------
    thresholds : ndarray of shape (k,)
        A row is called positive from this probability on.
    costs : ndarray of shape (k,)
        Mean cost a row.
    """

    thresholds: np.ndarray
    costs: np.ndarray

    @property
    def best(self) -> int:
        """Place of the lowest cost (the first of equal ones)."""
        return int(self.costs.argmin())


def row_costs(y, called, false_positive: float, false_negative: float) -> np.ndarray:
    """Return the cost of each row's decision.

    Parameters
    ----------
    y, called : ndarray of bool, shape (n,)
        Whether a row is positive, and whether it was called so.
    false_positive, false_negative : float
        Cost of each kind of error.

    Examples
    --------
    >>> row_costs(np.array([True, False, True]), np.array([False, True, True]), 1, 5).tolist()
    [5.0, 1.0, 0.0]
    """
    y, called = np.asarray(y, dtype=bool), np.asarray(called, dtype=bool)
    return false_positive * (called & ~y) + false_negative * (~called & y).astype(float)


def cost_curve(
    y: np.ndarray,
    proba: np.ndarray,
    false_positive: float,
    false_negative: float,
    thresholds: np.ndarray,
) -> CostCurve:
    """Return the mean cost a row at each threshold.

    Parameters
    ----------
    y : ndarray of bool, shape (n,)
    proba : ndarray of shape (n,)
    false_positive, false_negative : float
    thresholds : ndarray of shape (k,)

    Examples
    --------
    >>> y, p = np.array([False, True]), np.array([0.3, 0.6])
    >>> cost_curve(y, p, 1, 5, np.array([0.0, 0.5, 1.0])).costs.tolist()
    [0.5, 0.0, 2.5]
    """
    y = np.asarray(y, dtype=bool)
    wrong_called = len(proba[~y]) - np.searchsorted(np.sort(proba[~y]), thresholds, side="left")
    missed = np.searchsorted(np.sort(proba[y]), thresholds, side="left")
    costs = (false_positive * wrong_called + false_negative * missed) / len(y)
    return CostCurve(np.asarray(thresholds, dtype=float), costs)
