"""What the Keras wrappers share: parameters, the build function, the program made of it."""

from __future__ import annotations

import inspect
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from appliednn.core._architecture import Architecture, dtype_policy
from appliednn.core._keras_architecture import (
    checked_model,
    copy_model,
    initial_values,
    model_config,
    output_activation,
)
from appliednn.core._optimizers import make_optimizer
from appliednn.core._random import guarded_random_state
from appliednn.tabular._base import BaseNeural
from appliednn.tabular._keras_metrics import keras_measure
from appliednn.tabular._keras_routing import RoutedParams
from appliednn.tabular.encoder._encoder import TabularEncoder


class BaseKeras(RoutedParams, BaseNeural):
    """Builds the user's model for the data at hand and trains it on the compiled trainer."""

    _code_params = ("callbacks", "callbacks_params", "strategy", "model", "metrics")

    _parameter_constraints: dict = {
        **BaseNeural._parameter_constraints,
        "model": [callable, object],
        "model_params": [dict, None],
        "optimizer": [str, object, None],
        "optimizer_params": [dict, None],
        "loss": [str, callable, object, None],
        "loss_params": [dict, None],
        "metrics": [list, tuple, str, None],
        "callbacks_params": [dict, None],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), callable, None],
        "batch_size": [
            *BaseNeural._parameter_constraints["batch_size"],
            Options(Integral, {-1}),
            None,
        ],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
        "categorical": [StrOptions({"onehot", "embedding"})],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
        "verbose": ["boolean", StrOptions({"auto"}), Interval(Integral, 0, 2, closed="both")],
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
        self.model = model
        self.model_params = model_params
        self.optimizer = optimizer
        self.optimizer_params = optimizer_params
        self.loss = loss
        self.loss_params = loss_params
        self.metrics = metrics
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_split = validation_split
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.max_seconds = max_seconds
        self.numeric = numeric
        self.categorical = categorical
        self.missing = missing
        self.callbacks = callbacks
        self.callbacks_params = callbacks_params
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
        if routed:
            # Only arguments of the user's own function arrive here: hidden=64, model__hidden=64.
            self._route(routed)

    # -- from the build function to a program ---------------------------------------------------

    schedule = "constant"
    schedule_params = None

    def _make_encoder(self) -> TabularEncoder | None:
        return super()._make_encoder() if self._tabular else None

    def _check_rows(self, X, y, sample_weight):
        self._tabular = getattr(X, "ndim", 2) <= 2
        if not self._tabular:
            if isinstance(X, np.ndarray) and X.dtype.kind not in "fiub":
                raise ValueError(f"X has dtype {X.dtype}; n-d input must hold numbers")
            self.n_features_in_ = int(X.shape[1])
        return super()._check_rows(X, y, sample_weight)

    def _encode(self, X, reset: bool = False) -> np.ndarray:
        if self.encoder_ is not None:
            return self.encoder_.transform(X)
        X = np.asarray(X, dtype=np.float32)
        if not reset and X.shape[1:] != self._input_shape:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} was fitted on rows "
                f"of shape {self._input_shape}"
            )
        if not np.isfinite(X).all():
            raise ValueError("X holds NaN or infinity, which n-d input may not")
        return X

    def _wants_holdout(self, n_rows: int) -> bool:
        return self.validation_split > 0 or super()._wants_holdout(n_rows)

    def _split(self, X, target, weights, validation, seed: int, partial: bool):
        fraction = self.validation_fraction
        try:
            if self.validation_split > 0:
                self.validation_fraction = self.validation_split
            return super()._split(X, target, weights, validation, seed, partial)
        finally:
            self.validation_fraction = fraction

    def _plan(self, hyper, seeds, partial: bool, early: bool, n_rows: int):
        plan = super()._plan(hyper, seeds, partial, early, n_rows)
        plan.restore_best = early and bool(self.early_stopping)
        plan.learning_rate = self.__dict__.pop("_rate")
        everything = self.batch_size in ("full", -1)
        plan.batch_size = n_rows if everything else (self.batch_size or 32)
        if not isinstance(self.verbose, str):
            plan.verbose = bool(self.verbose)
        return plan

    def _make_program(self, seed: int):
        model = self._build_model(seed)
        config = model_config(model)
        shape = [int(s) for s in self._input_shape]
        architecture = Architecture.of("keras", self._dtype, config=config, input_shape=shape)
        self._initial = initial_values(model)
        self._width = int(model.output_shape[-1])
        self._metrics = self.metrics or _compiled_metrics(model)
        self._check_width()
        self._activation = output_activation(model)
        loss = self._make_loss(getattr(model, "loss", None))
        given = self.optimizer or getattr(model, "optimizer", None) or "adam"
        optimizer = make_optimizer(given, self.optimizer_params)
        self._rate = self.learning_rate or optimizer.learning_rate
        return architecture, loss, optimizer, {**optimizer.hyper, **loss.hyper}

    def _start_state(self, architecture, optimizer):
        self.__dict__.pop("_initial")  # what the build function drew anew is not needed
        return super()._start_state(architecture, optimizer)

    def _first_state(self, program, architecture, rows, plan):
        return self.__dict__.pop("_initial"), None

    def _n_raw_outputs(self) -> int:
        return self._width

    def _build_model(self, seed: int):
        """Call the build function (or copy the model given) with everything seeded."""
        import keras

        with guarded_random_state(seed), dtype_policy(self.precision or "float32"):
            if isinstance(self.model, keras.Model):
                model = copy_model(self.model)
            elif callable(self.model):
                model = self.model(**self._build_arguments())
            else:
                raise TypeError(
                    f"model={self.model!r} was given; expected a function that returns a Keras "
                    "model, or a Keras model"
                )
            return checked_model(model, self._input_shape)

    def _build_arguments(self) -> dict:
        arguments = dict(self.model_params or {})
        accepted = _accepted(self.model)
        self._check_build_arguments(accepted)
        extra = {"meta": self._meta(), "compile_kwargs": self._compile_kwargs()}
        for name, value in extra.items():
            if accepted is not None and name in accepted and name not in arguments:
                arguments[name] = value
        return arguments

    def _compile_kwargs(self) -> dict:
        kwargs = {"optimizer": self.optimizer or "adam", "loss": self.loss}
        return {**kwargs, "metrics": self.metrics}

    def _meta(self) -> dict:
        """Return what the build function may need to know of the data."""
        shape = tuple(int(s) for s in self._input_shape)
        n = self._target.n_outputs
        meta = {
            "n_features_in_": shape[0],
            "X_shape_": (None, *shape),
            "n_outputs_": n,
            "n_outputs_expected_": n,
            "target_type_": self._target_type(),
        }
        if hasattr(self, "classes_"):
            meta.update(n_classes_=len(self.classes_), classes_=self.classes_)
        return meta

    def _hooks(self, held, program, make_network, partial: bool, given):
        hooks = super()._hooks(held, program, make_network, partial, given)
        metrics = self.__dict__.pop("_metrics")
        if metrics:
            hooks.measure = keras_measure([metrics] if isinstance(metrics, str) else metrics)
        return hooks

    @property
    def current_epoch(self) -> int:
        """Epochs run so far (SciKeras's name for ``n_epochs_``)."""
        return getattr(self, "n_epochs_", 0)

    @property
    def model_(self):
        """The trained network as a new Keras model."""
        return self.network_.to_keras()


def _accepted(function) -> set[str] | None:
    """Return the argument names a function takes, or None if it takes any."""
    if function is None or not callable(function) or hasattr(function, "layers"):
        return set()
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return {p.name for p in parameters}


def _compiled_metrics(model) -> list:
    """Return the metrics the build function compiled the model with."""
    import keras

    found = (model.get_compile_config() or {}).get("metrics") if model.compiled else None
    if not isinstance(found, list):
        return []
    return [m if isinstance(m, str) else keras.metrics.deserialize(m) for m in found]
