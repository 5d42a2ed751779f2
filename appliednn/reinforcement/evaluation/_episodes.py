"""Whole episodes of a policy, several side by side, each with a seed of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from appliednn.core._blas_threads import OneBlasThread
from appliednn.core.errors import UsageError
from appliednn.reinforcement.envs._make import (
    are_separate,
    check_answer,
    first_observation,
    make_env,
)
from appliednn.reinforcement.envs._vector import action_converter

if TYPE_CHECKING:
    from appliednn.reinforcement.envs._make import EnvLike

# An environment without an end of its own would be run for ever.
LONGEST = 100_000


@dataclass
class Episodes:
    """Finished episodes, in the order of their seeds.

    Attributes
    ----------
    seeds : ndarray of shape (n,), int
        Seed that each episode was reset with.
    returns : ndarray of shape (n,)
        Undiscounted sum of the rewards.
    lengths : ndarray of shape (n,), int
        Number of steps.
    terminated, truncated : ndarray of shape (n,), bool
        Whether the episode ended by itself, or was cut off by a limit on its steps.
    info_sums : dict of str to ndarray of shape (n,)
        Sum over the episode of every number in ``info`` (constraint costs, trades);
        an episode in which a name never came up has 0.
    observations, actions, rewards : list of ndarray or None
        Per episode, when recorded: (length, *obs_shape) acted upon, (length, ...), (length,).
    final_observations : list of ndarray or None
        Observation after the last step, when recorded.
    """

    seeds: np.ndarray
    returns: np.ndarray
    lengths: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    info_sums: dict[str, np.ndarray] = field(default_factory=dict)
    observations: list[np.ndarray] | None = None
    actions: list[np.ndarray] | None = None
    rewards: list[np.ndarray] | None = None
    final_observations: list[np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.seeds)


def run_episodes(
    act: Callable[[np.ndarray, np.ndarray], np.ndarray],
    env: EnvLike,
    seeds: Sequence[int],
    *,
    record: bool = False,
    max_steps: int | None = None,
    side_by_side: int = 16,
    frame_stack: int = 1,
) -> Episodes:
    """Run one episode for each seed and return what came of it.

    Parameters
    ----------
    act : callable
        ``act(observations, first) -> actions`` for a batch: observations (n, *obs_shape),
        ``first`` (n,) marks rows whose episode just began, actions (n,) or (n, d). If it has a
        method ``begin(rows, seeds)``, that is called before rows start an episode, so that a
        policy with chance in it can draw from the episode's own seed. A method ``meet(env)`` is
        called once, before all episodes, so that a policy can refuse an environment.
    env : str, callable or gymnasium.Env
        As for ``make_env``.
    seeds : sequence of int
        Episode i is reset with ``seeds[i]``.
    record : bool
        Keep observations, actions (as clipped to the action space) and rewards.
    max_steps : int, optional
        An episode is cut off (truncated) after so many steps, if not before by the
        environment; 100 000 without it.
    side_by_side : int
        Number of episodes that are run at a time; has no influence on an episode.
    frame_stack : int
        As for ``make_env``.

    Returns
    -------
    Episodes

    Raises
    ------
    UsageError
        No seed is given, one is no whole number, or the environment cannot be used.

    Examples
    --------
    >>> push_right = lambda observations, first: np.ones(len(observations), int)
    >>> run_episodes(push_right, "CartPole-v1", seeds=[0, 1]).lengths.tolist()
    [8, 9]
    """
    seeds = _read_seeds(seeds)
    if max_steps is not None and max_steps < 1:
        raise UsageError(f"max_steps={max_steps} was given; expected 1 or more, or None")
    width = max(1, min(side_by_side, len(seeds)))
    runner = _Runner(act, env, seeds, width, max_steps or LONGEST, record, frame_stack)
    with OneBlasThread():
        return runner.run(act)


def _read_seeds(seeds) -> np.ndarray:
    """Return seeds as int64 (n,), n >= 1."""
    given = np.asarray(seeds)
    if given.size == 0:
        raise UsageError("no seeds were given; give one for each episode")
    if given.ndim != 1 or given.dtype.kind not in "iu" or given.min() < 0:
        raise UsageError(
            f"seeds={seeds!r} were given; expected whole numbers from 0, such as [0, 1]"
        )
    return given.astype(np.int64)


class _Runner:
    """Slots that each hold an environment and the episode in it."""

    def __init__(self, act, env, seeds, width, max_steps, record, frame_stack):
        self.envs = [make_env(env, frame_stack) for _ in range(width)]
        if not are_separate(self.envs):
            self.envs, width = self.envs[:1], 1
        self.seeds, self.max_steps, self.record = seeds, max_steps, record
        n, space = len(seeds), self.envs[0].observation_space
        self.observations = np.zeros((width, *space.shape), space.dtype)
        self.first = np.zeros(width, bool)
        self.episode = np.full(width, -1)
        if hasattr(act, "meet"):
            act.meet(self.envs[0])
        self.as_own = action_converter(self.envs[0].action_space)
        self.out = Episodes(
            seeds, np.zeros(n), np.zeros(n, np.int64), np.zeros(n, bool), np.zeros(n, bool)
        )
        self.tracks = [([], [], []) for _ in range(n)] if record else []
        self.finals = [None] * n
        self.waiting = iter(range(n))

    def run(self, act) -> Episodes:
        self._begin(list(range(len(self.envs))), act)
        while (self.episode >= 0).any():
            # A finished row stays in the batch, so that a policy's memory keeps its place.
            actions = self.as_own(act(self.observations.copy(), self.first.copy()))
            self.first[:] = False
            running = np.flatnonzero(self.episode >= 0).tolist()
            ended = [slot for slot in running if self._step(slot, actions[slot])]
            if ended:
                self._begin(ended, act)
        for env in self.envs:
            env.close()
        return self._recorded()

    def _begin(self, slots: list[int], act) -> None:
        begun = []
        for slot in slots:
            episode = next(self.waiting, -1)
            self.episode[slot] = episode
            if episode >= 0:
                seed = int(self.seeds[episode])
                self.observations[slot] = first_observation(self.envs[slot], seed)
                self.first[slot] = True
                begun.append(slot)
        if begun and hasattr(act, "begin"):
            act.begin(np.array(begun), self.seeds[self.episode[begun]])

    def _step(self, slot: int, action) -> bool:
        episode, out = self.episode[slot], self.out
        if self.record:
            observations, actions, rewards = self.tracks[episode]
            observations.append(self.observations[slot].copy())
            actions.append(np.array(action))
        answer = self.envs[slot].step(action)
        try:
            observation, reward, terminated, truncated, info = answer
            out.returns[episode] += reward
        except (TypeError, ValueError):
            check_answer(self.envs[slot], answer)
            raise
        if self.record:
            rewards.append(float(reward))
        self.observations[slot] = observation
        out.lengths[episode] += 1
        truncated = truncated or out.lengths[episode] >= self.max_steps
        for name, value in info.items():
            if isinstance(value, int | float | np.number | np.bool_):
                sums = out.info_sums.setdefault(name, np.zeros(len(self.seeds)))
                sums[episode] += float(value)
        if not (terminated or truncated):
            return False
        out.terminated[episode], out.truncated[episode] = terminated, truncated
        self.finals[episode] = np.array(self.observations[slot])
        return True

    def _recorded(self) -> Episodes:
        if self.record:
            columns = zip(*self.tracks, strict=True)
            observations, actions, rewards = ([np.array(a) for a in column] for column in columns)
            self.out.observations, self.out.actions = observations, actions
            self.out.rewards, self.out.final_observations = rewards, self.finals
        return self.out
