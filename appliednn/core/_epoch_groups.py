"""Short epochs that run in one call, each evaluated on the held-out rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from appliednn.core._batches import Batches
from appliednn.core._training_plan import Rows

# A call costs as much as one step of a small net: so many steps of short epochs share it.
_GROUP_STEPS = 32
# Noted weights and held-out outputs of a group's epochs stay below this.
_GROUP_BYTES = 64_000_000
# Held-out rows, times the members, of one call.
_GROUP_ROWS = 16_384


class EpochRun(NamedTuple):
    """What one epoch left behind.

    Attributes
    ----------
    losses, rates : ndarray of shape (n_steps,) or (n_steps, members)
        Loss and learning rate of each step.
    held : tuple of (float, ndarray), or None
        Mean loss and raw outputs of the held-out rows, if they were evaluated on the way.
    weights : callable
        Gives the weights that the epoch ended with.
    """

    losses: np.ndarray
    rates: np.ndarray
    held: tuple[float, np.ndarray] | None
    weights: Callable[[], list[np.ndarray]]


class EpochGroups:
    """Runs groups of epochs in one call of the compiled program.

    Parameters
    ----------
    program : TrainingProgram
        Compiled network.
    rows, validation : Rows
        Rows to train on and to evaluate.
    batches : Batches
        Cuts the rows.
    most : int
        Epochs of the largest group; XLA compiles for it.
    """

    def __init__(self, program, rows: Rows, validation: Rows, batches: Batches, most: int) -> None:
        self.program, self.rows, self.batches, self.most = program, rows, batches, most
        self._n_held, self._weight = len(validation.x), float(validation.w.sum(dtype=np.float64))
        self._held = program.held_rows(*validation)

    @classmethod
    def suiting(cls, trainer, most_steps: int) -> EpochGroups | None:
        """Return the groups of a fit whose epochs are short and that nobody follows, else None.

        Parameters
        ----------
        trainer : Trainer
            The fit.
        most_steps : int
            Steps whose batches may be in memory at once.
        """
        program, plan, batches = trainer.program, trainer.plan, trainer.batches
        validation = trainer.validation
        if (
            validation is None
            or not plan.restore_best
            or plan.schedule == "plateau"
            or plan.verbose is True
            or trainer.hooks.told_each_epoch
            or batches.has_short_batch
            or program.strategy is not None
            or len(validation.x) * max(1, program.members) > _GROUP_ROWS
        ):
            return None
        noted = 4 * sum(int(np.prod(shape)) for shape in program.shapes)
        noted += 4 * validation.y.size * max(1, program.members)
        most = min(min(_GROUP_STEPS, most_steps) // batches.steps_per_epoch, _GROUP_BYTES // noted)
        return cls(program, trainer.rows, validation, batches, most) if most > 1 else None

    def run(self, n: int, rates: np.ndarray, xla: bool) -> list[EpochRun]:
        """Run ``n`` epochs at the rates of their steps, (n * n_steps, 3)."""
        cut = [self.batches.epoch() for _ in range(n)]
        filled = self.most if xla else n
        cut += [cut[-1]] * (filled - n)
        places = np.stack([epoch.rows for epoch in cut])
        x, y, w = (a[places] for a in self.rows)
        if cut[0].mask is not None:
            w = w * np.stack([epoch.mask for epoch in cut])
        steps = np.zeros((filled, self.batches.steps_per_epoch, rates.shape[1]), rates.dtype)
        steps[:n] = rates.reshape(n, *steps.shape[1:])
        losses, sums, raws, *weights = self.program.run_epochs(
            x, y, w, steps, n, self._held, xla=xla
        )
        return [
            EpochRun(
                losses[i],
                steps[i, :, 0],
                (self._mean(sums[i]), raws[i, : self._n_held]),
                lambda i=i: [values[i] for values in weights],
            )
            for i in range(n)
        ]

    def _mean(self, total: np.ndarray) -> float:
        return float(total) / self._weight if self._weight > 0 else float("nan")
