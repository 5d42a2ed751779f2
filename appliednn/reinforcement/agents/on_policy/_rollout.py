"""Steps of several environments in a row, and what they were worth."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from appliednn.reinforcement.agents._spaces import SpaceSpec
from appliednn.reinforcement.envs._vector import Step


class Values(NamedTuple):
    """What the value network says of a rollout.

    Attributes
    ----------
    seen : ndarray of shape (n_steps, n_envs)
        Of the observations acted on.
    last : ndarray of shape (n_envs,)
        Of what is seen after the last step.
    finals : list of ndarray
        Of the last observations of the episodes that ended, as in ``Rollout.finals``.
    """

    seen: np.ndarray
    last: np.ndarray
    finals: list[np.ndarray]


class Rollout:
    """``n_steps`` steps of ``n_envs`` environments; arrays are (n_steps, n_envs, ...).

    Attributes
    ----------
    observations, scores, actions, rewards, terminated, truncated : ndarray
        Of each step: what was seen (as the network read it), said and done, and what came of it.
    log_probs : ndarray of shape (n_rows,)
        Of the actions when they were taken.
    finals : list of (int, ndarray, ndarray)
        Steps with an end: their number, the rows, the last observations.
    last : ndarray of shape (n_envs, *obs_shape)
        What is seen after the last step.
    """

    def __init__(
        self, n_steps: int, n_envs: int, observations: SpaceSpec, actions: SpaceSpec
    ) -> None:
        shape = (n_steps, n_envs)
        kind = np.uint8 if observations.is_image else np.float32
        width = len(actions.sizes) or actions.shape[0]
        self.observations = np.empty((*shape, *observations.shape), kind)
        self.actions = np.empty((*shape, width), np.int64 if actions.sizes else np.float32)
        self.scores = np.empty((*shape, sum(actions.sizes) or width), np.float32)
        self.rewards = np.empty(shape, np.float32)
        self.terminated = np.empty(shape, bool)
        self.truncated = np.empty(shape, bool)
        self.finals: list[tuple[int, np.ndarray, np.ndarray]] = []
        self.n_rows = n_steps * n_envs

    def add(self, t: int, observations, scores, actions, step: Step, finals) -> None:
        """Write down step ``t``, and the last observations of episodes that it ended."""
        self.observations[t], self.scores[t], self.actions[t] = observations, scores, actions
        self.rewards[t] = step.rewards
        self.terminated[t], self.truncated[t] = step.terminated, step.truncated
        if len(step.ended):
            self.finals.append((t, step.ended, finals))

    def close(self, last: np.ndarray) -> None:
        """Take what is seen after the last step."""
        self.last = last

    def flat(self, array: np.ndarray) -> np.ndarray:
        """Return (n_steps, n_envs, ...) as (n_rows, ...)."""
        return array.reshape(self.n_rows, *array.shape[2:])


def advantages(
    rollout: Rollout, rewards: np.ndarray, values: Values, gamma: float, lam: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return generalised advantage estimates and their sums with the values.

    An episode that was cut off is worth the value of its last observation; one that ended is worth
    nothing more.

    Source: J. Schulman et al., ICLR 2016, equation 16.

    Parameters
    ----------
    rollout : Rollout
        What was done.
    rewards : ndarray of shape (n_steps, n_envs)
        Its rewards, scaled or not.
    values : Values
        Of what was seen.
    gamma, lam : float
        Discount, and the weight of longer looks ahead.

    Returns
    -------
    advantages, returns : ndarray of shape (n_steps, n_envs), float32
    """
    following = np.concatenate([values.seen[1:], values.last[None]])
    for (t, rows, _), final in zip(rollout.finals, values.finals, strict=True):
        following[t, rows] = np.where(rollout.terminated[t, rows], 0.0, final)
    goes_on = ~(rollout.terminated | rollout.truncated)
    errors = rewards + gamma * following - values.seen
    out, ahead = np.empty_like(errors), np.zeros(errors.shape[1], errors.dtype)
    for t in range(len(errors) - 1, -1, -1):
        ahead = errors[t] + gamma * lam * goes_on[t] * ahead
        out[t] = ahead
    return out.astype(np.float32), (out + values.seen).astype(np.float32)
