"""Observations changed a little so that a policy decides otherwise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.explain.policies import (
    blocks_of,
    chosen_columns,
    decision_values,
    is_continuous,
    rivals,
)

# Numbers of an observation up to which gradients are taken by differences.
_FEW = 16


def pgd_observations(
    agent,
    observations: np.ndarray,
    eps: float,
    scale,
    *,
    n_steps: int = 5,
    low=None,
    high=None,
) -> np.ndarray:
    """Return the worst observations found within ``eps`` of those given.

    Choices: the lead of the greedy action over the others is lowered. Continuous actions: the
    action is moved as far as possible, in either direction. The first step goes the whole way
    (the fast gradient sign method), which is exact for a linear policy; the others are projected
    gradient steps of ``2.5 * eps / n_steps`` from the clean observation. The worst point of all
    is kept, so that an attack never helps. Gradients of up to 16 numbers are taken by central
    differences of a twentieth of the ball, on a NumPy network much the faster way.

    Source: A. Madry et al., ICLR 2018; S. Huang et al., ICLR workshop 2017 (on policies).

    Parameters
    ----------
    agent : fitted agent
        Gives ``decision_function`` and, for more than 16 numbers, ``decision_gradient``.
    observations : ndarray of shape (n, *observation_shape)
        As the policy sees them.
    eps : float
        Largest change of a number, in units of ``scale``.
    scale : ndarray of shape observation_shape, or float
        Unit of each number.
    n_steps : int
        Gradient steps after the first.
    low, high : ndarray, optional
        Bounds of observations (images).

    Returns
    -------
    ndarray of shape (n, *observation_shape)

    Raises
    ------
    UsageError
        If the agent has no gradient where one is needed, or ``eps`` is not positive.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import gymnasium
    >>> W = np.array([[0.0, -1.0], [0.0, 1.0]])
    >>> agent = SimpleNamespace(  # a fitted PPOAgent, DQNAgent, ... has both
    ...     action_space_=gymnasium.spaces.Discrete(2), decision_function=lambda X: X @ W.T)
    >>> pgd_observations(agent, np.array([[3.0, 2.0]]), 0.5, scale=1.0).tolist()
    [[3.0, 1.5]]
    """
    if not np.isfinite(eps) or eps <= 0:
        raise UsageError(f"eps must be a positive number; got {eps!r}")
    ball = _Ball(np.asarray(observations), eps, scale, low, high)
    if not is_continuous(agent):
        return ball.typed(_climb(ball, _Margin(agent, ball), n_steps)[0])
    both = [_climb(ball, _Shift(agent, ball, sign), n_steps) for sign in (1.0, -1.0)]
    up = both[0][1] >= both[1][1]
    return ball.typed(np.where(_as_rows(up, ball.start), both[0][0], both[1][0]))


class _Ball:
    """Points within ``eps`` of the start, and within the bounds of observations."""

    def __init__(self, start: np.ndarray, eps: float, scale, low, high) -> None:
        self.dtype = start.dtype
        self.start = start.astype(np.float64)
        self.reach = np.broadcast_to(eps * np.asarray(scale, np.float64), start.shape)
        self.low, self.high = self.start - self.reach, self.start + self.reach
        if low is not None:
            self.low = np.maximum(self.low, np.minimum(low, self.start))
        if high is not None:
            self.high = np.minimum(self.high, np.maximum(high, self.start))

    def step(self, points: np.ndarray, slope: np.ndarray, share: float) -> np.ndarray:
        """Return points moved up the slope by a share of the reach."""
        return np.clip(points + share * self.reach * np.sign(slope), self.low, self.high)

    def typed(self, points: np.ndarray) -> np.ndarray:
        """Return points in the observations' own type."""
        if self.dtype.kind in "iu":
            points = np.round(points)
        return points.astype(self.dtype)


class _Margin:
    """How far a greedy choice trails behind the best other one of its decision."""

    def __init__(self, agent, ball: _Ball) -> None:
        self.agent, self.gradient = agent, _gradient(agent, ball)
        values = decision_values(agent, ball.start)
        self.blocks = blocks_of(agent, values.shape[1])
        self.chosen = chosen_columns(values, self.blocks)
        self.rows = np.arange(len(ball.start))

    def score(self, points: np.ndarray) -> np.ndarray:
        return self._weakest(points)[0]

    def slope(self, points: np.ndarray) -> np.ndarray:
        _, own, rival, width = self._weakest(points)
        weights = np.zeros((len(points), width), dtype=np.float32)
        weights[self.rows, rival] = 1.0
        weights[self.rows, own] = -1.0
        return self.gradient(points.astype(np.float32), weights)

    def _weakest(self, points):
        """Return the score of the decision nearest to changing, its column and its rival's."""
        values = decision_values(self.agent, points.astype(np.float32))
        found = [rivals(values, column, self.blocks) for column in self.chosen.T]
        second, leads = (np.column_stack(part) for part in zip(*found, strict=True))
        weakest = leads.argmin(axis=1)
        pick = (self.rows, weakest)
        return -leads[pick], self.chosen[pick], second[pick], values.shape[1]


class _Shift:
    """How far a continuous action has moved, in shares of its range."""

    def __init__(self, agent, ball: _Ball, sign: float) -> None:
        space, self.gradient = agent.action_space_, _gradient(agent, ball)
        self.agent, self.low, self.high = agent, space.low, space.high
        self.range, self.sign = np.asarray(space.high - space.low, np.float64), sign
        self.clean = self._actions(ball.start)

    def score(self, points: np.ndarray) -> np.ndarray:
        return np.abs(self._moved(points)).max(axis=1)

    def slope(self, points: np.ndarray) -> np.ndarray:
        moved = self._moved(points)
        # Nothing has moved at first: then every number is pushed the same way.
        still = np.abs(moved).max(axis=1, keepdims=True) < 1e-9
        weights = np.where(still, self.sign, np.sign(moved)) / self.range
        return self.gradient(points.astype(np.float32), weights.astype(np.float32))

    def _actions(self, points) -> np.ndarray:
        means = decision_values(self.agent, points.astype(np.float32))
        return np.clip(means, self.low, self.high)

    def _moved(self, points) -> np.ndarray:
        return (self._actions(points) - self.clean) / self.range


def _gradient(agent, ball: _Ball) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return ``gradient(points, weights)`` of weighted decision values.

    Raises
    ------
    UsageError
        If numbers are too many for differences and the agent has no gradient.
    """
    shape = ball.start.shape
    if len(shape) == 2 and shape[1] <= _FEW:
        return lambda points, weights: _differences(agent, points, weights, ball.reach / 20)
    if not hasattr(agent, "decision_gradient"):
        raise UsageError(
            f"{type(agent).__name__} has no decision_gradient, which an attack on observations of "
            f"shape {shape[1:]} follows; measure it with policy_noise_curve instead"
        )
    return agent.decision_gradient


def _differences(agent, points: np.ndarray, weights: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return central differences, (n, d); zero for numbers that cannot move."""
    n, d = points.shape
    away = half[:, None, :] * np.eye(d)
    tried = np.concatenate([points[:, None] + away, points[:, None] - away], axis=1)
    values = decision_values(agent, tried.reshape(-1, d).astype(np.float32))
    sums = (values.reshape(n, 2 * d, -1) * weights[:, None, :]).sum(axis=2)
    return np.divide(sums[:, :d] - sums[:, d:], 2 * half, out=np.zeros((n, d)), where=half > 0)


def _climb(ball: _Ball, goal, n_steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the worst points met and their scores."""
    best, top = ball.start.copy(), goal.score(ball.start)
    slope = np.asarray(goal.slope(ball.start), dtype=np.float64)
    points = ball.step(ball.start, slope, 1.0)
    best, top = _worse(best, top, points, goal.score(points))
    points = ball.start
    for k in range(n_steps):
        if k:
            slope = np.asarray(goal.slope(points), dtype=np.float64)
        before, points = points, ball.step(points, slope, 2.5 / n_steps)
        if np.array_equal(before, points):  # in a corner that the gradient points to
            break
        best, top = _worse(best, top, points, goal.score(points))
    return best, top


def _worse(best, top, points, score) -> tuple[np.ndarray, np.ndarray]:
    worse = score > top
    return np.where(_as_rows(worse, best), points, best), np.where(worse, score, top)


def _as_rows(flags: np.ndarray, like: np.ndarray) -> np.ndarray:
    return flags.reshape(-1, *[1] * (like.ndim - 1))
