"""What every neural detector of tables shares: from encoded rows to a trained network."""

from __future__ import annotations

import math
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.anomaly._base import TableDetector
from appliednn.core import backend
from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._losses import Loss, make_loss
from appliednn.core._network import Network
from appliednn.core._optimizers import make_optimizer
from appliednn.core._random import guarded_random_state
from appliednn.core._trainer import Rows, Trainer, TrainingPlan

# Training for the first scores, where the network itself says what to leave out.
_EARLY_SHARE = 0.2


class NetworkDetector(TableDetector):
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
        "verbose": ["boolean", StrOptions({"auto"})],
    }

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

    # -- training -------------------------------------------------------------------------------

    def _learn(self, Z, weights, labels, seeds) -> None:
        self._train(Z, weights, labels, seeds, self.epochs)

    def _first_scores(self, Z, weights, labels, seeds) -> np.ndarray:
        if self.trim_by == "isolation_forest":
            return super()._first_scores(Z, weights, labels, seeds)
        self._train(Z, weights, labels, seeds, max(1, round(_EARLY_SHARE * self.epochs)))
        return self._score_encoded(Z)

    def _train(self, Z: np.ndarray, weights: np.ndarray, labels, seeds, epochs: int) -> None:
        architecture, width = self._architecture(Z.shape[1])
        loss = self._loss()
        optimizer = make_optimizer("adam", weight_decay=self.weight_decay)
        with guarded_random_state():
            program = backend.training_program(architecture, loss, optimizer)
            drawn = backend.inference_program(architecture).initial_weights(seeds[0])

        def network(values) -> Network:
            return Network(architecture, values, loss, width, (Z.shape[1],))

        start = self._start(network(drawn), Z, weights, labels)
        plan = TrainingPlan(
            epochs=epochs,
            batch_size=len(Z) if self.batch_size == "full" else self.batch_size,
            learning_rate=self.learning_rate,
            hyper={**optimizer.hyper, **loss.hyper, "dropout": self._noise()},
            weight_seed=seeds[0],
            shuffle_seed=seeds[1],
            max_seconds=self.max_seconds,
            verbose=self.verbose,
        )
        rows = Rows(Z, self._target(Z, labels), weights)
        result = Trainer(program, plan, rows, start=(start, None)).fit()
        self.network_ = network(result.weights)
        self.history_, self.n_epochs_ = result.history, result.n_epochs
        self.stop_reason_ = result.stop_reason
        self._after_training(Z, weights, seeds)

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


def narrow_width(n_components: int | str, n_inputs: int) -> int:
    """Return the width of a network's narrowest layer; ``"auto"``: the square root, at least 2."""
    return max(2, math.ceil(math.sqrt(n_inputs))) if n_components == "auto" else int(n_components)
