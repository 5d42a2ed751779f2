"""Differential fairness: how far the odds of an outcome can differ between groups."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.fairness._groups import cross, group_labels


def differential_fairness(outcomes: Any, groups: Any, *, concentration: float = 1.0) -> float:
    """Return epsilon: the largest ``|ln p(outcome | a) - ln p(outcome | b)|`` of two groups.

    Shares are smoothed, ``(count + c / K) / (n + c)`` with K outcomes, so that an empty cell
    gives a finite epsilon. 0 means the same shares everywhere; the four-fifths rule is about
    ``ln(1 / 0.8) = 0.223``.

    Source: J. Foulds et al., ICDE 2020.

    Parameters
    ----------
    outcomes : array-like of shape (n,)
        Predicted labels (or true ones, for the data's own epsilon).
    groups : array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; several are crossed.
    concentration : float
        ``c`` above, the weight of the smoothing in rows.

    Examples
    --------
    >>> round(differential_fairness([0, 1, 0, 1], ["a", "a", "b", "b"]), 6)
    0.0
    """
    if not concentration > 0:
        raise ValueError(f"concentration must be positive, got {concentration}")
    labels = np.asarray(outcomes)
    group = cross(group_labels(groups, len(labels))).codes
    found, outcome = np.unique(labels, return_inverse=True)
    counts = np.zeros((group.max() + 1, len(found)))
    np.add.at(counts, (group, outcome), 1.0)
    return float(epsilon_of(counts, concentration))


def epsilon_of(counts: np.ndarray, concentration: float = 1.0) -> np.ndarray:
    """Return epsilon of counts of shape (..., n_groups, n_outcomes), shape (...).

    Examples
    --------
    >>> round(float(epsilon_of(np.array([[8.5, 0.5], [4.0, 5.0]]))), 3)
    1.705
    """
    n = counts.sum(axis=-1, keepdims=True)
    shares = np.log((counts + concentration / counts.shape[-1]) / (n + concentration))
    return np.ptp(shares, axis=-2).max(axis=-1)


def bias_amplification(y_true: Any, y_pred: Any, groups: Any) -> float:
    """Return how much the predictions' epsilon exceeds that of the labels themselves.

    Examples
    --------
    >>> bias_amplification([0, 1, 0, 1], [0, 1, 0, 1], ["a", "a", "b", "b"])
    0.0
    """
    return differential_fairness(y_pred, groups) - differential_fairness(y_true, groups)
