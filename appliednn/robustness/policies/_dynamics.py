"""Return in a world whose physics differ from the one that was trained in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.explain.policies import environment_family, open_env, play_policy
from appliednn.robustness.policies._return_curve import ReturnCurve
from appliednn.robustness.policies._stress import stress_seeds

#: Factors tried by default, by environment and attribute.
DYNAMICS: dict[str, dict[str, tuple[float, ...]]] = {
    "CartPole": {
        "gravity": (0.5, 2.0), "length": (0.5, 2.0), "masscart": (0.5, 2.0),
        "masspole": (0.5, 2.0), "force_mag": (0.5, 2.0),
    },
    "MountainCar": {"gravity": (0.8, 1.2), "force": (0.8, 1.2)},
    "MountainCarContinuous": {"power": (0.8, 1.2)},
    "Pendulum": {"g": (0.8, 1.2), "m": (0.8, 1.2), "l": (0.8, 1.2)},
    "Acrobot": {
        "LINK_LENGTH_1": (0.8, 1.2), "LINK_MASS_1": (0.8, 1.2), "LINK_MASS_2": (0.8, 1.2),
    },
    "RobotArm": {"link_mass": (0.5, 2.0), "damping": (0.5, 2.0), "max_torque": (0.5, 2.0)},
    "Trading": {"cost": (0.0, 3.0), "slippage": (0.0, 3.0)},
    "TradingWeights": {"cost": (0.0, 3.0), "slippage": (0.0, 3.0)},
}  # fmt: skip

# What an environment works out from its attributes when it is made, and so has to be redone.
_DERIVED: dict[str, Callable] = {
    "CartPole": lambda world: {
        "total_mass": world.masspole + world.masscart,
        "polemass_length": world.masspole * world.length,
    },
}


def dynamics_curves(
    agent,
    env=None,
    perturbations: Mapping[str, Sequence[float]] | None = None,
    *,
    n_episodes: int = 20,
    seeds: Sequence[int] | None = None,
    max_steps: int | None = None,
    random_state: int = 0,
) -> dict[str, ReturnCurve]:
    """Play with one attribute of the environment scaled at a time.

    Parameters
    ----------
    agent : fitted agent
        Gives ``policy()``.
    env : str, callable or gymnasium.Env, optional
        Default: the agent's own.
    perturbations : mapping of str to sequence of float, optional
        Attribute of ``env.unwrapped`` to the factors it is multiplied by
        (``{"length": [0.5, 2]}``); default: ``DYNAMICS`` of the environment.
    n_episodes : int
        Episodes at each factor.
    seeds : sequence of int, optional
        Seeds of the episodes; default drawn from ``random_state``.
    max_steps : int, optional
        Longest episode.
    random_state : int
        Seed.

    Returns
    -------
    dict of str to ReturnCurve
        By attribute; levels are factors, 1 is unchanged.

    Raises
    ------
    UsageError
        If nothing is known to perturb, or an attribute is no number of the environment.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import gymnasium
    >>> def follow_the_pole(observations, first):
    ...     return (observations[:, 2] > 0).astype(int)
    >>> agent = SimpleNamespace(  # a fitted PPOAgent, DQNAgent, ... has all of these
    ...     env="CartPole-v1", action_space_=gymnasium.spaces.Discrete(2),
    ...     policy=lambda: follow_the_pole)
    >>> curves = dynamics_curves(agent, perturbations={"force_mag": [0.0, 0.5]})
    >>> bool(curves["force_mag"].lost[0].value > 0)  # nothing holds the pole
    True
    """
    family = _check(agent, env, perturbations)
    plan = DYNAMICS.get(family, {}) if perturbations is None else perturbations
    if not plan:
        raise UsageError(
            f"no perturbation is known for {family or 'this environment'}; give perturbations=, "
            "such as {'gravity': [0.8, 1.2]}"
        )
    seeds = stress_seeds(seeds, n_episodes, random_state)
    clean = play_policy(agent, env, seeds, max_steps=max_steps).returns
    curves = {}
    for attribute, factors in plan.items():
        levels = tuple(sorted(float(f) for f in factors))
        values = [
            play_policy(
                agent, env, seeds, wrap=_scaler(family, attribute, factor), max_steps=max_steps
            ).returns
            for factor in levels
        ]
        curves[attribute] = ReturnCurve(
            attribute, "times its value", levels, clean, np.array(values), seeds, clean_level=1.0
        )
    return curves


def scaled(env, attribute: str, factor: float, family: str = ""):
    """Return the environment with an attribute multiplied, and what follows from it redone.

    Parameters
    ----------
    env : gymnasium.Env
        Changed in place.
    attribute : str
        Number held by ``env.unwrapped``.
    factor : float
        What it is multiplied by.
    family : str
        Environment whose derived attributes are known (``"CartPole"``).

    Returns
    -------
    gymnasium.Env

    Raises
    ------
    UsageError
        If there is no such number.

    Examples
    --------
    >>> import gymnasium
    >>> env = scaled(gymnasium.make("CartPole-v1"), "length", 2, "CartPole")
    >>> env.unwrapped.length, round(env.unwrapped.polemass_length, 6)
    (1.0, 0.1)
    """
    world = env.unwrapped
    value = getattr(world, attribute, None)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        known = sorted(
            name for name, v in vars(world).items()
            if isinstance(v, int | float | np.number) and not isinstance(v, bool)
            and not name.startswith("_")
        )  # fmt: skip
        raise UsageError(
            f"{attribute!r} is no number of {type(world).__name__}; its numbers are "
            f"{', '.join(known) or 'none'}"
        )
    setattr(world, attribute, value * factor)
    for name, derived in _DERIVED.get(family, lambda world: {})(world).items():
        setattr(world, name, derived)
    return env


def _scaler(family: str, attribute: str, factor: float) -> Callable:
    return lambda env: scaled(env, attribute, factor, family)


def _check(agent, env, perturbations) -> str:
    """Return the environment's family; every attribute is tried once before anything is played."""
    one = open_env(agent, env)
    family = environment_family(one)
    for attribute in perturbations or {}:
        scaled(one, attribute, 1.0, family)
    one.close()
    return family
