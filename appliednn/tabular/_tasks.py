"""Classifier and regressor behaviour on top of the shared fit machinery."""

from __future__ import annotations

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from appliednn.core._class_weight import ClassWeights
from appliednn.core._members import ClassUncertainty, NumberUncertainty, class_uncertainty
from appliednn.core._numpy_forward import sigmoid, softmax
from appliednn.core._target import ClassTarget, NumberTarget, read_labels, read_numbers


class NeuralClassifierMixin(ClassifierMixin):
    """``predict``, ``predict_proba``, ``decision_function`` from raw outputs."""

    def _read_target(self, y):
        return read_labels(y)

    def _learn_target(self, y, weights, classes) -> ClassTarget:
        target = ClassTarget.learn(y, classes)
        self.classes_ = target.classes
        return target

    def _class_weights(self, encoded, weights, partial: bool) -> ClassWeights | None:
        if self.class_weight is None:
            return None
        if partial and isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight={self.class_weight!r} needs all data at once, and partial_fit sees "
                "a part; give a dict of weights, e.g. from "
                "sklearn.utils.class_weight.compute_class_weight"
            )
        return ClassWeights.learn(self.class_weight, self._target, encoded, weights)

    def _decode_target(self, y: np.ndarray) -> np.ndarray:
        return y.astype(int) if self._target.kind == "multilabel" else self.classes_[y.astype(int)]

    # -- raw outputs to answers -----------------------------------------------------------------

    def _decision_raw(self, raw: np.ndarray) -> np.ndarray:
        return raw[:, 0] if self._target.kind == "binary" else raw

    def _proba_raw(self, raw: np.ndarray) -> np.ndarray:
        kind = self._target.kind
        if kind == "binary":
            out = np.empty((len(raw), 2), dtype=raw.dtype)
            out[:, 1] = sigmoid(raw[:, 0])
            out[:, 0] = sigmoid(-raw[:, 0])
            return out
        return sigmoid(raw) if kind == "multilabel" else softmax(raw)

    def _predict_raw(self, raw: np.ndarray) -> np.ndarray:
        kind = self._target.kind
        if kind == "multilabel":
            return (raw > 0).astype(int)
        index = (raw[:, 0] > 0).astype(int) if kind == "binary" else raw.argmax(axis=1)
        return self.classes_[index]

    def predict(self, X) -> np.ndarray:
        """Return the label of each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_labels)
        """
        return self._predict_raw(self.network_forward(X))

    def predict_proba(self, X) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes), float32
            Columns in the order of ``classes_``; for multi-label targets one column a label.
        """
        return self._proba_raw(self.network_forward(X))

    def predict_uncertainty(self, X) -> ClassUncertainty:
        """Return how far the networks side by side agree on each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ClassUncertainty
            ``mean`` and ``std`` of the members' probabilities (n, n_classes), and ``total``,
            ``aleatoric`` and ``epistemic`` entropy (n,) in nats.
        """
        raw = self.network_.member_outputs(self.encode(X))
        several = self._target.kind == "multilabel"
        members = np.stack([self._proba_raw(one) for one in raw]).astype(np.float64)
        return class_uncertainty(members, multilabel=several)

    def decision_function(self, X) -> np.ndarray:
        """Return logits: (n,) for two classes, positive for ``classes_[1]``; else one a class."""
        return self._decision_raw(self.network_forward(X))

    def network_forward(self, X) -> np.ndarray:
        """Return the network's raw outputs for raw rows, float32 (n, n_outputs)."""
        Z = self.encode(X)
        return self.network_.forward(Z)

    def predict_encoded(self, Z: np.ndarray) -> np.ndarray:
        """Return probabilities for encoded rows, shape (n, n_classes)."""
        check_is_fitted(self)
        return self._proba_raw(self.network_.forward(np.asarray(Z, dtype=np.float32)))

    def logits(self, Z: np.ndarray) -> np.ndarray:
        """Return a logit for each class from encoded rows; two classes give ``[0, z]``."""
        check_is_fitted(self)
        raw = self.network_.forward(np.asarray(Z, dtype=np.float32))
        if self._target.kind != "binary":
            return raw
        return np.column_stack([np.zeros(len(raw), dtype=raw.dtype), raw[:, 0]])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class NeuralRegressorMixin(MultiOutputMixin, RegressorMixin):
    """``predict`` from raw outputs."""

    def _read_target(self, y):
        return read_numbers(y)

    def _learn_target(self, y, weights, classes) -> NumberTarget:
        return NumberTarget.learn(y, weights, self._loss_name())

    def _decode_target(self, y: np.ndarray) -> np.ndarray:
        columns = y.reshape(len(y), -1)
        values = columns * self._target.scale + self._target.mean
        return values[:, 0] if self._target.ndim == 1 else values

    def _predict_raw(self, raw: np.ndarray) -> np.ndarray:
        return self._target.decode(raw)

    def predict(self, X) -> np.ndarray:
        """Return the prediction for each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs), float64, in the target's units
        """
        return self._predict_raw(self.network_forward(X))

    def predict_uncertainty(self, X) -> NumberUncertainty:
        """Return mean and standard deviation of the networks side by side, in the target's units.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        NumberUncertainty
            ``mean`` and ``std``, shaped as ``predict``'s answer.
        """
        raw = self.network_.member_outputs(self.encode(X))
        members = np.stack([self._predict_raw(one) for one in raw])
        return NumberUncertainty(members.mean(axis=0), members.std(axis=0))

    def network_forward(self, X) -> np.ndarray:
        """Return the network's raw outputs for raw rows, float32 (n, n_outputs)."""
        Z = self.encode(X)
        return self.network_.forward(Z)

    def predict_encoded(self, Z: np.ndarray) -> np.ndarray:
        """Return predictions for encoded rows, in the target's units."""
        check_is_fitted(self)
        return self._predict_raw(self.network_.forward(np.asarray(Z, dtype=np.float32)))
