"""Intervals for the largest difference and the smallest ratio between several groups.

A percentile bootstrap of a maximum minus a minimum lies wholly above zero even where no group
differs. Here every pair of groups gets its own interval at a level corrected for the number of
pairs (Bonferroni); all of them hold at once, so their largest bounds bound the largest difference.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from appliednn.core.statistics import newcombe_interval, wilson_interval


def corrected_level(level: float, n_groups: int, n_rates: int = 1) -> float:
    """Return the level at which each pair is taken so that all hold at ``level``.

    Examples
    --------
    >>> round(corrected_level(0.95, 4), 4), round(corrected_level(0.95, 2, 2), 3)
    (0.9917, 0.975)
    """
    pairs = n_groups * (n_groups - 1) // 2
    return 1 - (1 - level) / max(1, pairs * n_rates)


def widest_gap(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Return the interval of the largest absolute difference from all pairs' intervals.

    Examples
    --------
    >>> widest_gap([(-0.1, 0.3), (0.05, 0.2)])
    (0.05, 0.3)
    """
    low = max(0.0, *(max(a, -b) for a, b in pairs))
    return low, max(max(abs(a), abs(b)) for a, b in pairs)


def gap_interval(k, n, level: float = 0.95, n_rates: int = 1) -> tuple[float, float]:
    """Interval for ``max(k / n) - min(k / n)`` over groups.

    Parameters
    ----------
    k, n : array-like of shape (n_groups,)
        Cases and rows (or positives, ...) of each of at least two groups.
    level : float
        Joint level of all pairs.
    n_rates : int
        Number of rates judged together (2 for equalized odds).

    Returns
    -------
    tuple of (float, float)
        From Newcombe's intervals of all pairs; the lower bound is zero unless two groups differ.

    Examples
    --------
    >>> low, high = gap_interval([56, 48], [70, 80])
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    each = corrected_level(level, len(k), n_rates)
    pairs = combinations(zip(k, n, strict=True), 2)
    low, high = widest_gap([newcombe_interval(*a, *b, each) for a, b in pairs])
    return low, min(1.0, high)


def ratio_interval(
    k1: float, n1: float, k2: float, n2: float, level: float = 0.95
) -> tuple[float, float]:
    """Interval for the ratio of two independent shares, ``(k1/n1) / (k2/n2)``.

    Recovered from the two Wilson intervals; the upper bound is infinite where the second share
    may be zero.

    Source: A. Donner, G. Zou, Statistical Methods in Medical Research 21 (2012) 347-359.

    Examples
    --------
    >>> low, high = ratio_interval(40, 100, 60, 100)
    >>> round(low, 3), round(high, 3)
    (0.498, 0.885)
    """
    p1, p2 = k1 / n1, k2 / n2
    l1, u1 = wilson_interval(k1, n1, level)
    l2, u2 = wilson_interval(k2, n2, level)
    product = p1 * p2
    near, far = l1 * (2 * p1 - l1), u2 * (2 * p2 - u2)
    below = product + np.sqrt(max(0.0, product**2 - near * far))
    low = near / below if below > 0 else 0.0
    far, near = u1 * (2 * p1 - u1), l2 * (2 * p2 - l2)
    above = product + np.sqrt(max(0.0, product**2 - far * near))
    return float(max(0.0, low)), float(above / near) if near > 0 else float("inf")


def smallest_ratio_interval(k, n, level: float = 0.95) -> tuple[float, float]:
    """Interval for ``min(k / n) / max(k / n)`` over groups, from the ratios of all pairs.

    The upper bound is one unless two groups differ.

    Examples
    --------
    >>> low, high = smallest_ratio_interval([384, 664], [833, 1167])
    >>> round(low, 2), round(high, 2)
    (0.74, 0.88)
    """
    k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    each = corrected_level(level, len(k))
    lows, highs = [], [1.0]
    for i, j in combinations(range(len(k)), 2):
        if k[i] / n[i] > k[j] / n[j]:
            i, j = j, i
        low, high = ratio_interval(k[i], n[i], k[j], n[j], each)
        # Below one from both sides: the truth may have the two groups the other way round.
        lows.append(min(low, 1 / high))
        highs.append(high)
    return min(lows), min(highs)


def null_shares(k, n, rng: np.random.Generator, draws: int = 2000) -> np.ndarray:
    """Return shares of shape (draws, n_groups) when the cases fall on rows regardless of group.

    The exact permutation distribution: counts are drawn without replacement.
    """
    # Expected numbers of a randomised predictor are rounded: its null is then a little wide.
    n = np.maximum(np.round(n), 1).astype(np.int64)
    total = round(float(np.sum(k)))
    total = max(total, 1) if np.any(k) else 0
    return rng.multivariate_hypergeometric(n, min(total, int(n.sum())), size=draws) / n
