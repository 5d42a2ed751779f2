"""What every detector of tables shares: from rows to scores, a threshold and explanations."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import ClassifierTags, _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.anomaly._contract import DetectorMixin
from appliednn.anomaly._trim import forest_scores, most_normal
from appliednn.core import backend
from appliednn.core._random import spawn_seeds
from appliednn.core._rows import copy_feature_names, row_weights
from appliednn.core.persistence import SaveMixin
from appliednn.tabular import TabularEncoder

# The share of training rows that is left out where they may hold anomalies.
_TRIM = 0.1


def flag_variance(Z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the variance of the columns that are 0 or 1 (levels, what is missing), 0 for others.

    A rare 1 is badly rebuilt by any network. Errors in units of this variance count it by its
    rarity among all training rows, also where no row that the network was trained on has it.

    Examples
    --------
    >>> flag_variance(np.array([[0.0, 0.5], [1.0, 0.0]]), np.ones(2))
    array([0.25, 0.  ])
    """
    flags = ((Z == 0) | (Z == 1)).all(axis=0)
    share = np.average(Z, axis=0, weights=weights.astype(np.float64))
    return np.where(flags, share * (1.0 - share), 0.0)


class TableDetector(DetectorMixin, SaveMixin, BaseEstimator):
    """Fit machinery; subclasses learn from encoded rows and say how these are scored."""

    _parameter_constraints: dict = {
        "contamination": [Interval(Real, 0, 0.5, closed="right"), StrOptions({"auto"})],
        "novelty": ["boolean"],
        "trim": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
        "random_state": ["random_state"],
    }

    # -- what a subclass gives ------------------------------------------------------------------

    @abstractmethod
    def _learn(self, Z: np.ndarray, weights: np.ndarray, labels: np.ndarray, seeds) -> None:
        """Learn from encoded rows (n, n_inputs); of ``labels`` 0 stands for an unknown one."""

    @abstractmethod
    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        """Return the anomaly score of encoded rows, (n,)."""

    def _first_scores(self, Z: np.ndarray, weights: np.ndarray, labels, seeds) -> np.ndarray:
        """Return scores of the training rows that say which of them are left out."""
        return forest_scores(Z, weights, seeds[2])

    # -- fit ------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Learn what is normal and set the threshold.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows: numbers, categories, strings, booleans, dates, missing values.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self
        """
        return self._fit(X, sample_weight)

    def _fit(self, X, sample_weight, labels: np.ndarray | None = None):
        backend.prepare()
        weights, kept = row_weights(sample_weight, X)
        labels = np.zeros(len(weights), dtype=np.int8) if labels is None else labels
        if kept is not None:
            X, weights, labels = _safe_indexing(X, kept), weights[kept], labels[kept]
        seeds = spawn_seeds(self.random_state, 3)
        Z = self._encode_training(X, weights)
        self._flag_variance = flag_variance(Z, weights) if Z.ndim == 2 else None
        kept = self._kept(Z, weights, labels, seeds)
        self.n_trimmed_ = len(Z) - len(kept)
        self._usual = np.average(Z[kept], axis=0, weights=weights[kept]).astype(np.float32)
        self._learn(Z[kept], weights[kept], labels[kept], seeds)
        self._learn_threshold(self._score_encoded(Z), weights)
        return self

    def _encode_training(self, X, weights: np.ndarray) -> np.ndarray:
        """Learn how rows are encoded and return the training rows so."""
        self.encoder_ = TabularEncoder(numeric=self.numeric, missing=self.missing)
        self.encoder_.fit(X, sample_weight=weights)
        copy_feature_names(self, self.encoder_)
        return self.encoder_.transform(X)

    def _kept(self, Z: np.ndarray, weights: np.ndarray, labels: np.ndarray, seeds) -> np.ndarray:
        """Return the numbers of the rows to learn from; labelled rows are among them."""
        trim = (0.0 if self.novelty else _TRIM) if self.trim == "auto" else self.trim
        if trim == 0.0:
            return np.arange(len(Z))
        unknown = np.flatnonzero(labels == 0)
        scores = self._first_scores(Z, weights, labels, seeds)[unknown]
        kept = unknown[most_normal(scores, weights[unknown], trim)]
        return np.union1d(kept, np.flatnonzero(labels))

    # -- use ------------------------------------------------------------------------------------

    def encode(self, X) -> np.ndarray:
        """Return rows as the detector reads them, float32 (n, n_inputs)."""
        check_is_fitted(self)
        return self.encoder_.transform(X)

    def anomaly_score(self, X) -> np.ndarray:
        """Return how anomalous each row is.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Higher is more anomalous; above ``threshold_`` a row is an outlier.
        """
        return self._score_encoded(self.encode(X))

    def explain(self, X) -> np.ndarray:
        """Return by how much each feature raises the anomaly score.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_features_in_)
            The row's score minus its score with the feature's encoded columns at their mean over
            the training rows; negative where the feature makes the row look normal.
        """
        Z = self.encode(X)
        scores = self._score_encoded(Z)
        out = np.zeros((len(Z), self.n_features_in_))
        source = self._sources(Z)
        for j in range(self.n_features_in_):
            columns = source == j
            usual = np.where(columns, self._usual, Z).astype(Z.dtype)
            out[:, j] = scores - self._score_encoded(usual)
        return out

    def _of_features(self, columns: np.ndarray) -> np.ndarray:
        """Return values of encoded columns (n, n_inputs) added up by feature."""
        out = np.zeros((len(columns), self.n_features_in_), dtype=np.float64)
        np.add.at(out, (slice(None), self._sources(columns)), columns)
        return out

    def _sources(self, Z: np.ndarray) -> np.ndarray:
        """Return the number of the feature that each encoded column comes from."""
        return np.arange(Z.shape[1]) if self.encoder_ is None else self.encoder_.input_index_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # scikit-learn's checks ask everything with predict_proba for the number of its classes.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
