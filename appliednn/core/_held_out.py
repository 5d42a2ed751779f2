"""What held-out rows say of an epoch: its loss, its metrics and the value that is monitored."""

from __future__ import annotations

import numpy as np

from appliednn.core._training_plan import Rows, TrainingHooks, TrainingPlan


class HeldOut:
    """Judges epochs by the held-out rows and writes into the history.

    Parameters
    ----------
    program : TrainingProgram
        Gives the losses of members side by side.
    rows : Rows
        The held-out rows.
    plan : TrainingPlan
        Says which of them are whose.
    hooks : TrainingHooks
        Scores and metrics.
    """

    def __init__(self, program, rows: Rows, plan: TrainingPlan, hooks: TrainingHooks) -> None:
        self.program, self.rows, self.plan, self.hooks = program, rows, plan, hooks

    def monitored(self, loss: float, raw: np.ndarray, history: dict[str, list]) -> np.ndarray:
        """Return the monitored value (lower is better), of each member if they are independent.

        Parameters
        ----------
        loss : float
            Mean loss of the rows.
        raw : ndarray of shape (n, n_outputs) or (n, members, n_outputs)
            Their raw outputs.
        history : dict of str to list
            Gets the epoch's loss, metrics and score.
        """
        if self.program.independent_members:
            return self._of_members(raw, history)
        history.setdefault("val_loss", []).append(loss)
        if self.hooks.measure is not None:
            for name, value in self.hooks.measure(self.rows.y, raw, self.rows.w).items():
                history.setdefault(f"val_{name}", []).append(value)
        if self.hooks.score is None:
            return np.float64(loss if np.isfinite(loss) else np.inf)
        if not np.isfinite(raw).all():  # a metric would refuse them; training ends as diverged
            history.setdefault(self.hooks.score_name, []).append(np.nan)
            return np.float64(np.inf)
        value = self.hooks.score(raw)
        history.setdefault(self.hooks.score_name, []).append(value)
        return np.float64(-value if np.isfinite(value) else np.inf)

    def _of_members(self, raw: np.ndarray, history: dict[str, list]) -> np.ndarray:
        """Return each member's monitored value on its own validation rows."""
        k, rows = self.program.independent_members, self.rows
        own = self.plan.member_validation or [slice(None)] * k
        losses = self.program.member_losses(raw, rows.y)
        losses = np.array([np.average(losses[o, j], weights=rows.w[o]) for j, o in enumerate(own)])
        history.setdefault("val_loss", []).append(float(losses.mean()))
        score = self.hooks.member_scores or [self.hooks.score] * k
        if score[0] is None:
            return np.where(np.isfinite(losses), losses, np.inf)
        finite = np.isfinite(raw).all(axis=(0, 2))
        scores = [score[j](raw[:, j]) if finite[j] else np.nan for j in range(k)]
        history.setdefault(self.hooks.score_name, []).append(float(np.mean(scores)))
        return np.where(np.isfinite(scores), -np.asarray(scores), np.inf)
