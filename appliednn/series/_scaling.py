"""One scale for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Beyond these quantiles a value is taken as the quantile itself: a few spikes set no scale.
_TAIL = 0.01
# A spread below this share of the channel's level is rounding.
_LEAST_SPREAD = 1e-9


@dataclass(eq=False)
class ChannelScaler:
    """Centre and scale each channel by mean and deviation of its values within the 1 % tails.

    A channel whose spread is zero keeps the scale 1, so that a later movement is seen in its own
    units; where only the tails move, the scale is the deviation with them.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_channels,)
        What is subtracted, and what is divided by.

    Examples
    --------
    >>> scaler = ChannelScaler().fit([np.array([[1.0, 3.0], [5.0, 5.0]])])
    >>> scaler.transform(np.array([[3.0, np.nan], [5.0, 7.0]])).tolist()
    [[1.0, nan], [0.0, 2.0]]
    """

    center_: np.ndarray | None = None
    scale_: np.ndarray | None = None

    def fit(self, series: Sequence[np.ndarray]) -> ChannelScaler:
        """Learn center and scale from series of shape (n_channels, n_timepoints), NaN allowed."""
        pairs = [
            _center_and_scale(np.concatenate([values[c] for values in series]))
            for c in range(len(series[0]))
        ]
        self.center_, self.scale_ = (np.array(column) for column in zip(*pairs, strict=True))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Return the series scaled, float32 (n_channels, n_timepoints); NaN stays NaN."""
        out = (X - self.center_[:, None]) / self.scale_[:, None]
        return out.astype(np.float32)


def _center_and_scale(values: np.ndarray) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return 0.0, 1.0
    low, high = np.quantile(values, [_TAIL, 1 - _TAIL], method="inverted_cdf")
    for kept in (np.clip(values, low, high), values):
        center, spread = float(kept.mean()), float(kept.std())
        if spread > _LEAST_SPREAD * max(abs(center), np.finfo(float).tiny):
            return center, spread
    return center, 1.0
