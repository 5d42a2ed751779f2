"""What every neural detector shares: from rows to a trained network, a score and a threshold."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import ClassifierTags, _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, _num_samples, check_is_fitted

from appliednn.anomaly._contract import DetectorMixin
from appliednn.anomaly._trim import forest_scores, most_normal
from appliednn.core import backend
from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._losses import make_loss
from appliednn.core._network import Network
from appliednn.core._optimizers import make_optimizer
from appliednn.core._random import guarded_random_state, spawn_seeds
from appliednn.core._trainer import Rows, Trainer, TrainingPlan
from appliednn.core.persistence import SaveMixin
from appliednn.tabular import TabularEncoder

# The share of training rows that is left out where they may hold anomalies.
_TRIM = 0.1
# Training for the first scores, where the network itself says what to leave out.
_EARLY_SHARE = 0.2


class BaseDetector(DetectorMixin, SaveMixin, BaseEstimator):
    """Fit machinery; subclasses say what the network is trained on and how rows are scored."""

    _parameter_constraints: dict = {
        "contamination": [Interval(Real, 0, 0.5, closed="right"), StrOptions({"auto"})],
        "novelty": ["boolean"],
        "trim": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "trim_by": [StrOptions({"isolation_forest", "losses"})],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "precision": [StrOptions({"float64"}), None],
        "verbose": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    _use_bias = True

    # -- what a subclass gives ------------------------------------------------------------------

    @abstractmethod
    def _widths(self, n_inputs: int) -> list[int]:
        """Return the units of each layer, outputs last."""

    @abstractmethod
    def _target(self, Z: np.ndarray, weights: np.ndarray, first: Network) -> np.ndarray:
        """Return what the untrained network ``first`` is trained to answer, (n, n_outputs)."""

    @abstractmethod
    def _score_encoded(self, Z: np.ndarray) -> np.ndarray:
        """Return the anomaly score of encoded rows, (n,)."""

    def _after_training(self, Z: np.ndarray, weights: np.ndarray) -> None:
        """Learn what else scores need from the rows the network was trained on."""

    def _noise(self) -> float:
        """Return the share of the inputs set to zero while training."""
        return 0.0

    # -- fit ------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Train the network and set the threshold.

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
        backend.prepare()
        weights = np.ones(_num_samples(X), dtype=np.float32)
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, X, dtype=np.float32, ensure_non_negative=True
            )
            if not weights.any():
                raise ValueError("sample_weight is zero for every row; no row is left")
            if (weights == 0).any():
                kept = np.flatnonzero(weights)
                X, weights = _safe_indexing(X, kept), weights[kept]
        seeds = spawn_seeds(self.random_state, 3)
        self.encoder_ = TabularEncoder(numeric=self.numeric, missing=self.missing)
        self.encoder_.fit(X, sample_weight=weights)
        self._copy_feature_names()
        Z = self.encoder_.transform(X)
        kept = self._kept(Z, weights, seeds)
        self._train(Z[kept], weights[kept], seeds, self.epochs)
        self.n_trimmed_ = len(Z) - len(kept)
        self._learn_threshold(self._score_encoded(Z), weights)
        return self

    def _copy_feature_names(self) -> None:
        self.n_features_in_ = self.encoder_.n_features_in_
        if hasattr(self.encoder_, "feature_names_in_"):
            self.feature_names_in_ = self.encoder_.feature_names_in_
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _kept(self, Z: np.ndarray, weights: np.ndarray, seeds: list[int]) -> np.ndarray:
        """Return the numbers of the rows to train on."""
        trim = (0.0 if self.novelty else _TRIM) if self.trim == "auto" else self.trim
        if trim == 0.0:
            return np.arange(len(Z))
        if self.trim_by == "isolation_forest":
            scores = forest_scores(Z, weights, seeds[2])
        else:
            self._train(Z, weights, seeds, max(1, round(_EARLY_SHARE * self.epochs)))
            scores = self._score_encoded(Z)
        return most_normal(scores, weights, trim)

    def _train(self, Z: np.ndarray, weights: np.ndarray, seeds: list[int], epochs: int) -> None:
        architecture, loss = self._architecture(Z.shape[1]), make_loss("mse", "regression")
        optimizer = make_optimizer("adam", weight_decay=self.weight_decay)
        with guarded_random_state():
            program = backend.training_program(architecture, loss, optimizer)
            start = backend.inference_program(architecture).initial_weights(seeds[0])
        width = architecture.params["widths"][-1]

        def network(values) -> Network:
            return Network(architecture, values, loss, width, (Z.shape[1],))

        self.network_ = network(start)
        plan = TrainingPlan(
            epochs=epochs,
            batch_size=len(Z) if self.batch_size == "full" else self.batch_size,
            learning_rate=self.learning_rate,
            hyper={**optimizer.hyper, **loss.hyper, "dropout": self._noise()},
            weight_seed=seeds[0],
            shuffle_seed=seeds[1],
            max_seconds=self.max_seconds,
            verbose=self.verbose,
        )
        rows = Rows(Z, self._target(Z, weights, self.network_), weights)
        result = Trainer(program, plan, rows, start=(start, None)).fit()
        self.network_ = network(result.weights)
        self.history_, self.n_epochs_ = result.history, result.n_epochs
        self.stop_reason_ = result.stop_reason
        self._usual = np.average(Z, axis=0, weights=weights).astype(np.float32)
        self._after_training(Z, weights)

    def _architecture(self, n_inputs: int) -> Architecture:
        return Architecture.of(
            "dense_detector",
            self.precision or "float32",
            n_inputs=n_inputs,
            widths=self._widths(n_inputs),
            activation=self.activation,
            use_bias=self._use_bias,
            noise=self._noise() > 0,
        )

    def _hidden(self) -> list[int]:
        return hidden_widths(self.hidden_layer_sizes)

    # -- use ------------------------------------------------------------------------------------

    def encode(self, X) -> np.ndarray:
        """Return rows as the network reads them, float32 (n, n_inputs)."""
        check_is_fitted(self, "network_")
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
        for j in range(self.n_features_in_):
            columns = self.encoder_.input_index_ == j
            usual = np.where(columns, self._usual, Z).astype(Z.dtype)
            out[:, j] = scores - self._score_encoded(usual)
        return out

    def _of_features(self, columns: np.ndarray) -> np.ndarray:
        """Return values of encoded columns (n, n_inputs) added up by feature."""
        out = np.zeros((len(columns), self.n_features_in_), dtype=np.float64)
        np.add.at(out, (slice(None), self.encoder_.input_index_), columns)
        return out

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
