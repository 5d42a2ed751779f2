"""The cheap detectors every other one stands beside: a forest, neighbours, densities, tails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

#: The part of a key after ``_vs_``, and how the report calls it.
KINDS: dict[str, str] = {
    "iforest": "an isolation forest",
    "knn": "the distance to the 5th neighbour",
    "lof": "the local outlier factor",
    "ecod": "the tail score of all columns (ECOD)",
}
SHORT: dict[str, str] = {"iforest": "forest", "knn": "5th neighbour", "lof": "LOF", "ecod": "ECOD"}
_NEIGHBOURS = 5
_LOF_NEIGHBOURS = 20

Scorer = Callable[[np.ndarray], np.ndarray]


class TailScores:
    """Anomaly scores from the tails of each column: ECOD.

    A value's tail probability is the share of training rows, the row itself counted among them,
    that are at most as large, or at least as large; a column's part is the larger of the two
    negative logarithms, their sum where the column is not skewed at all; a row's score is the sum
    over columns.

    References
    ----------
    Z. Li et al., "ECOD: Unsupervised Outlier Detection Using Empirical Cumulative Distribution
    Functions", IEEE TKDE 2022; the maximum is taken column by column, as PyOD does.

    Examples
    --------
    >>> TailScores(np.array([[0.0], [1.0], [5.0]])).score(np.array([[9.0]])).round(4).tolist()
    [1.3863]
    """

    def __init__(self, X: np.ndarray) -> None:
        self._X = np.asarray(X, dtype=np.float64)
        self._sorted = np.sort(self._X, axis=0)

    def score(self, X: np.ndarray) -> np.ndarray:
        """Return the score of each row, (n,); higher is more anomalous."""
        X = np.asarray(X, dtype=np.float64)
        n, total = len(self._sorted), np.zeros(len(X))
        for j, known in enumerate(self._sorted.T):
            x = X[:, j]
            left = -np.log((np.searchsorted(known, x, side="right") + 1) / (n + 1))
            right = -np.log((n - np.searchsorted(known, x, side="left") + 1) / (n + 1))
            total += np.where(self._even(j, x), left + right, np.maximum(left, right))
        return total

    def _even(self, j: int, x: np.ndarray) -> np.ndarray:
        """Whether a column is not skewed, each row of ``x`` counted in."""
        known = self._X[:, j]
        n, m = len(known) + 1, (known.sum() + x) / (len(known) + 1)
        third = (known**3).sum() + x**3 - 3 * m * ((known**2).sum() + x**2) + 2 * n * m**3
        return third == 0


def encode_alike(train: pd.DataFrame, *frames: pd.DataFrame) -> list[np.ndarray]:
    """Return tables of any dtypes as numbers, standardised on the training rows.

    Infinite numbers count as missing.
    """
    from appliednn.tabular import TabularEncoder

    tables = [_without_infinity(frame) for frame in (train, *frames)]
    encoder = TabularEncoder(numeric="standard").fit(tables[0])
    return [np.asarray(encoder.transform(table), dtype=np.float64) for table in tables]


def _without_infinity(frame: pd.DataFrame) -> pd.DataFrame:
    floats = frame.select_dtypes("floating")
    return frame.assign(**{c: floats[c].where(np.isfinite(floats[c])) for c in floats})


def fit_cheap(kind: str, Z: np.ndarray, seed: int) -> Scorer:
    """Return a fitted detector as a function from rows to anomaly scores.

    Parameters
    ----------
    kind : str
        Key of :data:`KINDS`.
    Z : ndarray of shape (n, n_inputs)
        Training rows without missing values.
    seed : int
    """
    from sklearn.ensemble import IsolationForest
    from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

    if kind == "iforest":
        forest = IsolationForest(random_state=seed).fit(Z)
        return lambda rows: -forest.score_samples(rows)
    if kind == "lof":
        few = min(_LOF_NEIGHBOURS, len(Z) - 1)
        lof = LocalOutlierFactor(n_neighbors=few, novelty=True).fit(Z)
        return lambda rows: -lof.score_samples(rows)
    if kind == "knn":
        near = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(Z))).fit(Z)
        return lambda rows: near.kneighbors(rows)[0][:, -1]
    return TailScores(Z).score
