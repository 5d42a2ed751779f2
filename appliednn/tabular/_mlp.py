"""Multilayer perceptrons for tables: a classifier and a regressor with one set of parameters."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core import backend
from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._losses import Loss, make_loss
from appliednn.core._optimizers import Optimizer, make_group_adam, make_optimizer
from appliednn.core._schedules import check_schedule_params
from appliednn.tabular._base import BaseNeural
from appliednn.tabular._fit_methods import ClassifierFit, RegressorFit
from appliednn.tabular._keras_names import activation_name, initializer_config
from appliednn.tabular._mlp_docs import document
from appliednn.tabular._stack import stack_key_of
from appliednn.tabular._tasks import NeuralClassifierMixin, NeuralRegressorMixin

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
# Numbers that may differ between perceptrons of one program.
_STACK_FREE = ("learning_rate", "weight_decay", "dropout", "label_smoothing")


class BaseMLP(BaseNeural):
    """The perceptron's parameters, and the network, loss and optimiser they stand for."""

    _parameter_constraints: dict = {
        **BaseNeural._parameter_constraints,
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str],
        "residual": ["boolean"],
        "normalization": [StrOptions({"batch", "layer"}), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "kernel_initializer": [str, dict, object],
        "bias_initializer": [str, dict, object],
        "l1": [_NOT_NEGATIVE],
        "l2": [_NOT_NEGATIVE],
        "loss": [str, callable, object],
        "loss_params": [dict, None],
        "optimizer": [str, object],
        "optimizer_params": [dict, None],
        "weight_decay": [_NOT_NEGATIVE],
        "schedule": [
            StrOptions({"constant", "step", "exponential", "cosine", "one_cycle", "plateau"})
        ],
        "schedule_params": [dict, None],
        "clip_value": [_POSITIVE, None],
        "clip_norm": [_POSITIVE, None],
        "clip_global_norm": [_POSITIVE, None],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
        "categorical": [StrOptions({"onehot", "embedding"})],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
        "n_ensemble": [Interval(Integral, 1, None, closed="left")],
    }

    def _hidden(self) -> list[int]:
        return hidden_widths(self.hidden_layer_sizes)

    def _check_members(self) -> None:
        """Refuse what networks side by side cannot have."""
        if not self._members:
            return
        for name, value in (("normalization", self.normalization), ("strategy", self.strategy)):
            if value is not None:
                raise ValueError(
                    f"n_ensemble={self.n_ensemble} was given with {name}={value!r}; networks side "
                    f"by side need {name}=None (or use appliednn.ensemble.BaggedClassifier)"
                )
        if self.encoder_.cardinalities_:
            raise ValueError(
                f"n_ensemble={self.n_ensemble} was given with categorical='embedding'; networks "
                "side by side need categorical='onehot'"
            )

    def _make_program(self, seed: int):
        self._check_members()
        check_schedule_params(self.schedule, self.schedule_params)
        optimizer = self._optimizer()
        architecture = Architecture.of(
            "mlp",
            self._dtype,
            n_inputs=int(self._input_shape[0]),
            n_outputs=self._n_raw_outputs(),
            hidden_layer_sizes=self._hidden(),
            activation=activation_name(self.activation),
            residual=bool(self.residual),
            normalization=self.normalization,
            dropout=self.dropout > 0,
            kernel_initializer=initializer_config(self.kernel_initializer, "kernel_initializer"),
            bias_initializer=initializer_config(self.bias_initializer, "bias_initializer"),
            cardinalities=[int(c) for c in self.encoder_.cardinalities_],
            kind=self._target.kind if self._members else "regression",
            members=self._members,
            aggregate=False,
        )
        loss = self._loss()
        hyper = {**optimizer.hyper, **loss.hyper, "dropout": float(self.dropout)}
        return architecture, loss, optimizer, hyper

    def _stack_key(self):
        """Return what must be equal for perceptrons to be trained in one program, or None."""
        clips = (self.clip_value, self.clip_norm, self.clip_global_norm)
        plain = self.optimizer in ("adam", "adamw") and self.optimizer_params is None
        plain &= not self.l1 and not self.l2 and all(clip is None for clip in clips)
        if not plain or self.normalization is not None or self.categorical != "onehot":
            return None
        return stack_key_of(self, _STACK_FREE)

    def _make_stack_program(self, seed: int):
        """Return the network with Adam as all members can share it, each at its own rate."""
        architecture, loss, optimizer, hyper = self._make_program(seed)
        decay = hyper["weight_decay"]
        grouped = make_group_adam(
            {}, {"bias": 0.0}, weight_decay=decay, epsilon=1e-7, late_epsilon=False
        )
        return architecture, loss, grouped, {**hyper, **grouped.hyper, "dropout": self.dropout}

    def _lone_weights(self, architecture, rows, seed: int) -> list:
        """Return the first weights of one plain network."""
        return backend.inference_program(architecture).initial_weights(seed)

    def _optimizer(self) -> Optimizer:
        """Return the optimiser; refuse a second learning rate, which would go unheard."""
        optimizer = make_optimizer(
            self.optimizer,
            self.optimizer_params,
            clip_value=self.clip_value,
            clip_norm=self.clip_norm,
            clip_global_norm=self.clip_global_norm,
            weight_decay=self.weight_decay,
            l1=self.l1,
            l2=self.l2,
        )
        rate = optimizer.learning_rate
        if optimizer.own_rate and (callable(rate) or not np.isclose(rate, self.learning_rate)):
            raise ValueError(
                f"the optimiser brings the learning rate {rate} and learning_rate="
                f"{self.learning_rate} is set beside it; give the rate as learning_rate= alone "
                "(and its course as schedule=)"
            )
        return optimizer

    def _loss(self) -> Loss:
        smoothing = getattr(self, "label_smoothing", 0.0)
        return make_loss(self.loss, self._target.kind, self.loss_params, smoothing)


@document(task="classifier")
class MLPClassifier(ClassifierFit, NeuralClassifierMixin, BaseMLP):
    """Multilayer perceptron for classification."""

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes=(128, 128),
        *,
        activation="relu",
        residual=False,
        normalization=None,
        dropout=0.0,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        l1=0.0,
        l2=0.0,
        loss="auto",
        loss_params=None,
        label_smoothing=0.0,
        optimizer="adam",
        optimizer_params=None,
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="constant",
        schedule_params=None,
        clip_value=None,
        clip_norm=None,
        clip_global_norm=None,
        epochs=100,
        batch_size=128,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        scoring="loss",
        n_ensemble=1,
        max_seconds=None,
        class_weight=None,
        numeric="robust",
        categorical="onehot",
        missing="median_indicator",
        callbacks=None,
        strategy=None,
        precision=None,
        xla="auto",
        warm_start=False,
        verbose="auto",
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.residual = residual
        self.normalization = normalization
        self.dropout = dropout
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.l1 = l1
        self.l2 = l2
        self.loss = loss
        self.loss_params = loss_params
        self.label_smoothing = label_smoothing
        self.optimizer = optimizer
        self.optimizer_params = optimizer_params
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.schedule_params = schedule_params
        self.clip_value = clip_value
        self.clip_norm = clip_norm
        self.clip_global_norm = clip_global_norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.n_ensemble = n_ensemble
        self.max_seconds = max_seconds
        self.class_weight = class_weight
        self.numeric = numeric
        self.categorical = categorical
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state


@document(task="regressor")
class MLPRegressor(RegressorFit, NeuralRegressorMixin, BaseMLP):
    """Multilayer perceptron for regression."""

    def __init__(
        self,
        hidden_layer_sizes=(128, 128),
        *,
        activation="relu",
        residual=False,
        normalization=None,
        dropout=0.0,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        l1=0.0,
        l2=0.0,
        loss="auto",
        loss_params=None,
        optimizer="adam",
        optimizer_params=None,
        learning_rate=1e-3,
        weight_decay=0.0,
        schedule="constant",
        schedule_params=None,
        clip_value=None,
        clip_norm=None,
        clip_global_norm=None,
        epochs=100,
        batch_size=128,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        scoring="loss",
        n_ensemble=1,
        max_seconds=None,
        numeric="robust",
        categorical="onehot",
        missing="median_indicator",
        callbacks=None,
        strategy=None,
        precision=None,
        xla="auto",
        warm_start=False,
        verbose="auto",
        random_state=None,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.residual = residual
        self.normalization = normalization
        self.dropout = dropout
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.l1 = l1
        self.l2 = l2
        self.loss = loss
        self.loss_params = loss_params
        self.optimizer = optimizer
        self.optimizer_params = optimizer_params
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.schedule_params = schedule_params
        self.clip_value = clip_value
        self.clip_norm = clip_norm
        self.clip_global_norm = clip_global_norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.n_ensemble = n_ensemble
        self.max_seconds = max_seconds
        self.numeric = numeric
        self.categorical = categorical
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def _loss_name(self) -> str:
        return make_loss(self.loss, "regression", self.loss_params).name
