"""The FT-Transformer: attention between the features of a row."""

from __future__ import annotations

from numbers import Integral, Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._architecture import Architecture
from appliednn.core._optimizers import make_optimizer
from appliednn.tabular._fit_methods import ClassifierFit, RegressorFit
from appliednn.tabular._network_base import BaseTableNetwork, without_presets
from appliednn.tabular._network_docs import document_network
from appliednn.tabular._tasks import NeuralClassifierMixin, NeuralRegressorMixin

_COUNT = Interval(Integral, 1, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")


class BaseFTTransformer(BaseTableNetwork):
    """The transformer's parameters, and the network, loss and optimiser they stand for."""

    _parameter_constraints: dict = {
        **without_presets(BaseTableNetwork._parameter_constraints),
        "n_blocks": [_COUNT],
        "width": [_COUNT],
        "heads": [_COUNT],
        "hidden_width": [_COUNT],
        "attention_dropout": [_SHARE],
        "residual_dropout": [_SHARE],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
    }
    _parameter_constraints.pop("hidden_layer_sizes")
    _parameter_constraints.pop("n_ensemble")

    _onehot_scaling = "none"
    _doc_texts: ClassVar[dict[str, str]] = {
        "patience": "Epochs without a gain after which training stops.",
        "n_blocks": "int, default=3\nNumber of transformer blocks.",
        "width": "int, default=192\nLength of a feature's vector; a multiple of ``heads``.",
        "heads": "int, default=8\nAttention heads.",
        "hidden_width": "int, default=256\nGated units of a block's feed-forward part.",
        "dropout": "float in [0, 1), default=0.1\n"
        "Share of the gated units dropped while training.",
        "attention_dropout": "float in [0, 1), default=0.2\n"
        "Share of the attention weights dropped while training.",
        "residual_dropout": "float in [0, 1), default=0.0\n"
        "Share of each branch's outputs dropped while training.",
        "max_onehot": "int or None, default=0\nCategories of at most so many levels become "
        "one-hot columns, each a number to\nthe network; others get a vector for each level.",
        "numeric": 'str, default="quantile"\nScaling of numbers: ``"robust"``, ``"standard"``, '
        '``"minmax"``, ``"quantile"``\n(to normal scores), ``"passthrough"``.',
    }
    _doc_arguments = "width=16, epochs=40, learning_rate=0.01, batch_size=16, "

    @property
    def _numeric(self) -> str:
        return self.numeric

    def _make_program(self, seed: int):
        if self.width % self.heads:
            raise ValueError(
                f"width={self.width} was given with heads={self.heads}; expected a multiple of it"
            )
        architecture = Architecture.of(
            "ft_transformer",
            self._dtype,
            n_inputs=int(self._input_shape[0]),
            n_outputs=self._n_raw_outputs(),
            n_blocks=self.n_blocks,
            width=self.width,
            heads=self.heads,
            hidden_width=self.hidden_width,
            dropout=self.dropout > 0 or self.attention_dropout > 0,
            residual_dropout=self.residual_dropout > 0,
            cardinalities=[int(c) for c in self.encoder_.cardinalities_],
        )
        loss = self._loss()
        optimizer = make_optimizer(
            "adamw", {"epsilon": 1e-8}, weight_decay=float(self.weight_decay)
        )
        rates = {
            "dropout": self.dropout,
            "dropout_attention": self.attention_dropout,
            "dropout_residual": self.residual_dropout,
        }
        hyper = {**optimizer.hyper, **loss.hyper, **{k: float(v) for k, v in rates.items()}}
        return architecture, loss, optimizer, hyper

    def _stack_key(self):
        return None  # the network has no members


@document_network
class FTTransformerClassifier(ClassifierFit, NeuralClassifierMixin, BaseFTTransformer):
    """FT-Transformer for classification: every feature a vector, attention between them.

    Defaults are the authors'. Training costs several times that of the perceptron-like networks,
    and grows with the square of the number of features. The epoch is chosen by the log loss of a
    stratified holdout, and the probabilities are calibrated on it.

    References
    ----------
    Y. Gorishniy, I. Rubachev, V. Khrulkov, A. Babenko, "Revisiting Deep Learning Models for
    Tabular Data", NeurIPS 2021.
    """

    _parameter_constraints: dict = {
        **BaseFTTransformer._parameter_constraints,
        "label_smoothing": [_SHARE],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "calibrate": ["boolean"],
    }

    def __init__(
        self,
        n_blocks=3,
        *,
        width=192,
        heads=8,
        hidden_width=256,
        dropout=0.1,
        attention_dropout=0.2,
        residual_dropout=0.0,
        numeric="quantile",
        learning_rate=1e-4,
        weight_decay=1e-5,
        label_smoothing=0.0,
        schedule="constant",
        schedule_params=None,
        epochs=300,
        batch_size=256,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=16,
        tol=0.0,
        scoring="loss",
        calibrate=True,
        max_seconds=None,
        class_weight=None,
        max_onehot=0,
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
        self.heads = heads
        self.hidden_width = hidden_width
        self.dropout = dropout
        self.attention_dropout = attention_dropout
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
        self.max_seconds = max_seconds
        self.class_weight = class_weight
        self.max_onehot = max_onehot
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state


@document_network
class FTTransformerRegressor(RegressorFit, NeuralRegressorMixin, BaseFTTransformer):
    """FT-Transformer for regression: every feature a vector, attention between them.

    Defaults are the authors'. Training costs several times that of the perceptron-like networks,
    and grows with the square of the number of features.

    References
    ----------
    Y. Gorishniy, I. Rubachev, V. Khrulkov, A. Babenko, "Revisiting Deep Learning Models for
    Tabular Data", NeurIPS 2021.
    """

    def __init__(
        self,
        n_blocks=3,
        *,
        width=192,
        heads=8,
        hidden_width=256,
        dropout=0.1,
        attention_dropout=0.2,
        residual_dropout=0.0,
        numeric="quantile",
        learning_rate=1e-4,
        weight_decay=1e-5,
        schedule="constant",
        schedule_params=None,
        epochs=300,
        batch_size=256,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.2,
        n_iter_no_change=16,
        tol=0.0,
        scoring="loss",
        max_seconds=None,
        max_onehot=0,
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
        self.heads = heads
        self.hidden_width = hidden_width
        self.dropout = dropout
        self.attention_dropout = attention_dropout
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
        self.max_seconds = max_seconds
        self.max_onehot = max_onehot
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state
