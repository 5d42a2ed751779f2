"""One environment from an id, a factory or an instance, with spaces that a network can read."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from appliednn.core.errors import MissingExtraError, UsageError, import_extra

if TYPE_CHECKING:
    import gymnasium

    EnvLike = str | Callable[[], gymnasium.Env] | gymnasium.Env


def make_env(env: EnvLike, frame_stack: int = 1) -> gymnasium.Env:
    """Return one environment whose observations are vectors or images, ready for an agent.

    Parameters
    ----------
    env : str, callable or gymnasium.Env
        An id known to gymnasium (``"CartPole-v1"``) or to this package
        (``"appliednn/GridWorld-v0"``); a callable without arguments that returns an
        environment; or an environment, which is copied, so that whatever was changed in it
        holds and an episode under way in it goes on undisturbed. One that cannot be copied is
        made anew from its ``spec``, and without a ``spec`` used as it is.
    frame_stack : int
        Observations of the last ``frame_stack`` steps are joined, the oldest first: vectors end
        to end, images along their channels. At the start the first one is repeated.

    Returns
    -------
    gymnasium.Env
        Observations are float32 vectors of shape (d,), or uint8 images of shape (h, w, c).
        Discrete observations become indicators; dictionaries, tuples and other shapes are
        flattened by ``gymnasium.spaces.flatten``. Actions are Discrete from 0, MultiDiscrete
        or Box, the latter two with one axis.

    Raises
    ------
    UsageError
        The id is unknown, the callable returns something else, or a space cannot be used.
    MissingExtraError
        gymnasium, or a package that this environment needs, is not installed.

    Examples
    --------
    >>> make_env("CartPole-v1", frame_stack=3).observation_space.shape
    (12,)
    """
    made = _plain_env(env)
    from appliednn.reinforcement.envs._spaces import with_usable_spaces
    from appliednn.reinforcement.envs._wrappers import FrameStack

    if frame_stack < 1:
        raise UsageError(
            f"frame_stack={frame_stack} was given; it is a number of steps, 1 or more"
        )
    made = with_usable_spaces(made)
    return FrameStack(made, frame_stack) if frame_stack > 1 else made


def first_observation(env: gymnasium.Env, seed: int):
    """Begin an episode; say so if what comes back is not what the environment announced.

    Raises
    ------
    UsageError
        ``reset`` returned no pair, or an observation of another shape than the space's.
    """
    answer = env.reset(seed=seed)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise UsageError(
            f"reset of {env} returned {type(answer).__name__}; gymnasium's reset returns a pair, "
            "(observation, info)"
        )
    expected = env.observation_space.shape
    if np.shape(answer[0]) != expected:
        raise UsageError(
            f"reset of {env} returned an observation of shape {np.shape(answer[0])}, and its "
            f"observation_space says {expected}; correct one of them"
        )
    return answer[0]


def check_answer(env: gymnasium.Env, answer) -> None:
    """Say what is wrong with what ``env.step`` returned.

    Raises
    ------
    UsageError
        It is not what gymnasium's step returns, or the reward is no number.
    """
    if not isinstance(answer, tuple) or len(answer) != 5:
        given = f"{len(answer)} values" if isinstance(answer, tuple) else type(answer).__name__
        raise UsageError(
            f"step of {env} returned {given}; gymnasium's step returns five: observation, reward, "
            "terminated, truncated, info (the old gym's four are ported by splitting done)"
        )
    if not isinstance(answer[1], int | float | np.number | np.bool_):
        raise UsageError(
            f"step of {env} returned the reward {answer[1]!r} of type "
            f"{type(answer[1]).__name__}; expected a number"
        )


def are_separate(envs: list[gymnasium.Env]) -> bool:
    """Tell whether no two of ``envs`` are the same one (which could not be copied)."""
    return len({id(env.unwrapped) for env in envs}) == len(envs)


def _plain_env(env: EnvLike) -> gymnasium.Env:
    gymnasium = import_extra("gymnasium", "rl")
    from appliednn.reinforcement.envs._registered import register_own

    register_own()  # a callable may make one of them by its id
    if isinstance(env, str):
        return _from_spec(known_spec(env))
    if isinstance(env, gymnasium.Env):
        return _copied(env)
    if not callable(env):
        raise UsageError(
            f"env is {env!r}; give an id such as 'CartPole-v1', a callable without arguments "
            "that returns an environment, or a gymnasium.Env"
        )
    made = env()
    if not isinstance(made, gymnasium.Env):
        raise UsageError(
            f"the environment factory {env!r} returned {type(made).__name__}; it must return a "
            "gymnasium.Env (an environment of the old gym package has to be ported)"
        )
    return made


def _copied(env: gymnasium.Env) -> gymnasium.Env:
    try:
        return copy.deepcopy(env)
    except Exception:  # whatever an open window, a socket or a handle raises
        return env if env.spec is None else _from_spec(env.spec)


def known_spec(name: str):
    """Return gymnasium's spec of an id, this package's own among them.

    Raises
    ------
    UsageError
        If there is no such id; the message says which was meant.
    MissingExtraError
        If gymnasium is not installed.

    Examples
    --------
    >>> known_spec("CartPole-v1").max_episode_steps
    500
    """
    gymnasium = import_extra("gymnasium", "rl")
    from appliednn.reinforcement.envs._registered import register_own

    register_own()
    if ":" in name:
        module = name.split(":")[0]
        raise UsageError(
            f"env={name!r} names a module to import, which an id may not do; "
            f"import {module} yourself and give the part after the colon"
        )
    try:
        return gymnasium.spec(name)
    except gymnasium.error.Error as error:
        close = _close_ids(name, list(gymnasium.registry))
        hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise UsageError(
            f"env={name!r} is no environment that gymnasium knows{hint} "
            "(gymnasium.pprint_registry() lists them; an environment of your own is registered "
            "with gymnasium.register or given as a callable)"
        ) from error


def _close_ids(name: str, ids: list[str]) -> list[str]:
    by_lower = {known.lower(): known for known in ids}
    close = difflib.get_close_matches(name.lower(), by_lower, n=2, cutoff=0.75)
    return [by_lower[key] for key in close]


def _from_spec(spec) -> gymnasium.Env:
    import gymnasium

    spec = copy.deepcopy(spec)
    # The collectors reset before they step; gymnasium's two guards would cost a third of a step.
    spec.disable_env_checker = True
    spec.order_enforce = False
    try:
        return gymnasium.make(spec)
    except (gymnasium.error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise MissingExtraError(
            f"environment {spec.id!r} needs a package that is not installed: {error}"
        ) from error
    except gymnasium.error.Error as error:
        raise UsageError(
            f"environment {spec.id!r} cannot be made anew from its spec ({error}); give a "
            "callable without arguments that makes it"
        ) from error
