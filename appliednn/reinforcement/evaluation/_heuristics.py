"""A simple rule of thumb for each environment that has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from appliednn.reinforcement.envs._make import make_env

if TYPE_CHECKING:
    from appliednn.reinforcement.envs._make import EnvLike

# One action if a weighted sum of the observation is above 0, another if not.
_SIGN_RULES: dict[str, tuple[tuple[float, ...], object, object]] = {
    # Push to the side to which the pole leans and falls.
    "CartPole-v0": ((0, 0, 1, 0.5), 1, 0),
    "CartPole-v1": ((0, 0, 1, 0.5), 1, 0),
    # Push the way the car rolls.
    "MountainCar-v0": ((0, 1), 2, 0),
    "MountainCarContinuous-v0": ((0, 1), (1.0,), (-1.0,)),
    # Torque against the turning of the upper link pumps energy into the lower one.
    "Acrobot-v1": ((0, 0, 0, 0, -1, 0), 2, 0),
}


class SignRule:
    """One of two actions, by the sign of a weighted sum of the observation.

    Parameters
    ----------
    weights : sequence of float
        One for each component of the observation.
    above, below : int or sequence
        Action where the sum is above 0, and where it is not.

    Examples
    --------
    >>> rule = SignRule((0, 1), above=2, below=0)
    >>> rule(np.array([[0.3, 0.1], [0.3, -0.1]]), np.zeros(2, bool)).tolist()
    [2, 0]
    """

    def __init__(self, weights, above, below):
        self.weights = np.asarray(weights, float)
        self.above, self.below = np.asarray(above), np.asarray(below)

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Return an action for each observation."""
        up = observations @ self.weights > 0
        return np.where(up.reshape(-1, *[1] * self.above.ndim), self.above, self.below)


def heuristic_policy(env: EnvLike) -> Callable | None:
    """Return the rule of thumb for an environment, or None where none is known.

    Parameters
    ----------
    env : str, callable or gymnasium.Env
        As for ``make_env``; the id counts. The observations must be the environment's own,
        without a frame stack.

    Returns
    -------
    callable or None
        ``act(observations, first) -> actions`` for ``run_episodes``.

    Examples
    --------
    >>> from appliednn.reinforcement.evaluation import run_episodes
    >>> run_episodes(heuristic_policy("CartPole-v1"), "CartPole-v1", seeds=[0, 1]).returns.tolist()
    [500.0, 500.0]
    >>> heuristic_policy("FrozenLake-v1") is None
    True
    """
    made = make_env(env)
    name = made.spec.id if made.spec is not None else type(made.unwrapped).__name__
    if name in _SIGN_RULES:
        return SignRule(*_SIGN_RULES[name])
    if name == "Pendulum-v1":
        return _swing_up
    kind = type(made.unwrapped).__name__
    if kind == "TradingEnv":
        from appliednn.reinforcement.envs._trading import buy_and_hold

        return buy_and_hold(made)
    return {"RobotArm": _pull_to_target, "Catch": _follow_block}.get(kind)


def _swing_up(observations, first):
    """Pump energy in until the pendulum can stand, then hold it up (Astrom and Furuta, 2000)."""
    cosine, sine, speed = observations.T.astype(float)
    energy = speed**2 / 2 + 15 * cosine  # per moment of inertia; 15 when standing
    pump = np.where(speed >= 0, 1.0, -1.0) * np.clip(15 - energy, -2, 2)
    hold = -10 * np.arctan2(sine, cosine) - 2.5 * speed
    return np.where(cosine > 0.9, hold, pump)[:, None]


def _pull_to_target(observations, first):
    """Torques of a spring from the tip to the target, with damped joints (Jacobian transposed)."""
    cos1, sin1, cos2, sin2, speed1, speed2, *_, x, y = observations.T.astype(float)
    length = 0.5
    cos12, sin12 = cos1 * cos2 - sin1 * sin2, sin1 * cos2 + cos1 * sin2
    elbow = length * (-sin12 * x + cos12 * y)
    shoulder = elbow + length * (-sin1 * x + cos1 * y)
    return np.stack([6 * shoulder - 3 * speed1, 6 * elbow - 2 * speed2], axis=1)


def _follow_block(pictures, first):
    """Move below the block."""
    lit = pictures[..., 0] > 0
    block = lit[:, :-1].any(axis=1).argmax(axis=1)
    bar = lit[:, -1].argmax(axis=1) + 1
    return 1 + np.sign(block - bar)
