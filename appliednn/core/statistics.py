"""Intervals: Wilson for a share, Newcombe for a difference of shares, bootstrap for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True)
class Estimate:
    """A number with its interval and the number of rows it rests on.

    Attributes
    ----------
    name : str
        What was estimated, as a reader would call it (``"ROC AUC"``).
    value : float or None
        Point estimate; None when it is not estimable (``reason`` says why).
    ci : tuple of (float, float) or None
        Interval at ``level``; None when the number is exact (a row count) or not estimable.
    n : int
        Rows (or positives, for a rate among positives) that the number rests on.
    method : str
        How the interval was made: ``"wilson"``, ``"newcombe"``, ``"bootstrap"``, ``"exact"``.
    level : float
        Confidence level of ``ci``.
    seed : int or None
        Seed of the resampling, if any.
    reason : str
        Why ``value`` is None.
    """

    name: str
    value: float | None
    ci: tuple[float, float] | None
    n: int
    method: str = "bootstrap"
    level: float = 0.95
    seed: int | None = None
    reason: str = ""

    def to_dict(self) -> dict:
        """Return a JSON-ready dict (plain Python numbers)."""
        out = asdict(self)
        if self.ci is not None:
            out["ci"] = [float(self.ci[0]), float(self.ci[1])]
        out["value"] = None if self.value is None else float(self.value)
        out["n"] = int(self.n)
        return out


def not_estimable(name: str, n: int, reason: str) -> Estimate:
    """Return the Estimate of a number that the data cannot give."""
    return Estimate(name, None, None, int(n), method=NOT_ESTIMABLE, reason=reason)


def wilson_interval(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval for a share of ``k`` in ``n``.

    Source: E. B. Wilson, JASA 22 (1927) 209-212.

    Examples
    --------
    >>> low, high = wilson_interval(3, 9)
    >>> round(low, 2), round(high, 2)
    (0.12, 0.65)
    """
    if n <= 0:
        raise ValueError(f"wilson_interval needs n > 0, got n={n}")
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    p = k / n
    centre = p + z * z / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = float((centre - half) / scale), float((centre + half) / scale)
    # Exact at the ends, where rounding would leave a trace.
    return (0.0 if k == 0 else max(0.0, low)), (1.0 if k == n else min(1.0, high))


def newcombe_interval(
    k1: float, n1: float, k2: float, n2: float, level: float = 0.95
) -> tuple[float, float]:
    """Interval for the difference of two independent shares, ``k1/n1 - k2/n2``.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10.

    Examples
    --------
    >>> low, high = newcombe_interval(56, 70, 48, 80)
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    p1, p2 = k1 / n1, k2 / n2
    l1, u1 = wilson_interval(k1, n1, level)
    l2, u2 = wilson_interval(k2, n2, level)
    low = p1 - p2 - np.hypot(p1 - l1, u2 - p2)
    high = p1 - p2 + np.hypot(u1 - p1, p2 - l2)
    return float(low), float(high)


def bootstrap_interval(
    statistic: Callable[..., float],
    *arrays: np.ndarray,
    n_boot: int = 500,
    level: float = 0.95,
    seed: int = 0,
    strata: np.ndarray | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap interval of ``statistic(*arrays)`` over rows.

    Parameters
    ----------
    statistic : callable
        Takes the resampled arrays, returns a float; NaN draws are left out.
    *arrays : ndarray of shape (n, ...)
        Resampled together, so that a paired difference keeps its pairs.
    n_boot : int
        Number of resamples.
    level : float
        Confidence level.
    seed : int
        Seed of the resampling.
    strata : ndarray of shape (n,), optional
        Rows are resampled within each value (keeps every class present).

    Returns
    -------
    tuple of (float, float)
        ``(nan, nan)`` when fewer than half of the draws could be computed.

    Examples
    --------
    >>> low, high = bootstrap_interval(np.mean, np.arange(100.0), seed=1)
    >>> low < 49.5 < high
    True
    """
    rng = np.random.default_rng(seed)
    n = len(arrays[0])
    groups = [np.arange(n)]
    if strata is not None:
        _, codes = np.unique(np.asarray(strata), return_inverse=True)
        groups = [np.flatnonzero(codes == c) for c in range(codes.max() + 1)]
    draws = np.empty(n_boot)
    for b in range(n_boot):
        rows = np.concatenate([g[rng.integers(0, len(g), len(g))] for g in groups])
        draws[b] = statistic(*(a[rows] for a in arrays))
    draws = draws[np.isfinite(draws)]
    if len(draws) < n_boot / 2:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm-adjusted p-values, in the order given.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    scaled = p[order] * (len(p) - np.arange(len(p)))
    adjusted = np.minimum(1.0, np.maximum.accumulate(scaled))
    out = np.empty_like(adjusted)
    out[order] = adjusted
    return out
