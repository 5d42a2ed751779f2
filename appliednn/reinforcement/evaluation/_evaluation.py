"""What a policy's episodes say: mean, interquartile mean and median return, each with interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from appliednn.core.statistics import Estimate, bootstrap_interval, not_estimable
from appliednn.reinforcement.evaluation._episodes import Episodes

_DRAWS = 2000


def interquartile_mean(values: np.ndarray) -> float:
    """Return the mean of the middle half of ``values``, a quarter cut from each end.

    Parameters
    ----------
    values : ndarray of any shape
        Returns of runs or episodes; flattened.

    Returns
    -------
    float

    References
    ----------
    R. Agarwal et al., Deep reinforcement learning at the edge of the statistical precipice,
    NeurIPS 2021 (there, as here, a quarter of the number of values is rounded down).

    Examples
    --------
    >>> interquartile_mean(np.array([-1000.0, 1.0, 2.0, 3.0, 4.0, 9000.0]))
    2.5
    """
    values = np.sort(np.asarray(values, dtype=float), axis=None)
    cut = len(values) // 4
    return float(values[cut : len(values) - cut].mean())


@dataclass
class Evaluation:
    """Episodes of one policy and the numbers they give.

    Attributes
    ----------
    episodes : Episodes
        The episodes, in the order of their seeds.
    seed : int
        Seed of the bootstrap.

    Examples
    --------
    >>> from appliednn.reinforcement.evaluation import run_episodes
    >>> push_right = lambda observations, first: np.ones(len(observations), int)
    >>> Evaluation(run_episodes(push_right, "CartPole-v1", range(8))).mean.value
    9.375
    """

    episodes: Episodes
    seed: int = 0

    @property
    def returns(self) -> np.ndarray:
        """Returns of the episodes (n,)."""
        return self.episodes.returns

    @property
    def lengths(self) -> np.ndarray:
        """Numbers of steps of the episodes (n,)."""
        return self.episodes.lengths

    @property
    def seeds(self) -> np.ndarray:
        """Seeds of the episodes (n,)."""
        return self.episodes.seeds

    @cached_property
    def mean(self) -> Estimate:
        """Mean return with its 95 % bootstrap interval over episodes."""
        return self._estimate("mean return", np.mean)

    @cached_property
    def iqm(self) -> Estimate:
        """Interquartile mean of the returns with its 95 % bootstrap interval."""
        return self._estimate("interquartile mean return", interquartile_mean)

    @cached_property
    def median(self) -> Estimate:
        """Median return with its 95 % bootstrap interval."""
        return self._estimate("median return", np.median)

    def worst(self, k: int = 5) -> list[dict]:
        """Return the ``k`` episodes of lowest return, the worst first, as plain values."""
        order = np.argsort(self.returns, kind="stable")[:k]
        return [
            {
                "seed": int(self.seeds[i]),
                "return": float(self.returns[i]),
                "length": int(self.lengths[i]),
                "ended": "terminated" if self.episodes.terminated[i] else "truncated",
            }
            for i in order
        ]

    def to_dict(self) -> dict:
        """Return everything but recordings as plain values, ready for JSON."""
        episodes = self.episodes
        return {
            "n_episodes": len(episodes),
            "mean": self.mean.to_dict(),
            "iqm": self.iqm.to_dict(),
            "median": self.median.to_dict(),
            "seeds": [int(seed) for seed in self.seeds],
            "returns": [float(value) for value in self.returns],
            "lengths": [int(value) for value in self.lengths],
            "terminated": [bool(value) for value in episodes.terminated],
            "info_sums": {
                name: [float(value) for value in values]
                for name, values in episodes.info_sums.items()
            },
        }

    def _estimate(self, name: str, statistic: Callable) -> Estimate:
        n = len(self.returns)
        if not np.isfinite(self.returns).all():
            return not_estimable(name, n, "a return is not a finite number")
        value = float(statistic(self.returns))
        if n < 2:
            return Estimate(name, value, None, n, reason="one episode gives no interval")
        low, high = bootstrap_interval(statistic, self.returns, n_boot=_DRAWS, seed=self.seed)
        return Estimate(name, value, (low, high), n, seed=self.seed)
