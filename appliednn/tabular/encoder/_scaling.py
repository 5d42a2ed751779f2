"""Centre, scale and clip numeric columns; every statistic treats a weight as a repeat count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_LANDMARKS = 1000
CLIP_AT = 3.0
_BLOCK = 32768  # elements a block holds: its float64 scratch stays in the second-level cache
_FEW_RANKS = 16  # selecting so few order statistics is faster than sorting
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
    q = np.asarray(q, dtype=float)
    last = len(values) - 1
    if weights is None:
        total = float(len(values))
        slack = 8 * np.finfo(float).eps * total
        low = np.clip(np.ceil(q * total - slack) - 1, 0, last).astype(np.intp)
        high = np.clip(np.floor(q * total + slack), 0, last).astype(np.intp)
        ranks = np.concatenate([low, high])
        few = len(ranks) <= _FEW_RANKS
        values = np.partition(values, ranks) if few else np.sort(values)
    else:
        order = np.argsort(values)
        values, cumulated = values[order], np.cumsum(weights[order])
        total = cumulated[-1]
        slack = 8 * np.finfo(float).eps * total  # rounding in the cumulated sum is not a gap
        low = np.minimum(np.searchsorted(cumulated, q * total - slack, side="left"), last)
        high = np.minimum(np.searchsorted(cumulated, q * total + slack, side="right"), last)
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


def landmark_count(n_rows: int, weights: np.ndarray | None = None) -> int:
    """Return how many quantiles ``numeric="quantile"`` keeps: a thirtieth of the rows, 10 to 1000.

    Few quantiles on few rows keep the map smooth, as Y. Gorishniy et al. (arXiv 2106.11959) do.
    Weights that are whole numbers count as repeated rows.

    Examples
    --------
    >>> landmark_count(5), landmark_count(900), landmark_count(60, np.full(60, 10.0))
    (5, 30, 20)
    """
    if weights is not None and (weights == np.floor(weights)).all():
        n_rows = int(weights.sum())
    return min(max(min(n_rows // 30, MAX_LANDMARKS), 10), n_rows)


def fit_column(
    values: np.ndarray,
    method: str,
    weights: np.ndarray | None = None,
    n_landmarks: int = MAX_LANDMARKS,
) -> ColumnScale:
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
    low, high = float(values.min()), float(values.max())
    constant = low == high and method != "passthrough"
    q = [0.5]
    if method in ("robust", "quantile") and not constant:
        q += [0.25, 0.75]
    if method == "quantile" and not constant:
        q += np.linspace(0, 1, n_landmarks).tolist()
    with np.errstate(over="ignore"):
        quantiles = weighted_quantiles(values, np.array(q), weights)
        if constant:
            return ColumnScale(center=low, fill=float(quantiles[0]))
        center, width = _center_and_width(values, method, weights, (low, high), quantiles)
    width = min(float(width), 1.0 / _TINY)  # a range beyond float64's is one too
    factor = 1.0 / width if width > _TINY else 0.0
    landmarks = quantiles[3:] if method == "quantile" and factor > 0 else None
    return ColumnScale(float(center), factor, float(quantiles[0]), landmarks)


def _center_and_width(
    values: np.ndarray,
    method: str,
    weights: np.ndarray | None,
    extremes: tuple[float, float],
    quantiles: np.ndarray,
) -> tuple[float, float]:
    """Return centre and scale of values that are not all equal."""
    low, high = extremes
    if method == "minmax":
        return low, high - low
    if method == "standard":
        mean = np.average(values, weights=weights)
        return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
    if method == "passthrough":
        return 0.0, 1.0
    q50, q25, q75 = quantiles[:3]
    if method == "quantile":  # scale only tells eps in raw units: the normal's IQR is 1.349
        return q50, (q75 - q25) / 1.349 or (high - low) / 2
    return q50, (q75 - q25) or 0.5 * (high - low)


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
    ``QuantileTransformer``, which however puts one at either end at +-5.2.
    """
    from scipy.special import ndtri

    ranks = np.linspace(0, 1, len(landmarks))
    up = np.interp(values, landmarks, ranks)
    down = np.interp(-values, -landmarks[::-1], -ranks[::-1])
    return ndtri(np.clip(0.5 * (up - down), 1e-7, 1 - 1e-7))
