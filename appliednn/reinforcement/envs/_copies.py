"""Copies of an environment that take a step together, in this process or one process each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.reinforcement.envs._make import (
    are_separate,
    check_answer,
    first_observation,
    make_env,
)

if TYPE_CHECKING:
    from appliednn.reinforcement.envs._make import EnvLike


class Copies:
    """Environments in this process, one after the other: the quickest way for cheap ones."""

    def __init__(self, env: EnvLike, n: int, frame_stack: int) -> None:
        self._envs = [make_env(env, frame_stack) for _ in range(n)]
        if not are_separate(self._envs):
            raise UsageError(
                f"{env!r} cannot be copied, so that there is only one of it, and n_envs={n}; "
                "give a callable that makes it, or n_envs=1"
            )
        self.observation_space = self._envs[0].observation_space
        self.action_space = self._envs[0].action_space
        self._shape = (n, *self.observation_space.shape)
        self._rewards = np.zeros(n)
        self._terminated, self._truncated = np.zeros(n, bool), np.zeros(n, bool)

    def reset(self, seeds: list[int]) -> np.ndarray:
        """Begin an episode in each."""
        observations = np.empty(self._shape, self.observation_space.dtype)
        for i, (env, seed) in enumerate(zip(self._envs, seeds, strict=True)):
            observations[i] = first_observation(env, seed)
        return observations

    def step(self, actions):
        """Return observations, rewards, both kinds of end, rows that ended, their last sight."""
        rewards, terminated, truncated = self._rewards, self._terminated, self._truncated
        observations = np.empty(self._shape, self.observation_space.dtype)
        ended, finals = [], []
        for i, (env, action) in enumerate(zip(self._envs, actions, strict=True)):
            answer = env.step(action)
            try:
                observation, rewards[i], terminated[i], truncated[i], _ = answer
            except (TypeError, ValueError):
                check_answer(env, answer)
                raise
            if terminated[i] or truncated[i]:
                ended.append(i)
                finals.append(np.array(observation))
                observation, _ = env.reset()
            observations[i] = observation
        return observations, rewards, terminated, truncated, ended, finals

    def close(self) -> None:
        """Close each."""
        for env in self._envs:
            env.close()


class ProcessCopies:
    """Environments in a process each: for those whose step takes a millisecond or more."""

    def __init__(self, env: EnvLike, n: int, frame_stack: int) -> None:
        from gymnasium.vector import AsyncVectorEnv, AutoresetMode

        self._envs = AsyncVectorEnv(
            [partial(make_env, env, frame_stack)] * n,
            # A fork would copy the locks of threads that computing has started.
            context="spawn",
            autoreset_mode=AutoresetMode.SAME_STEP,
        )
        self.observation_space = self._envs.single_observation_space
        self.action_space = self._envs.single_action_space

    def reset(self, seeds: list[int]) -> np.ndarray:
        """Begin an episode in each."""
        return self._envs.reset(seed=seeds)[0]

    def step(self, actions):
        """Return observations, rewards, both kinds of end, rows that ended, their last sight."""
        observations, rewards, terminated, truncated, info = self._envs.step(np.asarray(actions))
        ended = np.flatnonzero(terminated | truncated).tolist()
        finals = [np.array(info["final_obs"][i]) for i in ended]
        return observations, rewards, terminated, truncated, ended, finals

    def close(self) -> None:
        """End the processes."""
        self._envs.close()
