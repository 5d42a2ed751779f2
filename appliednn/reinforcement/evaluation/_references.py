"""Policies to compare with: chance, and the best action that is always the same."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from appliednn.reinforcement.envs._make import make_env
from appliednn.reinforcement.evaluation._episodes import run_episodes

if TYPE_CHECKING:
    from appliednn.reinforcement.envs._make import EnvLike

_AT_MOST = 125  # constant actions that are tried


class RandomPolicy:
    """Actions drawn evenly from the action space, from the seed of each episode.

    Parameters
    ----------
    env : str, callable or gymnasium.Env
        As for ``make_env``; gives the action space. Without bounds, a continuous action is
        drawn from the standard normal distribution.
    seed : int
        Second part of the seed, beside the episode's.

    Examples
    --------
    >>> act = RandomPolicy("CartPole-v1")
    >>> run_episodes(act, "CartPole-v1", seeds=[3, 4]).lengths.tolist()
    [15, 11]
    """

    def __init__(self, env: EnvLike, seed: int = 0):
        self.action_space = make_env(env).action_space
        self.seed = seed
        self._generators: dict[int, np.random.Generator] = {}

    def begin(self, rows: np.ndarray, seeds: np.ndarray) -> None:
        """Take up the seeds of episodes that are about to begin in ``rows``."""
        for row, seed in zip(rows.tolist(), seeds.tolist(), strict=True):
            self._generators[row] = np.random.default_rng((seed, self.seed))

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Return an action for each observation."""
        return np.array([self._draw(row) for row in range(len(observations))])

    def _draw(self, row: int):
        from gymnasium import spaces

        if row not in self._generators:
            self._generators[row] = np.random.default_rng((row, self.seed))
        rng, space = self._generators[row], self.action_space
        if isinstance(space, spaces.Discrete):
            return rng.integers(space.n)
        if isinstance(space, spaces.MultiDiscrete):
            return rng.integers(space.nvec)
        bounded = np.isfinite(space.low) & np.isfinite(space.high)
        low, high = np.where(bounded, space.low, 0), np.where(bounded, space.high, 1)
        return np.where(bounded, rng.uniform(low, high), rng.normal(size=space.shape))


class ConstantPolicy:
    """The same action always.

    Parameters
    ----------
    action : int or array of shape (d,)
        The action.

    Examples
    --------
    >>> ConstantPolicy(1)(np.zeros((2, 4)), np.zeros(2, bool)).tolist()
    [1, 1]
    """

    def __init__(self, action):
        self.action = np.asarray(action)

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Return the action for each observation."""
        return np.repeat(self.action[None], len(observations), axis=0)


def best_constant_action(
    env: EnvLike, seeds: Sequence[int] = range(1000, 1010), frame_stack: int = 1
) -> ConstantPolicy:
    """Return the constant policy of highest mean return among those that were tried.

    Every discrete action is tried; of a continuous one the lowest, the highest and three values
    between (two for three components or more), in all combinations; of too many, 125 spread over
    the list.

    Parameters
    ----------
    env : str, callable or gymnasium.Env
        As for ``make_env``.
    seeds : sequence of int
        Seeds of the episodes on which the action is chosen; take others to evaluate it.
    frame_stack : int
        As for ``make_env``.

    Returns
    -------
    ConstantPolicy

    Examples
    --------
    >>> best_constant_action("MountainCarContinuous-v0", seeds=[0]).action.tolist()
    [0.0]
    """
    means = []
    candidates = _candidates(make_env(env).action_space)
    for action in candidates:
        episodes = run_episodes(ConstantPolicy(action), env, seeds, frame_stack=frame_stack)
        means.append(episodes.returns.mean())
    return ConstantPolicy(candidates[int(np.argmax(means))])


def _candidates(space) -> list[np.ndarray]:
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return [np.array(action) for action in range(int(space.n))][:_AT_MOST]
    if isinstance(space, spaces.MultiDiscrete):
        axes = [range(int(n)) for n in space.nvec]
    else:
        low = np.where(np.isfinite(space.low), space.low, -1)
        high = np.where(np.isfinite(space.high), space.high, 1)
        points = 5 if len(low) < 3 else 3
        axes = [np.linspace(a, b, points) for a, b in zip(low, high, strict=True)]
    total = int(np.prod([float(len(axis)) for axis in axes]).clip(max=1e15))
    chosen = np.unique(np.linspace(0, total - 1, min(total, _AT_MOST)).round().astype(np.int64))
    if total <= 4 * _AT_MOST:
        everything = list(itertools.product(*axes))
        return [np.array(everything[i]) for i in chosen]
    return [_combination(axes, int(i)) for i in chosen]


def _combination(axes: list, number: int) -> np.ndarray:
    """Return combination ``number`` of the axes' values without listing them all."""
    out = []
    for axis in reversed(axes):
        number, place = divmod(number, len(axis))
        out.append(axis[place])
    return np.array(out[::-1])
