"""Spaces that a network can read: vectors and images in, numbers out."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium import spaces

from appliednn.core.errors import UsageError
from appliednn.reinforcement.envs._wrappers import ConvertedAction, ConvertedObservation


def with_usable_spaces(env: gymnasium.Env) -> gymnasium.Env:
    """Return ``env``, wrapped where its spaces are not vectors, images or plain actions."""
    return _with_usable_actions(_with_usable_observations(env))


def is_image(space: spaces.Space) -> bool:
    """Tell whether observations are images: uint8 with two or three axes."""
    return isinstance(space, spaces.Box) and space.dtype == np.uint8 and len(space.shape) in (2, 3)


def _with_usable_observations(env: gymnasium.Env) -> gymnasium.Env:
    space = env.observation_space
    if is_image(space):
        return _with_channels_last(env)
    if isinstance(space, spaces.Box):
        if len(space.shape) == 1 and space.dtype == np.float32:
            return env
        flat = spaces.Box(_flat32(space.low), _flat32(space.high), dtype=np.float32)
        return ConvertedObservation(env, _flat32, flat)
    if not space.is_np_flattenable:
        raise UsageError(
            f"observation space {space} has no fixed number of values; wrap the environment so "
            "that it gives a Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple of those"
        )
    flat = spaces.flatten_space(space)
    target = spaces.Box(_flat32(flat.low), _flat32(flat.high), dtype=np.float32)
    return ConvertedObservation(env, lambda value: _flat32(spaces.flatten(space, value)), target)


def _flat32(value) -> np.ndarray:
    return np.asarray(value, dtype=np.float32).reshape(-1)


def _with_channels_last(env: gymnasium.Env) -> gymnasium.Env:
    shape = env.observation_space.shape
    if len(shape) == 2:
        target = spaces.Box(0, 255, (*shape, 1), np.uint8)
        return ConvertedObservation(env, lambda image: image[:, :, None], target)
    if shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4):
        target = spaces.Box(0, 255, (shape[1], shape[2], shape[0]), np.uint8)
        return ConvertedObservation(env, lambda image: np.moveaxis(image, 0, 2), target)
    return env


def _with_usable_actions(env: gymnasium.Env) -> gymnasium.Env:
    space = env.action_space
    if isinstance(space, spaces.Discrete):
        start = int(space.start)
        if start == 0:
            return env
        return ConvertedAction(env, lambda action: action + start, spaces.Discrete(int(space.n)))
    if isinstance(space, spaces.MultiDiscrete):
        if space.nvec.ndim == 1 and not space.start.any():
            return env
        shape, start, dtype = space.nvec.shape, space.start, space.dtype
        return ConvertedAction(
            env,
            lambda action: np.asarray(action, dtype).reshape(shape) + start,
            spaces.MultiDiscrete(space.nvec.reshape(-1)),
        )
    if isinstance(space, spaces.MultiBinary):
        shape, dtype = space.shape, space.dtype
        return ConvertedAction(
            env,
            lambda action: np.asarray(action, dtype).reshape(shape),
            spaces.MultiDiscrete([2] * int(np.prod(shape))),
        )
    if isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating):
        return _with_action_vector(env)
    raise UsageError(
        f"action space {space} cannot be learned; wrap the environment so that it takes a "
        "Discrete, MultiDiscrete, MultiBinary or Box (of floats) action"
    )


def _with_action_vector(env: gymnasium.Env) -> gymnasium.Env:
    space = env.action_space
    if len(space.shape) == 1:
        return env
    shape, dtype = space.shape, space.dtype
    target = spaces.Box(_flat32(space.low), _flat32(space.high), dtype=np.float32)
    return ConvertedAction(env, lambda action: np.asarray(action, dtype).reshape(shape), target)
