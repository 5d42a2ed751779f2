"""Inequality of what the predictions grant, each index with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from appliednn.core.statistics import Estimate, bootstrap_interval
from appliednn.fairness._differential import epsilon_of
from appliednn.fairness._entropy import entropy_of
from appliednn.fairness._groups import cross, group_labels
from appliednn.fairness._labels import indicators

_DRAWS = 200


def inequality_indices(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    positive: Any = None,
    expected: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    seed: int = 0,
) -> list[Estimate]:
    """Return entropy, Theil, variation, the part between groups, and epsilon, with intervals.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels; ``y_pred`` may be None when ``expected`` is given.
    groups : DataFrame, Series, mapping, or array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; several are crossed.
    positive : label, optional
        The positive label; may be left out for labels 0 and 1 only.
    expected : array-like of shape (n,), optional
        Expected rates of a randomised predictor, in place of ``y_pred``.
    min_group_size : int
        Smaller groups do not count for epsilon, which is left out for fewer than two groups.
    level : float
        Confidence level of the bootstrap intervals.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    list of Estimate
        Empty when every positive is denied, where no index exists.

    Examples
    --------
    >>> y, pred = [0, 1] * 30, [0, 1, 1, 0] * 15
    >>> [e.name for e in inequality_indices(y, pred, ["a", "b"] * 30)][-1]
    'epsilon of the labels'
    """
    y, q, _ = indicators(y_true, y_pred, positive, expected)
    benefits = q - y + 1.0
    if not benefits.any():
        return []
    codes = cross(group_labels(groups, len(y))).codes.astype(np.intp)
    common = (level, seed)
    out = [
        _index("generalized entropy, alpha = 2", entropy_of, (benefits,), *common),
        _index("Theil index", lambda b: entropy_of(b, 1.0), (benefits,), *common),
        _index("coefficient of variation", _variation, (benefits,), *common),
        _index("between-group entropy, alpha = 2", _between, (benefits, codes), *common),
    ]
    large = np.bincount(codes) >= min_group_size
    if large.sum() > 1:
        keep = large[codes]
        out.append(_epsilon("epsilon of the predictions", q[keep], codes[keep], *common))
        out.append(_epsilon("epsilon of the labels", y[keep], codes[keep], *common))
    return out


def _index(
    name: str, statistic: Callable[..., float], arrays: tuple, level: float, seed: int
) -> Estimate:
    """Return an index with its bootstrap interval."""
    ci = bootstrap_interval(statistic, *arrays, n_boot=_DRAWS, level=level, seed=seed)
    n = len(arrays[0])
    return Estimate(name, float(statistic(*arrays)), ci, n, "bootstrap", level, seed)


def _variation(benefits: np.ndarray) -> float:
    return (2 * entropy_of(benefits)) ** 0.5


def _between(benefits: np.ndarray, codes: np.ndarray) -> float:
    """Return the entropy of the group means."""
    counts = np.maximum(np.bincount(codes), 1)
    return entropy_of((np.bincount(codes, weights=benefits) / counts)[codes])


def _epsilon(name: str, q: np.ndarray, codes: np.ndarray, level: float, seed: int) -> Estimate:
    """Return epsilon with a bootstrap interval over the counts."""
    _, codes = np.unique(codes, return_inverse=True)
    positive = np.bincount(codes, weights=q)
    # Sums of expected rates may exceed the count by a rounding error.
    counts = np.maximum(np.column_stack([np.bincount(codes) - positive, positive]), 0.0)
    n = len(codes)
    drawn = np.random.default_rng(seed).multinomial(n, counts.ravel() / counts.sum(), _DRAWS)
    tail = (1 - level) / 2
    low, high = np.quantile(epsilon_of(drawn.reshape(_DRAWS, *counts.shape)), [tail, 1 - tail])
    ci = (float(low), float(high))
    return Estimate(name, float(epsilon_of(counts)), ci, n, "bootstrap", level, seed)
