"""A ring of transitions from which surprising ones are drawn more often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from appliednn.reinforcement.replay._buffer import ReplayBuffer
from appliednn.reinforcement.replay._sum_tree import SumTree

# Added to an error, so that a row with none is still drawn at times.
_FLOOR = 1e-6


class PrioritizedReplayBuffer(ReplayBuffer):
    """Proportional prioritised replay: row i is drawn with a chance of ``p_i^alpha / sum``.

    ``p_i`` is the row's last absolute temporal-difference error; a new row has the largest one
    so far. The bias of drawing unevenly is taken back by weights ``(N P(i))^-beta``, divided by
    the largest of their minibatch.

    Parameters
    ----------
    capacity, observation_shape, action_shape, observation_dtype, action_dtype
        As of :class:`ReplayBuffer`.
    alpha : float, default 0.6
        0 draws evenly, 1 in proportion to the errors.
    beta : float, default 0.4
        Share of the bias that the weights take back; a fit raises it to 1.

    References
    ----------
    .. [1] T. Schaul, J. Quan, I. Antonoglou and D. Silver, "Prioritized experience replay",
       ICLR 2016.

    Examples
    --------
    >>> buffer = PrioritizedReplayBuffer(4, (1,), alpha=1.0, beta=1.0)
    >>> where = buffer.add(np.zeros((2, 1)), np.zeros(2), np.zeros(2), np.zeros((2, 1)),
    ...                    np.zeros(2))
    >>> buffer.update_priorities(where, np.array([3.0, 1.0]))
    >>> buffer.probabilities().round(3).tolist()
    [0.75, 0.25]
    """

    def __init__(
        self,
        capacity: int,
        observation_shape: Sequence[int],
        action_shape: Sequence[int] = (),
        observation_dtype: Any = np.float32,
        action_dtype: Any = np.float32,
        alpha: float = 0.6,
        beta: float = 0.4,
    ) -> None:
        super().__init__(
            capacity, observation_shape, action_shape, observation_dtype, action_dtype
        )
        self.alpha, self.beta = float(alpha), float(beta)
        self.largest = 1.0
        self.tree = SumTree(self.capacity)

    def probabilities(self) -> np.ndarray:
        """Return the chance of each row, in the order in which they lie."""
        return self.tree.get(np.arange(self.size)) / self.tree.total

    def add(self, observations, actions, rewards, next_observations, discounts) -> np.ndarray:
        """Write rows over the oldest ones, with the largest priority so far."""
        where = super().add(observations, actions, rewards, next_observations, discounts)
        self.tree.set(where, np.full(len(where), self.largest**self.alpha))
        return where

    def draw(self, rng: np.random.Generator, n_steps: int, batch_size: int):
        """Return rows for ``n_steps`` gradient steps, one from each equal share of the total.

        Returns
        -------
        indices : ndarray of shape (n_steps, batch_size), int64
        weights : ndarray of shape (n_steps, batch_size), float32
            Importance weights, at most 1.
        """
        if not self.size:
            raise ValueError("the replay buffer is empty; add transitions before drawing some")
        total = self.tree.total
        places = (np.arange(batch_size) + rng.random((n_steps, batch_size))) / batch_size
        indices = self.tree.find(places * total)
        chances = self.tree.get(indices) / total
        weights = (self.size * chances) ** -self.beta
        weights /= weights.max(axis=1, keepdims=True)
        return indices, weights.astype(np.float32)

    def update_priorities(self, indices: np.ndarray, errors: np.ndarray) -> None:
        """Set priorities to absolute errors; of a row drawn twice the last error counts."""
        priorities = np.abs(np.ravel(errors).astype(np.float64)) + _FLOOR
        self.largest = max(self.largest, float(priorities.max()))
        self.tree.set(indices, priorities**self.alpha)

    # -- state ----------------------------------------------------------------------------------

    def _layout(self) -> dict[str, Any]:
        return {**super()._layout(), "alpha": self.alpha}

    @staticmethod
    def _row_shapes(layout: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        return {**ReplayBuffer._row_shapes(layout), "leaves": ()}

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        state["leaves"] = state.pop("tree").get(np.arange(self.size))
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        leaves = np.asarray(state["leaves"], np.float64)
        super().__setstate__({k: v for k, v in state.items() if k != "leaves"})
        self.tree = SumTree(self.capacity)
        self.tree.set(np.arange(self.size), leaves[: self.size])
