"""What every detector answers: the outlier contract of scikit-learn, and PyOD's names."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted

from appliednn.anomaly._threshold import ScoreDistribution, outlier_threshold


class DetectorMixin(OutlierMixin):
    """Predictions from anomaly scores.

    A subclass gives ``anomaly_score(X)`` and calls ``_learn_threshold`` at the end of ``fit``.

    Attributes
    ----------
    decision_scores_ : ndarray of shape (n,)
        Anomaly scores of the training rows, higher is more anomalous.
    threshold_ : float
        Rows with a higher anomaly score are outliers.
    offset_ : float
        ``-threshold_``: ``decision_function`` is ``score_samples - offset_``.
    labels_ : ndarray of int, shape (n,)
        1 for training rows that are outliers, 0 for others.
    """

    @abstractmethod
    def anomaly_score(self, X) -> np.ndarray:
        """Return how anomalous each row is, (n,), higher is more anomalous."""

    def _learn_threshold(self, scores: np.ndarray, weights: np.ndarray) -> None:
        self.decision_scores_ = scores
        self.threshold_ = outlier_threshold(scores, weights, self.contamination)
        self.offset_ = -self.threshold_
        self.labels_ = (scores > self.threshold_).astype(int)
        self._score_weights = weights

    def score_samples(self, X) -> np.ndarray:
        """Return ``-anomaly_score(X)``: higher is more normal, as in scikit-learn.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
        """
        return -self.anomaly_score(X)

    def decision_function(self, X) -> np.ndarray:
        """Return ``score_samples(X) - offset_``: negative for outliers.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X) -> np.ndarray:
        """Return -1 for outliers and 1 for other rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of int, shape (n,)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def predict_proba(self, X) -> np.ndarray:
        """Return where each row's score lies among the training rows'.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, 2)
            Second column: the share of training rows that are at most as anomalous (0.99: one in
            a hundred training rows is more anomalous). First column: one minus that. It is a
            rank, not the probability that a row is an anomaly.
        """
        check_is_fitted(self)
        known = ScoreDistribution(self.decision_scores_, self._score_weights)
        share = known.share_below(self.anomaly_score(X))
        return np.column_stack([1.0 - share, share])
