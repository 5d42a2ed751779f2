"""States that a policy visits: the background of every explanation and stress."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.explain.policies._names import feature_names
from appliednn.explain.policies._play import (
    check_memoryless,
    episode_seeds,
    open_env,
    play_policy,
)


@dataclass(frozen=True)
class VisitedStates:
    """Observations met by a policy.

    Attributes
    ----------
    observations : ndarray of shape (n, *observation_shape)
        As the policy saw them.
    episode : int ndarray of shape (n,)
        Episode each comes from.
    names : list of str
        Name of every number of an observation.

    Examples
    --------
    >>> states = VisitedStates(np.array([[0.0, 1.0], [2.0, 1.0]]), np.zeros(2, int), ["a", "b"])
    >>> states.scale.tolist()
    [1.0, 0.0]
    """

    observations: np.ndarray
    episode: np.ndarray
    names: list[str]

    def __len__(self) -> int:
        return len(self.observations)

    @property
    def scale(self) -> np.ndarray:
        """Standard deviation of every number of an observation, (*observation_shape)."""
        return self.observations.astype(np.float64).std(axis=0)

    @property
    def low(self) -> np.ndarray:
        """Smallest values met."""
        return self.observations.min(axis=0)

    @property
    def high(self) -> np.ndarray:
        """Largest values met."""
        return self.observations.max(axis=0)

    def sample(self, n: int, seed: int = 0) -> VisitedStates:
        """Return at most ``n`` of the states, drawn without replacement."""
        if len(self) <= n:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(len(self), n, replace=False))
        return VisitedStates(self.observations[rows], self.episode[rows], self.names)


def visited_states(
    agent,
    env=None,
    *,
    n_episodes: int = 10,
    seeds: Sequence[int] | None = None,
    max_states: int | None = 2000,
    random_state: int = 0,
) -> VisitedStates:
    """Play episodes and keep the states that the policy met.

    Parameters
    ----------
    agent : fitted agent
        Whose greedy policy is played.
    env : str, callable or gymnasium.Env, optional
        Default: the agent's own.
    n_episodes : int
        Episodes played.
    seeds : sequence of int, optional
        Seeds of the episodes; default drawn from ``random_state``.
    max_states : int, optional
        Most states kept, drawn at random; None keeps all.
    random_state : int
        Seed.

    Returns
    -------
    VisitedStates

    Raises
    ------
    UsageError
        If the policy has a memory, so that a state is more than what is seen.
    """
    if seeds is None:
        seeds = episode_seeds(random_state, n_episodes, offset=1)
    episodes = play_policy(agent, env, seeds, record=True)
    check_memoryless(agent, episodes)
    observations = np.concatenate(episodes.observations)
    one = open_env(agent, env)
    names = feature_names(one, observations.shape[1:])
    one.close()
    episode = np.repeat(np.arange(len(episodes)), episodes.lengths)
    states = VisitedStates(observations, episode, names)
    return states if max_states is None else states.sample(max_states, random_state)


def as_states(agent, states, env=None, *, random_state: int = 0) -> VisitedStates:
    """Return states given as an array, as visited states or not at all (then they are played).

    Raises
    ------
    UsageError
        If an array is empty or no batch of observations.
    """
    if isinstance(states, VisitedStates):
        return states
    if states is None:
        return visited_states(agent, env, random_state=random_state)
    rows = np.asarray(states)
    if rows.ndim < 2 or len(rows) == 0:
        raise UsageError(
            f"states must be a non-empty array (n, *observation_shape), got shape {rows.shape}"
        )
    known = env if isinstance(env, str) else getattr(agent, "env", None)
    names = feature_names(known, rows.shape[1:])
    return VisitedStates(rows, np.zeros(len(rows), dtype=np.int64), names)
