"""TabM: many perceptrons in one, trained side by side."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._architecture import Architecture
from appliednn.core._optimizers import make_optimizer
from appliednn.core._training_plan import Rows, TrainingPlan
from appliednn.tabular._fit_methods import ClassifierFit, RegressorFit
from appliednn.tabular._network_base import BaseTableNetwork
from appliednn.tabular._network_docs import document_network
from appliednn.tabular._tasks import NeuralClassifierMixin, NeuralRegressorMixin
from appliednn.tabular.encoder._encoder import TabularEncoder
from appliednn.tabular.networks._piecewise_linear import piecewise_edges
from appliednn.tabular.networks._tabm_numpy import tabm_names

_COUNT = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")
# A step of so many members costs milliseconds, so that XLA pays earlier than for one network.
_XLA_STEPS = 300
_XLA_SECONDS = 20


class BaseTabM(BaseTableNetwork):
    """TabM's parameters, and the network, loss and optimiser they stand for."""

    _presets: ClassVar[dict[str, dict[str, Any]]] = {
        "lean": {
            "n_members": 16,
            "hidden_layer_sizes": [256, 256],
            "variant": "tabm",
            "embedding": "piecewise_linear",
            "n_bins": 16,
            "embedding_width": 8,
            "dropout": 0.1,
            "learning_rate": 2e-3,
            "weight_decay": 3e-4,
            "label_smoothing": 0.0,
            "numeric": "quantile",
            "schedule": "constant",
            "epochs": 300,
            "batch_size": "auto",
        },
        "d": {
            "n_members": 32,
            "hidden_layer_sizes": [512, 512, 512],
            "variant": "tabm",
            "embedding": "none",
            "n_bins": 48,
            "embedding_width": 16,
            "dropout": 0.1,
            "learning_rate": 2e-3,
            "weight_decay": 0.0,
            "label_smoothing": 0.0,
            "numeric": "quantile",
            "schedule": "constant",
            "epochs": 1000,
            "batch_size": 256,
        },
    }

    _parameter_constraints: dict = {
        **BaseTableNetwork._parameter_constraints,
        "preset": [StrOptions({"lean", "d"})],
        "n_members": [_COUNT, None],
        "variant": [StrOptions({"tabm", "mini", "packed"}), None],
        "embedding": [StrOptions({"piecewise_linear", "none"}), None],
        "n_bins": [Interval(Integral, 2, None, closed="left"), None],
        "embedding_width": [_COUNT, None],
        "numeric": [StrOptions({"robust", "standard", "quantile", "passthrough"}), None],
        "batch_size": [_COUNT, StrOptions({"full", "auto"}), None],
    }
    _parameter_constraints.pop("n_ensemble")
    _parameter_constraints.pop("max_onehot")

    _doc_texts: ClassVar[dict[str, str]] = {
        "preset": '``"lean"``: 16 perceptrons of 256-256 units on binned numbers. ``"d"``: 32 of\n'
        "512-512-512 on the numbers themselves, the published default. Parameters that are "
        "None\ntake the preset's value.",
        "patience": "Epochs without a gain after which training stops.",
        "n_members": "int, optional\nNumber of perceptrons.",
        "variant": 'str, optional\n``"tabm"``: factors of each member in every layer; '
        '``"mini"``: of the inputs only;\n``"packed"``: perceptrons that share nothing.',
        "embedding": "str, optional\nWhat numbers become: vectors, linear in each of "
        '``n_bins`` bins\n(``"piecewise_linear"``), or nothing else (``"none"``).',
        "n_bins": "int, optional\nBins of the embedding, at quantiles of the training rows.",
        "embedding_width": "int, optional\nLength of a number's vector.",
        "numeric": 'str, optional\nScaling of numbers: ``"robust"``, ``"standard"``, '
        '``"quantile"`` (to normal scores),\n``"passthrough"``.',
        "batch_size": 'int, "auto", "full", optional\nRows of a step for each member; '
        '``"auto"`` grows with the table from 32 to 1024.',
    }
    _doc_arguments = "n_members=4, hidden_layer_sizes=(32,), epochs=40, "

    def _stack_key(self):
        return None  # members of one TabM share weights: a program holds one of them

    @property
    def _members(self) -> int:
        return self._setting("n_members")

    def _make_encoder(self) -> TabularEncoder:
        return TabularEncoder(
            numeric=self._setting("numeric"), categorical="onehot", missing=self.missing
        )

    def _make_program(self, seed: int):
        encoder = self.encoder_
        embedded = self._setting("embedding") == "piecewise_linear" and encoder.n_values_ > 0
        architecture = Architecture.of(
            "tabm",
            self._dtype,
            n_inputs=int(self._input_shape[0]),
            n_outputs=self._n_raw_outputs(),
            kind=self._target.kind,
            members=self._members,
            hidden_layer_sizes=self._hidden(),
            dropout=self._setting("dropout") > 0,
            variant=self._setting("variant"),
            n_values=int(encoder.n_values_),
            n_bins=self._setting("n_bins") if embedded else 0,
            embedding_size=self._setting("embedding_width") if embedded else 1,
            feature_groups=feature_groups(encoder),
            cardinalities=[],
            aggregate=False,
        )
        loss = self._loss()
        decay = float(self._setting("weight_decay"))
        optimizer = make_optimizer("adamw", {"epsilon": 1e-8}, weight_decay=decay)
        hyper = {**optimizer.hyper, **loss.hyper, "dropout": float(self._setting("dropout"))}
        return architecture, loss, optimizer, hyper

    def _plan(self, hyper, seeds, partial: bool, early: bool, n_rows: int) -> TrainingPlan:
        plan = super()._plan(hyper, seeds, partial, early, n_rows)
        if plan.batch_size == "auto":
            plan.batch_size = auto_batch_size(n_rows)
        planned = plan.epochs * -(-n_rows // plan.batch_size)
        hurried = self.max_seconds is not None and self.max_seconds < _XLA_SECONDS
        if self.xla == "auto" and planned >= _XLA_STEPS and not hurried and not partial:
            plan.xla = self.strategy is None
        return plan

    def _fitted_weights(self, architecture, weights, rows: Rows, seed: int) -> list:
        """Set the edges of the embedding's bins to the quantiles of the training rows."""
        params = architecture.params
        if not params["n_bins"]:
            return weights
        weights, place = list(weights), tabm_names(params).index("values/edges")
        values = rows.x[:, : params["n_values"]]
        edges = piecewise_edges(values, params["n_bins"], rows.w)
        weights[place] = edges.astype(np.asarray(weights[place]).dtype)
        return weights


def feature_groups(encoder: TabularEncoder) -> list[int]:
    """Return the feature of each encoded column."""
    return [int(j) for j in encoder.input_index_]


def auto_batch_size(n_rows: int) -> int:
    """Return the batch size that the authors' choices follow.

    Examples
    --------
    >>> [auto_batch_size(n) for n in (1000, 5000, 200_000)]
    [32, 128, 1024]
    """
    sizes = ((2_800, 32), (4_500, 64), (6_400, 128), (32_000, 256), (108_000, 512))
    return next((size for most, size in sizes if n_rows < most), 1024)


@document_network
class TabMClassifier(ClassifierFit, NeuralClassifierMixin, BaseTabM):
    """TabM for classification: many perceptrons in one, sharing almost all weights.

    The members differ by factors of the activations, biases and heads of their own; each trains
    on its own batches, and their probabilities are averaged. The epoch is chosen by the log loss
    of the average on a stratified holdout, and the probabilities are calibrated on it.

    References
    ----------
    Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: Advancing Tabular Deep Learning with
    Parameter-Efficient Ensembling", ICLR 2025.
    """

    _parameter_constraints: dict = {
        **BaseTabM._parameter_constraints,
        "label_smoothing": [_SHARE, None],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "calibrate": ["boolean"],
    }

    def __init__(
        self,
        preset="lean",
        *,
        n_members=None,
        hidden_layer_sizes=None,
        variant=None,
        dropout=None,
        embedding=None,
        n_bins=None,
        embedding_width=None,
        numeric=None,
        learning_rate=None,
        weight_decay=None,
        label_smoothing=None,
        schedule=None,
        schedule_params=None,
        epochs=None,
        batch_size=None,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=16,
        tol=0.0,
        scoring="loss",
        calibrate=True,
        max_seconds=None,
        class_weight=None,
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
        self.n_members = n_members
        self.hidden_layer_sizes = hidden_layer_sizes
        self.variant = variant
        self.dropout = dropout
        self.embedding = embedding
        self.n_bins = n_bins
        self.embedding_width = embedding_width
        self.numeric = numeric
        self.learning_rate = learning_rate
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
        self.max_seconds = max_seconds
        self.class_weight = class_weight
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state


@document_network
class TabMRegressor(RegressorFit, NeuralRegressorMixin, BaseTabM):
    """TabM for regression: many perceptrons in one, sharing almost all weights.

    The members differ by factors of the activations, biases and heads of their own; each trains
    on its own batches, and their outputs are averaged. The epoch is chosen by the squared error of
    the average on held-out rows.

    References
    ----------
    Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: Advancing Tabular Deep Learning with
    Parameter-Efficient Ensembling", ICLR 2025.
    """

    def __init__(
        self,
        preset="lean",
        *,
        n_members=None,
        hidden_layer_sizes=None,
        variant=None,
        dropout=None,
        embedding=None,
        n_bins=None,
        embedding_width=None,
        numeric=None,
        learning_rate=None,
        weight_decay=None,
        schedule=None,
        schedule_params=None,
        epochs=None,
        batch_size=None,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=16,
        tol=0.0,
        scoring="loss",
        max_seconds=None,
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
        self.n_members = n_members
        self.hidden_layer_sizes = hidden_layer_sizes
        self.variant = variant
        self.dropout = dropout
        self.embedding = embedding
        self.n_bins = n_bins
        self.embedding_width = embedding_width
        self.numeric = numeric
        self.learning_rate = learning_rate
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
        self.max_seconds = max_seconds
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
