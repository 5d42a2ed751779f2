"""From windows back to time points: means over the windows that cover a point, moving means."""

from __future__ import annotations

import numpy as np


def moving_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Return the mean of ``width`` values around each, fewer at the ends.

    ``out[i]`` is the mean of ``values[i + width // 2 + 1 - width : i + width // 2 + 1]``: the
    mean of the last ``width`` values as it stands ``width // 2`` time points later.

    Parameters
    ----------
    values : ndarray of shape (n, ...)
        One value each time point.
    width : int
        Time points in a mean.

    Examples
    --------
    >>> moving_mean(np.array([0.0, 0.0, 6.0, 0.0]), 3).tolist()
    [0.0, 2.0, 2.0, 3.0]
    """
    later = width // 2
    return _running_mean(values, width, width - 1 - later, later)


def mean_over_windows(sums: np.ndarray, length: int) -> np.ndarray:
    """Return, for each time point, the mean value of the windows that cover it.

    Parameters
    ----------
    sums : ndarray of shape (n_windows, ...)
        A value for each window of step 1.
    length : int
        Time points of a window.

    Returns
    -------
    ndarray of shape (n_windows + length - 1, ...)

    Examples
    --------
    >>> mean_over_windows(np.array([2.0, 4.0]), 2).tolist()
    [2.0, 3.0, 4.0]
    """
    return _running_mean(sums, length, length - 1, length - 1)


def _running_mean(values: np.ndarray, width: int, before: int, after: int) -> np.ndarray:
    """Return the means of ``width`` neighbours, of those that there are beyond the ends.

    Written without running totals, whose rounding would leave scores just below zero.
    """
    if width == 1:
        return values
    ends = [(before, after)] + [(0, 0)] * (values.ndim - 1)
    view = np.lib.stride_tricks.sliding_window_view
    sums = view(np.pad(values, ends), width, axis=0).sum(axis=-1)
    count = view(np.pad(np.ones(len(values)), (before, after)), width).sum(axis=-1)
    return sums / count.reshape(-1, *[1] * (values.ndim - 1))


def add_windows(total: np.ndarray, values: np.ndarray, start: int) -> None:
    """Add consecutive windows' values (n_windows, length, ...) to their time points, in place."""
    for offset in range(values.shape[1]):
        total[start + offset : start + offset + len(values)] += values[:, offset]


def coverage(n_timepoints: int, length: int) -> np.ndarray:
    """Return how many windows of step 1 cover each time point.

    Examples
    --------
    >>> coverage(4, 2).tolist()
    [1, 2, 2, 1]
    """
    points = np.arange(n_timepoints)
    n_windows = n_timepoints - length + 1
    return np.minimum(points + 1, n_windows) - np.maximum(points - length + 1, 0)
