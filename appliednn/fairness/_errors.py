"""A regression's errors per group: mean absolute error and mean residual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import t as student

from appliednn.core.statistics import Estimate, not_estimable
from appliednn.fairness._difference import NULL_DRAWS, GroupDifference
from appliednn.fairness._groups import group_labels, with_products
from appliednn.fairness._intervals import corrected_level, widest_gap

MEASURES = {"mae": "mean absolute error", "mean_residual": "mean residual"}
N_BOOT = 500
# Beyond these sizes normal approximations take over from resampling.
_MANY_ROWS, _ENOUGH_ROWS = 5000, 500
_PERMUTED = 20_000_000


@dataclass(frozen=True)
class GroupError:
    """One group's errors.

    Attributes
    ----------
    attribute, name : str
        As in :class:`~appliednn.fairness.Group`.
    n : int
        Rows.
    measures : dict of str to Estimate
        ``mae`` and ``mean_residual`` (target less prediction) in the unit of the target, with
        bootstrap intervals.
    """

    attribute: str
    name: str
    n: int
    measures: Mapping[str, Estimate]


@dataclass(frozen=True)
class ErrorTable:
    """Errors by attribute, and the differences between groups; holds no rows.

    Attributes
    ----------
    groups : dict of str to tuple of GroupError
    differences : dict of (measure, attribute) to GroupDifference
        ``("mae", "sex")``: largest difference of two groups' mean absolute errors, with Welch
        intervals of all pairs at once and a permutation null.
    """

    groups: Mapping[str, tuple[GroupError, ...]]
    differences: Mapping[tuple[str, str], GroupDifference]


def group_errors(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    min_group_size: int = 30,
    level: float = 0.95,
    products: int = 2,
    seed: int = 0,
) -> ErrorTable:
    """Return a regression's errors per group and per product of attributes.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Target and prediction.
    groups : DataFrame, Series, mapping, or array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; a missing value is the group ``"missing"``.
    min_group_size : int
        Smaller groups are shown, but not compared.
    level : float
        Confidence level.
    products : int
        Products of up to this many attributes are groups too; 1 for none.
    seed : int
        Seed of bootstrap and permutations.

    Raises
    ------
    ValueError
        For numbers that are not finite, or wrong lengths.

    Examples
    --------
    >>> table = group_errors([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 2.0, 3.0], list("aabb"))
    >>> [(g.name, g.measures["mae"].value) for g in table.groups["group"]]
    [('a', 0.0), ('b', 1.0)]
    """
    residual = _residuals(y_true, y_pred)
    labels = with_products(group_labels(groups, len(residual)), products)
    values = {"mae": np.abs(residual), "mean_residual": residual}
    table, differences = {}, {}
    for attribute, codes in labels.items():
        rng = np.random.default_rng(seed)
        parts = [np.flatnonzero(codes.codes == i) for i in range(len(codes.categories))]
        table[attribute] = tuple(
            GroupError(
                attribute,
                name,
                len(rows),
                {m: _mean(MEASURES[m], v[rows], rng, level, seed) for m, v in values.items()},
            )
            for name, rows in zip(codes.categories, parts, strict=True)
        )
        for measure, v in values.items():
            named = dict(zip(codes.categories, (v[rows] for rows in parts), strict=True))
            differences[measure, attribute] = _compare(
                f"{MEASURES[measure]} difference", named, min_group_size, level, rng
            )
    return ErrorTable(table, differences)


def _residuals(y_true: Any, y_pred: Any) -> np.ndarray:
    """Return target less prediction."""
    y, p = (np.asarray(v, dtype=np.float64).ravel() for v in (y_true, y_pred))
    if len(y) != len(p) or not len(y):
        raise ValueError(f"y_true has {len(y)} numbers and y_pred {len(p)}: give one each")
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        raise ValueError("y_true and y_pred must be finite numbers")
    return y - p


def _mean(name: str, values: np.ndarray, rng, level: float, seed: int) -> Estimate:
    """Return a mean with its bootstrap interval; one row has none."""
    n = len(values)
    if n < 2:
        return Estimate(name, float(values.mean()), None, n, "one row, no interval", level)
    if n > _MANY_ROWS:
        # The bootstrap of a mean over so many rows is this normal interval.
        reach = float(ndtri(0.5 + level / 2) * values.std() / np.sqrt(n))
        middle = float(values.mean())
        return Estimate(name, middle, (middle - reach, middle + reach), n, "normal", level)
    means = values[rng.integers(0, n, (N_BOOT, n))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    ci = (float(low), float(high))
    return Estimate(name, float(values.mean()), ci, n, "bootstrap", level, seed)


def _compare(name: str, parts: Mapping[str, np.ndarray], min_size: int, level: float, rng):
    """Return the largest difference of two groups' means."""
    size = max(min_size, 2)
    large = {k: v for k, v in parts.items() if len(v) >= size}
    small = {k: f"n={len(v)}, fewer than {size} rows" for k, v in parts.items() if k not in large}
    n = sum(map(len, large.values()))
    if len(large) < 2:
        reason = f"fewer than two groups have at least {size} rows"
        return GroupDifference(not_estimable(name, n, reason), excluded=small)
    names, rows = list(large), list(large.values())
    means = np.array([v.mean() for v in rows])
    each = corrected_level(level, len(rows))
    ci = widest_gap([welch_interval(a, b, each) for a, b in combinations(rows, 2)])
    value = float(np.ptp(means))
    null = _null_gaps(rows, rng)
    method = "welch" if len(rows) == 2 else "welch, all pairs at once"
    return GroupDifference(
        Estimate(name, value, ci, n, method, level),
        null_limit=float(np.quantile(null, 0.95)),
        p_value=float((1 + (null >= value - 1e-12).sum()) / (1 + len(null))),
        lowest=names[int(means.argmin())],
        highest=names[int(means.argmax())],
        compared=tuple(names),
        excluded=small,
    )


def welch_interval(a: np.ndarray, b: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Interval for the difference of two means with unlike variances.

    Source: B. L. Welch, Biometrika 34 (1947) 28-35.

    Examples
    --------
    >>> low, high = welch_interval(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    >>> round(low, 3), round(high, 3)
    (-6.155, 2.155)
    """
    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    difference = float(a.mean() - b.mean())
    if va + vb == 0:
        return difference, difference
    freedom = (va + vb) ** 2 / (va**2 / (len(a) - 1) + vb**2 / (len(b) - 1))
    reach = float(student.ppf(0.5 + level / 2, freedom) * np.sqrt(va + vb))
    return difference - reach, difference + reach


def _null_gaps(rows: list[np.ndarray], rng) -> np.ndarray:
    """Return largest differences with the rows dealt to groups at random, shape (NULL_DRAWS,)."""
    pooled = np.concatenate(rows)
    sizes = np.array([len(v) for v in rows])
    if sizes.min() > _ENOUGH_ROWS:
        # Dealt means are normal; what ties them together shifts all alike and leaves the gap.
        spread = pooled.std() / np.sqrt(sizes)
        return np.ptp(rng.normal(0.0, spread, (NULL_DRAWS, len(sizes))), axis=1)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    draws = int(np.clip(_PERMUTED // len(pooled), 500, NULL_DRAWS))
    gaps = np.empty(draws)
    for b in range(draws):
        means = np.add.reduceat(rng.permutation(pooled), starts) / sizes
        gaps[b] = np.ptp(means)
    return gaps
