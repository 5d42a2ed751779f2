"""What detectors for series share: reading, scaling, point scores, threshold, segments."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.anomaly._contract import DetectorMixin
from appliednn.anomaly._trim import most_normal
from appliednn.anomaly.series._overlap import moving_mean
from appliednn.anomaly.series._segments import Segment, segments_above
from appliednn.core._random import spawn_seeds
from appliednn.core.persistence import SaveMixin
from appliednn.series import (
    ChannelScaler,
    Series,
    as_series,
    dominant_period,
    fill_forward,
    many_series,
    windows,
)

# The share of training windows that is left out where they may hold anomalies.
TRIM = 0.1
# A window must hold some periods but not cost much; powers of two share compiled programs.
_PERIODS = 4
_SHORTEST, _LONGEST = 16, 128
# A series is at least so many windows long; more where windows with an anomaly are left out: one
# spike is in as many windows as a window has time points.
_PARTS, _TRIMMED_PARTS = 4, 8


class Piece(NamedTuple):
    """A series as the detectors see it.

    Attributes
    ----------
    values : ndarray of float32, shape (n_channels, n_timepoints)
        Scaled; what was not observed is the last value before.
    observed : ndarray of bool, shape (n_channels, n_timepoints)
        False where the value was NaN.
    """

    values: np.ndarray
    observed: np.ndarray


class SeriesDetector(DetectorMixin, SaveMixin, BaseEstimator):
    """Fit and use; subclasses learn from pieces and say what each channel adds to a score."""

    reads_series = True
    """Rows are time points in order: they cannot be drawn or shuffled one by one."""

    _parameter_constraints: dict = {
        "window": [Interval(Integral, 4, None, closed="left"), StrOptions({"auto"})],
        "contamination": [Interval(Real, 0, 0.5, closed="right"), StrOptions({"auto"})],
        "novelty": ["boolean"],
        "trim": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "smoothing": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    # Window of a series without a period, and the moving means of the scores in windows.
    _usual_window = 64
    _smoothing_windows = 0

    # -- what a subclass gives ------------------------------------------------------------------

    @abstractmethod
    def _learn(self, pieces: list[Piece], seeds: list[int]) -> None:
        """Learn from the training pieces."""

    @abstractmethod
    def _raw_contributions(self, piece: Piece) -> np.ndarray:
        """Return what each channel adds to each point's score before smoothing.

        Of shape (n_scored, n_channels): the last ``n_scored`` time points; those before have no
        evidence of their own.
        """

    @abstractmethod
    def stream(self):
        """Return an object that scores one time point after the other."""

    @property
    def _least_length(self) -> int:
        """Time points that a series must have."""
        return self.window_

    # -- fit ------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn what is normal and set the threshold.

        Parameters
        ----------
        X : array-like, DataFrame, list of these, or array (n_cases, n_channels, n_timepoints)
            One series, (n_timepoints,) or (n_channels, n_timepoints), or a frame whose rows are
            time points; or several series with the same channels. NaN: not observed.
        y : None
            Ignored.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a series is too short, or no series of numbers.
        """
        series = many_series(X)
        self._learn_channels(series[0])
        self.window_ = self._window_length(series)
        self.smoothing_ = self._smoothing_width()
        for one in series:
            self._check_length(one)
        self.scaler_ = ChannelScaler().fit([one.values for one in series])
        pieces = [self._piece(one) for one in series]
        if not any(piece.observed.any() for piece in pieces):
            raise ValueError("every value is NaN; expected a series with observed values")
        self._learn(pieces, spawn_seeds(self.random_state, 3))
        scores = [self._contributions(piece).sum(axis=1) for piece in pieces]
        seen = [piece.observed.any(axis=0) for piece in pieces]
        self._set_threshold(np.concatenate(scores), np.concatenate(seen))
        return self

    def _learn_channels(self, series: Series) -> None:
        self.n_features_in_ = len(series.values)
        if series.channel_names is not None:
            self.feature_names_in_ = np.array(series.channel_names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _window_length(self, series: list[Series]) -> int:
        if self.window != "auto":
            return int(self.window)
        longest = max(series, key=lambda one: one.values.shape[1])
        periods = [dominant_period(channel, longest=_LONGEST) for channel in longest.values]
        periods = [period for period in periods if period is not None]
        length = self._usual_window
        if periods:
            length = 2 ** round(np.log2(_PERIODS * np.median(periods)))
        parts = _TRIMMED_PARTS if self._trim_share() > 0 else _PARTS
        fits = 2 ** int(np.log2(max(1, longest.values.shape[1] / parts)))
        return int(np.clip(length, _SHORTEST, min(self._longest_window(), max(_SHORTEST, fits))))

    def _longest_window(self) -> int:
        return _LONGEST

    def _smoothing_width(self) -> int:
        if self.smoothing == "auto":
            return min(max(1, self._smoothing_windows * self.window_), _LONGEST)
        return int(self.smoothing)

    def _check_length(self, series: Series) -> None:
        n = series.values.shape[1]
        if n < self._least_length:
            raise ValueError(
                f"a series of {n} time points was given; {type(self).__name__} with windows of "
                f"{self.window_} expected at least {self._least_length}. Set a smaller window="
            )

    def _set_threshold(self, scores: np.ndarray, seen: np.ndarray) -> None:
        """Set the threshold by the time points at which something was observed."""
        self._learn_threshold(scores[seen], np.ones(int(seen.sum())))
        self.decision_scores_, self._score_weights = scores, seen.astype(np.float64)
        self.labels_ = (scores > self.threshold_).astype(int)

    def _trim_share(self) -> float:
        return (0.0 if self.novelty else TRIM) if self.trim == "auto" else float(self.trim)

    # -- use ------------------------------------------------------------------------------------

    def _piece(self, series: Series) -> Piece:
        scaled = self.scaler_.transform(series.values)
        return Piece(fill_forward(scaled), ~np.isnan(scaled))

    def _read(self, X: Any) -> Piece:
        """Return a series to be scored, with the channels of the training series."""
        check_is_fitted(self)
        series = as_series(X, n_channels=self.n_features_in_)
        known = getattr(self, "feature_names_in_", None)
        if known is not None and series.channel_names is not None:
            self._check_names(series.channel_names, known.tolist())
        self._check_length(series)
        return self._piece(series)

    def _check_names(self, given: list[str], known: list[str]) -> None:
        if given != known:
            raise ValueError(
                f"channels {given} were given; expected those of fit in their order: {known}"
            )

    def _contributions(self, piece: Piece) -> np.ndarray:
        """Return what each channel adds to each point's score, (n_timepoints, n_channels)."""
        smooth = self._raw_contributions(piece)
        for _ in range(2):
            smooth = moving_mean(smooth, self.smoothing_)
        missing = piece.values.shape[1] - len(smooth)
        if missing:
            smooth = np.concatenate([np.repeat(smooth[:1], missing, axis=0), smooth])
        return smooth

    def anomaly_score(self, X) -> np.ndarray:
        """Return how anomalous each time point is.

        Parameters
        ----------
        X : array-like (n_timepoints,) or (n_channels, n_timepoints), or DataFrame
            One series with the channels of ``fit``; rows of a frame are time points.

        Returns
        -------
        ndarray of shape (n_timepoints,)
            Higher is more anomalous; above ``threshold_`` a time point is an outlier.
        """
        return self.explain(X).sum(axis=1)

    def explain(self, X) -> np.ndarray:
        """Return what each channel adds to the anomaly score of each time point.

        Parameters
        ----------
        X : array-like (n_timepoints,) or (n_channels, n_timepoints), or DataFrame
            One series with the channels of ``fit``.

        Returns
        -------
        ndarray of shape (n_timepoints, n_channels)
            Each row adds up to the point's ``anomaly_score``.
        """
        return self._contributions(self._read(X))

    def segments(self, X) -> list[Segment]:
        """Return the runs of outliers.

        Parameters
        ----------
        X : array-like (n_timepoints,) or (n_channels, n_timepoints), or DataFrame
            One series with the channels of ``fit``.

        Returns
        -------
        list of Segment
            ``(start, end, peak)``: first time point, the one after the last, highest score.
        """
        return segments_above(self.anomaly_score(X), self.threshold_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def training_windows(
    pieces: list[Piece], length: int, starts: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Return windows (n, length, n_channels) and the share of each that was observed, (n,)."""
    values = [windows(p.values, length)[at] for p, at in zip(pieces, starts, strict=True)]
    seen = [
        windows(p.observed, length)[at].mean(axis=(1, 2), dtype=np.float32)
        for p, at in zip(pieces, starts, strict=True)
    ]
    return np.concatenate(values).transpose(0, 2, 1), np.concatenate(seen)


def kept_windows(scores: np.ndarray, weights: np.ndarray, trim: float) -> np.ndarray:
    """Return the numbers of the observed windows but for the most anomalous share."""
    seen = np.flatnonzero(weights)
    return seen[most_normal(scores[seen], weights[seen], trim)]
