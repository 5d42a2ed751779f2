"""Episodes of an agent in its own or another environment, with something put in between."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core.errors import UsageError

# Ties and rounding turn a few decisions between batches of different sizes.
_ALIKE = 0.98


def play_policy(
    agent,
    env=None,
    seeds: Sequence[int] = (0,),
    *,
    wrap: Callable | None = None,
    around: Callable | None = None,
    policy: Callable | None = None,
    record: bool = False,
    max_steps: int | None = None,
):
    """Play seeded episodes with an agent's greedy policy.

    Parameters
    ----------
    agent : fitted agent
        Gives ``policy()``; also ``env`` or ``make_env()`` where ``env`` is left out.
    env : str, callable or gymnasium.Env, optional
        Id, factory or environment; default the agent's own.
    seeds : sequence of int
        One episode each.
    wrap : callable, optional
        Takes the bare environment and returns it wrapped; frames are stacked after that.
    around : callable, optional
        Takes the policy and returns the one played.
    policy : callable, optional
        ``act(observations, first)`` in place of the agent's.
    record : bool
        Keep observations, actions and rewards.
    max_steps : int, optional
        Longest episode.

    Returns
    -------
    Episodes

    Raises
    ------
    UsageError
        If there is no environment to play in.
    """
    from appliednn.reinforcement import run_episodes

    act = agent.policy() if policy is None else policy
    factory, frame_stack = playground(agent, env)
    return run_episodes(
        act if around is None else around(act),
        factory if wrap is None else lambda: wrap(_bare(factory)),
        [int(s) for s in seeds],
        record=record,
        max_steps=max_steps,
        frame_stack=frame_stack,
    )


def playground(agent, env=None) -> tuple[object, int]:
    """Return an environment specification and the frames to stack on it.

    Raises
    ------
    UsageError
        If neither ``env`` nor the agent names an environment.
    """
    frame_stack = int(getattr(agent, "frame_stack", 1) or 1)
    if env is None:
        env = getattr(agent, "env", None)
    if env is not None:
        return env, frame_stack
    if not hasattr(agent, "env") and hasattr(agent, "make_env"):
        return agent.make_env, 1
    raise UsageError(
        f"{type(agent).__name__} has no environment of its own; give env= (an id, a factory or a "
        "gymnasium environment)"
    )


def open_env(agent, env=None):
    """Return one environment as the agent sees it (the caller closes it)."""
    from appliednn.reinforcement import make_env

    factory, frame_stack = playground(agent, env)
    return make_env(factory, frame_stack=frame_stack)


def check_memoryless(agent, episodes) -> None:
    """Refuse policies whose actions depend on more than the present observation.

    Parameters
    ----------
    agent : fitted agent
        Gives ``predict``.
    episodes : Episodes
        Recorded episodes of its greedy policy.

    Raises
    ------
    UsageError
        If ``predict`` does not give the actions that were taken.
    """
    taken = np.concatenate(episodes.actions).astype(np.float64)
    said = np.asarray(agent.predict(np.concatenate(episodes.observations)), dtype=np.float64)
    taken, said = (actions.reshape(len(taken), -1) for actions in (taken, said))
    space = agent.action_space_
    if hasattr(space, "low"):
        said = np.clip(said, space.low, space.high)
    same = np.isclose(taken, said, rtol=1e-2, atol=1e-3).all(axis=1).mean()
    if same < _ALIKE:
        raise UsageError(
            f"{type(agent).__name__} decides by what it remembers: seen alone, "
            f"{100 * (1 - same):.0f} % of the observations of its own episodes would be answered "
            "otherwise. Single observations cannot explain or attack it; policy_noise_curve, "
            "sticky_action_curve and dynamics_curves play whole episodes and can be used"
        )


def _bare(env):
    from appliednn.reinforcement import make_env

    # An environment made without an id would be one for all episodes side by side.
    return make_env(env if getattr(env, "spec", env) is not None else copy.deepcopy(env))


def episode_seeds(random_state, n: int, offset: int = 0) -> np.ndarray:
    """Return ``n`` seeds of episodes; different offsets give different ones."""
    return np.random.SeedSequence([int(random_state), offset]).generate_state(n) >> 1
