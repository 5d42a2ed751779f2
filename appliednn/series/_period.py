"""The period of a series, from its autocorrelation."""

from __future__ import annotations

import numpy as np
from scipy import fft, signal

# Cycles that must be seen; an autocorrelation rests on too few points otherwise.
_CYCLES = 3


def dominant_period(
    x: np.ndarray, *, shortest: int = 3, longest: int | None = None, least: float = 0.2
) -> int | None:
    """Return the lag of the highest peak of the autocorrelation of the detrended series.

    Parameters
    ----------
    x : ndarray of shape (n_timepoints,)
        Values; NaN counts as the mean.
    shortest : int
        Shortest period, in time points.
    longest : int, optional
        Longest period; default a third of the series.
    least : float
        Autocorrelation that the peak must reach, and how far it must rise above the valley before
        it: a series without a period falls off slowly and has no such peak.

    Returns
    -------
    int or None
        The period in time points; None if there is none.

    Examples
    --------
    >>> t = np.arange(1000)
    >>> dominant_period(np.sin(2 * np.pi * t / 24) + 0.01 * t)
    24
    >>> dominant_period(np.random.default_rng(0).normal(size=1000)) is None
    True
    """
    correlation = _autocorrelation(np.asarray(x, dtype=np.float64))
    longest = min(longest or len(x), len(x) // _CYCLES)
    if correlation is None or longest <= shortest:
        return None
    found, _ = signal.find_peaks(correlation[: longest + 2], prominence=least, height=least)
    found = found[(found >= shortest) & (found <= longest)]
    if len(found) == 0:
        return None
    # Multiples of a period peak nearly as high as it does.
    heights = correlation[found]
    return int(found[np.flatnonzero(heights >= 0.9 * heights.max())[0]])


def _autocorrelation(x: np.ndarray) -> np.ndarray | None:
    """Return the autocorrelation at lags 0, 1, ..., each sum divided by its number of terms."""
    n = len(x)
    observed = np.isfinite(x)
    if n < 4 or observed.sum() < 4:
        return None
    t = np.arange(n)
    x = x - np.nanmean(x)
    slope = np.polynomial.Polynomial.fit(t[observed], x[observed], 1)
    x = np.where(observed, x - slope(t), 0.0)
    if np.ptp(x) <= 1e-9 * max(1.0, np.abs(x).max()):
        return None
    size = fft.next_fast_len(2 * n)
    power = np.abs(fft.rfft(x, size)) ** 2
    sums = fft.irfft(power, size)[:n] / (n - t)
    return sums / sums[0] if sums[0] > 0 else None
