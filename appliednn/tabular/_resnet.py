"""The residual network for tables."""

from __future__ import annotations

from numbers import Integral, Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._architecture import Architecture
from appliednn.core._optimizers import make_group_adam
from appliednn.core._training_plan import TrainingPlan
from appliednn.tabular._fit_methods import ClassifierFit, RegressorFit
from appliednn.tabular._network_base import BaseTableNetwork, without_presets
from appliednn.tabular._network_docs import document_network
from appliednn.tabular._tasks import NeuralClassifierMixin, NeuralRegressorMixin

_COUNT = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")


class BaseResNet(BaseTableNetwork):
    """The residual network's parameters, and the network, loss and optimiser they stand for."""

    _parameter_constraints: dict = {
        **without_presets(BaseTableNetwork._parameter_constraints),
        "n_blocks": [_COUNT],
        "width": [_COUNT],
        "hidden_width": [_COUNT],
        "residual_dropout": [_SHARE],
        "category_width": [_COUNT],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
    }
    _parameter_constraints.pop("hidden_layer_sizes")

    _onehot_scaling = "none"
    _doc_texts: ClassVar[dict[str, str]] = {
        "patience": "Epochs without a gain after which training stops.",
        "n_blocks": "int, default=2\nNumber of residual blocks.",
        "width": "int, default=128\nUnits between the blocks.",
        "hidden_width": "int, default=256\nUnits inside of a block.",
        "residual_dropout": "float in [0, 1), default=0.1\n"
        "Share of a block's outputs dropped while training.",
        "numeric": 'str, default="quantile"\nScaling of numbers: ``"robust"``, ``"standard"``, '
        '``"minmax"``, ``"quantile"``\n(to normal scores), ``"passthrough"``.',
    }
    _doc_arguments = "epochs=60, batch_size=16, "

    @property
    def _numeric(self) -> str:
        return self.numeric

    def _make_program(self, seed: int):
        dropout = self.dropout > 0 or self.residual_dropout > 0
        architecture = Architecture.of(
            "resnet",
            self._dtype,
            n_inputs=int(self._input_shape[0]),
            n_outputs=self._n_raw_outputs(),
            kind=self._target.kind,
            n_blocks=self.n_blocks,
            width=self.width,
            hidden_width=self.hidden_width,
            dropout=dropout,
            cardinalities=[int(c) for c in self.encoder_.cardinalities_],
            embedding_size=self.category_width,
            members=self._members,
            aggregate=False,
        )
        loss = self._loss()
        undecayed = {"bias": 0.0, "norm": 0.0}
        optimizer = make_group_adam({}, undecayed, weight_decay=float(self.weight_decay))
        rates = {"dropout": self.dropout, "dropout_residual": self.residual_dropout}
        optimizer.hyper.update({name: float(rate) for name, rate in rates.items()})
        return architecture, loss, optimizer, {**optimizer.hyper, **loss.hyper}

    def _plan(self, hyper, seeds, partial: bool, early: bool, n_rows: int) -> TrainingPlan:
        plan = super()._plan(hyper, seeds, partial, early, n_rows)
        if not partial:  # a last batch of a few rows has no statistics worth the name
            plan.last_batch = "drop"
        return plan


@document_network
class ResNetClassifier(ClassifierFit, NeuralClassifierMixin, BaseResNet):
    """Residual network for classification.

    Each block adds ``drop(dense(drop(relu(dense(norm(x))))))`` to ``x``, with batch normalisation.
    Defaults are those of TabZilla's benchmark, with the epoch chosen by the log loss of a
    stratified holdout and the probabilities calibrated on it.

    References
    ----------
    Y. Gorishniy, I. Rubachev, V. Khrulkov, A. Babenko, "Revisiting Deep Learning Models for
    Tabular Data", NeurIPS 2021.
    D. McElfresh et al., "When Do Neural Nets Outperform Boosted Trees on Tabular Data?", 2023.
    """

    _parameter_constraints: dict = {
        **BaseResNet._parameter_constraints,
        "label_smoothing": [_SHARE],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "calibrate": ["boolean"],
    }

    def __init__(
        self,
        n_blocks=2,
        *,
        width=128,
        hidden_width=256,
        dropout=0.25,
        residual_dropout=0.1,
        numeric="quantile",
        learning_rate=1e-3,
        weight_decay=0.01,
        label_smoothing=0.0,
        schedule="constant",
        schedule_params=None,
        epochs=300,
        batch_size=128,
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
        max_onehot=0,
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
        self.n_blocks = n_blocks
        self.width = width
        self.hidden_width = hidden_width
        self.dropout = dropout
        self.residual_dropout = residual_dropout
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
class ResNetRegressor(RegressorFit, NeuralRegressorMixin, BaseResNet):
    """Residual network for regression.

    Each block adds ``drop(dense(drop(relu(dense(norm(x))))))`` to ``x``, with batch normalisation.
    Defaults are those of TabZilla's benchmark.

    References
    ----------
    Y. Gorishniy, I. Rubachev, V. Khrulkov, A. Babenko, "Revisiting Deep Learning Models for
    Tabular Data", NeurIPS 2021.
    D. McElfresh et al., "When Do Neural Nets Outperform Boosted Trees on Tabular Data?", 2023.
    """

    def __init__(
        self,
        n_blocks=2,
        *,
        width=128,
        hidden_width=256,
        dropout=0.25,
        residual_dropout=0.1,
        numeric="quantile",
        learning_rate=1e-3,
        weight_decay=0.01,
        schedule="constant",
        schedule_params=None,
        epochs=300,
        batch_size=128,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=20,
        tol=0.0,
        scoring="loss",
        n_ensemble=1,
        max_seconds=None,
        max_onehot=0,
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
        self.n_blocks = n_blocks
        self.width = width
        self.hidden_width = hidden_width
        self.dropout = dropout
        self.residual_dropout = residual_dropout
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
