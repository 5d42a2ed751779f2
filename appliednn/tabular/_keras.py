"""Any Keras model as a scikit-learn estimator; code written for SciKeras runs as it is."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, softmax
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import StrOptions

from appliednn.core._keras_losses import make_keras_loss
from appliednn.core._losses import Loss
from appliednn.tabular._keras_base import BaseKeras
from appliednn.tabular._keras_docs import document
from appliednn.tabular._tasks import NeuralClassifierMixin, NeuralRegressorMixin


@document(task="classifier")
class KerasClassifier(NeuralClassifierMixin, BaseKeras):
    """Any Keras classification model as a scikit-learn classifier."""

    _parameter_constraints: dict = {
        **BaseKeras._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        model=None,
        *,
        model_params=None,
        optimizer=None,
        optimizer_params=None,
        loss=None,
        loss_params=None,
        metrics=None,
        learning_rate=None,
        epochs=1,
        batch_size=None,
        shuffle=True,
        early_stopping=False,
        validation_split=0.0,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        scoring="loss",
        max_seconds=None,
        class_weight=None,
        numeric="passthrough",
        categorical="onehot",
        missing="median_indicator",
        callbacks=None,
        callbacks_params=None,
        strategy=None,
        precision=None,
        xla="auto",
        warm_start=False,
        verbose="auto",
        random_state=None,
        **routed,
    ):
        self.class_weight = class_weight
        super().__init__(
            model,
            model_params=model_params,
            optimizer=optimizer,
            optimizer_params=optimizer_params,
            loss=loss,
            loss_params=loss_params,
            metrics=metrics,
            learning_rate=learning_rate,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=shuffle,
            early_stopping=early_stopping,
            validation_split=validation_split,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            scoring=scoring,
            max_seconds=max_seconds,
            numeric=numeric,
            categorical=categorical,
            missing=missing,
            callbacks=callbacks,
            callbacks_params=callbacks_params,
            strategy=strategy,
            precision=precision,
            xla=xla,
            warm_start=warm_start,
            verbose=verbose,
            random_state=random_state,
            **routed,
        )

    def _check_width(self) -> None:
        allowed = {"binary": (1, 2)}.get(self._target.kind, (len(self.classes_),))
        if self._width not in allowed:
            raise ValueError(
                f"the model has {self._width} outputs, and the target has {len(self.classes_)} "
                f"{'labels' if self._target.kind == 'multilabel' else 'classes'}; expected "
                f"{' or '.join(map(str, allowed))} outputs (see meta['n_outputs_expected_'])"
            )

    def _target_type(self) -> str:
        kind = self._target.kind
        return "multilabel-indicator" if kind == "multilabel" else kind

    def _loss_kind(self) -> str:
        return "multiclass" if self._width == 2 else self._target.kind

    def _make_loss(self, compiled) -> Loss:
        kind = self._loss_kind()
        default = "sparse_categorical_crossentropy"
        if kind != "multiclass":
            default = "binary_crossentropy"
        given = self.loss or compiled or default
        logits = self._activation == "linear"
        return make_keras_loss(given, kind, self.loss_params, from_logits=logits)

    def _probabilities(self, raw: np.ndarray) -> np.ndarray:
        """Return the network's outputs as probabilities, one column an output."""
        if self._activation != "linear":
            return raw
        return softmax(raw, axis=1) if self._loss_kind() == "multiclass" else expit(raw)

    def _proba_raw(self, raw: np.ndarray) -> np.ndarray:
        p = self._probabilities(raw)
        if self._target.kind == "binary" and self._width == 1:
            return np.column_stack([1 - p[:, 0], p[:, 0]])
        return p

    def _predict_raw(self, raw: np.ndarray) -> np.ndarray:
        p = self._proba_raw(raw)
        if self._target.kind == "multilabel":
            if self._activation == "softmax":  # labels given one-hot: one of them is right
                return np.eye(p.shape[1], dtype=int)[p.argmax(axis=1)]
            return (p > 0.5).astype(int)
        return self.classes_[p.argmax(axis=1)]

    def _decision_raw(self, raw: np.ndarray) -> np.ndarray:
        if self._target.kind == "binary":
            return self._logits_raw(raw)[:, 1] - self._logits_raw(raw)[:, 0]
        return self._logits_raw(raw)

    def _logits_raw(self, raw: np.ndarray) -> np.ndarray:
        """Return one logit a class (or label); two classes from one output give ``[0, z]``."""
        if self._activation != "linear":
            tiny = np.finfo(raw.dtype).tiny
            single = self._activation == "sigmoid"
            raw = logit(np.clip(raw, tiny, 1 - 1e-7)) if single else np.log(np.maximum(raw, tiny))
        if self._width == 1:
            return np.column_stack([np.zeros(len(raw), dtype=raw.dtype), raw[:, 0]])
        return raw

    def logits(self, Z: np.ndarray) -> np.ndarray:
        """Return a logit for each class from encoded rows; one output gives ``[0, z]``."""
        return self._logits_raw(self.network_.forward(np.asarray(Z, dtype=np.float32)))

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Build the model for these rows and train it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features), or ndarray of shape (n, ...)
            Rows; arrays of three and more axes reach the model as they are.
        y : array-like of shape (n,), or a 0/1 indicator of shape (n, n_labels)
            Labels of any type.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.
        X_val, y_val : array-like, optional
            Held-out rows.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train one more epoch on these rows.

        ``classes`` names all labels in the first call; without it they are those of ``y``.
        """
        return self._fit(X, y, sample_weight, classes=classes, partial=True)


@document(task="regressor")
class KerasRegressor(NeuralRegressorMixin, BaseKeras):
    """Any Keras regression model as a scikit-learn regressor."""

    def _check_width(self) -> None:
        if self._width != self._target.n_outputs:
            raise ValueError(
                f"the model has {self._width} outputs, and the target has "
                f"{self._target.n_outputs} columns (see meta['n_outputs_'])"
            )

    def _target_type(self) -> str:
        return "continuous" if self._target.ndim == 1 else "continuous-multioutput"

    def _loss_name(self) -> str:
        return "keras"

    def _make_loss(self, compiled) -> Loss:
        given = self.loss or compiled or "mean_squared_error"
        return make_keras_loss(given, "regression", self.loss_params)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Build the model for these rows and train it.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features), or ndarray of shape (n, ...)
            Rows; arrays of three and more axes reach the model as they are.
        y : array-like of shape (n,) or (n, n_outputs)
            Numbers.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.
        X_val, y_val : array-like, optional
            Held-out rows.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, X_val, y_val)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one more epoch on these rows."""
        return self._fit(X, y, sample_weight, partial=True)
