"""What a counterfactual state has to reach: another action, or a number moved far enough."""

from __future__ import annotations

import numpy as np

from appliednn.explain.policies._decisions import decision_values


class OtherAction:
    """A given discrete action is preferred to every other.

    Parameters
    ----------
    agent : fitted agent
        Discrete actions.
    column : int ndarray of shape (n,)
        Column of the decision values wanted in each row.
    """

    def __init__(self, agent, column: np.ndarray) -> None:
        self.agent, self.column = agent, column

    def gap(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return by how much the wanted action leads (positive: reached), (m,)."""
        values = decision_values(self.agent, points)
        wanted, others = self._split(values, rows)
        return wanted - others.max(axis=1)

    def slope(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the gradient of the gap, (m, d)."""
        values = decision_values(self.agent, points)
        rival = self._split(values, rows)[1].argmax(axis=1)
        at, weights = np.arange(len(points)), np.zeros(values.shape, dtype=np.float32)
        weights[at, self.column[rows]] = 1.0
        weights[at, rival] = -1.0
        return np.asarray(self.agent.decision_gradient(points, weights), dtype=np.float64)

    def _split(self, values, rows) -> tuple[np.ndarray, np.ndarray]:
        at, others = np.arange(len(values)), values.copy()
        others[at, self.column[rows]] = -np.inf
        return values[at, self.column[rows]], others


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
