"""What a policy decides by: logits, Q-values or action means, and their gradients."""

from __future__ import annotations

import copy

import numpy as np

from appliednn.core.errors import UsageError


def decision_values(agent, observations: np.ndarray) -> np.ndarray:
    """Return an agent's decision values as a float64 table, (n, n_columns).

    Examples
    --------
    >>> class Agent:
    ...     def decision_function(self, observations):
    ...         return observations[:, 0]
    >>> decision_values(Agent(), np.array([[2.0, 1.0]])).tolist()
    [[2.0]]
    """
    values = np.asarray(agent.decision_function(observations), dtype=np.float64)
    return values.reshape(len(observations), -1)


def is_continuous(agent) -> bool:
    """Whether actions are vectors of numbers."""
    return type(agent.action_space_).__name__ == "Box"


def has_q_values(agent, observations: np.ndarray) -> bool:
    """Whether decision values are returns: the value of a state is its largest one.

    Examples
    --------
    >>> class Agent:
    ...     def decision_function(self, observations):
    ...         return observations
    ...     def value(self, observations):
    ...         return observations.max(axis=1)
    >>> has_q_values(Agent(), np.array([[2.0, 1.0]]))
    True
    """
    if not hasattr(agent, "value"):
        return False
    worth = np.asarray(agent.value(observations), dtype=np.float64).reshape(-1)
    return bool(np.allclose(worth, decision_values(agent, observations).max(axis=1), rtol=1e-3))


def unit_of(agent, observations: np.ndarray) -> str:
    """Return what a decision value is, for the reader."""
    if is_continuous(agent):
        return "action mean"
    if has_q_values(agent, observations):
        return "Q-value"
    return "logit" if hasattr(agent, "predict_proba") else "decision value"


def blocks_of(agent, width: int) -> np.ndarray:
    """Return which of an action's decisions each column of the decision values is about, (width,).

    Raises
    ------
    UsageError
        If actions are no choices.
    """
    space = agent.action_space_
    if type(space).__name__ == "Discrete":
        return np.zeros(width, dtype=np.int64)
    if type(space).__name__ == "MultiDiscrete":
        return np.repeat(np.arange(len(space.nvec)), space.nvec)
    raise UsageError(
        f"the actions of {type(agent).__name__} are {space}; here choices (Discrete or "
        "MultiDiscrete) are expected"
    )


def chosen_columns(values: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Return the columns of each row's greedy choices, (n, n_decisions).

    Examples
    --------
    >>> chosen_columns(np.array([[1.0, 2.0, 0.0, 5.0, 4.0]]), np.array([0, 0, 0, 1, 1])).tolist()
    [[1, 3]]
    """
    each = [np.where(blocks == k, values, -np.inf).argmax(axis=1) for k in range(blocks.max() + 1)]
    return np.column_stack(each)


def rivals(
    values: np.ndarray, columns: np.ndarray, blocks: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best other column of the same decision, and how far it trails, each (n,).

    Parameters
    ----------
    values : ndarray of shape (n, width)
        Decision values.
    columns : int ndarray of shape (n,)
        One column of each row.
    blocks : int ndarray of shape (width,)
        From :func:`blocks_of`.

    Examples
    --------
    >>> found = rivals(np.array([[1.0, 2.0, 9.0]]), np.array([1]), np.array([0, 0, 1]))
    >>> [part.tolist() for part in found]
    [[0], [1.0]]
    """
    rows = np.arange(len(values))
    others = np.where(blocks == blocks[columns][:, None], values, -np.inf)
    others[rows, columns] = -np.inf
    best = others.argmax(axis=1)
    return best, values[rows, columns] - others[rows, best]


class PolicyHead:
    """Decision values of flat observations, and the gradient of each row's own target.

    A target is a column of the decision values; with ``pairs`` it is ``a * n_columns + b``, the
    lead of column ``a`` over ``b``.

    Parameters
    ----------
    agent : fitted agent
        Gives ``decision_function`` and, to be differentiable, ``decision_gradient``.
    observations : ndarray of shape (n, *observation_shape)
        Some observations.
    pairs : bool
        Whether targets are pairs.
    """

    def __init__(self, agent, observations: np.ndarray, *, pairs: bool = False) -> None:
        self.agent, self.shape, self.pairs = agent, observations.shape[1:], pairs
        self.unit = ("lead in " if pairs else "") + unit_of(agent, observations[:20])
        self.differentiable = hasattr(agent, "decision_gradient")
        self.randomizable = hasattr(agent, "network_")

    def scores(self, Z: np.ndarray) -> np.ndarray:
        """Return the value of every target, float64 (n, n_targets)."""
        values = decision_values(self.agent, self._observations(Z))
        if not self.pairs:
            return values
        return (values[:, :, None] - values[:, None, :]).reshape(len(values), -1)

    def gradient(self, Z: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the gradient of each row's target, float64 (n, n_inputs)."""
        observations = self._observations(Z)
        width = decision_values(self.agent, observations[:1]).shape[1]
        rows, target = np.arange(len(Z)), np.asarray(target)
        weights = np.zeros((len(Z), width), dtype=np.float32)
        if self.pairs:
            weights[rows, target // width] += 1.0
            weights[rows, target % width] -= 1.0
        else:
            weights[rows, target] = 1.0
        slope = self.agent.decision_gradient(observations, weights)
        return np.asarray(slope, dtype=np.float64).reshape(len(Z), -1)

    def randomized(self, seed: int) -> PolicyHead:
        """Return the same head on an agent with fresh weights."""
        from appliednn.core._sequence_network import SequenceNetwork

        head, agent = copy.copy(self), copy.copy(self.agent)
        agent.network_ = SequenceNetwork.fresh(agent.network_.architecture, seed)
        head.agent = agent
        return head

    def _observations(self, Z: np.ndarray) -> np.ndarray:
        return np.asarray(Z).reshape(len(Z), *self.shape)
