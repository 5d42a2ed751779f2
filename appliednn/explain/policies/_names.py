"""What the numbers of an observation and the actions are called, by environment."""

from __future__ import annotations

import numpy as np

FEATURES: dict[str, tuple[str, ...]] = {
    "CartPole": ("cart position", "cart velocity", "pole angle", "pole velocity"),
    "MountainCar": ("position", "velocity"),
    "MountainCarContinuous": ("position", "velocity"),
    "Pendulum": ("cos(angle)", "sin(angle)", "angular velocity"),
    "Acrobot": (
        "cos(angle 1)", "sin(angle 1)", "cos(angle 2)", "sin(angle 2)", "velocity 1", "velocity 2",
    ),
    "LunarLander": (
        "x", "y", "x velocity", "y velocity", "angle", "angular velocity", "left leg touches",
        "right leg touches",
    ),
    "RobotArm": (
        "cos(shoulder)", "sin(shoulder)", "cos(elbow)", "sin(elbow)", "shoulder velocity",
        "elbow velocity", "target x", "target y", "way to target x", "way to target y",
    ),
    "CartPoleHidden": ("cart position", "pole angle"),
    "MountainCarHidden": ("position",),
    "PendulumHidden": ("cos(angle)", "sin(angle)"),
}  # fmt: skip
FEATURES["LunarLanderContinuous"] = FEATURES["LunarLander"]

ACTIONS: dict[str, tuple[str, ...]] = {
    "CartPole": ("push left", "push right"),
    "MountainCar": ("push left", "no push", "push right"),
    "MountainCarContinuous": ("force",),
    "Pendulum": ("torque",),
    "Acrobot": ("torque -1", "no torque", "torque +1"),
    "LunarLander": ("no engine", "left engine", "main engine", "right engine"),
    "LunarLanderContinuous": ("main engine", "side engines"),
    "RobotArm": ("shoulder torque", "elbow torque"),
    "GridWorld": ("up", "right", "down", "left"),
    "Catch": ("left", "stay", "right"),
    "Trading": ("short", "out", "long"),
}
for _hidden in ("CartPole", "MountainCar", "Pendulum"):
    ACTIONS[f"{_hidden}Hidden"] = ACTIONS[_hidden]


def feature_names(env, shape: tuple[int, ...]) -> list[str]:
    """Return a name for every number of an observation.

    Names come from the environment's own ``feature_names``, from a table of the classic
    environments, or count (``"x0"``). Frames of a stack are told apart by their age.

    Parameters
    ----------
    env : gymnasium.Env, str or None
        The environment or its id.
    shape : tuple of int
        Shape of an observation.

    Returns
    -------
    list of str
        As many as the observation has numbers, in C order.

    Examples
    --------
    >>> feature_names("MountainCar-v0", (2,))
    ['position', 'velocity']
    >>> feature_names("MountainCar-v0", (4,))
    ['position (1 ago)', 'velocity (1 ago)', 'position', 'velocity']
    >>> feature_names(None, (2,))
    ['x0', 'x1']
    """
    n = int(np.prod(shape))
    if len(shape) > 1:
        return [",".join(map(str, index)) for index in np.ndindex(*shape)]
    known = _own(env, "feature_names") or FEATURES.get(environment_family(env), ())
    if not known or n % len(known):
        return [f"x{i}" for i in range(n)]
    n_frames = n // len(known)
    ages = [f" ({age} ago)" if age else "" for age in range(n_frames - 1, -1, -1)]
    return [name + age for age in ages for name in known]


def action_names(env, n: int) -> list[str]:
    """Return a name for every action (or every number of a continuous action).

    Examples
    --------
    >>> action_names("CartPole-v1", 2), action_names(None, 2)
    (['push left', 'push right'], ['action 0', 'action 1'])
    """
    known = _own(env, "action_names") or ACTIONS.get(environment_family(env), ())
    return list(known) if len(known) == n else [f"action {i}" for i in range(n)]


def _own(env, attribute: str) -> tuple[str, ...]:
    inner = getattr(env, "unwrapped", None)
    return tuple(str(name) for name in getattr(inner, attribute, ()) or ())


def environment_family(env) -> str:
    """Return an environment's id without namespace and version, or an empty string.

    Examples
    --------
    >>> environment_family("appliednn/GridWorld-v0")
    'GridWorld'
    """
    env_id = env if isinstance(env, str) else getattr(getattr(env, "spec", None), "id", "")
    return (env_id or "").rsplit("/", 1)[-1].rsplit("-v", 1)[0]
