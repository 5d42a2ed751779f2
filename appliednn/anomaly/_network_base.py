"""What every neural detector of tables shares: from encoded rows to a trained network."""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly._base import TableDetector
from appliednn.core import backend
from appliednn.core._architecture import (
    Architecture,
    hidden_widths,
    stack_weights,
    unstack_weights,
)
from appliednn.core._fit_callbacks import FitCallbacks
from appliednn.core._losses import Loss, make_loss
from appliednn.core._network import Network
from appliednn.core._optimizers import make_optimizer
from appliednn.core._random import guarded_random_state
from appliednn.core._trainer import Rows, Trainer, TrainingPlan

# Training for the first scores, where the network itself says what to leave out.
_EARLY_SHARE = 0.2


class NetworkDetector(FitCallbacks, TableDetector):
    """Training; subclasses say what the network is, what it is trained on and what a score is."""

    _parameter_constraints: dict = {
        **TableDetector._parameter_constraints,
        "trim_by": [StrOptions({"isolation_forest", "losses"})],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [str],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"full"})],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "precision": [StrOptions({"float64"}), None],
        "callbacks": [list, tuple, None, object],
        "verbose": ["boolean", StrOptions({"auto"})],
    }
    _code_params = ("callbacks",)

    # -- what a subclass gives ------------------------------------------------------------------

    @abstractmethod
    def _architecture(self, n_inputs: int) -> tuple[Architecture, int]:
        """Return the network for rows of this width, and the number of its outputs."""

    @abstractmethod
    def _target(self, Z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Return what the loss compares the network's answers with, one row each."""

    def _start(self, first: Network, Z, weights, labels) -> list[np.ndarray]:
        """Return the weights to start from, given the freshly drawn network."""
        return first.weights

    def _loss(self) -> Loss:
        """Return what training lowers."""
        return make_loss("mse", "regression")

    def _after_training(self, Z: np.ndarray, weights: np.ndarray, seeds) -> None:
        """Learn what else scores need from the rows the network was trained on."""

    def _noise(self) -> float:
        """Return the share of the inputs set to zero while training."""
        return 0.0

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Train the network and set the threshold.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows: numbers, categories, strings, booleans, dates, missing values.
        y : array-like of shape (n,), optional
            Not learnt from; what a scikit-learn callback scores each epoch by.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self
        """
        return self._fit_with_callbacks(X, y, sample_weight)

    def _fit_with_callbacks(self, X, y, sample_weight, labels=None):
        self._given = (X, y)
        try:
            self._fit(X, sample_weight, labels)
            self._close_sklearn_callbacks()
        finally:
            del self._given
            self.__dict__.pop("_close_task", None)
        return self

    # -- training -------------------------------------------------------------------------------

    def _learn(self, Z, weights, labels, seeds) -> None:
        self._train(Z, weights, labels, seeds, self.epochs)

    def _first_scores(self, Z, weights, labels, seeds) -> np.ndarray:
        if self.trim_by == "isolation_forest":
            return super()._first_scores(Z, weights, labels, seeds)
        self._train(Z, weights, labels, seeds, max(1, round(_EARLY_SHARE * self.epochs)))
        return self._score_encoded(Z)

    def _train(self, Z: np.ndarray, weights: np.ndarray, labels, seeds, epochs: int) -> None:
        train_alike([self], Z, weights, labels, [seeds], epochs)

    def _plan(self, n_rows: int, seeds, hyper: dict, epochs: int) -> TrainingPlan:
        """Return what a fit does; several ``seeds`` stand for as many networks side by side."""
        weight_seed, shuffle_seed = ([own[i] for own in seeds] for i in (0, 1))
        alone = len(seeds) == 1
        return TrainingPlan(
            epochs=epochs,
            batch_size=n_rows if self.batch_size == "full" else self.batch_size,
            learning_rate=self.learning_rate,
            hyper={**hyper, "dropout": self._noise()},
            weight_seed=weight_seed[0] if alone else weight_seed,
            shuffle_seed=shuffle_seed[0] if alone else shuffle_seed,
            max_seconds=self.max_seconds,
            verbose=self.verbose,
        )

    def _learnt(self, network: Network, Z: np.ndarray, weights: np.ndarray, seeds) -> dict:
        """Return the attributes of a detector whose training stops with this network."""
        probe = copy.copy(self)
        probe.network_ = network
        probe._after_training(Z, weights, seeds)
        probe._learn_threshold(probe._score_encoded(Z), weights)
        own = vars(self)
        return {n: v for n, v in vars(probe).items() if n not in own or own[n] is not v}

    def __ann_state__(self):
        """Return the state for a model file; callbacks are code and left out."""
        state = super().__ann_state__()
        state.params.update(dict.fromkeys(self._code_params))
        return state

    def _dense(self, n_inputs: int, widths: list[int], **more) -> Architecture:
        """Return dense layers of these widths."""
        return Architecture.of(
            "dense_detector",
            self.precision or "float32",
            n_inputs=n_inputs,
            widths=widths,
            activation=self.activation,
            noise=self._noise() > 0,
            **more,
        )

    def _hidden(self) -> list[int]:
        return hidden_widths(self.hidden_layer_sizes)


def train_alike(
    detectors: Sequence[NetworkDetector],
    Z: np.ndarray,
    weights: np.ndarray,
    labels: np.ndarray,
    seeds: Sequence[Sequence[int]],
    epochs: int,
) -> None:
    """Train detectors that differ in their seeds alone, several as one stacked network.

    Parameters
    ----------
    detectors : sequence of k NetworkDetector
        Of one class and one set of parameters.
    Z : ndarray of shape (n, n_inputs)
        Encoded rows.
    weights, labels : ndarray of shape (n,)
        Of the rows.
    seeds : sequence of k sequences of int
        For each detector: of its weights, and of its shuffles.
    epochs : int
        Passes over the rows.
    """
    lead, k = detectors[0], len(detectors)
    plain, width = lead._architecture(Z.shape[1])
    architecture = plain if k == 1 else plain.changed(members=k, aggregate=False)
    loss, optimizer = lead._loss(), make_optimizer("adam", weight_decay=lead.weight_decay)

    def network(values) -> Network:
        return Network(plain, values, loss, width, (Z.shape[1],))

    with guarded_random_state():
        program = backend.training_program(architecture, loss, optimizer)
        drawn = backend.inference_program(plain)
        firsts = [network(drawn.initial_weights(own[0])) for own in seeds]
    starts = [
        detector._start(first, Z, weights, labels)
        for detector, first in zip(detectors, firsts, strict=True)
    ]
    plan = lead._plan(len(Z), seeds, {**optimizer.hyper, **loss.hyper}, epochs)
    start = starts[0] if k == 1 else stack_weights(starts, program.shapes)
    rows = Rows(Z, lead._target(Z, labels), weights)
    hooks = None
    if k == 1:

        def learnt(values) -> dict:
            return lead._learnt(network(values), Z, weights, seeds[0])

        given = vars(lead).get("_given", (Z, None))
        hooks = lead._callback_hooks(program, learnt, epochs, given)
    result = Trainer(program, plan, rows, hooks=hooks, start=(start, None)).fit()
    for j, detector in enumerate(detectors):
        own = result.weights if k == 1 else unstack_weights(result.weights, starts[j], j)
        detector.network_ = network(own)
        detector.history_, detector.n_epochs_ = dict(result.history), result.n_epochs
        detector.stop_reason_ = result.stop_reason
        detector._after_training(Z, weights, seeds[j])


def narrow_width(n_components: int | str, n_inputs: int) -> int:
    """Return the width of a network's narrowest layer; ``"auto"``: the square root, at least 2."""
    return max(2, math.ceil(math.sqrt(n_inputs))) if n_components == "auto" else int(n_components)
