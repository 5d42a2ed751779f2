"""Which rows each training step sees: shuffled, cut into batches, padded or dropped at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class EpochBatches(NamedTuple):
    """Row numbers of an epoch.

    Attributes
    ----------
    rows : ndarray of int, shape (n_steps, batch) or (n_steps, batch, members)
        Row numbers.
    mask : ndarray of float32 like ``rows``, or None
        Zero where a row only fills the batch.
    rest : ndarray of int, shape (1, n_rest), or None
        A last short batch.
    """

    rows: np.ndarray
    mask: np.ndarray | None
    rest: np.ndarray | None


class Batches:
    """Cuts rows into batches, anew for every epoch.

    Parameters
    ----------
    n_rows : int
        Number of training rows.
    batch_size : int
        Rows of a batch; fewer where there are not so many rows.
    seeds : sequence of int
        One for a plain network; one for each member of a stacked one.
    shuffle : bool
        New order each epoch.
    last : {"pad", "short", "drop"}
        What happens to a last batch that is not full: filled with rows of weight zero, run as it
        is, or left out.
    stacked : bool
        Whether each seed stands for a member with an order of its own.
    member_rows : sequence of ndarray of int, optional
        The rows each member trains on; default all of them.

    Examples
    --------
    >>> Batches(5, 2, [0], shuffle=False, last="pad").epoch().rows.tolist()
    [[0, 1], [2, 3], [4, 0]]
    """

    def __init__(
        self,
        n_rows: int,
        batch_size: int,
        seeds: Sequence[int],
        *,
        shuffle: bool = True,
        last: str = "pad",
        stacked: bool = False,
        member_rows: Sequence[np.ndarray] | None = None,
    ) -> None:
        self._stacked, self._shuffle = stacked, shuffle
        self._rows = list(member_rows or [np.arange(n_rows)] * len(seeds))
        self._rngs = [np.random.default_rng(seed) for seed in seeds]
        sizes = [len(rows) for rows in self._rows]
        self.size = min(batch_size, *sizes)
        self._last = "pad" if stacked and last == "short" else last
        if last == "drop":
            self.steps_per_epoch = min(sizes) // self.size
        else:
            self.steps_per_epoch = -(-max(sizes) // self.size)

    @property
    def has_short_batch(self) -> bool:
        """Whether an epoch ends with a batch of another size."""
        return self._last == "short" and len(self._rows[0]) % self.size > 0

    def epoch(self) -> EpochBatches:
        """Return the batches of the next epoch."""
        orders = [
            rows[rng.permutation(len(rows))] if self._shuffle else rows
            for rows, rng in zip(self._rows, self._rngs, strict=True)
        ]
        if not self._stacked:
            return self._cut(orders[0])
        parts = [self._cut(order) for order in orders]
        rows = np.stack([part.rows for part in parts], axis=-1)
        if all(part.mask is None for part in parts):
            return EpochBatches(rows, None, None)
        ones = np.ones(rows.shape[:2], dtype=np.float32)
        masks = [ones if part.mask is None else part.mask for part in parts]
        return EpochBatches(rows, np.stack(masks, axis=-1), None)

    def _cut(self, order: np.ndarray) -> EpochBatches:
        shape = (-1, self.size)
        if self._last == "drop":
            return EpochBatches(
                order[: self.steps_per_epoch * self.size].reshape(shape), None, None
            )
        n, width = len(order), self.steps_per_epoch * self.size
        if n == width:
            return EpochBatches(order.reshape(shape), None, None)
        if self._last == "short":
            full = n - n % self.size
            return EpochBatches(order[:full].reshape(shape), None, order[None, full:])
        mask = np.zeros(width, dtype=np.float32)
        mask[:n] = 1.0
        padded = np.concatenate([order, np.zeros(width - n, dtype=order.dtype)])
        return EpochBatches(padded.reshape(shape), mask.reshape(shape), None)
