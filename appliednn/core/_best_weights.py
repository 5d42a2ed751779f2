"""The best epoch so far: of one network, or of each member of a stacked one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


class BestWeights:
    """Remembers the monitored value, the epoch and the weights of the best epoch.

    Parameters
    ----------
    members : int
        Networks side by side, each with an epoch of its own; 0 for a plain network.
    keep : bool
        Whether to keep weights (otherwise only value and epoch).
    latest : bool
        Of two equally good epochs the later one counts.
    patience : int or None
        Epochs without a value better by ``tol`` after which a network is done.
    tol : float
        Smallest improvement that ``patience`` counts.
    patience_factor : float
        A network is done only after ``patience_factor * best_epoch + patience`` epochs.
    """

    def __init__(
        self,
        members: int,
        *,
        keep: bool,
        latest: bool = False,
        patience: int | None = None,
        tol: float = 0.0,
        patience_factor: float = 0.0,
    ) -> None:
        k = max(1, members)
        self.members, self._keep, self._latest = members, keep, latest
        self._patience, self._tol, self._factor = patience, tol, patience_factor
        self.value = np.full(k, np.inf)
        self.epoch = np.zeros(k, dtype=int)
        self.done = np.zeros(k, dtype=bool)
        self.weights: list[np.ndarray] | None = None
        self._stale = np.zeros(k, dtype=int)
        self._stale_value = np.full(k, np.inf)

    def offer(
        self, value: np.ndarray, epoch: int, read: Callable[[], Sequence[np.ndarray]]
    ) -> None:
        """Take notice of an epoch's monitored value (lower is better) for each network.

        ``read()`` gives the present weights; it is called only where they are better.
        """
        value = np.atleast_1d(value)
        better = value <= self.value if self._latest else value < self.value
        better &= np.isfinite(value) & ~self.done
        if better.any():
            if self._keep:
                self._take(better, read())
            self.value = np.where(better, value, self.value)
            self.epoch = np.where(better, epoch, self.epoch)
        self._count(value, epoch)

    def epochs_to_stop(self, epoch: int) -> float:
        """Return how many epochs, from ``epoch`` on, must run before all networks can be done."""
        if self._patience is None:
            return np.inf
        if self._factor:
            left = np.floor(self._factor * self.epoch + self._patience) + 2 - epoch
        else:
            left = self._patience - self._stale
        return max(1, float(np.max(np.where(self.done, 1, left))))

    def finish(self, members: np.ndarray | None) -> None:
        """Freeze the members of a boolean mask: later epochs no longer count for them."""
        if members is not None:
            self.done |= np.asarray(members, dtype=bool)

    def _take(self, better: np.ndarray, weights: Sequence[np.ndarray]) -> None:
        if self.weights is None or better.all():
            self.weights = [np.array(w) for w in weights]
            return
        for kept, new in zip(self.weights, weights, strict=True):
            if new.ndim and len(new) == len(better):
                kept[better] = new[better]

    def _count(self, value: np.ndarray, epoch: int) -> None:
        if self._patience is None:
            return
        better = value < self._stale_value - self._tol
        self._stale = np.where(better, 0, self._stale + 1)
        self._stale_value = np.where(better, value, self._stale_value)
        if self._factor:
            self.done |= epoch > self._factor * self.epoch + self._patience
        else:
            self.done |= self._stale >= self._patience
