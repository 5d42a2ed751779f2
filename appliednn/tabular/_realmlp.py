"""RealMLP: a multilayer perceptron with tuned defaults for tables."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._architecture import Architecture
from appliednn.core._optimizers import make_group_adam
from appliednn.core._training_plan import Rows, TrainingPlan
from appliednn.tabular._fit_methods import ClassifierFit, RegressorFit
from appliednn.tabular._keras_names import activation_name
from appliednn.tabular._network_base import BaseTableNetwork
from appliednn.tabular._network_docs import document_network
from appliednn.tabular._tasks import NeuralClassifierMixin, NeuralRegressorMixin
from appliednn.tabular.networks._realmlp_numpy import data_driven_weights, parameter_names

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")


class BaseRealMLP(BaseTableNetwork):
    """RealMLP's parameters, and the network, loss and optimiser they stand for."""

    # Pairs hold the value for classification and the one for regression.
    _presets: ClassVar[dict[str, dict[str, Any]]] = {
        "td": {
            "hidden_layer_sizes": [256, 256, 256],
            "activation": ("selu", "mish"),
            "learning_rate": (0.04, 0.2),
            "dropout": 0.15,
            "weight_decay": 0.02,
            "label_smoothing": 0.0,
            "embedding": "periodic",
            "schedule": "coslog",
            "epochs": 256,
            "batch_size": 256,
        },
        "td-s": {
            "hidden_layer_sizes": [256, 256, 256],
            "activation": ("selu", "mish"),
            "learning_rate": (0.04, 0.07),
            "dropout": 0.0,
            "weight_decay": 0.0,
            "label_smoothing": 0.0,
            "embedding": "none",
            "schedule": "coslog",
            "epochs": 256,
            "batch_size": 256,
        },
    }

    _parameter_constraints: dict = {
        **BaseTableNetwork._parameter_constraints,
        "preset": [StrOptions({"td", "td-s"})],
        "activation": [str, None],
        "embedding": [StrOptions({"periodic", "none"}), None],
        "embedding_sigma": [_POSITIVE],
        "embedding_hidden": [_COUNT],
        "embedding_width": [Interval(Integral, 2, None, closed="left")],
        "embedding_rate_factor": [_POSITIVE],
        "scale_rate_factor": [_POSITIVE],
        "first_layer_rate_factor": [_POSITIVE],
        "beta_2": [Interval(Real, 0, 1, closed="neither")],
        "category_width": [_COUNT],
    }

    _patience_factor = 2.0
    _doc_texts: ClassVar[dict[str, str]] = {
        "preset": '``"td"``: the tuned defaults; ``"td-s"``: simpler and faster. Parameters that '
        "are None\ntake the preset's value.",
        "patience": "Training stops after twice the best epoch and so many epochs more.",
        "embedding": '"periodic", "none" or None, optional\nEmbedding of numbers.',
    }
    _doc_arguments = "epochs=30, "

    @property
    def _stack_variant(self) -> str:
        return self.preset

    @property
    def _plain(self) -> bool:
        """Whether this is the simple variant: no parametric activation, plain first weights."""
        return self.preset == "td-s"

    def _setting(self, name: str):
        if name == "max_onehot" and self.max_onehot == "auto":
            return None if self._plain else 8
        return super()._setting(name)

    def _make_program(self, seed: int):
        encoder = self.encoder_
        embedded = self._setting("embedding") == "periodic"
        loss = self._loss()
        architecture = Architecture.of(
            "realmlp",
            self._dtype,
            n_inputs=int(self._input_shape[0]),
            n_outputs=self._n_raw_outputs(),
            kind=self._target.kind,
            hidden_layer_sizes=self._hidden(),
            activation=activation_name(self._setting("activation")),
            parametric=not self._plain,
            n_numbers=int(encoder.n_values_) if embedded else 0,
            embedding_hidden=self.embedding_hidden,
            embedding_width=self.embedding_width,
            embedding_sigma=float(self.embedding_sigma),
            cardinalities=[int(c) for c in encoder.cardinalities_],
            category_width=self.category_width,
            dropout=self._setting("dropout") > 0,
            zero_output=self._plain,
            clamp=self._is_regression and not self._plain,
            members=self._members,
            aggregate=False,
        )
        optimizer = self._optimizer()
        hyper = {**optimizer.hyper, **loss.hyper, "dropout": float(self._setting("dropout"))}
        return architecture, loss, optimizer, hyper

    def _optimizer(self):
        """Return Adam with RealMLP's factors; one logit for two classes moves as two would."""
        bias, output = 0.1, 2.0 if self._target.kind == "binary" else 1.0
        rates = {
            "scale": self.scale_rate_factor,
            "activation": 0.1,
            "embedding": self.embedding_rate_factor,
            "first_": self.first_layer_rate_factor,
            "first_bias": bias * self.first_layer_rate_factor,
            "bias": bias,
            "output_": output,
            "output_bias": bias * output,
        }
        decays = {"output_": 1.0 / output, "first_bias": 0.0, "bias": 0.0, "output_bias": 0.0}
        return make_group_adam(
            rates,
            decays,
            weight_decay=float(self._setting("weight_decay")),
            beta_1=0.9,
            beta_2=float(self.beta_2),
            epsilon=1e-8,
        )

    def _plan(self, hyper, seeds, partial: bool, early: bool, n_rows: int) -> TrainingPlan:
        plan = super()._plan(hyper, seeds, partial, early, n_rows)
        plan.decay_course = plan.dropout_course = "constant" if partial else "flat_cos"
        if n_rows >= plan.batch_size and not partial:
            plan.last_batch = "drop"
        return plan

    def _fitted_weights(self, architecture, weights, rows: Rows, seed: int) -> list:
        params = architecture.params
        if not self._plain:
            weights = data_driven_weights(params, weights, rows.x, rows.w, seed)
        named = dict(zip(parameter_names(params), map(np.array, weights), strict=True))
        if self._target.kind == "binary":
            for name in ("output/kernel", "output/bias"):
                named[name] = (named[name] * np.sqrt(2.0)).astype(named[name].dtype)
        if params["clamp"]:
            y = rows.y.reshape(len(rows.y), -1)
            named["clamp/low"][...], named["clamp/high"][...] = y.min(axis=0), y.max(axis=0)
        return list(named.values())


@document_network
class RealMLPClassifier(ClassifierFit, NeuralClassifierMixin, BaseRealMLP):
    """RealMLP for classification: a perceptron with tuned defaults.

    Numbers get periodic embeddings, a scaling layer picks among them, activations are parametric,
    the first weights are fitted to the data, and groups of weights learn at rates of their own.
    Unlike the published defaults, labels are not smoothed, the epoch is chosen by the log loss of
    a stratified holdout, and the probabilities are calibrated on it (``label_smoothing=0.1,
    scoring="accuracy", calibrate=False`` trains as published).

    References
    ----------
    D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024, arXiv 2407.04491.
    """

    _parameter_constraints: dict = {
        **BaseRealMLP._parameter_constraints,
        "label_smoothing": [_SHARE, None],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "calibrate": ["boolean"],
    }

    def __init__(
        self,
        preset="td",
        *,
        hidden_layer_sizes=None,
        activation=None,
        dropout=None,
        embedding=None,
        embedding_sigma=0.1,
        embedding_hidden=16,
        embedding_width=4,
        embedding_rate_factor=0.1,
        scale_rate_factor=6.0,
        first_layer_rate_factor=1.0,
        learning_rate=None,
        beta_2=0.95,
        weight_decay=None,
        label_smoothing=None,
        schedule=None,
        schedule_params=None,
        epochs=None,
        batch_size=None,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=20,
        tol=0.0,
        scoring="loss",
        calibrate=True,
        n_ensemble=1,
        max_seconds=None,
        class_weight=None,
        max_onehot="auto",
        category_width=8,
        missing="median_indicator",
        callbacks=None,
        strategy=None,
        precision=None,
        xla="auto",
        warm_start=False,
        verbose="auto",
        random_state=None,
    ):
        self.preset = preset
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.embedding = embedding
        self.embedding_sigma = embedding_sigma
        self.embedding_hidden = embedding_hidden
        self.embedding_width = embedding_width
        self.embedding_rate_factor = embedding_rate_factor
        self.scale_rate_factor = scale_rate_factor
        self.first_layer_rate_factor = first_layer_rate_factor
        self.learning_rate = learning_rate
        self.beta_2 = beta_2
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.schedule = schedule
        self.schedule_params = schedule_params
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.calibrate = calibrate
        self.n_ensemble = n_ensemble
        self.max_seconds = max_seconds
        self.class_weight = class_weight
        self.max_onehot = max_onehot
        self.category_width = category_width
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state


@document_network
class RealMLPRegressor(RegressorFit, NeuralRegressorMixin, BaseRealMLP):
    """RealMLP for regression: a perceptron with tuned defaults.

    Numbers get periodic embeddings, a scaling layer picks among them, activations are parametric,
    the first weights are fitted to the data, and groups of weights learn at rates of their own.
    Predictions stay within the range of the training target.

    References
    ----------
    D. Holzmueller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data", NeurIPS 2024, arXiv 2407.04491.
    """

    def __init__(
        self,
        preset="td",
        *,
        hidden_layer_sizes=None,
        activation=None,
        dropout=None,
        embedding=None,
        embedding_sigma=0.1,
        embedding_hidden=16,
        embedding_width=4,
        embedding_rate_factor=0.1,
        scale_rate_factor=6.0,
        first_layer_rate_factor=1.0,
        learning_rate=None,
        beta_2=0.95,
        weight_decay=None,
        schedule=None,
        schedule_params=None,
        epochs=None,
        batch_size=None,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=20,
        tol=0.0,
        scoring="loss",
        n_ensemble=1,
        max_seconds=None,
        max_onehot="auto",
        category_width=8,
        missing="median_indicator",
        callbacks=None,
        strategy=None,
        precision=None,
        xla="auto",
        warm_start=False,
        verbose="auto",
        random_state=None,
    ):
        self.preset = preset
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.embedding = embedding
        self.embedding_sigma = embedding_sigma
        self.embedding_hidden = embedding_hidden
        self.embedding_width = embedding_width
        self.embedding_rate_factor = embedding_rate_factor
        self.scale_rate_factor = scale_rate_factor
        self.first_layer_rate_factor = first_layer_rate_factor
        self.learning_rate = learning_rate
        self.beta_2 = beta_2
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.schedule_params = schedule_params
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
        self.max_onehot = max_onehot
        self.category_width = category_width
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
