"""Environments whose sensors or motors are not to be relied on."""

from __future__ import annotations

import gymnasium
import numpy as np


class _Seeded(gymnasium.Wrapper):
    """Draws from a generator that the episode's seed decides.

    Parameters
    ----------
    env : gymnasium.Env
        What is disturbed.
    level : float
        Size of the disturbance; the draws are the same at every level.
    root : int
        Seed shared by all episodes.
    """

    def __init__(self, env: gymnasium.Env, level: float, root: int) -> None:
        super().__init__(env)
        self.level, self.root = level, root
        self.rng = np.random.default_rng(root)

    def reset(self, *, seed=None, options=None):
        """Begin an episode; a seed decides all of its disturbances."""
        if seed is not None:
            self.rng = np.random.default_rng([self.root, seed])
        return self.env.reset(seed=seed, options=options)


class NoisySensors(_Seeded):
    """Adds Gaussian noise to every observation.

    Parameters
    ----------
    env, level, root
        As in the base; the level is a standard deviation in units of ``scale``.
    scale : ndarray of shape observation_shape, or float
        Unit of each number.
    """

    def __init__(self, env, level, root, scale) -> None:
        super().__init__(env, level, root)
        self.scale = scale

    def reset(self, *, seed=None, options=None):
        """Begin an episode."""
        observation, info = super().reset(seed=seed, options=options)
        return self._noisy(observation), info

    def step(self, action):
        """Take a step and blur what is seen."""
        observation, *rest = self.env.step(action)
        return (self._noisy(observation), *rest)

    def _noisy(self, observation):
        noise = self.level * self.scale * self.rng.standard_normal(np.shape(observation))
        return as_seen(observation + noise, self.observation_space)


class NoisyActions(_Seeded):
    """Disturbs actions: a random one with chance ``level``, or noise of ``level`` half ranges."""

    def step(self, action):
        """Take a disturbed step."""
        space = self.action_space
        if isinstance(space, gymnasium.spaces.Box):
            half = (space.high - space.low) / 2
            noise = self.level * half * self.rng.standard_normal(space.shape)
            action = np.clip(action + noise, space.low, space.high).astype(space.dtype)
            return self.env.step(action)
        slip, other = self.rng.random(), self._random(space)
        return self.env.step(other if slip < self.level else action)

    def _random(self, space):
        counts = np.asarray(space.nvec if hasattr(space, "nvec") else space.n)
        drawn = np.floor(self.rng.random(counts.shape) * counts).astype(np.int64)
        return drawn if drawn.ndim else int(drawn)


class StickyActions(_Seeded):
    """Repeats the action before with chance ``level``."""

    last = None

    def reset(self, *, seed=None, options=None):
        """Begin an episode: there is nothing to repeat."""
        self.last = None
        return super().reset(seed=seed, options=options)

    def step(self, action):
        """Take the given step, or the last one again."""
        if self.rng.random() < self.level and self.last is not None:
            action = self.last
        self.last = action
        return self.env.step(action)


def as_seen(observation: np.ndarray, space) -> np.ndarray:
    """Return a disturbed observation in its own type; images stay within their range."""
    if space.dtype.kind in "iu":
        observation = np.clip(np.round(observation), space.low, space.high)
    return observation.astype(space.dtype)
