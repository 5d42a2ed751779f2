"""Intervals of a policy's value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

_NO_SKEWNESS = 1e-6


def normal_interval(terms: np.ndarray, level: float) -> tuple[float, float]:
    """Return the interval by the central limit theorem for the mean of ``terms`` (n,).

    Examples
    --------
    >>> low, high = normal_interval(np.array([0.0, 1.0] * 50), 0.95)
    >>> round(low, 3), round(high, 3)
    (0.402, 0.598)
    """
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2)) * terms.std(ddof=1) / np.sqrt(len(terms))
    return float(terms.mean() - half), float(terms.mean() + half)


def hall_interval(terms: np.ndarray, level: float) -> tuple[float, float]:
    """Return the normal interval for the mean of ``terms`` (n,), corrected for their skewness.

    Weighted rewards have a long tail, so that the plain interval misses on one side more often.

    Source: P. Hall, "On the Removal of Skewness by Transformation", Journal of the Royal
    Statistical Society B 54 (1992) 221-228, the cubic transformation.

    Examples
    --------
    >>> skewed = np.array([0.0] * 90 + [10.0] * 10)
    >>> [round(end, 2) for end in normal_interval(skewed, 0.95)]
    [0.41, 1.59]
    >>> [round(end, 2) for end in hall_interval(skewed, 0.95)]
    [0.5, 1.76]
    """
    from scipy.special import ndtri

    n, deviation = len(terms), terms.std(ddof=1)
    skewness = float(((terms - terms.mean()) ** 3).mean()) / max(float(terms.std() ** 3), 1e-300)
    if abs(skewness) < _NO_SKEWNESS:
        return normal_interval(terms, level)
    z = float(ndtri(0.5 + level / 2)) / np.sqrt(n)

    def inverse(t: float) -> float:
        return float(np.cbrt(1.0 + skewness * (t - skewness / (6.0 * n))) - 1.0) * 3.0 / skewness

    low, high = (terms.mean() - deviation * inverse(t) for t in (z, -z))
    return float(low), float(high)


def bernstein_interval(
    terms: np.ndarray, bounds: tuple[float, float], level: float
) -> tuple[float, float]:
    """Return the empirical Bernstein interval for the mean of terms that lie within bounds.

    It holds for every n, not only in the limit, and is wide.

    Source: A. Maurer and M. Pontil, "Empirical Bernstein Bounds and Sample Variance
    Penalization", COLT 2009, theorem 4, once for each side.

    Examples
    --------
    >>> low, high = bernstein_interval(np.array([0.0, 1.0] * 50), (0.0, 1.0), 0.95)
    >>> round(low, 3), round(high, 3)
    (0.248, 0.752)
    """
    n, span = len(terms), bounds[1] - bounds[0]
    log = np.log(4.0 / (1.0 - level))
    half = np.sqrt(2 * terms.var(ddof=1) * log / n) + 7 * span * log / (3 * (n - 1))
    return float(terms.mean() - half), float(terms.mean() + half)


def resamples(n: int, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Yield the rows of each bootstrap sample; one seed gives the same ones for every policy."""
    rng = np.random.default_rng(seed)
    for _ in range(n_boot):
        yield rng.integers(0, n, n)


def bootstrap_draws(
    statistic: Callable[[np.ndarray], float], n: int, n_boot: int, seed: int
) -> np.ndarray:
    """Return ``statistic(rows)`` for each bootstrap sample, (n_boot,)."""
    return np.array([statistic(rows) for rows in resamples(n, n_boot, seed)])


def percentile_interval(draws: np.ndarray, level: float) -> tuple[float, float]:
    """Return the middle ``level`` of the draws; draws that are not finite are left out.

    Of B draws the quantile q is the order statistic ``q (B + 1)``, which few draws do not narrow.

    Examples
    --------
    >>> low, high = percentile_interval(np.arange(1.0, 40.0), 0.95)
    >>> round(low, 9), round(high, 9)
    (1.0, 39.0)
    """
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(draws[np.isfinite(draws)], tails, method="weibull")
    return float(low), float(high)
