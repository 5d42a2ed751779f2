"""Inequality of what the predictions grant, as a table of indices with intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from appliednn.audit._base import Table
from appliednn.core.statistics import Estimate, bootstrap_interval
from appliednn.fairness._differential import epsilon_of
from appliednn.fairness._entropy import entropy_of
from appliednn.fairness._groups import cross, group_labels

_DRAWS = 200
_NOTE = (
    "Benefit of a row: prediction - truth + 1 (2 for an unearned positive, 0 for a denied one); "
    "0 means that all benefit alike. Epsilon: the largest log ratio of two groups' shares, "
    "smoothed, over groups that are large enough; it grows with the number of groups, and so does "
    "its interval. The four-fifths rule is about 0.22."
)


def inequality_table(
    y: np.ndarray, q: np.ndarray, attributes: pd.DataFrame, min_group_size: int, seed: int
) -> Table | None:
    """Return generalized entropy, Theil, variation, the part between groups, and epsilon.

    Parameters
    ----------
    y, q : ndarray of shape (n,)
        0/1 truth; 0/1 prediction or expected rate.
    attributes : DataFrame of shape (n, n_attributes)
        Sensitive attributes, crossed here.
    min_group_size : int
        Smaller groups do not count for epsilon.
    seed : int
        Seed of the bootstrap.
    """
    benefits = q - y + 1.0
    if not benefits.any():
        return None
    codes = cross(group_labels(attributes)).codes.astype(np.intp)
    rows = [
        _index("generalized entropy, alpha = 2", entropy_of, (benefits,), seed),
        _index("Theil index", lambda b: entropy_of(b, 1.0), (benefits,), seed),
        _index(
            "coefficient of variation", lambda b: (2 * entropy_of(b)) ** 0.5, (benefits,), seed
        ),
        _index("between-group entropy, alpha = 2", _between, (benefits, codes), seed),
    ]
    large = np.bincount(codes) >= min_group_size
    if large.sum() > 1:
        keep = large[codes]
        rows.append(_epsilon("epsilon of the predictions", q[keep], codes[keep], seed))
        rows.append(_epsilon("epsilon of the labels", y[keep], codes[keep], seed))
    return Table("Inequality of outcomes", ["index", "value"], [[e.name, e] for e in rows], _NOTE)


def _index(name: str, statistic: Callable[..., float], arrays, seed: int) -> Estimate:
    """Return an index with its bootstrap interval."""
    ci = bootstrap_interval(statistic, *arrays, n_boot=_DRAWS, seed=seed)
    return Estimate(name, float(statistic(*arrays)), ci, len(arrays[0]), "bootstrap", seed=seed)


def _between(benefits: np.ndarray, codes: np.ndarray) -> float:
    """Return the entropy of the group means."""
    counts = np.maximum(np.bincount(codes), 1)
    return entropy_of((np.bincount(codes, weights=benefits) / counts)[codes])


def _epsilon(name: str, q: np.ndarray, codes: np.ndarray, seed: int) -> Estimate:
    """Return epsilon with a bootstrap interval over the counts."""
    _, codes = np.unique(codes, return_inverse=True)
    positive = np.bincount(codes, weights=q)
    counts = np.column_stack([np.bincount(codes) - positive, positive])
    n = len(codes)
    share = np.maximum(counts, 0).ravel() / np.maximum(counts, 0).sum()
    drawn = np.random.default_rng(seed).multinomial(n, share, _DRAWS)
    low, high = np.quantile(epsilon_of(drawn.reshape(_DRAWS, *counts.shape)), [0.025, 0.975])
    ci = (float(low), float(high))
    return Estimate(name, float(epsilon_of(counts)), ci, n, "bootstrap", seed=seed)
