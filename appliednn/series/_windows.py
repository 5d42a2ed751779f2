"""Windows over a series, and what stands where nothing was observed."""

from __future__ import annotations

import numpy as np


def windows(X: np.ndarray, length: int, step: int = 1) -> np.ndarray:
    """Return the windows of a series, a view.

    Parameters
    ----------
    X : ndarray of shape (n_channels, n_timepoints)
        Series.
    length, step : int
        Time points of a window, and between the starts of two.

    Returns
    -------
    ndarray of shape (n_windows, n_channels, length)

    Raises
    ------
    ValueError
        If the series is shorter than a window.

    Examples
    --------
    >>> windows(np.arange(5.0)[None], 3, 2)[:, 0].tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    if X.shape[-1] < length:
        raise ValueError(
            f"a series of {X.shape[-1]} time points was given; expected at least {length}, the "
            "length of a window"
        )
    view = np.lib.stride_tricks.sliding_window_view(X, length, axis=-1)
    return view[:, ::step].swapaxes(0, 1)


def window_starts(n_timepoints: list[int], length: int, most: int) -> list[np.ndarray]:
    """Return where the windows of several series start: all of them, or ``most`` spread evenly.

    Each series keeps at least one window.

    Examples
    --------
    >>> [starts.tolist() for starts in window_starts([10, 5], 4, 4)]
    [[0, 3, 6], [0]]
    """
    counts = np.array([n - length + 1 for n in n_timepoints])
    share = min(1.0, most / counts.sum())
    kept = np.maximum(1, np.floor(counts * share).astype(int))
    return [
        np.unique(np.linspace(0, count - 1, k).round().astype(int))
        for count, k in zip(counts, kept, strict=True)
    ]


def fill_forward(X: np.ndarray, before: float = 0.0) -> np.ndarray:
    """Return the series with the last observed value wherever it is NaN.

    Parameters
    ----------
    X : ndarray of shape (n_channels, n_timepoints)
        Series.
    before : float
        What stands before the first observed value.

    Examples
    --------
    >>> fill_forward(np.array([[np.nan, 1.0, np.nan, 3.0]])).tolist()
    [[0.0, 1.0, 1.0, 3.0]]
    """
    observed = ~np.isnan(X)
    if observed.all():
        return X
    last = np.maximum.accumulate(np.where(observed, np.arange(X.shape[1]), -1), axis=1)
    filled = np.take_along_axis(X, np.maximum(last, 0), axis=1)
    return np.where(last < 0, np.asarray(before, X.dtype), filled)
