"""Ending candidates early that do worse than the others did at the same epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_FEWEST = 5  # networks that came as far before any is ended


class MedianStop:
    """The median stopping rule over all networks of a search.

    A network ends at an epoch when the best value it has reached so far is below the median, over
    the networks that came as far, of the mean of their best values up to that epoch. These are
    the ones that are done and those beside it in the same program. Nothing ends as long as there
    are fewer than five, nor within the first epochs.

    Parameters
    ----------
    grace : int, default=5
        First epochs, in which nothing ends.

    Attributes
    ----------
    n_stopped_ : int
        Networks ended.

    References
    ----------
    D. Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017.

    Examples
    --------
    >>> stop = MedianStop(grace=1)
    >>> for score in (0.8, 0.9, 0.7, 0.8, 0.9):
    ...     stop.finished([score, score])
    >>> stop.is_poor(1, 0.75), stop.is_poor(1, 0.85), stop.is_poor(0, 0.1)
    (True, False, False)
    """

    def __init__(self, grace: int = 5) -> None:
        self.grace = grace
        self.n_stopped_ = 0
        self._means: list[np.ndarray] = []

    def finished(self, scores: Any) -> None:
        """Take in the course of a network that is done.

        Parameters
        ----------
        scores : array-like of shape (n_epochs,)
            Value after each epoch, higher is better.
        """
        best = np.maximum.accumulate(np.asarray(scores, dtype=np.float64))
        if len(best):
            self._means.append(np.cumsum(best) / np.arange(1, len(best) + 1))

    def is_poor(self, epoch: int, best: float, beside: Sequence[float] = ()) -> bool:
        """Whether a network should end.

        Parameters
        ----------
        epoch : int
            Number of the epoch just over, from 0.
        best : float
            Its best value so far, higher is better.
        beside : sequence of float
            Means up to this epoch of networks that are being trained with it, its own among them.
        """
        at = [*beside, *(means[min(epoch, len(means) - 1)] for means in self._means)]
        if epoch < self.grace or len(at) < _FEWEST:
            return False
        return bool(best < np.median(at))

    def watch(self, n_members: int) -> StackWatch:
        """Return what ``fit_side_by_side`` asks after each epoch of a stacked program."""
        return StackWatch(self, n_members)

    def callback(self) -> Any:
        """Return a Keras callback for a network that is trained alone."""
        return _make_callback(self)


class StackWatch:
    """Ends members of a stacked program.

    Parameters
    ----------
    rule : MedianStop
        The rule.
    n_members : int
        Members of the program.
    """

    def __init__(self, rule: MedianStop, n_members: int) -> None:
        self._rule = rule
        self._scores: list[np.ndarray] = []
        self._ended = np.zeros(n_members, dtype=bool)

    def __call__(self, epoch: int, scores: np.ndarray) -> np.ndarray:
        """Return which members need not go on."""
        scores = np.asarray(scores, dtype=np.float64)
        self._scores.append(scores)
        means = np.mean(self._scores, axis=0)
        poor = np.array([self._rule.is_poor(epoch, score, means) for score in scores])
        self._rule.n_stopped_ += int((poor & ~self._ended).sum())
        self._ended |= poor
        return self._ended.copy()

    def close(self) -> None:
        """Hand the courses of members that were not ended to the rule."""
        if self._scores:
            for course in np.stack(self._scores, axis=1)[~self._ended]:
                self._rule.finished(course)


def _make_callback(rule: MedianStop) -> Any:
    import keras

    class StopPoor(keras.callbacks.Callback):
        """Ends training by the rule; estimators copy callbacks, and this one stays itself."""

        def __init__(self) -> None:
            super().__init__()
            self.scores: list[float] = []

        def __deepcopy__(self, memo: dict) -> StopPoor:
            return self

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            loss = (logs or {}).get("val_loss")
            if loss is None:
                return
            self.scores.append(-float(loss))
            if rule.is_poor(epoch, max(self.scores)):
                rule.n_stopped_ += 1
                self.scores.clear()
                self.model.stop_training = True

        def close(self) -> None:
            """Hand the course to the rule, unless it was ended."""
            rule.finished(self.scores)

    return StopPoor()
