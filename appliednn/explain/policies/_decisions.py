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


def unit_of(agent) -> str:
    """Return what a decision value is, for the reader."""
    if is_continuous(agent):
        return "action mean"
    kind = getattr(agent, "decision_kind_", None)
    if kind is not None:
        return str(kind)
    return "logit" if hasattr(agent, "predict_proba") else "Q-value"


def chosen_columns(agent, values: np.ndarray) -> np.ndarray:
    """Return the column of the greedy action of each row, (n,).

    Raises
    ------
    UsageError
        If actions are not one choice out of several.
    """
    if type(agent.action_space_).__name__ != "Discrete":
        raise UsageError(
            f"the actions of {type(agent).__name__} are {agent.action_space_}; here one choice "
            "out of several (Discrete) is expected"
        )
    return values.argmax(axis=1)


class PolicyHead:
    """Decision values of flat observations, and the gradient of each row's own target.

    A target is a column of the decision values; with ``pairs`` it is ``a * n_columns + b``, the
    lead of column ``a`` over ``b``.

    Parameters
    ----------
    agent : fitted agent
        Gives ``decision_function`` and, to be differentiable, ``decision_gradient``.
    shape : tuple of int
        Shape of an observation.
    pairs : bool
        Whether targets are pairs.
    """

    def __init__(self, agent, shape: tuple[int, ...], *, pairs: bool = False) -> None:
        self.agent, self.shape, self.pairs = agent, tuple(shape), pairs
        self.unit = ("lead in " if pairs else "") + unit_of(agent)
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

        agent = copy.copy(self.agent)
        agent.network_ = SequenceNetwork.fresh(agent.network_.architecture, seed)
        return PolicyHead(agent, self.shape, pairs=self.pairs)

    def _observations(self, Z: np.ndarray) -> np.ndarray:
        return np.asarray(Z).reshape(len(Z), *self.shape)
