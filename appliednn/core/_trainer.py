"""The fit loop on the host: batches, epochs, early stopping, callbacks, history."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator

import numpy as np

from appliednn.core._batches import Batches, EpochBatches
from appliednn.core._best_weights import BestWeights
from appliednn.core._epoch_groups import EpochGroups, EpochRun
from appliednn.core._held_out import HeldOut
from appliednn.core._keras_callbacks import callback_list
from appliednn.core._progress import EpochProgress
from appliednn.core._schedules import Schedule, flat_cos
from appliednn.core._training_plan import Rows, TrainingHooks, TrainingPlan, TrainingResult

__all__ = ["Rows", "Trainer", "TrainingHooks", "TrainingPlan", "TrainingResult"]

_CHUNK_STEPS = 32
_CHUNK_BYTES = 16_000_000
# Compiling with XLA costs about half a second and saves about 0.1 ms a step of a small net; nets
# whose weights learn in groups have more of what XLA fuses: 1.5 s and 2 ms a step for RealMLP.
_XLA_STEPS = 5_000
_XLA_STEPS_GROUPED = 500
_XLA_SECONDS = 10
# A call is not interrupted: steps are cut so that Ctrl-C and max_seconds need not wait longer.
_CALL_SECONDS = 0.5
# Of the time that is left, so much is planned with.
_TIME_SHARE = 0.9


class Trainer:
    """Runs one fit of a training program.

    Parameters
    ----------
    program : TrainingProgram
        Compiled network, optimiser and loss.
    plan : TrainingPlan
        What to do.
    rows : Rows
        Training rows.
    validation : Rows, optional
        Rows that pick the epoch.
    hooks : TrainingHooks, optional
        Callbacks.
    start : tuple of (weights, optimizer state or None), optional
        Where to continue from.
    """

    def __init__(
        self,
        program,
        plan: TrainingPlan,
        rows: Rows,
        validation: Rows | None = None,
        hooks: TrainingHooks | None = None,
        start: tuple[list, list | None] | None = None,
    ) -> None:
        self.program = program
        self.plan = plan
        self.rows = rows
        self.validation = validation
        self.hooks = hooks or TrainingHooks()
        self.start = start
        self.batches = Batches(
            len(rows.x),
            plan.batch_size,
            _list(plan.shuffle_seed),
            shuffle=plan.shuffle,
            last=plan.last_batch,
            stacked=program.members > 0,
            member_rows=plan.member_rows,
        )
        self.steps_per_epoch = self.batches.steps_per_epoch
        self.schedule = Schedule(
            plan.schedule,
            plan.schedule_params,
            plan.learning_rate,
            plan.epochs,
            self.steps_per_epoch,
        )
        self._best = BestWeights(
            program.independent_members,
            keep=plan.restore_best,
            latest=plan.latest_best,
            patience=plan.patience,
            tol=plan.tol,
            patience_factor=plan.patience_factor,
        )
        self._step = 0
        self._n_epochs = plan.epochs
        self._clock: float | None = None
        self._fitted_to_time = False
        self._step_seconds = 0.0
        self._held_out = HeldOut(program, validation, plan, self.hooks)
        self._groups: EpochGroups | None = None
        self._history: dict[str, list[float]] = {"loss": [], "lr": [], "seconds": []}
        self._began = time.perf_counter()

    def fit(self) -> TrainingResult:
        """Train under the program's lock and return weights and history.

        An interrupt (Ctrl-C) ends training after the current call and keeps the best weights.
        """
        with self.program.lock:
            self._began = time.perf_counter()
            self._groups = EpochGroups.suiting(self, self._chunk_steps())
            weights = self.start[0] if self.start else None
            self.program.start(self.plan.hyper, weights, self.plan.weight_seed)
            if self.start and self.start[1] is not None:
                self.program.set_optimizer_state(self.start[1])
            keras_callbacks = callback_list(self.program.model, self.hooks.keras_callbacks, self)
            with EpochProgress(self.plan.epochs, self.plan.verbose) as progress:
                try:
                    reason = self._epochs(keras_callbacks, progress)
                except KeyboardInterrupt:
                    reason = "interrupted"
            if keras_callbacks is not None:
                keras_callbacks.on_train_end()
            return self._result(reason)

    def _result(self, reason: str) -> TrainingResult:
        # An interrupt may fall between the values of one epoch; it then counts as not run.
        n_epochs = min(map(len, self._history.values()))
        history = {name: values[:n_epochs] for name, values in self._history.items()}
        best_epoch, best = self._best.epoch, self._best.weights
        if not self.plan.restore_best or best is None:
            best_epoch = np.full_like(best_epoch, max(0, n_epochs - 1))
            best = self.program.final_weights()
        best_epoch = best_epoch if self._best.members else int(best_epoch[0])
        self._check_diverged(reason, best, n_epochs, int(np.max(best_epoch)))
        return TrainingResult(
            weights=best,
            optimizer_state=self.program.get_optimizer_state(),
            history=history,
            n_epochs=n_epochs,
            best_epoch=best_epoch,
            stop_reason=reason,
            n_steps=self._step,
        )

    def _check_diverged(self, reason: str, weights, n_epochs: int, best_epoch: int) -> None:
        """Refuse weights that are not finite; warn where training diverged after a good epoch."""
        advice = (
            f"Lower learning_rate={self.plan.learning_rate}, set clip_global_norm=1.0, or look "
            "for huge values in the inputs or the target"
        )
        if not all(np.isfinite(w).all() for w in weights if w.dtype.kind == "f"):
            raise FloatingPointError(
                f"training diverged in epoch {n_epochs}: the weights are not finite. {advice}"
            )
        if reason == "diverged":
            from sklearn.exceptions import ConvergenceWarning

            message = (
                f"training diverged in epoch {n_epochs}; the weights of epoch {best_epoch + 1} "
                f"were kept. {advice}"
            )
            warnings.warn(message, ConvergenceWarning, stacklevel=2)

    # -- epochs ---------------------------------------------------------------------------------

    @property
    def _between_epochs(self) -> bool:
        plan = self.plan
        return bool(
            self.validation is not None
            or self.hooks.each_epoch
            or plan.patience is not None
            or plan.schedule == "plateau"
            or plan.verbose is True
        )

    def _epochs(self, keras_callbacks, progress: EpochProgress) -> str:
        """Run the epochs; return why they ended."""
        epoch = 0
        while epoch < self._n_epochs:
            n = self._n_together(epoch)
            self._begin_epoch(epoch, keras_callbacks)
            ran, finished = self._run_epochs(n, keras_callbacks)
            for run in ran:
                self._record(run)
                reason = self._end_epoch(epoch, run, keras_callbacks)
                epoch += 1
                if reason:
                    break
            progress.update(epoch, self._history)
            if not np.isfinite(self._history["loss"][-1]):
                return "diverged"
            if not finished:
                return "max_seconds"
            if reason:
                return reason
            self._fit_into_time(epoch, n)
        return "epochs" if self._n_epochs == self.plan.epochs else "max_seconds"

    def _n_together(self, epoch: int) -> int:
        """Return how many epochs the next call runs: never past one that may be the last."""
        most = self._most_together
        if self._groups is not None:
            slow = self._step_seconds or _CALL_SECONDS  # the first call compiles
            most = min(most, _CALL_SECONDS / (slow * self.steps_per_epoch))
            most = min(most, self._best.epochs_to_stop(epoch))
        return min(max(1, int(most)), self._n_epochs - epoch)

    @property
    def _most_together(self) -> int:
        if self._groups is not None:
            return self._groups.most
        if self._between_epochs or self.batches.has_short_batch:
            return 1
        return max(1, self._chunk_steps() // self.steps_per_epoch)

    def _fit_into_time(self, epoch: int, n: int) -> None:
        """Shorten the plan to the epochs that ``max_seconds`` leaves time for.

        A schedule then still runs to its end. The first call, which compiles, is no measure.
        """
        limit, now = self.plan.max_seconds, time.perf_counter() - self._began
        if limit is None or self._fitted_to_time:
            return
        if self._clock is None:
            self._clock = now
            return
        self._fitted_to_time = True
        possible = epoch + int(_TIME_SHARE * (limit - now) * n / max(now - self._clock, 1e-9))
        if possible < self._n_epochs:
            self._n_epochs = max(possible, epoch)
            self.schedule.n_steps = max(1, self._n_epochs * self.steps_per_epoch)

    def _begin_epoch(self, epoch: int, keras_callbacks) -> None:
        if self.hooks.epoch_begin is not None:
            self.hooks.epoch_begin(epoch)
        if keras_callbacks is not None:
            rate = self._learning_rate
            rate.assign(self.schedule.rates(self._step, 1)[0])
            before = float(rate.numpy())
            keras_callbacks.on_epoch_begin(epoch)
            self._rescale(before)

    def _rescale(self, before: float) -> None:
        """Follow a callback that changed the optimiser's learning rate."""
        after = float(self._learning_rate.numpy())
        if before > 0 and after != before:
            self.schedule.scale *= after / before

    @property
    def _learning_rate(self):
        optimizer = self.program.optimizer
        return getattr(optimizer, "inner_optimizer", optimizer).learning_rate

    def _record(self, run: EpochRun) -> None:
        """Add the epoch's mean loss (steps weigh alike), its last rate and the seconds so far."""
        self._history["loss"].append(float(run.losses.mean()))
        self._history["lr"].append(float(run.rates[-1]))
        self._history["seconds"].append(time.perf_counter() - self._began)

    def _end_epoch(self, epoch: int, run: EpochRun, keras_callbacks) -> str:
        """Evaluate, remember the best, tell everybody; return a reason to stop or ``""``."""
        monitored = np.float64(self._history["loss"][-1])
        if self.hooks.measure is not None:
            raw = self.program.evaluate(*self.rows)[1]
            for name, value in self.hooks.measure(self.rows.y, raw, self.rows.w).items():
                self._history.setdefault(name, []).append(value)
        if self.validation is not None:
            held = run.held or self.program.evaluate(*self.validation)
            monitored = self._held_out.monitored(*held, self._history)
        if self._between_epochs:
            self._best.offer(monitored, epoch, run.weights)
        self.schedule.end_epoch(float(np.mean(monitored)))
        logs = {k: v[-1] for k, v in self._history.items() if v}
        if keras_callbacks is not None:
            before = float(self._learning_rate.numpy())
            keras_callbacks.on_epoch_end(epoch, logs)
            self._rescale(before)
            if self.program.model.stop_training:
                return "callback"
        if self.hooks.epoch_end is not None and self.hooks.epoch_end(epoch, logs):
            return "callback"
        if self.hooks.members_end is not None:
            self._best.finish(self.hooks.members_end(epoch, self._best.value))
        return "early_stopping" if self._best.done.all() else ""

    # -- batches --------------------------------------------------------------------------------

    def _chunk_steps(self) -> int:
        x = self.rows.x
        row_bytes = max(1, x[0].nbytes) * max(1, self.program.members)
        return int(np.clip(_CHUNK_BYTES // (self.batches.size * row_bytes), 1, 8 * _CHUNK_STEPS))

    def _run_epochs(self, n_epochs: int, keras_callbacks) -> tuple[list[EpochRun], bool]:
        """Run whole epochs; return them, and whether all could be run."""
        if self._groups is not None:
            return self._run_group(n_epochs), not self._out_of_time()
        losses, used, finished = [], [], True
        hooks = keras_callbacks is not None and keras_callbacks._batch_hooks
        xla = self._use_xla()
        n_steps = 1 if hooks else self._call_steps(xla)
        batches = [self.batches.epoch() for _ in range(n_epochs)]
        for rows, mask in self._chunks(batches, n_steps):
            if hooks:
                self._begin_batch(keras_callbacks)
            rates = self._step_numbers(len(rows))
            used.append(rates[:, 0])
            began = time.perf_counter()
            losses.append(self._run_chunk(rows, mask, rates, xla and len(rows) == n_steps))
            self._note_pace(began, len(rows))
            if hooks:
                logs = {"loss": float(losses[-1][-1].mean())}
                keras_callbacks.on_train_batch_end(self._step % self.steps_per_epoch, logs)
            self._step += len(rows)
            if self._out_of_time():
                finished = False
                break
        losses, used = np.concatenate(losses), np.concatenate(used)
        epochs = [
            slice(i, i + self.steps_per_epoch) for i in range(0, len(losses), self.steps_per_epoch)
        ]
        read = self.program.get_weights
        return [EpochRun(losses[steps], used[steps], None, read) for steps in epochs], finished

    def _run_group(self, n_epochs: int) -> list[EpochRun]:
        """Run a group of short epochs in one call."""
        n_steps = n_epochs * self.steps_per_epoch
        rates = self._step_numbers(n_steps)
        began = time.perf_counter()
        ran = self._groups.run(n_epochs, rates, self._use_xla())
        self._note_pace(began, n_steps)
        self._step += n_steps
        return ran

    def _note_pace(self, began: float, n_steps: int) -> None:
        if self._step:  # the first call compiles
            self._step_seconds = (time.perf_counter() - began) / n_steps

    def _call_steps(self, xla: bool) -> int:
        """Return how many steps one call runs; XLA compiles for this number."""
        if xla:
            return min(
                self._chunk_steps(), _CHUNK_STEPS, self._most_together * self.steps_per_epoch
            )
        slow = self._step_seconds or _CALL_SECONDS / (8 * _CHUNK_STEPS)
        return int(np.clip(_CALL_SECONDS / slow, 1, self._chunk_steps()))

    def _begin_batch(self, keras_callbacks) -> None:
        """Tell callbacks of a batch; one may set the optimiser's rate for it and from there on."""
        self._learning_rate.assign(self.schedule.rates(self._step, 1)[0])
        before = float(self._learning_rate.numpy())
        keras_callbacks.on_train_batch_begin(self._step % self.steps_per_epoch)
        self._rescale(before)

    def _run_chunk(self, rows: np.ndarray, mask: np.ndarray | None, rates, xla: bool):
        x, y, w = (a[rows] for a in self.rows)
        if mask is not None:
            w = w * mask
        return self.program.run(x, y, w, rates, xla=xla)

    def _step_numbers(self, n_steps: int) -> np.ndarray:
        """Return learning rate and shares of weight decay and dropout of the next steps (n, 3)."""
        out = np.ones((n_steps, 3), dtype=np.float32)
        out[:, 0] = self.schedule.rates(self._step, n_steps)
        t = np.arange(self._step, self._step + n_steps) / self.schedule.n_steps
        for column, course in ((1, self.plan.decay_course), (2, self.plan.dropout_course)):
            if course == "flat_cos":
                out[:, column] = flat_cos(t)
        return out

    def _chunks(
        self, epochs: list[EpochBatches], n_steps: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Cut the batches of one or more epochs into runs of at most ``n_steps``."""
        rows = np.concatenate([e.rows for e in epochs])
        masks = None if epochs[0].mask is None else np.concatenate([e.mask for e in epochs])
        for i in range(0, len(rows), n_steps):
            yield rows[i : i + n_steps], None if masks is None else masks[i : i + n_steps]
        if epochs[0].rest is not None:
            yield epochs[0].rest, None

    def _use_xla(self) -> bool:
        if self.plan.xla != "auto":
            return bool(self.plan.xla)
        planned = self.plan.epochs * self.steps_per_epoch
        hurried = self.plan.max_seconds is not None and self.plan.max_seconds < _XLA_SECONDS
        enough = _XLA_STEPS_GROUPED if self.program.grouped else _XLA_STEPS
        return planned >= enough and not hurried and self.program.xla_pays

    def _out_of_time(self) -> bool:
        limit = self.plan.max_seconds
        return limit is not None and time.perf_counter() - self._began >= limit


def _list(seed: int | list[int]) -> list[int]:
    return list(seed) if isinstance(seed, list | tuple) else [seed]
