"""Which training rows a detector leaves out, because they look anomalous themselves."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import IsolationForest


def most_normal(scores: np.ndarray, weights: np.ndarray, trim: float) -> np.ndarray:
    """Return the row numbers left when the ``trim`` share of highest scores is dropped, in order.

    At least one row is left.

    Examples
    --------
    >>> most_normal(np.array([0.1, 9.0, 0.3, 0.2]), np.ones(4), 0.25)
    array([0, 2, 3])
    """
    order = np.argsort(scores, kind="stable")
    within = np.cumsum(weights[order]) <= (1.0 - trim) * weights.sum() * (1 + 1e-9)
    within[0] = True
    return np.sort(order[within])


def forest_scores(Z: np.ndarray, weights: np.ndarray, seed: int) -> np.ndarray:
    """Return anomaly scores of an isolation forest (Liu, Ting and Zhou 2008), higher is worse."""
    forest = IsolationForest(random_state=seed).fit(Z, sample_weight=weights)
    return -forest.score_samples(Z)
