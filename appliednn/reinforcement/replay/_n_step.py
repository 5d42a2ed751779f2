"""Transitions over n steps: returns are added up as the steps come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


class NStepWindow:
    """Turns single steps of environments side by side into transitions over up to n steps.

    A transition ends after n steps, or earlier with its episode: at a terminal state nothing
    follows (discount 0), at a time limit the value of the final observation does. None reaches
    into the next episode.

    Parameters
    ----------
    n : int
        Steps that a transition spans.
    gamma : float
        Discount of one step.
    n_envs : int
        Environments side by side.
    observation_shape, action_shape : sequence of int
        Shape of one observation and one action.
    observation_dtype, action_dtype : dtype
        How they are kept.

    References
    ----------
    .. [1] R. Sutton and A. Barto, "Reinforcement learning: an introduction", 2018, chapter 7.

    Examples
    --------
    >>> window = NStepWindow(2, 0.5, 1, (1,))
    >>> now, then = np.array([[0.0]]), np.array([[1.0]])
    >>> nothing = window.add(now, np.zeros(1), np.ones(1), then, np.zeros(1, bool),
    ...                      np.zeros(1, bool))
    >>> len(nothing[2])
    0
    >>> both = window.add(then, np.zeros(1), np.ones(1), then, np.zeros(1, bool),
    ...                   np.ones(1, bool))
    >>> both[2].tolist(), both[4].tolist()
    ([1.5, 1.0], [0.25, 0.5])
    """

    def __init__(
        self,
        n: int,
        gamma: float,
        n_envs: int,
        observation_shape: Sequence[int],
        action_shape: Sequence[int] = (),
        observation_dtype: Any = np.float32,
        action_dtype: Any = np.float32,
    ) -> None:
        self.n, self.gamma, self.n_envs = int(n), float(gamma), int(n_envs)
        slots = (self.n, self.n_envs)
        self.observations = np.zeros((*slots, *observation_shape), observation_dtype)
        self.actions = np.zeros((*slots, *action_shape), action_dtype)
        self.returns = np.zeros(slots)
        self.ages = np.full(slots, -1)  # steps a pending transition spans so far; -1: none
        self.slot = 0

    def clear(self) -> None:
        """Forget what is pending: the environments start anew."""
        self.ages[:] = -1

    def add(self, observations, actions, rewards, next_observations, terminated, truncated):
        """Take one step of every environment; return the transitions that it completes.

        Parameters
        ----------
        observations, next_observations : ndarray of shape (n_envs, ...)
            Before and after the step; at an episode's end the final observation, not the first
            one of the next episode.
        actions : ndarray of shape (n_envs, ...)
        rewards : ndarray of shape (n_envs,)
        terminated, truncated : ndarray of shape (n_envs,), bool

        Returns
        -------
        tuple of ndarray
            Observations, actions, returns, next observations and discounts, as
            :meth:`ReplayBuffer.add` takes them; the oldest first.
        """
        terminated, truncated = np.asarray(terminated, bool), np.asarray(truncated, bool)
        rewards = np.asarray(rewards, np.float64)
        if self.n == 1:
            discounts = self.gamma * ~terminated
            return observations, actions, rewards, next_observations, discounts
        self.observations[self.slot], self.actions[self.slot] = observations, actions
        self.returns[self.slot], self.ages[self.slot] = 0.0, 0
        pending = self.ages >= 0
        self.returns += np.where(pending, self.gamma ** np.maximum(self.ages, 0) * rewards, 0.0)
        self.ages += pending
        self.slot = (self.slot + 1) % self.n
        ready = (self.ages == self.n) | (pending & (terminated | truncated))
        order = (self.slot + np.arange(self.n)) % self.n  # the oldest slot comes next
        place, env = np.nonzero(ready[order])
        slot = order[place]
        discounts = self.gamma ** self.ages[slot, env] * ~terminated[env]
        rows = self.observations[slot, env], self.actions[slot, env], self.returns[slot, env]
        self.ages[ready] = -1
        return *rows, np.asarray(next_observations)[env], discounts
