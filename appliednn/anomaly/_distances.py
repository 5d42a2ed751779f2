"""How far rows lie from the training rows: to the nearest of them, or to their centre."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

_ROWS_PER_CALL = 4_096
# Added to the diagonal of a covariance, relative to its mean.
_RIDGE = 1e-3


class NeighborDistance:
    """Mean distance to the nearest reference rows.

    A row that equals a reference row is taken for that row, which then does not count as its own
    neighbour: training rows are scored as new ones are.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        Reference rows.
    weights : ndarray of shape (n,)
        A row of weight 2 counts as two neighbours.
    n_neighbors : int
        Neighbours to average over.

    Examples
    --------
    >>> NeighborDistance(np.array([[0.0], [1.0], [3.0]]), np.ones(3), 1)(np.array([[0.0], [2.5]]))
    array([1. , 0.5])
    """

    def __init__(self, rows: np.ndarray, weights: np.ndarray, n_neighbors: int) -> None:
        self.rows, self.weights, self.n_neighbors = rows, weights, int(n_neighbors)
        self._index = NearestNeighbors().fit(rows)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the mean distance of each row, (n,)."""
        k = min(self.n_neighbors + 1, len(self.rows))
        out = np.empty(len(rows))
        for i in range(0, len(rows), _ROWS_PER_CALL):
            part = rows[i : i + _ROWS_PER_CALL]
            near = self._index.kneighbors(part, k, return_distance=False)
            # The search rounds; differences are exact, and zero for the row itself.
            distance = np.linalg.norm(self.rows[near] - part[:, None], axis=2)
            out[i : i + len(part)] = self._mean(distance, self.weights[near])
        return out

    def _mean(self, distance: np.ndarray, weight: np.ndarray) -> np.ndarray:
        order = np.argsort(distance, axis=1, kind="stable")
        distance = np.take_along_axis(distance, order, axis=1).astype(np.float64)
        weight = np.take_along_axis(weight, order, axis=1).astype(np.float64)
        weight[:, 0] -= np.where(distance[:, 0] == 0, np.minimum(weight[:, 0], 1.0), 0.0)
        before = np.cumsum(weight, axis=1) - weight
        share = np.clip(self.n_neighbors - before, 0.0, weight)
        total = share.sum(axis=1)
        return (share * distance).sum(axis=1) / np.where(total > 0, total, 1.0)


class MahalanobisDistance:
    """Squared Mahalanobis distance to the weighted mean, divided by the number of columns.

    Parameters
    ----------
    rows : ndarray of shape (n, d)
        Reference rows.
    weights : ndarray of shape (n,)
        Row weights.

    Examples
    --------
    >>> rows = np.array([[-1.0], [1.0]])
    >>> MahalanobisDistance(rows, np.ones(2))(np.array([[0.0], [2.0]])).round(2).tolist()
    [0.0, 4.0]
    """

    def __init__(self, rows: np.ndarray, weights: np.ndarray) -> None:
        rows = rows.astype(np.float64)
        self.mean = np.average(rows, axis=0, weights=weights)
        centred = rows - self.mean
        covariance = (centred * (weights / weights.sum())[:, None]).T @ centred
        ridge = _RIDGE * max(np.trace(covariance) / len(covariance), np.finfo(np.float32).eps)
        values, vectors = np.linalg.eigh(covariance + ridge * np.eye(len(covariance)))
        self.whiten = vectors / np.sqrt(values)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Return the distance of each row, (n,)."""
        out = np.empty(len(rows))
        for i in range(0, len(rows), _ROWS_PER_CALL):
            white = (rows[i : i + _ROWS_PER_CALL] - self.mean) @ self.whiten
            out[i : i + _ROWS_PER_CALL] = np.square(white).mean(axis=1)
        return out
