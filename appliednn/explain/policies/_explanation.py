"""Attributions of a policy's decisions, with the states and the actions they are about."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from appliednn.core.statistics import Estimate
from appliednn.explain._explanation import Explanation
from appliednn.explain._faithfulness import Faithfulness, mean_estimate


@dataclass(frozen=True)
class PolicyExplanation(Explanation):
    """How much each number of an observation moved the decision, state by state.

    Attributes
    ----------
    observations : ndarray of shape (n, *observation_shape)
        States explained.
    actions : ndarray of shape (n,) or (n, action_size)
        Greedy action in each state.
    labels : list of str
        Names of the targets (actions, or pairs of actions).
    faithfulness : Faithfulness or None
        Tests of the method on these states, where asked for.
    method, how, names, values, scores, base, target, unit, n_background, local_r2
        As in :class:`appliednn.explain.Explanation`; ``names`` are of an observation's numbers
        in C order.
    """

    observations: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    actions: np.ndarray = field(default_factory=lambda: np.empty(0))
    labels: list[str] = field(default_factory=list)
    faithfulness: Faithfulness | None = None

    @classmethod
    def of(cls, made: Explanation, **more) -> PolicyExplanation:
        """Return an explanation with what is known of the policy."""
        return cls(**{f.name: getattr(made, f.name) for f in fields(Explanation)}, **more)

    @property
    def maps(self) -> np.ndarray:
        """Attributions in the shape of the observations."""
        return self.values.reshape(self.observations.shape)

    def take(self, rows) -> PolicyExplanation:
        """Return the explanation of some of the states."""
        parts = {
            name: getattr(self, name)[rows]
            for name in ("values", "scores", "base", "target", "observations", "actions")
        }
        r2 = None if self.local_r2 is None else self.local_r2[rows]
        return replace(self, **parts, local_r2=r2)

    def importance(self) -> list[Estimate]:
        """Return the mean size of each feature's attributions, largest first.

        The interval (Student's) takes states as independent; neighbours of an episode are alike,
        so explain states drawn at random from several episodes.
        """
        sizes = np.abs(self.values)
        order = np.argsort(-sizes.mean(axis=0), kind="stable")
        return [mean_estimate(self.names[j], sizes[:, j]) for j in order]

    def to_frame(self):
        """Return mean and mean size of the attributions of each feature, by target.

        Returns
        -------
        DataFrame
            Columns ``target``, ``n``, ``feature``, ``mean``, ``mean_size``, in ``unit``.
        """
        import pandas as pd

        rows = []
        for k in np.unique(self.target):
            some = self.values[self.target == k]
            for j, name in enumerate(self.names):
                mean, size = some[:, j].mean(), np.abs(some[:, j]).mean()
                rows.append((self.labels[k], len(some), name, float(mean), float(size)))
        return pd.DataFrame(rows, columns=["target", "n", "feature", "mean", "mean_size"])
