"""Centre, scale and clip numeric columns; every statistic treats a weight as a repeat count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_LANDMARKS = 1000
CLIP_AT = 3.0
_BLOCK = 32768  # elements a block holds: its float64 scratch stays in the second-level cache
_TINY = 1e-150  # a smaller spread is none: 1 / spread would make products leave float64
_FAST_LIMIT = 1e36  # a sum of squares below this means every |value| < 1e18: safe in float32
_SMOOTH_LIMIT = 1e18  # its square fits float32, and the smooth clip is flat long before
_RAW_LIMIT = float(np.finfo(np.float32).max)


def weighted_quantiles(
    values: np.ndarray, q: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Averaged inverted-CDF quantiles; an integer weight counts as that many repeated rows.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite numbers, n >= 1.
    q : ndarray of shape (k,)
        Probabilities in [0, 1].
    weights : ndarray of shape (n,), optional
        Positive; None means one each.

    Returns
    -------
    ndarray of shape (k,)
        Quantiles by definition 2 of R. J. Hyndman and Y. Fan, The American Statistician 50
        (1996) 361-365: where the cumulative weight meets ``q`` exactly, the mean of the two
        neighbours (so that the median of an even number of rows is the usual one).

    Examples
    --------
    >>> weighted_quantiles(np.array([1.0, 2.0, 10.0]), np.array([0.5]), np.array([1.0, 1.0, 2.0]))
    array([6.])
    """
    if weights is None:
        values = np.sort(values)
        cumulated = np.arange(1.0, len(values) + 1.0)
    else:
        order = np.argsort(values, kind="stable")
        values, cumulated = values[order], np.cumsum(weights[order])
    total = cumulated[-1]
    target = np.asarray(q, dtype=float) * total
    slack = 8 * np.finfo(float).eps * total  # rounding in the cumulated sum is not a gap
    last = len(values) - 1
    low = np.minimum(np.searchsorted(cumulated, target - slack, side="left"), last)
    high = np.minimum(np.searchsorted(cumulated, target + slack, side="right"), last)
    return values[low] / 2 + values[high] / 2


@dataclass
class ColumnScale:
    """What one numeric column is mapped with: ``(x - center) * factor``.

    ``factor`` is 0 for a constant or all-missing column, whose output is therefore 0.
    ``fill`` is the raw value a missing cell takes (the median).
    """

    center: float = 0.0
    factor: float = 0.0
    fill: float = 0.0
    landmarks: np.ndarray | None = None


def _width(values: np.ndarray, method: str, weights: np.ndarray | None) -> tuple[float, float]:
    """Return centre and scale of values that are not all equal."""
    low, high = values.min(), values.max()
    if method == "minmax":
        return low, high - low
    if method == "standard":
        mean = np.average(values, weights=weights)
        return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    if method == "passthrough":
        return 0.0, 1.0
    q25, q50, q75 = weighted_quantiles(values, np.array([0.25, 0.5, 0.75]), weights)
    if method == "quantile":  # scale only tells eps in raw units: the normal's IQR is 1.349
        return q50, (q75 - q25) / 1.349 or (high - low) / 2
    return q50, (q75 - q25) or 0.5 * (high - low)


def fit_column(values: np.ndarray, method: str, weights: np.ndarray | None = None) -> ColumnScale:
    """Learn one column's scale from its finite values (missing ones already left out).

    Source of "robust": D. Holzmueller et al., Better by Default (arXiv 2407.04491): median,
    interquartile range, else half the range, else 0.

    Examples
    --------
    >>> fit_column(np.array([1.0, 2.0, 3.0, 4.0]), "robust").factor
    0.5
    """
    if len(values) == 0:
        return ColumnScale()
    median = float(weighted_quantiles(values, np.array([0.5]), weights)[0])
    if values.min() == values.max() and method != "passthrough":
        return ColumnScale(center=float(values[0]), fill=median)
    with np.errstate(over="ignore"):
        center, width = _width(values, method, weights)
    width = min(float(width), 1.0 / _TINY)  # a range beyond float64's is one too
    factor = 1.0 / width if width > _TINY else 0.0
    landmarks = None
    if method == "quantile" and factor > 0:
        landmarks = weighted_quantiles(values, np.linspace(0, 1, N_LANDMARKS), weights)
    return ColumnScale(float(center), factor, median, landmarks)


def scale_into(
    X: np.ndarray, center: np.ndarray, factor: np.ndarray, smooth: np.ndarray, out: np.ndarray
) -> None:
    """Write the scaled columns of finite ``X`` (n, k) to float32 ``out`` (n, >= k).

    ``smooth`` (k,) says which columns take ``x / sqrt(1 + (x / 3)**2)``, bounded in (-3, 3).
    """
    k = X.shape[1]
    every = bool(smooth.all())
    limit = np.where(smooth, _SMOOTH_LIMIT, _RAW_LIMIT)
    for rows in _blocks(*X.shape):
        with np.errstate(over="ignore", invalid="ignore"):
            u = np.subtract(X[rows], center, dtype=np.float64)
            u *= factor
            np.clip(u, -limit, limit, out=u)
        u[:, factor == 0.0] = 0.0
        out[rows, :k] = u
        if every:
            _smooth_clip(out[rows, :k])
        elif smooth.any():
            out[rows, :k][:, smooth] = _smooth_clip(out[rows, :k][:, smooth])


def scale_fast(
    X: np.ndarray, center: np.ndarray, factor: np.ndarray, smooth: bool, out: np.ndarray
) -> bool:
    """Do what :func:`scale_into` does for plain rows; False where a value needs the slow path.

    Same arithmetic, hence the same bits; nothing but the sum of squares is checked: it is not
    finite if a value is not, and not small if a value would overflow in float32.
    """
    k = X.shape[1]
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in _blocks(*X.shape):
            u = np.subtract(X[rows], center, dtype=np.float64, order="C")
            u *= factor
            if not np.vdot(u, u) < _FAST_LIMIT:
                return False
            out[rows, :k] = u
            if smooth:
                _smooth_clip(out[rows, :k])
    return True


def _blocks(n: int, k: int) -> list[slice]:
    if n * k <= _BLOCK:
        return [slice(None)]
    step = max(1, _BLOCK // k)
    return [slice(start, start + step) for start in range(0, n, step)]


def _smooth_clip(z: np.ndarray) -> np.ndarray:
    t = z * z
    t *= np.float32(1.0 / CLIP_AT**2)
    t += np.float32(1.0)
    np.sqrt(t, out=t)
    z /= t
    return z


def to_normal(values: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Map values through the empirical distribution to a standard normal, within +-5.2.

    A plateau of equal landmarks gives the middle of its ranks, as in scikit-learn's
    ``QuantileTransformer``.
    """
    from scipy.special import ndtri

    ranks = np.linspace(0, 1, len(landmarks))
    up = np.interp(values, landmarks, ranks)
    down = np.interp(-values, -landmarks[::-1], -ranks[::-1])
    return ndtri(np.clip(0.5 * (up - down), 1e-7, 1 - 1e-7))
