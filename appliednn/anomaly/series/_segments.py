"""Runs of anomalous time points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Segment(NamedTuple):
    """A run of time points above the threshold.

    Attributes
    ----------
    start, end : int
        First time point, and the one after the last.
    peak : float
        Highest anomaly score in it.
    """

    start: int
    end: int
    peak: float


def segments_above(scores: np.ndarray, threshold: float) -> list[Segment]:
    """Return the runs of scores above a threshold.

    Examples
    --------
    >>> segments_above(np.array([0.0, 2.0, 3.0, 0.0, 5.0]), 1.0)
    [Segment(start=1, end=3, peak=3.0), Segment(start=4, end=5, peak=5.0)]
    """
    above = np.concatenate([[False], scores > threshold, [False]])
    edges = np.flatnonzero(above[1:] != above[:-1])
    return [
        Segment(int(start), int(end), float(scores[start:end].max()))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]
