"""Rosenblatt's perceptron: one linear layer that learns from its mistakes."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._architecture import Architecture
from appliednn.core._losses import Loss, make_loss
from appliednn.core._optimizers import make_optimizer
from appliednn.tabular._fit_methods import ClassifierFit
from appliednn.tabular._network_base import BaseTableNetwork, without_presets
from appliednn.tabular._network_docs import document_network
from appliednn.tabular._tasks import NeuralClassifierMixin
from appliednn.tabular.encoder._encoder import TabularEncoder

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")


@document_network
class PerceptronClassifier(ClassifierFit, NeuralClassifierMixin, BaseTableNetwork):
    """The perceptron: a linear classifier that learns from the rows it gets wrong.

    Weights start at zero; each row on the wrong side moves them by the learning rate times the
    row, others do not. With ``batch_size=1`` two classes are learned step by step as by
    scikit-learn's ``Perceptron``; several classes are learned jointly, against the strongest wrong
    one, instead of one against the rest. Since the weights start at zero, the learning rate sets
    their scale and not the predictions.

    The perceptron knows no probabilities. ``predict_proba`` is the logistic (for several classes
    the softmax) function of ``decision_function``, divided by a temperature that the held-out rows
    choose (``calibrate``); where no rows are held out it only orders the rows.

    References
    ----------
    F. Rosenblatt, "The Perceptron: A Probabilistic Model for Information Storage and Organization
    in the Brain", Psychological Review 65, 1958.
    K. Crammer, Y. Singer, "Ultraconservative Online Algorithms for Multiclass Problems", JMLR 3,
    2003.
    """

    _parameter_constraints: dict = {
        **without_presets(BaseTableNetwork._parameter_constraints),
        "l1": [_NOT_NEGATIVE],
        "l2": [_NOT_NEGATIVE],
        "numeric": [StrOptions({"robust", "standard", "minmax", "quantile", "passthrough"})],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "calibrate": ["boolean"],
    }
    for _name in ("hidden_layer_sizes", "weight_decay", "dropout", "n_ensemble", "max_onehot"):
        _parameter_constraints.pop(_name)
    del _name

    _doc_texts: ClassVar[dict[str, str]] = {
        "patience": "Epochs without a gain after which training stops.",
        "learning_rate": "float, default=0.1\nHow far a wrong row moves the weights.",
        "l1": "float, default=0.0\nPenalty ``l1 * sum|w|``.",
        "l2": "float, default=0.0\nPenalty ``l2 * sum(w ** 2)``.",
        "scoring": 'str or callable, default="accuracy"\n'
        'What picks the epoch: any scikit-learn scorer, or ``"loss"``.',
        "numeric": 'str, default="robust"\nScaling of numbers: ``"robust"``, ``"standard"``, '
        '``"minmax"``, ``"quantile"``\n(to normal scores), ``"passthrough"``.',
    }

    def __init__(
        self,
        learning_rate=0.1,
        *,
        l1=0.0,
        l2=0.0,
        schedule="constant",
        schedule_params=None,
        epochs=100,
        batch_size=32,
        shuffle=True,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        scoring="accuracy",
        calibrate=True,
        max_seconds=None,
        class_weight=None,
        numeric="robust",
        missing="median_indicator",
        callbacks=None,
        strategy=None,
        precision=None,
        xla="auto",
        warm_start=False,
        verbose="auto",
        random_state=None,
    ):
        self.learning_rate = learning_rate
        self.l1 = l1
        self.l2 = l2
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
        self.numeric = numeric
        self.missing = missing
        self.callbacks = callbacks
        self.strategy = strategy
        self.precision = precision
        self.xla = xla
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    def _make_encoder(self) -> TabularEncoder:
        return TabularEncoder(numeric=self.numeric, categorical="onehot", missing=self.missing)

    def _loss(self) -> Loss:
        return make_loss("perceptron", self._target.kind)

    def _make_program(self, seed: int):
        architecture = Architecture.of(
            "mlp",
            self._dtype,
            n_inputs=int(self._input_shape[0]),
            n_outputs=self._n_raw_outputs(),
            hidden_layer_sizes=[],
            activation="linear",
            residual=False,
            normalization=None,
            dropout=False,
            kernel_initializer="zeros",
            bias_initializer="zeros",
            cardinalities=[],
            kind="regression",
            members=0,
            aggregate=False,
        )
        optimizer = make_optimizer("sgd", l1=float(self.l1), l2=float(self.l2))
        loss = self._loss()
        return architecture, loss, optimizer, {**optimizer.hyper, **loss.hyper}

    def _stack_key(self):
        return None
