"""Wrappers around one environment: frame stack, masked and converted observations, actions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core.errors import UsageError, import_extra

gymnasium = import_extra("gymnasium", "rl")
spaces = gymnasium.spaces
RecordConstructorArgs = gymnasium.utils.RecordConstructorArgs


class ConvertedObservation(gymnasium.ObservationWrapper, RecordConstructorArgs):
    """Observations passed through a function into ``space``."""

    def __init__(self, env: gymnasium.Env, function: Callable, space: spaces.Space):
        RecordConstructorArgs.__init__(self, function=function, space=space)
        super().__init__(env)
        self.function = function
        self.observation_space = space

    def observation(self, observation):
        """Return the converted observation."""
        return self.function(observation)


class ConvertedAction(gymnasium.ActionWrapper, RecordConstructorArgs):
    """Actions of ``space`` passed through a function into the environment's own space."""

    def __init__(self, env: gymnasium.Env, function: Callable, space: spaces.Space):
        RecordConstructorArgs.__init__(self, function=function, space=space)
        super().__init__(env)
        self.function = function
        self.action_space = space

    def action(self, action):
        """Return the environment's own action."""
        return self.function(action)


class MaskedObservation(gymnasium.ObservationWrapper, RecordConstructorArgs):
    """Only some components of a vector observation, such as positions without velocities.

    Parameters
    ----------
    env : gymnasium.Env
        Its observations are vectors.
    keep : sequence of int
        Components that stay visible, in this order.

    Raises
    ------
    UsageError
        Observations are no vectors, or ``keep`` is empty or out of range.

    Examples
    --------
    >>> MaskedObservation(gymnasium.make("CartPole-v1"), keep=(0, 2)).observation_space.shape
    (2,)
    """

    def __init__(self, env: gymnasium.Env, keep: Sequence[int]):
        RecordConstructorArgs.__init__(self, keep=keep)
        super().__init__(env)
        space = env.observation_space
        if not isinstance(space, spaces.Box) or len(space.shape) != 1:
            raise UsageError(f"only vector observations can be masked, not {space}")
        self.keep = np.asarray(keep, dtype=int)
        if not len(self.keep) or self.keep.min() < 0 or self.keep.max() >= space.shape[0]:
            raise UsageError(f"keep={list(keep)}; give positions from 0 to {space.shape[0] - 1}")
        self.observation_space = spaces.Box(space.low[self.keep], space.high[self.keep])

    def observation(self, observation):
        """Return the visible components."""
        return observation[self.keep]


class FrameStack(gymnasium.Wrapper, RecordConstructorArgs):
    """The last ``k`` observations as one: vectors end to end, images along the last axis."""

    def __init__(self, env: gymnasium.Env, k: int):
        RecordConstructorArgs.__init__(self, k=k)
        super().__init__(env)
        space = env.observation_space
        self._frames: deque = deque(maxlen=k)
        low, high = (np.concatenate([bound] * k, axis=-1) for bound in (space.low, space.high))
        self.observation_space = spaces.Box(low, high, dtype=space.dtype)

    def reset(self, *, seed=None, options=None):
        """Start an episode; its first observation fills the stack."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._frames.extend([np.array(observation)] * self._frames.maxlen)
        return np.concatenate(self._frames, axis=-1), info

    def step(self, action):
        """Take a step; the oldest observation leaves the stack."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._frames.append(np.array(observation))
        return np.concatenate(self._frames, axis=-1), reward, terminated, truncated, info
