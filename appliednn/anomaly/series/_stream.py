"""Scores of a series that arrives one time point after the other."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted


class Stream:
    """The newest values of a series; subclasses score them.

    Independent of other streams of the same detector, and of the detector after a later fit.

    Parameters
    ----------
    detector : fitted detector for series
        Gives scale, window and network.
    n_kept : int
        Time points that are kept.
    """

    def __init__(self, detector: Any, n_kept: int) -> None:
        check_is_fitted(detector)
        self._detector = _frozen(detector)
        self._n_channels = detector.n_features_in_
        self._values = np.zeros((self._n_channels, n_kept), dtype=np.float32)
        self._last = np.zeros(self._n_channels, dtype=np.float32)
        width = detector.smoothing_
        self._scores: deque[float] = deque(maxlen=width)
        self._means: deque[float] = deque(maxlen=width)
        self._n_ahead = width // 2
        self.n_seen = 0

    def score_next(self, values: Any) -> float:
        """Return the anomaly score after the next time point.

        Parameters
        ----------
        values : float or array-like of shape (n_channels,)
            The next values; NaN where nothing was observed.

        Returns
        -------
        float
            Comparable with the detector's ``threshold_``; 0 while there is no evidence.

        Raises
        ------
        ValueError
            For another number of values, or infinity.
        """
        values = np.atleast_1d(np.asarray(values, dtype=np.float64))
        if values.shape != (self._n_channels,) or np.isinf(values).any():
            raise ValueError(
                f"values {values.tolist()} of shape {values.shape} were given; expected "
                f"{self._n_channels} finite number(s) or NaN, one for each channel"
            )
        scaled = self._detector.scaler_.transform(values[:, None])[:, 0]
        observed = ~np.isnan(scaled)
        self._last = np.where(observed, scaled, self._last)
        self._values = np.concatenate([self._values[:, 1:], self._last[:, None]], axis=1)
        self.n_seen += 1
        score = self._score(observed)
        return 0.0 if score is None else self._smoothed(score)

    def _smoothed(self, score: float) -> float:
        """Return the mean of the last means of the last scores, as ``anomaly_score`` smooths."""
        self._scores.append(score)
        mean = float(np.mean(self._scores))
        if self._n_ahead:  # the first means belong to time points before the series
            self._n_ahead -= 1
            return mean
        self._means.append(mean)
        return float(np.mean(self._means))

    def _score(self, observed: np.ndarray) -> float | None:
        """Return the score of the newest time point, None where it has no evidence."""
        raise NotImplementedError


class WindowStream(Stream):
    """Scores the newest window."""

    def __init__(self, detector: Any) -> None:
        super().__init__(detector, detector.window_)

    def _score(self, observed: np.ndarray) -> float | None:
        if self.n_seen < self._detector.window_:
            return None
        return float(self._detector._window_contributions(self._values[None]).sum())


class ForecastStream(Stream):
    """Scores the newest time point by its forecast."""

    def __init__(self, detector: Any) -> None:
        super().__init__(detector, detector.window_ + detector.horizon_)

    @property
    def delay(self) -> int:
        """Time points by which a score lags: it is that of so many time points before."""
        return 2 * (self._detector.smoothing_ // 2)

    def _score(self, observed: np.ndarray) -> float | None:
        detector, n_context = self._detector, self.n_seen - self._detector.horizon_
        if n_context < 1:
            return None
        context = self._values[:, : detector.window_]
        n_known = min(n_context, detector.window_)
        # The network is causal: what follows the last known value changes nothing.
        known = np.zeros_like(context)
        known[:, :n_known] = context[:, detector.window_ - n_known :]
        forecast = detector._forecasts(known[None])[0, n_known - 1]
        error = detector._scaled_errors(self._values[:, -1], forecast, observed)
        return float(error.sum())


def _frozen(detector: Any) -> Any:
    """Return a detector with the same attributes, which a later fit of the other leaves alone."""
    other = object.__new__(type(detector))
    other.__dict__.update(detector.__dict__)
    return other
