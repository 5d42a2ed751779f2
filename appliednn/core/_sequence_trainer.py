"""The fit loop for networks of sequences: padded batches, epochs, the best epoch, a time limit."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._best_weights import BestWeights
from appliednn.core._keras_callbacks import callback_list
from appliednn.core._progress import EpochProgress
from appliednn.core._schedules import Schedule
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._training_plan import TrainingHooks

Batch = Mapping[str, np.ndarray]
# Steps before the pace is measured: the first ones compile.
_WARM_STEPS = 5


@dataclass
class SequencePlan:
    """What a fit does, apart from the network and the data.

    Attributes
    ----------
    epochs : int
        Passes over the batches.
    learning_rate : float
        Peak rate of Adam.
    schedule : str
        As in :class:`~appliednn.core._schedules.Schedule`; under ``max_seconds`` it runs to its
        end within the time.
    warmup : float
        Share of all steps with a rising rate (not for every schedule).
    weight_decay, clip : float
        Decoupled decay of kernels times the rate; bound of the gradients' global norm.
    patience : int or None
        Epochs without a better monitored value before training stops.
    max_seconds : float or None
        Longest training time.
    seed : int
        Of the weights.
    """

    epochs: int
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip: float = 1.0
    patience: int | None = None
    max_seconds: float | None = None
    seed: int = 0
    verbose: str | bool = "auto"


@dataclass
class SequenceResult:
    """What a fit leaves behind: the network of the best epoch, and how it went."""

    network: SequenceNetwork
    history: dict[str, list[float]] = field(default_factory=dict)
    n_epochs: int = 0
    best_epoch: int = 0
    stop_reason: str = "epochs"
    n_steps: int = 0


class SequenceTrainer:
    """Runs one fit.

    Parameters
    ----------
    architecture : Architecture
        The network, which has a function ``"loss"``.
    plan : SequencePlan
        What to do.
    batches : callable
        ``batches(epoch)`` gives the batches of an epoch, equally many each time (nearly).
    held : sequence of batches, optional
        Their mean loss picks the epoch.
    score : callable, optional
        ``score(network) -> float``, higher is better: picks the epoch instead.
    start : sequence of ndarray, optional
        Weights to continue from.
    hooks : TrainingHooks, optional
        Callbacks.
    """

    def __init__(
        self,
        architecture: Architecture,
        plan: SequencePlan,
        batches: Callable[[int], Iterable[Batch]],
        *,
        held: Sequence[Batch] | None = None,
        score: Callable[[SequenceNetwork], float] | None = None,
        start: Sequence[np.ndarray] | None = None,
        hooks: TrainingHooks | None = None,
    ) -> None:
        self.architecture, self.plan = architecture, plan
        self.program = backend.sequence_program(architecture)
        self.hooks = hooks or TrainingHooks()
        self._batches, self._held, self._score = batches, held, score
        self._weights = start
        self._monitors = held is not None or score is not None
        self._best = BestWeights(0, keep=self._monitors, patience=plan.patience)
        self.history: dict[str, list[float]] = {"loss": [], "lr": [], "seconds": []}
        self._step = 0
        self._warm: tuple[int, float] | None = None
        self._schedule: Schedule | None = None

    def fit(self) -> SequenceResult:
        """Train under the program's lock and return the network and its history.

        An interrupt (Ctrl-C) ends training and keeps the best weights so far.

        Raises
        ------
        FloatingPointError
            If the loss is no longer finite and no good epoch came before.
        """
        self._began = time.perf_counter()
        with self.program.lock:
            self.program.start(self._weights, self.plan.seed)
            reason = "epochs"
            with EpochProgress(self.plan.epochs, self.plan.verbose) as progress:
                try:
                    reason = self._epochs(progress)
                except KeyboardInterrupt:
                    reason = "interrupted"
            return self._result(reason)

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the first epoch."""
        return 1 if self._schedule is None else self._schedule.steps_per_epoch

    def _epochs(self, progress: EpochProgress) -> str:
        keras_callbacks = None
        for epoch in range(self.plan.epochs):
            batches = list(self._batches(epoch))
            if self._schedule is None:
                self._schedule = self._make_schedule(len(batches))
                keras_callbacks = callback_list(
                    self.program.model, self.hooks.keras_callbacks, self
                )
            if keras_callbacks is not None:
                keras_callbacks.on_epoch_begin(epoch)
            if self.hooks.epoch_begin is not None:
                self.hooks.epoch_begin(epoch)
            losses, finished = self._run(batches)
            self._record(losses)
            reason = self._end_epoch(epoch, keras_callbacks)
            progress.update(epoch + 1, self.history)
            if not finished:
                reason = "max_seconds"
            if reason:
                break
        if keras_callbacks is not None:
            keras_callbacks.on_train_end()
        return reason or "epochs"

    def _make_schedule(self, n_batches: int) -> Schedule:
        params = {"warmup": self.plan.warmup} if self.plan.warmup else None
        rate, epochs = self.plan.learning_rate, self.plan.epochs
        return Schedule(self.plan.schedule, params, rate, epochs, n_batches)

    def _run(self, batches: list[Batch]) -> tuple[np.ndarray, bool]:
        """Run the steps of an epoch; return their losses, and whether there is time for more."""
        losses, plan, in_time = [], self.plan, True
        for batch in batches:
            rate = float(self._schedule.rates(self._step, 1)[0])
            losses.append(self.program.step(batch, rate, plan.weight_decay, plan.clip))
            self._step += 1
            if plan.max_seconds is not None and not self._time_left():
                in_time = False
                break
        self._rate = rate
        return np.array([float(x) for x in losses]), in_time

    def _time_left(self) -> bool:
        """Whether there is time for another step; shortens the schedule to the time there is."""
        now = time.perf_counter() - self._began
        if self._step == _WARM_STEPS:
            self._warm = (self._step, now)
        elif self._warm is not None and self._step > 2 * _WARM_STEPS:
            pace = (now - self._warm[1]) / (self._step - self._warm[0])
            possible = self._step + max(0.0, self.plan.max_seconds - now) / max(pace, 1e-9)
            planned = self.plan.epochs * self._schedule.steps_per_epoch
            self._schedule.n_steps = max(1, int(min(planned, possible)))
        return now < self.plan.max_seconds

    def _record(self, losses: np.ndarray) -> None:
        self.history["loss"].append(float(losses.mean()))
        self.history["lr"].append(self._rate)
        self.history["seconds"].append(time.perf_counter() - self._began)

    def _end_epoch(self, epoch: int, keras_callbacks) -> str:
        """Evaluate and tell everybody; return a reason to stop, or ``""``."""
        monitored = self.history["loss"][-1]
        if not np.isfinite(monitored):
            return "diverged"
        if self._held is not None:
            monitored = self.program.evaluate(self._held)
            self.history.setdefault("val_loss", []).append(monitored)
        if self._score is not None:
            network = SequenceNetwork(self.architecture, self.program.get_weights())
            score = float(self._score(network))
            self.history.setdefault("val_score", []).append(score)
            monitored = -score
        if self._monitors:
            self._best.offer(np.float64(monitored), epoch, self.program.get_weights)
        self._schedule.end_epoch(monitored)
        logs = {name: values[-1] for name, values in self.history.items()}
        if keras_callbacks is not None:
            keras_callbacks.on_epoch_end(epoch, logs)
            if self.program.model.stop_training:
                return "callback"
        if self.hooks.epoch_end is not None and self.hooks.epoch_end(epoch, logs):
            return "callback"
        return "early_stopping" if self._best.done.all() else ""

    def _result(self, reason: str) -> SequenceResult:
        n_epochs = len(self.history["seconds"])
        best, weights = max(0, n_epochs - 1), self._best.weights
        if weights is None:
            weights = self.program.get_weights()
        else:
            best = int(self._best.epoch[0])
        self._check(reason, weights, best, n_epochs)
        network = SequenceNetwork(self.architecture, weights)
        return SequenceResult(network, self.history, n_epochs, best, reason, self._step)

    def _check(self, reason: str, weights, best: int, n_epochs: int) -> None:
        """Refuse weights that are not finite; warn where training diverged after a good epoch."""
        advice = f"lower learning_rate={self.plan.learning_rate}"
        if not all(np.isfinite(w).all() for w in weights if w.dtype.kind == "f"):
            raise FloatingPointError(f"training diverged in epoch {n_epochs}: {advice}")
        if reason == "diverged":
            from sklearn.exceptions import ConvergenceWarning

            warnings.warn(
                f"training diverged in epoch {n_epochs}; the weights of epoch {best + 1} were "
                f"kept: {advice}",
                ConvergenceWarning,
                stacklevel=2,
            )
