"""Return under noise on observations, noise on actions and sticky actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.explain.policies import play_policy
from appliednn.robustness.policies._return_curve import ReturnCurve

NOISE_LEVELS = (0.05, 0.1, 0.2, 0.5)
CHANCES = (0.1, 0.25, 0.5)


def policy_noise_curve(
    agent,
    env=None,
    levels: Sequence[float] = NOISE_LEVELS,
    *,
    scale=None,
    n_episodes: int = 20,
    seeds: Sequence[int] | None = None,
    max_steps: int | None = None,
    random_state: int = 0,
) -> ReturnCurve:
    """Play with Gaussian noise of growing size on every observation.

    Noise is put on what the sensors give, before frames are stacked. Every level sees the same
    episodes and the same draws, scaled.

    Parameters
    ----------
    agent : fitted agent
        Gives ``policy()``.
    env : str, callable or gymnasium.Env, optional
        Default: the agent's own.
    levels : sequence of float
        Standard deviations of the noise in units of ``scale``.
    scale : ndarray of shape observation_shape (of one frame), or float, optional
        Default: the standard deviation of each number over the undisturbed episodes (for images
        one number for all pixels).
    n_episodes : int
        Episodes at each level.
    seeds : sequence of int, optional
        Seeds of the episodes; default drawn from ``random_state``.
    max_steps : int, optional
        Longest episode.
    random_state : int
        Seed of episodes and noise.

    Returns
    -------
    ReturnCurve

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import gymnasium
    >>> def follow_the_pole(observations, first):
    ...     return (observations[:, 2] > 0).astype(int)
    >>> agent = SimpleNamespace(  # a fitted PPOAgent, DQNAgent, ... has all of these
    ...     env="CartPole-v1", action_space_=gymnasium.spaces.Discrete(2),
    ...     policy=lambda: follow_the_pole)
    >>> curve = policy_noise_curve(agent, levels=[0.5, 5.0])
    >>> bool(curve.clean_estimate.value > curve.at[1].value)
    True
    """
    from appliednn.robustness.policies._wrappers import NoisySensors

    seeds = stress_seeds(seeds, n_episodes, random_state)
    clean = play_policy(agent, env, seeds, record=scale is None, max_steps=max_steps)
    scale = frame_scale(agent, clean.observations) if scale is None else scale

    def noisy(level):
        return lambda one: NoisySensors(one, level, int(random_state), scale)

    return _curve(
        "observation noise", "standard deviations of the visited states", agent, env, levels,
        noisy, clean, seeds, max_steps,
    )  # fmt: skip


def action_noise_curve(
    agent,
    env=None,
    levels: Sequence[float] = CHANCES,
    *,
    n_episodes: int = 20,
    seeds: Sequence[int] | None = None,
    max_steps: int | None = None,
    random_state: int = 0,
) -> ReturnCurve:
    """Play with disturbed actions.

    Parameters
    ----------
    levels : sequence of float
        Choices: chance of a random action in place of the chosen one. Continuous actions:
        standard deviation of Gaussian noise in half ranges of the action.
    agent, env, n_episodes, seeds, max_steps, random_state
        As in :func:`policy_noise_curve`.

    Returns
    -------
    ReturnCurve

    Examples
    --------
    >>> from appliednn.robustness.policies import action_noise_curve
    >>> from appliednn.reinforcement import PPOAgent
    >>> agent = PPOAgent("CartPole-v1", total_timesteps=256, eval_freq=None, random_state=0).fit()
    >>> action_noise_curve(agent, levels=[0.1], n_episodes=3).lost[0].n
    3
    """
    from appliednn.robustness.policies._wrappers import NoisyActions

    seeds = stress_seeds(seeds, n_episodes, random_state)
    clean = play_policy(agent, env, seeds, max_steps=max_steps)
    continuous = type(agent.action_space_).__name__ == "Box"

    def noisy(level):
        return lambda one: NoisyActions(one, level, int(random_state))

    unit = "half ranges of the action" if continuous else "chance of a random action"
    return _curve("action noise", unit, agent, env, levels, noisy, clean, seeds, max_steps)


def sticky_action_curve(
    agent,
    env=None,
    levels: Sequence[float] = CHANCES,
    *,
    n_episodes: int = 20,
    seeds: Sequence[int] | None = None,
    max_steps: int | None = None,
    random_state: int = 0,
) -> ReturnCurve:
    """Play where the last action is repeated with some chance, whatever the policy chose.

    Source: M. Machado et al., Journal of Artificial Intelligence Research 61 (2018) 523-562.

    Parameters
    ----------
    levels : sequence of float
        Chance of a repetition at each step.
    agent, env, n_episodes, seeds, max_steps, random_state
        As in :func:`policy_noise_curve`.

    Returns
    -------
    ReturnCurve

    Examples
    --------
    >>> from appliednn.robustness.policies import sticky_action_curve
    >>> from appliednn.reinforcement import PPOAgent
    >>> agent = PPOAgent("CartPole-v1", total_timesteps=256, eval_freq=None, random_state=0).fit()
    >>> sticky_action_curve(agent, levels=[0.25], n_episodes=3).at[0].n
    3
    """
    from appliednn.robustness.policies._wrappers import StickyActions

    seeds = stress_seeds(seeds, n_episodes, random_state)
    clean = play_policy(agent, env, seeds, max_steps=max_steps)

    def sticky(level):
        return lambda one: StickyActions(one, level, int(random_state))

    unit = "chance of a repeated action"
    return _curve("sticky actions", unit, agent, env, levels, sticky, clean, seeds, max_steps)


def stress_seeds(seeds, n_episodes: int, random_state: int) -> np.ndarray:
    """Return the episodes' seeds: those given, or drawn.

    Raises
    ------
    UsageError
        If there are none.
    """
    if seeds is not None:
        drawn = np.asarray(seeds, dtype=np.int64)
    else:
        drawn = np.random.SeedSequence([int(random_state), 20]).generate_state(n_episodes) >> 1
    if len(drawn) == 0:
        raise UsageError("a stress curve needs at least one episode; give n_episodes or seeds")
    return drawn.astype(np.int64)


def frame_scale(agent, observations: list[np.ndarray]) -> np.ndarray | float:
    """Return the standard deviation of each number of one frame (images: of all pixels)."""
    rows = np.concatenate(observations).astype(np.float64)
    if rows.ndim > 2:
        return float(rows.std())
    n_frames = int(getattr(agent, "frame_stack", 1) or 1)
    return rows.std(axis=0)[-(rows.shape[1] // n_frames) :]


def _curve(
    name, unit, agent, env, levels, wrapper: Callable, clean, seeds, max_steps
) -> ReturnCurve:
    """Play the same episodes at every level."""
    levels = tuple(sorted(float(level) for level in levels))
    if not levels or levels[0] <= 0:
        raise UsageError(f"levels must be positive numbers; got {levels}")
    values = [
        play_policy(agent, env, seeds, wrap=wrapper(level), max_steps=max_steps).returns
        for level in levels
    ]
    return ReturnCurve(name, unit, levels, clean.returns, np.array(values), seeds)
