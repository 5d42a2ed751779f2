"""Weak slices: parts of the data, told by one or two features, in which the loss is larger.

Slices are proposed on one half of the rows and tested on the other, since the best of many looks
good by chance on the rows it was chosen on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.core.statistics import holm
from appliednn.diagnostics._columns import MISSING, as_numbers, as_text, column_kinds

#: A slice with fewer rows in the testing half is not tested.
LEAST_TESTED = 10
_N_BINS = 4
_MOST_CATEGORIES = 12
_MOST_PAIRED = 150
_N_PERMUTATIONS = 4000
# Above this many rows the permutation distribution of a mean is normal to within its own error.
_MOST_PERMUTED = 4000


@dataclass(frozen=True)
class Slice:
    """A slice, proposed on one half and tested on the other.

    Attributes
    ----------
    name : str
        Its conditions in words.
    rows : ndarray of int
        Rows of the testing half that lie in it.
    inside, outside : float
        Mean loss in the slice and in all other rows of the testing half.
    p_value, adjusted_p : float
        One-sided, of a loss no larger in the slice than elsewhere; adjusted by Holm over all
        slices proposed.
    """

    name: str
    rows: np.ndarray
    inside: float
    outside: float
    p_value: float
    adjusted_p: float

    @property
    def gap(self) -> float:
        """Mean loss in the slice less that elsewhere."""
        return self.inside - self.outside


@dataclass(frozen=True)
class Conditions:
    """Single conditions on columns as masks over rows.

    Attributes
    ----------
    names : list of str
    columns : ndarray of int, shape (n_conditions,)
        Column each condition is on.
    masks : ndarray of bool, shape (n_conditions, n)
    """

    names: list[str]
    columns: np.ndarray
    masks: np.ndarray


def find_slices(
    X: pd.DataFrame,
    loss: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
    *,
    least: int,
    most: int = 8,
    seed: int = 0,
) -> list[Slice]:
    """Propose weak slices on one half of the rows and test them on the other.

    Parameters
    ----------
    X : DataFrame of shape (n, n_features)
    loss : ndarray of shape (n,)
        Loss of each row; larger is worse.
    halves : tuple of ndarray of int
        Rows to search and rows to test.
    least : int
        Fewest rows of a slice in the searching half.
    most : int
        Number of slices proposed.
    seed : int
        Of the permutations.

    Returns
    -------
    list of Slice
        The most promising of the searching half first; empty if no slice is large enough.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"a": rng.choice(["u", "v"], 400), "b": rng.normal(size=400)})
    >>> loss = (rng.random(400) < np.where(X["a"] == "v", 0.5, 0.1)).astype(float)
    >>> halves = np.arange(200), np.arange(200, 400)
    >>> worst = find_slices(X, loss, halves, least=20)[0]
    >>> worst.name, worst.adjusted_p < 0.01
    ('a = v', True)
    """
    search, test = halves
    conditions = single_conditions(X, search, least)
    if not conditions.names:
        return []
    picked = _propose(conditions, loss[search], search, least, most)
    masks = np.array([conditions.masks[list(pick)].all(0)[test] for pick in picked])
    names = [" and ".join(conditions.names[i] for i in pick) for pick in picked]
    usable = [k for k, m in enumerate(masks) if LEAST_TESTED <= m.sum() < len(test)]
    if not usable:
        return []
    masks, names = masks[usable], [names[k] for k in usable]
    p = _p_values(masks, loss[test], seed)
    return [
        Slice(
            name,
            test[mask],
            float(loss[test][mask].mean()),
            float(loss[test][~mask].mean()),
            float(value),
            float(adjusted),
        )
        for name, mask, value, adjusted in zip(names, masks, p, holm(p), strict=True)
    ]


def single_conditions(X: pd.DataFrame, search: np.ndarray, least: int) -> Conditions:
    """Return the conditions on single columns with at least ``least`` rows in ``search``.

    Numbers are cut at quartiles of the searching half (few distinct values stand for
    themselves), categories give their most frequent values, gaps are a condition too.
    """
    names, columns, masks = [], [], []
    for j, (column, kind) in enumerate(column_kinds(X).items()):
        if kind == "numeric":
            found = _numeric_conditions(str(column), as_numbers(X[column]), search)
            when = pd.api.types.is_datetime64_any_dtype(X[column])
            if when:
                found = _dated(str(column), X[column], found)
        else:
            found = _category_conditions(str(column), as_text(X[column]), search)
        for name, mask in found:
            inside = int(mask[search].sum())
            if least <= inside <= len(search) - least:
                names.append(name)
                columns.append(j)
                masks.append(mask)
    shape = (len(names), len(X))
    return Conditions(names, np.array(columns), np.array(masks, dtype=bool).reshape(shape))


def _numeric_conditions(column: str, x: np.ndarray, search: np.ndarray):
    found = []
    gone = np.isnan(x)
    values = x[search][~gone[search]]
    distinct = np.unique(values)
    if len(distinct) <= _N_BINS + 1:
        found = [(f"{column} = {v:g}", x == v) for v in distinct]
    elif len(distinct):
        edges = np.unique(np.quantile(values, np.arange(1, _N_BINS) / _N_BINS))
        codes = np.searchsorted(edges, x, side="left")
        low, high = ["", *(f"{e:.4g} < " for e in edges)], [*(f" ≤ {e:.4g}" for e in edges), ""]
        for k in range(len(edges) + 1):
            name = (
                f"{low[k]}{column}{high[k]}" if k < len(edges) else f"{column} > {edges[-1]:.4g}"
            )
            found.append((name, (codes == k) & ~gone))
    return [*found, (f"{column} is missing", gone)]


def _dated(column: str, series: pd.Series, found: list) -> list:
    """Name the parts of a date column by their first and last day."""
    out = []
    for name, mask in found:
        inside = series[mask].dropna()
        if len(inside):
            name = f"{column} from {inside.min():%Y-%m-%d} to {inside.max():%Y-%m-%d}"
        out.append((name, mask))
    return out


def _category_conditions(column: str, x: np.ndarray, search: np.ndarray):
    often = pd.Series(x[search]).value_counts().index[:_MOST_CATEGORIES]
    return [(f"{column} is missing" if v == MISSING else f"{column} = {v}", x == v) for v in often]


def _propose(
    conditions: Conditions, loss: np.ndarray, search: np.ndarray, least: int, most: int
) -> list[tuple[int, ...]]:
    """Return the most promising singles and pairs, those that overlap much left out."""
    masks = conditions.masks[:, search].astype(np.float32)
    single = _scores(masks.sum(1), masks @ loss.astype(np.float32), loss)
    keep = np.argsort(-single, kind="stable")[:_MOST_PAIRED]
    part = masks[keep]
    count, total = part @ part.T, (part * loss.astype(np.float32)) @ part.T
    pairs = _scores(count, total, loss)
    size, parent = np.diagonal(count), single[keep]
    other_column = conditions.columns[keep][:, None] != conditions.columns[keep][None, :]
    large = (count >= least) & (count <= 0.9 * np.minimum(size[:, None], size[None, :]))
    better = pairs > np.maximum(parent[:, None], parent[None, :]) + 0.5  # two must beat one
    i, j = np.nonzero(np.triu(other_column & large & better, 1))
    found = [((int(k),), float(single[k])) for k in keep]
    found += [
        ((int(keep[a]), int(keep[b])), float(pairs[a, b])) for a, b in zip(i, j, strict=True)
    ]
    found.sort(key=lambda item: -item[1])
    picked: list[tuple[int, ...]] = []
    taken: list[np.ndarray] = []
    for pick, score in found:
        mask = conditions.masks[list(pick)].all(0)[search]
        if picked and (len(picked) == most or score < 1):
            break
        if all((mask & t).sum() <= 0.5 * (mask | t).sum() for t in taken):
            picked.append(pick)
            taken.append(mask)
    return picked


def _scores(count: np.ndarray, total: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Return the pooled z score of each slice's mean loss against that of the other rows."""
    n, spread = len(loss), float(loss.std())
    count, total = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    rest = n - count
    ok = (count > 0) & (rest > 0) & (spread > 0)
    gap = np.divide(total, count, np.zeros_like(total), where=ok) - np.divide(
        loss.sum() - total, rest, np.zeros_like(total), where=ok
    )
    scale = spread * np.sqrt(1 / np.maximum(count, 1) + 1 / np.maximum(rest, 1))
    return np.divide(gap, scale, np.full_like(total, -np.inf), where=ok)


def _p_values(masks: np.ndarray, loss: np.ndarray, seed: int) -> np.ndarray:
    """Return one-sided p-values by permuting the losses (by the normal law for many rows)."""
    from scipy.special import ndtr

    size = masks.sum(1)
    n = len(loss)
    if loss.std() == 0:
        return np.ones(len(masks))
    if n > _MOST_PERMUTED and size.min() >= 100:
        return ndtr(-_scores(size, masks @ loss, loss))
    rng = np.random.default_rng(seed)
    observed = masks @ loss
    as_large = np.zeros(len(masks))
    block = max(1, 2_000_000 // n)
    weights = masks.astype(float)
    for start in range(0, _N_PERMUTATIONS, block):
        m = min(block, _N_PERMUTATIONS - start)
        shuffled = rng.permuted(np.tile(loss, (m, 1)), axis=1)
        as_large += (shuffled @ weights.T >= observed - 1e-9).sum(0)
    return (1 + as_large) / (1 + _N_PERMUTATIONS)
