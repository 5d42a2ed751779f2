"""Statistics of ``tabular.py`` and ``anomaly.py``: methods compared over data sets.

A *loss table* is a DataFrame, sets in rows, methods in columns, lower is better, NaN where a
method has no result. Methods as in Demsar (2006), "Statistical comparisons of classifiers over
multiple data sets", JMLR 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

# Scores closer than this count as a tie.
TIE = 0.01


def normalised_scores(losses: pd.DataFrame) -> pd.DataFrame:
    """Return (worst - loss) / (worst - best) of each set: 1 is its best method, 0 its worst.

    A set on which all are equal gives 1 to all.

    >>> table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 2.0], "c": [2.0, np.nan]})
    >>> normalised_scores(table).to_numpy().tolist()
    [[1.0, 0.0, 0.5], [1.0, 1.0, nan]]
    """
    worst, best = losses.max(axis=1), losses.min(axis=1)
    spread = (worst - best).where(worst > best)
    scores = losses.rsub(worst, axis=0).div(spread, axis=0)
    return scores.mask(spread.isna(), losses.notna().astype(float).where(losses.notna()), axis=0)


def complete(losses: pd.DataFrame, share: float) -> pd.DataFrame:
    """Return the methods with results on a ``share`` of the sets, and the sets they all have.

    >>> table = pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 2, np.nan], "c": [1, np.nan, np.nan]})
    >>> complete(table, 0.5).shape
    (2, 2)
    """
    have = losses.notna().mean()
    return losses.loc[:, (have >= share) & (have > 0)].dropna()


def ranks(losses: pd.DataFrame) -> pd.DataFrame:
    """Return the rank of each method on each set, 1 the best, ties shared."""
    return losses.rank(axis=1)


def friedman(losses: pd.DataFrame) -> tuple[float, float]:
    """Return the Friedman statistic and its p-value; NaN for under 3 methods or 2 sets."""
    if losses.shape[1] < 3 or len(losses) < 2:
        return np.nan, np.nan
    found = stats.friedmanchisquare(*losses.to_numpy().T)
    return float(found.statistic), float(found.pvalue)


def critical_difference(n_methods: int, n_sets: int, alpha: float = 0.05) -> float:
    """Return Nemenyi's critical difference of mean ranks.

    Demsar's example, 4 methods on 14 sets (his q is 2.569):

    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    q = stats.studentized_range.ppf(1 - alpha, n_methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_sets)))


def cliques(mean_ranks: pd.Series, difference: float) -> list[tuple[str, str]]:
    """Return (first, last) of the longest runs of methods within the critical difference.

    >>> cliques(pd.Series({"a": 1.0, "b": 1.5, "c": 2.6, "d": 3.0}), 1.2)
    [('a', 'b'), ('b', 'c'), ('c', 'd')]
    """
    ordered = mean_ranks.sort_values()
    runs, reached = [], -1
    for first, rank in enumerate(ordered):
        last = int((ordered <= rank + difference).sum()) - 1
        if last > max(first, reached):
            runs.append((str(ordered.index[first]), str(ordered.index[last])))
            reached = last
    return runs


@dataclass(frozen=True)
class Duel:
    """Two methods over the sets that both have."""

    win: int
    tie: int
    loss: int
    mean_difference: float
    p_value: float


def duel(scores: pd.DataFrame, ours: str, peer: str) -> Duel:
    """Compare scores, more is better: up to 0.01 is a tie; Wilcoxon signed-rank test over sets.

    The scores of all sets have one unit: normalised scores, or an area under a curve. The test is
    two-sided; without a difference anywhere the p-value is 1.

    >>> table = pd.DataFrame({"a": [1, 1, 0.5, 1, 0.2], "b": [0, 0.5, 0.5, 0.2, 0.4]})
    >>> duel(table, "a", "b")
    Duel(win=3, tie=1, loss=1, mean_difference=0.42, p_value=0.25)
    """
    difference = (scores[ours] - scores[peer]).dropna()
    if difference.empty:
        return Duel(0, 0, 0, np.nan, np.nan)
    if (difference == 0).all():
        p_value = 1.0
    else:
        p_value = float(stats.wilcoxon(difference[difference != 0]).pvalue)
    return Duel(
        int((difference > TIE).sum()),
        int((difference.abs() <= TIE).sum()),
        int((difference < -TIE).sum()),
        round(float(difference.mean()), 6),
        p_value,
    )


def holm(p_values: pd.Series) -> pd.Series:
    """Return p-values corrected for their number by Holm's step-down; NaN takes no part.

    >>> holm(pd.Series([0.01, 0.04, 0.03, np.nan])).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    ordered = p_values.dropna().sort_values(kind="stable")
    steps = ordered * np.arange(len(ordered), 0, -1)
    return steps.cummax().clip(upper=1.0).reindex(p_values.index)


def mean_interval(values, n_boot: int = 5000) -> tuple[float, float, float]:
    """Return the mean and its 95 % interval, the percentile bootstrap; NaN for a single value.

    >>> mean_interval([2.0, 2.0])
    (2.0, 2.0, 2.0)
    """
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return (float(values[0]) if len(values) else np.nan), np.nan, np.nan
    draws = np.random.default_rng(0).choice(values, (n_boot, len(values))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def ratio(ours: pd.Series, peer: pd.Series, n_boot: int = 5000) -> tuple[float, float, float, int]:
    """Return the geometric mean of ours / peer over sets, its 95 % interval, and the sets.

    The interval is the percentile bootstrap over sets; NaN for a single set.

    >>> ratio(pd.Series([1.0, 2.0, 4.0]), pd.Series([4.0, 8.0, 16.0]))
    (0.25, 0.25, 0.25, 3)
    """
    logs = np.log((ours / peer).dropna().to_numpy(dtype=float))
    middle, low, high = np.exp(mean_interval(logs, n_boot)).tolist()
    return middle, low, high, len(logs)
