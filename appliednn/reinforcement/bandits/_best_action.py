"""How likely each of several independent normal variables is the greatest."""

from __future__ import annotations

import numpy as np

_POINTS = np.linspace(-6.0, 6.0, 61)  # of each variable, in its standard deviations
_LEAST_SHARE = 1e-9  # of the largest deviation; a variable without spread is nearly constant
_CELLS = 4_000_000  # numbers that are held at a time


def best_action_probabilities(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return the probability of each of K independent normal variables to be the greatest.

    What Thompson sampling does is to draw from the posteriors and take the greatest; this is the
    chance by which it takes each action. Each integral runs over the union of all variables' own
    grids, so that narrow ones beside wide ones are resolved; errors are about 1e-4.

    Parameters
    ----------
    mean, deviation : ndarray of shape (n, K)
        Of the variables in each of n rows.

    Returns
    -------
    ndarray of shape (n, K)
        Rows sum to 1.

    Examples
    --------
    >>> best_action_probabilities(np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]])).round(3)
    array([[0.24, 0.76]])
    """
    n, k = mean.shape
    if k == 1:
        return np.ones((n, 1))
    widest = np.maximum(deviation.max(axis=1, keepdims=True), np.finfo(float).tiny)
    deviation = np.maximum(deviation, _LEAST_SHARE * widest)
    step = max(1, _CELLS // (k * k * len(_POINTS)))
    parts = [_rows(mean[i : i + step], deviation[i : i + step]) for i in range(0, n, step)]
    return np.concatenate(parts)


def _rows(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    from scipy.special import log_ndtr

    points = mean[:, :, None] + deviation[:, :, None] * _POINTS
    points = np.sort(points.reshape(len(mean), -1), axis=1)
    z = (points[:, None, :] - mean[:, :, None]) / deviation[:, :, None]
    logs = log_ndtr(z)  # (n, K, grid)
    others = np.exp(logs.sum(axis=1, keepdims=True) - logs)
    steps = np.diff(np.exp(logs), axis=2)
    shares = (steps * (others[:, :, 1:] + others[:, :, :-1]) / 2).sum(axis=2)
    return shares / shares.sum(axis=1, keepdims=True)
