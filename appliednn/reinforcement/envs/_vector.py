"""Several environments side by side, for collecting transitions to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from appliednn.reinforcement.envs._copies import Copies, ProcessCopies

if TYPE_CHECKING:
    from appliednn.reinforcement.envs._make import EnvLike


class Step(NamedTuple):
    """What one step of all environments gave.

    Attributes
    ----------
    observations : ndarray of shape (n, *obs_shape)
        To act on next: where an episode ended, the first one of the next episode.
    rewards : ndarray of shape (n,), float32
        Rewards of the step, as the environment gave them.
    terminated, truncated : ndarray of shape (n,), bool
        How an episode ended: by itself (no value beyond) or cut off (bootstrap from the final
        observation). Both can be true.
    ended : ndarray of shape (m,), int
        Rows whose episode ended in this step.
    final_observations : ndarray of shape (m, *obs_shape)
        Last observations of those episodes.
    returns, lengths : ndarray of shape (m,)
        Sum of the rewards and number of steps of those episodes.
    """

    observations: np.ndarray
    rewards: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    ended: np.ndarray
    final_observations: np.ndarray
    returns: np.ndarray
    lengths: np.ndarray

    def next_observations(self) -> np.ndarray:
        """Return the successor of each transition (n, *obs_shape), ends of episodes included."""
        if not len(self.ended):
            return self.observations
        successors = self.observations.copy()
        successors[self.ended] = self.final_observations
        return successors


class VectorEnv:
    """``n_envs`` copies of an environment that take a step together.

    An ended episode is followed at once by the next one: every row of every step is a true
    transition. Continuous actions are clipped to the action space.

    Parameters
    ----------
    env : str, callable or gymnasium.Env
        As for ``make_env``.
    n_envs : int
        Number of copies.
    seed : int
        Copy i starts from a seed drawn for (seed, i); later episodes go on with its generator.
    frame_stack : int
        As for ``make_env``.
    processes : bool
        Run each copy in a process of its own. It pays from about a millisecond a step; the
        transitions are the same. A script that uses it needs ``if __name__ == "__main__":``,
        and a callable ``env`` has to be importable. ``close`` ends the processes.

    Raises
    ------
    UsageError
        The environment cannot be used, or cannot be copied and ``n_envs`` is above 1.

    Notes
    -----
    Live environments are not part of a pickle. After unpickling, ``reset`` has to be called. Each
    call begins new episodes, from seeds drawn for (seed, i, number of calls before), so that
    they do not repeat those of earlier calls.

    Examples
    --------
    >>> envs = VectorEnv("CartPole-v1", n_envs=4, seed=0)
    >>> envs.reset().shape
    (4, 4)
    >>> envs.step(np.zeros(4, int)).rewards.tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        env: EnvLike,
        n_envs: int = 1,
        seed: int = 0,
        frame_stack: int = 1,
        processes: bool = False,
    ):
        self.env = env
        self.n_envs = n_envs
        self.seed = seed
        self.frame_stack = frame_stack
        self.processes = processes
        self._generation = 0
        self._open()

    def reset(self) -> np.ndarray:
        """Begin an episode in every copy; return the observations (n, *obs_shape)."""
        keys = [(i, self._generation) if self._generation else (i,) for i in range(self.n_envs)]
        drawn = (np.random.SeedSequence(self.seed, spawn_key=key) for key in keys)
        self._returns[:] = 0.0
        self._lengths[:] = 0
        self._generation += 1
        return self._copies.reset([int(one.generate_state(1)[0] >> 1) for one in drawn])

    def step(self, actions: np.ndarray) -> Step:
        """Take one step with ``actions`` of shape (n,) or (n, d)."""
        return self._step_of(*self._copies.step(self._as_own(actions)))

    def close(self) -> None:
        """Release what the environments hold (windows, files, processes)."""
        self._copies.close()

    def _open(self) -> None:
        kind = ProcessCopies if self.processes else Copies
        self._copies = kind(self.env, self.n_envs, self.frame_stack)
        self.observation_space = self._copies.observation_space
        self.action_space = self._copies.action_space
        self._as_own = action_converter(self.action_space)
        self._returns = np.zeros(self.n_envs)
        self._lengths = np.zeros(self.n_envs, int)
        empty, shape = np.zeros(0, int), (0, *self.observation_space.shape)
        unseen = np.zeros(shape, self.observation_space.dtype)
        self._none_ended = (empty, unseen, np.zeros(0), empty)

    def _step_of(self, observations, rewards, terminated, truncated, ended, finals) -> Step:
        self._returns += rewards
        self._lengths += 1
        step = (
            observations,
            rewards.astype(np.float32),
            np.array(terminated),
            np.array(truncated),
        )
        if not ended:
            return Step(*step, *self._none_ended)
        rows = np.array(ended)
        finals = np.array(finals, dtype=observations.dtype)
        step = Step(*step, rows, finals, self._returns[rows], self._lengths[rows])
        self._returns[rows] = 0.0
        self._lengths[rows] = 0
        return step

    def __getstate__(self) -> dict:
        return {
            name: getattr(self, name)
            for name in ("env", "n_envs", "seed", "frame_stack", "processes", "_generation")
        }

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._open()


def action_converter(space):
    """Return the function from an array of actions to what ``env.step`` takes, one per row."""
    from gymnasium import spaces

    if isinstance(space, spaces.Discrete):
        return lambda actions: np.asarray(actions).tolist()
    if isinstance(space, spaces.Box):
        low, high, shape = space.low, space.high, space.shape

        def clipped(actions):
            actions = np.asarray(actions, dtype=space.dtype).reshape(-1, *shape)
            return np.clip(actions, low, high)

        return clipped
    return lambda actions: np.asarray(actions, dtype=space.dtype)
