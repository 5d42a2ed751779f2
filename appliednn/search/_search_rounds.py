"""The rounds of a search: all candidates at once, or halved."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from appliednn.search._halving import Rung, part_of_rows, set_epochs
from appliednn.search._trials import Trainer, Trial


@dataclass
class Rounds:
    """Trains trials round by round.

    Attributes
    ----------
    trainer : Trainer
        Trains and judges.
    bracket : list of Rung
        One round, or several with growing shares of the resource.
    resource : str
        ``"epochs"`` or ``"rows"``.
    amount : int
        All of the resource.
    strata : ndarray of int or None
        Class of every row.
    reserve : callable
        ``reserve(seconds a model)`` -> seconds to keep for the refit.
    tell : callable
        Called with a line for each trial.
    """

    trainer: Trainer
    bracket: list[Rung]
    resource: str
    amount: int
    strata: np.ndarray | None
    reserve: Callable[[float], float]
    tell: Callable[[str], None]
    done: list[list[Trial]] = field(default_factory=list)
    interrupted: bool = False

    def run(self, trials: list[Trial]) -> None:
        """Train; what is finished stays in ``done``, also when interrupted.

        Raises
        ------
        KeyboardInterrupt
            Before anything was finished.
        """
        for number, rung in enumerate(self.bracket):
            self.trainer.prepare = self._share(rung.fraction)
            if number:  # models will take as much longer as they get more of the resource
                grown = rung.fraction / self.bracket[number - 1].fraction
                self.trainer.seconds = [grown * max(self.trainer.seconds)]
            finished: list[Trial] = []
            self.done.append(finished)
            try:
                for trial in self.trainer.run(trials, self.kept):
                    finished.append(trial)
                    self.tell(f"candidate {trial.number}: {trial.score:.5g} {trial.params}")
            except KeyboardInterrupt:
                if not any(self.done):
                    raise
                self.interrupted = True
            if not finished:
                self.done.pop()
            if self.interrupted or len(finished) < len(trials) or number + 1 == len(self.bracket):
                return
            best = sorted(finished, key=_by_score)[: self.bracket[number + 1].n_candidates]
            # Copies: what a round found stays as it was.
            trials = [copy(trial) for trial in best]

    def resources(self) -> list[int | None]:
        """Return how much of the resource each round had; None without rounds."""
        if len(self.bracket) == 1:
            return [None] * len(self.done)
        rungs = self.bracket[: len(self.done)]
        return [max(1, round(rung.fraction * self.amount)) for rung in rungs]

    def kept(self) -> float:
        """Return the seconds to keep for the refit, by the longest trial so far."""
        return self.reserve(max(self.trainer.seconds, default=0.0) / len(self.trainer.splits))

    def _share(self, fraction: float) -> Callable[[Any, np.ndarray], np.ndarray]:
        if self.resource == "epochs":

            def prepare(model: Any, rows: np.ndarray) -> np.ndarray:
                set_epochs(model, fraction)
                return rows

            return prepare
        rng = np.random.default_rng(len(self.done))
        return lambda model, rows: part_of_rows(rows, fraction, self.strata, rng)


def _by_score(trial: Trial) -> float:
    return np.inf if np.isnan(trial.score) else -trial.score
