"""Running means and variances of observations, and the scale of rewards."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_EPSILON = 1e-8
_CLIP = 10.0


@dataclass
class RunningMoments:
    """Mean and variance of all rows seen so far.

    Source: T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37 (1983) 242-247.

    Attributes
    ----------
    mean, var : ndarray
        Of the rows seen, starting from 0 and 1.
    count : float
        Rows seen.

    Examples
    --------
    >>> moments = RunningMoments(np.zeros(2), np.ones(2))
    >>> moments.update(np.array([[0.0, 2.0], [2.0, 6.0]]))
    >>> moments.mean.tolist(), moments.var.tolist()
    ([1.0, 4.0], [1.0, 4.0])
    """

    mean: np.ndarray
    var: np.ndarray
    count: float = 0.0

    def update(self, rows: np.ndarray) -> None:
        """Take in rows of shape (n, *shape)."""
        n = len(rows)
        mean, var = rows.mean(axis=0, dtype=np.float64), rows.var(axis=0, dtype=np.float64)
        if self.count == 0.0:
            self.mean, self.var, self.count = mean, var, float(n)
            return
        total, delta = self.count + n, mean - self.mean
        squares = self.var * self.count + var * n + np.square(delta) * self.count * n / total
        self.mean = self.mean + delta * (n / total)
        self.var, self.count = squares / total, float(total)

    @property
    def scale(self) -> np.ndarray:
        """Standard deviations."""
        return np.sqrt(self.var + _EPSILON)


@dataclass
class ObservationNormalizer:
    """Observations less their mean, over their standard deviation, clipped at ten.

    Attributes
    ----------
    moments : RunningMoments
        Of the observations seen in training.
    """

    moments: RunningMoments

    @classmethod
    def fresh(cls, shape: tuple[int, ...]) -> ObservationNormalizer:
        """Return one that has seen nothing and changes nothing."""
        return cls(RunningMoments(np.zeros(shape), np.ones(shape)))

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        z = (observations - self.moments.mean) / self.moments.scale
        return np.clip(z, -_CLIP, _CLIP).astype(np.float32)

    def pull_back(self, gradients: np.ndarray, observations: np.ndarray) -> np.ndarray:
        """Return gradients of normalised observations as gradients of the raw ones."""
        z = (observations - self.moments.mean) / self.moments.scale
        inside = np.abs(z) < _CLIP
        return (gradients * inside / self.moments.scale).astype(np.float32)


@dataclass
class RewardScaler:
    """Rewards over the standard deviation of the discounted return, clipped at ten.

    Attributes
    ----------
    gamma : float
        Discount.
    moments : RunningMoments
        Of the discounted returns so far.
    running : ndarray of shape (n_envs,)
        Discounted return of each environment's present episode.
    """

    gamma: float
    moments: RunningMoments = field(
        default_factory=lambda: RunningMoments(np.zeros(()), np.ones(()))
    )
    running: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __call__(self, rewards: np.ndarray, done: np.ndarray) -> np.ndarray:
        if len(self.running) != len(rewards):
            self.running = np.zeros(len(rewards))
        self.running = self.running * self.gamma + rewards
        self.moments.update(self.running)
        self.running[done] = 0.0
        return np.clip(rewards / self.moments.scale, -_CLIP, _CLIP).astype(np.float32)
