"""Areas under the ROC and the precision-recall curve for many resamples at once."""

from __future__ import annotations

import numpy as np


class RankedScores:
    """Scores sorted once, so that each resample costs a cumulative sum.

    Parameters
    ----------
    positive : array-like of bool, shape (n,)
        Which rows are positive.
    score : array-like of float, shape (n,)
        Higher means more likely positive; ties are handled as scikit-learn does.

    Examples
    --------
    >>> ranked = RankedScores([False, False, True, True], [0.1, 0.4, 0.35, 0.8])
    >>> ranked.roc_auc(), round(ranked.average_precision(), 4)
    (0.75, 0.8333)
    """

    def __init__(self, positive, score) -> None:
        score = np.asarray(score, dtype=np.float64)
        self._order = np.argsort(-score, kind="stable")
        ranked = score[self._order]
        self._positive = np.asarray(positive, dtype=np.float64)[self._order]
        # Rows of equal score enter together: only the last of each run is a place on the curve.
        self._ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))

    def roc_auc(self, counts: np.ndarray | None = None):
        """Return the area under the ROC curve; NaN where a class is absent.

        Parameters
        ----------
        counts : ndarray of shape (b, n), optional
            Weight of each row in each resample; by default one each.

        Returns
        -------
        float or ndarray of shape (b,)
        """
        tp, fp = self._curve(counts)
        wide = np.diff(fp, axis=1, prepend=0.0)
        tall = tp - np.diff(tp, axis=1, prepend=0.0) / 2
        area = tp[:, -1] * fp[:, -1]
        total = np.divide((wide * tall).sum(1), area, np.full(len(tp), np.nan), where=area > 0)
        return float(total[0]) if counts is None else total

    def average_precision(self, counts: np.ndarray | None = None):
        """Return the average precision (step-wise area); NaN without positives.

        Parameters and returns as in :meth:`roc_auc`.
        """
        tp, fp = self._curve(counts)
        seen = tp + fp
        precision = np.divide(tp, seen, np.zeros_like(tp), where=seen > 0)
        found = tp[:, -1]
        area = (np.diff(tp, axis=1, prepend=0.0) * precision).sum(1)
        total = np.divide(area, found, np.full(len(tp), np.nan), where=found > 0)
        return float(total[0]) if counts is None else total

    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Return true and false positives from the highest score down, from zero on."""
        tp, fp = self._curve(None)
        return np.append(0.0, tp[0]), np.append(0.0, fp[0])

    def _curve(self, counts: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        if counts is None:
            counts = np.ones((1, len(self._order)))
        weights = counts[:, self._order]
        tp = np.cumsum(weights * self._positive, axis=1)[:, self._ends]
        return tp, np.cumsum(weights, axis=1)[:, self._ends] - tp
