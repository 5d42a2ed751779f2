"""What estimators that write texts share: how their network is trained, and what is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._fit_callbacks import FitCallbacks
from appliednn.core._random import guarded_random_state
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequencePlan, SequenceTrainer
from appliednn.core.persistence import SaveMixin


class TextWriter(FitCallbacks, SaveMixin, BaseEstimator):
    """Trains the network of an estimator that writes texts."""

    _parameter_constraints: dict = {
        "vocab_size": [Interval(Integral, 260, None, closed="left")],
        "hidden_units": [Interval(Integral, 2, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "heads": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({"cosine", "constant", "one_cycle", "flat_cos"})],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "patience": [Interval(Integral, 1, None, closed="left"), None],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
        "callbacks": [list, tuple, None, object],
        "verbose": ["boolean", StrOptions({"auto"})],
    }
    _code_params = ("callbacks",)

    def _begin(self) -> None:
        """Note when the time limit ends; what is imported once does not count."""
        backend.prepare()
        limit = self.max_seconds
        self._deadline = None if limit is None else time.monotonic() + limit

    def _fit_network(
        self,
        architecture: Architecture,
        batches: Callable[[int], list[dict[str, np.ndarray]]],
        held: Sequence[dict[str, np.ndarray]] | None,
        seed: int,
        given: tuple[Any, Any],
    ) -> None:
        """Train, and keep the network and how it went.

        Parameters
        ----------
        architecture : Architecture
            The network.
        batches : callable
            Batches of an epoch.
        held : sequence of batches, optional
            Their loss picks the epoch.
        seed : int
            Of the weights.
        given : tuple of (X, y)
            What callbacks are told.
        """
        plan = SequencePlan(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            warmup=self._warmup(),
            weight_decay=self.weight_decay,
            patience=self.patience,
            seed=seed,
            verbose=self.verbose,
        )
        deadline = self.__dict__.pop("_deadline", None)
        if deadline is not None:
            plan.max_seconds = max(1e-3, deadline - time.monotonic())

        def learnt(weights) -> dict:
            return {"network_": SequenceNetwork(architecture, weights)}

        with guarded_random_state():
            trainer = SequenceTrainer(architecture, plan, batches, held=held)
            trainer.hooks = self._callback_hooks(trainer.program, learnt, plan.epochs, given)
            result = trainer.fit()
        self.network_, self.history_ = result.network, result.history
        self.n_epochs_, self.best_epoch_ = result.n_epochs, result.best_epoch
        self.stop_reason_ = result.stop_reason
        self._close_sklearn_callbacks()

    def _warmup(self) -> float:
        """Return the share of all steps with a rising rate."""
        return 0.0

    def __ann_state__(self):
        """Return the state for a model file; callbacks are code and left out."""
        state = super().__ann_state__()
        state.params.update(dict.fromkeys(self._code_params))
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
