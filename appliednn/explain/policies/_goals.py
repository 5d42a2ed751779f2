"""What a counterfactual state has to reach: another action, or a number moved far enough."""

from __future__ import annotations

import numpy as np

from appliednn.explain.policies._decisions import decision_values, rivals


class OtherAction:
    """A given choice is preferred to every other of its decision.

    Parameters
    ----------
    agent : fitted agent
        Discrete actions.
    column : int ndarray of shape (n,)
        Column of the decision values wanted in each row.
    blocks : int ndarray of shape (width,)
        Which decision each column is about.
    least : float
        Lead that counts: below, it is a matter of rounding, which changes with the batch.
    """

    def __init__(self, agent, column: np.ndarray, blocks: np.ndarray, least: float = 0.0) -> None:
        self.agent, self.column, self.blocks, self.least = agent, column, blocks, least

    def gap(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return by how much the wanted choice leads (positive: reached), (m,)."""
        values = decision_values(self.agent, points)
        return rivals(values, self.column[rows], self.blocks)[1] - self.least

    def slope(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the gradient of the gap, (m, d)."""
        values, wanted = decision_values(self.agent, points), self.column[rows]
        at, weights = np.arange(len(points)), np.zeros(values.shape, dtype=np.float32)
        weights[at, wanted] = 1.0
        weights[at, rivals(values, wanted, self.blocks)[0]] = -1.0
        return np.asarray(self.agent.decision_gradient(points, weights), dtype=np.float64)


class MovedNumber:
    """One number of a continuous action lies at least so far away, in a direction.

    Parameters
    ----------
    agent : fitted agent
        Continuous actions.
    start : ndarray of shape (n, action_size)
        Actions to move away from.
    number : int
        Which number of the action.
    change : float
        How far, with its sign, in units of the action.
    """

    def __init__(self, agent, start: np.ndarray, number: int, change: float) -> None:
        self.agent, self.number, self.change = agent, number, change
        self.start = start[:, number]
        space = agent.action_space_
        self.low, self.high = float(space.low[number]), float(space.high[number])

    def gap(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return how far the number went beyond the change wanted, (m,)."""
        means = decision_values(self.agent, points)[:, self.number]
        moved = np.clip(means, self.low, self.high) - self.start[rows]
        return np.sign(self.change) * moved - abs(self.change)

    def slope(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the gradient of the gap, (m, d)."""
        weights = np.zeros((len(points), len(self.agent.action_space_.low)), dtype=np.float32)
        weights[:, self.number] = np.sign(self.change)
        return np.asarray(self.agent.decision_gradient(points, weights), dtype=np.float64)


def clipped_means(agent, observations: np.ndarray) -> np.ndarray:
    """Return greedy continuous actions as the environment takes them, (n, action_size)."""
    space = agent.action_space_
    return np.clip(decision_values(agent, observations), space.low, space.high)
