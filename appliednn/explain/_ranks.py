"""Agreement of two rankings."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's rank correlation; NaN where one side is constant.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.3])), 12)
    1.0
    """
    return float(row_correlations(np.asarray(a)[None], np.asarray(b)[None])[0])


def row_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of each pair of rows.

    Parameters
    ----------
    a, b : ndarray of shape (n, m)
        Attributions of the same rows.

    Returns
    -------
    ndarray of shape (n,)
        NaN where a row is constant.
    """
    x, y = (rankdata(np.round(v, 12), axis=1) for v in (a, b))
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    size = np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    top = (x * y).sum(axis=1)
    return np.divide(top, size, out=np.full(len(top), np.nan), where=size > 0)


def top_overlap(a: np.ndarray, b: np.ndarray, k: int) -> np.ndarray:
    """Return the share of each row's ``k`` largest attributions (by size) that both name, (n,).

    Examples
    --------
    >>> top_overlap(np.array([[3.0, -2.0, 0.1]]), np.array([[1.0, 0.2, -0.5]]), 2).tolist()
    [0.5]
    """
    first = np.argsort(-np.abs(a), axis=1, kind="stable")[:, :k]
    second = np.argsort(-np.abs(b), axis=1, kind="stable")[:, :k]
    return (first[:, :, None] == second[:, None, :]).any(axis=2).mean(axis=1)
