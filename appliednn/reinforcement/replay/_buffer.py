"""A ring of transitions in arrays that are laid out once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_FIELDS = ("observations", "actions", "rewards", "next_observations", "discounts")


class ReplayBuffer:
    """The newest transitions, drawn with equal chances.

    A row says: from ``observation``, ``action`` earned ``reward``, and what follows
    ``next_observation`` counts ``discount`` times. The discount is 0 after a terminal state and
    a power of gamma elsewhere (also after a time limit), so that no reader of a row has to know
    how the episode ended.

    Parameters
    ----------
    capacity : int
        Rows kept; the oldest are overwritten.
    observation_shape, action_shape : sequence of int
        Shape of one observation and one action.
    observation_dtype, action_dtype : dtype, default float32
        How they are kept: images as the bytes they are.

    Examples
    --------
    >>> buffer = ReplayBuffer(100, (2,), (), action_dtype="int64")
    >>> now, then = np.zeros((3, 2)), np.ones((3, 2))
    >>> where = buffer.add(now, np.array([0, 1, 0]), np.ones(3), then, np.ones(3))
    >>> len(buffer), buffer.rows(where)["actions"].tolist()
    (3, [0, 1, 0])
    """

    def __init__(
        self,
        capacity: int,
        observation_shape: Sequence[int],
        action_shape: Sequence[int] = (),
        observation_dtype: Any = np.float32,
        action_dtype: Any = np.float32,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity={capacity!r} was given; expected at least 1 row")
        self.capacity = int(capacity)
        self.observation_shape = tuple(int(n) for n in observation_shape)
        self.action_shape = tuple(int(n) for n in action_shape)
        self.observation_dtype = np.dtype(observation_dtype).name
        self.action_dtype = np.dtype(action_dtype).name
        self.position = 0
        self.size = 0
        self._allocate()

    def _allocate(self) -> None:
        """Lay out the arrays; the system hands out memory when rows are first written."""
        n, observation = self.capacity, self.observation_shape
        self.observations = np.zeros((n, *observation), self.observation_dtype)
        self.next_observations = np.zeros((n, *observation), self.observation_dtype)
        self.actions = np.zeros((n, *self.action_shape), self.action_dtype)
        self.rewards = np.zeros(n, np.float32)
        self.discounts = np.zeros(n, np.float32)

    def __len__(self) -> int:
        return self.size

    def add(self, observations, actions, rewards, next_observations, discounts) -> np.ndarray:
        """Write rows over the oldest ones.

        Parameters
        ----------
        observations, next_observations : ndarray of shape (n, *observation_shape)
        actions : ndarray of shape (n, *action_shape)
        rewards, discounts : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
            Where they lie.

        Raises
        ------
        ValueError
            If more rows are given than the ring holds.
        """
        n = len(rewards)
        if n > self.capacity:
            raise ValueError(
                f"{n} rows were given to a replay buffer of {self.capacity}; expected at most as "
                "many: raise buffer_size or lower n_envs"
            )
        where = np.arange(self.position, self.position + n) % self.capacity
        given = (observations, actions, rewards, next_observations, discounts)
        for name, values in zip(_FIELDS, given, strict=True):
            getattr(self, name)[where] = values
        self.position = int((self.position + n) % self.capacity)
        self.size = min(self.capacity, self.size + n)
        return where

    def draw(self, rng: np.random.Generator, n_steps: int, batch_size: int):
        """Return rows for ``n_steps`` gradient steps, drawn with replacement.

        Returns
        -------
        indices : ndarray of shape (n_steps, batch_size), int64
        weights : ndarray of shape (n_steps, batch_size), float32
            Importance of each row in the loss: ones.
        """
        if not self.size:
            raise ValueError("the replay buffer is empty; add transitions before drawing some")
        indices = rng.integers(self.size, size=(n_steps, batch_size))
        return indices, np.ones(indices.shape, np.float32)

    def rows(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """Return the rows at ``indices`` (any shape), one array for each part of a transition."""
        return {name: getattr(self, name)[indices] for name in _FIELDS}

    def update_priorities(self, indices: np.ndarray, errors: np.ndarray) -> None:
        """Take note of the rows' errors; equal chances do not depend on them."""

    # -- state ----------------------------------------------------------------------------------

    def _layout(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("capacity", "observation_shape", "action_shape", "observation_dtype")
        return {name: getattr(self, name) for name in (*names, "action_dtype")}

    @staticmethod
    def _row_shapes(layout: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        """Return the shape of a row of each array that is part of the state."""
        observation, action = tuple(layout["observation_shape"]), tuple(layout["action_shape"])
        shapes = {"rewards": (), "discounts": (), "actions": action}
        return {**shapes, "observations": observation, "next_observations": observation}

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in _FIELDS:  # rows that were never written are not part of the state
            state[name] = state[name][: self.size]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        kept = {name: state[name] for name in _FIELDS}
        self._allocate()
        for name, values in kept.items():
            getattr(self, name)[: self.size] = values

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        state, layout = self.__getstate__(), self._layout()
        arrays = {k: v for k, v in state.items() if isinstance(v, np.ndarray)}
        meta = {k: v for k, v in state.items() if k not in layout and k not in arrays}
        return AnnState(params=layout, arrays=arrays, meta=meta)

    @classmethod
    def __ann_restore__(cls, state) -> ReplayBuffer:
        """Return the buffer of a model file.

        Raises
        ------
        IntegrityError
            If the rows do not fit the layout that the file claims.
        """
        from appliednn.core.errors import IntegrityError

        size, position = state.meta.get("size"), state.meta.get("position")
        p, arrays, shapes = state.params, state.arrays, cls._row_shapes(state.params)
        fits = isinstance(size, int) and isinstance(position, int)
        fits = fits and 0 <= size <= p["capacity"] and 0 <= position < p["capacity"]
        for name, shape in shapes.items():
            fits = fits and name in arrays and arrays[name].shape == (size, *shape)
        if not fits:
            raise IntegrityError(
                "the replay buffer in the file does not fit its own description; the file was "
                "changed or written by another version"
            )
        buffer = cls.__new__(cls)
        buffer.__setstate__({**p, **state.meta, **arrays})
        return buffer
