"""LIME for each raw feature: the lime package on binned rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from appliednn.explain._explanation import Explanation
from appliednn.explain._pool import ScorePool

_FEW_VALUES = 10


def lime_values(
    pool: ScorePool,
    rows: np.ndarray,
    background: np.ndarray,
    target: np.ndarray,
    *,
    seed: int = 0,
    n_samples: int | None = None,
) -> Explanation:
    """Return LIME's attributions of pool rows.

    Numbers are put into quartiles of the background, a missing value is a bin of its own and a
    category stays one. LIME's weight of a feature is what having the row's own value, rather
    than one from another bin, adds to the score near the row.

    Source: M. T. Ribeiro, S. Singh and C. Guestrin, KDD 2016.

    Parameters
    ----------
    pool : ScorePool
        Rows and scores.
    rows, background : int ndarray
        Pool rows to explain, and to draw values from.
    target : int ndarray of shape (n,)
        Class index whose score is explained, for each row (0 for a regressor).
    seed : int
        Seed of the samples.
    n_samples : int, optional
        Mixtures scored for each row; default: 1000, or 25 a feature where that is more.

    Returns
    -------
    Explanation
        With ``local_r2``.
    """
    from lime.lime_tabular import LimeTabularExplainer

    rows, target = np.asarray(rows), np.asarray(target)
    bins = _bins(pool.frame, background)
    n_features = len(pool.names)
    n_samples = n_samples or max(1000, 25 * n_features)
    explainer = LimeTabularExplainer(
        bins[background].astype(float),
        mode="regression",
        feature_names=list(pool.names),
        categorical_features=list(range(n_features)),
        discretize_continuous=False,
        feature_selection="none",
        random_state=np.random.RandomState(seed),  # noqa: NPY002 (what lime takes)
    )
    rng = np.random.default_rng(seed)
    values, fits = np.zeros((len(rows), n_features)), np.zeros(len(rows))
    for i, (row, k) in enumerate(zip(rows, target, strict=True)):
        near = _Neighbours(pool, bins, background, int(row), int(k), rng)
        found = explainer.explain_instance(
            bins[row].astype(float), near, num_features=n_features, num_samples=n_samples
        )
        for j, weight in found.local_exp[1]:
            values[i, j] = weight
        fits[i] = found.score
    everyone = pool.scores(pool.whole(background)).mean(axis=0)
    return Explanation(
        "LIME", f"{n_samples} mixtures a row", pool.names, values,
        pool.target_scores(pool.whole(rows), target), everyone[target], target, pool.unit,
        len(background), fits,
    )  # fmt: skip


class _Neighbours:
    """Scores of binned samples around one row: bins become values again."""

    def __init__(self, pool, bins, background, row: int, target: int, rng) -> None:
        self.pool, self.bins, self.background = pool, bins, background
        self.row, self.target, self.rng = row, target, rng

    def __call__(self, sampled: np.ndarray) -> np.ndarray:
        """Return the target's score for each sample, (n,)."""
        sampled = sampled.astype(np.int64)
        index = np.full(sampled.shape, self.row)
        for j, column in enumerate(sampled.T):
            here = self.bins[self.background, j]
            for value in np.unique(column):
                if value == self.bins[self.row, j]:
                    continue  # the row's own bin: the row's own value
                cells = np.flatnonzero(column == value)
                givers = self.background[here == value]
                index[cells, j] = self.rng.choice(givers, len(cells))
        return self.pool.target_scores(index, np.full(len(index), self.target))


def _bins(frame: pd.DataFrame, background: np.ndarray) -> np.ndarray:
    """Return the bin of each cell, int64 like ``frame``."""
    columns = []
    for j in range(frame.shape[1]):
        column = _as_numbers(frame.iloc[:, j])
        if _is_continuous(column):
            x = column.to_numpy(dtype=float, na_value=np.nan)
            known = x[background][np.isfinite(x[background])]
            cuts = np.unique(np.quantile(known, [0.25, 0.5, 0.75])) if len(known) else []
            codes = np.searchsorted(cuts, np.where(np.isnan(x), 0.0, x), side="left")
            columns.append(np.where(np.isnan(x), len(cuts) + 1, codes))
        else:
            columns.append(pd.factorize(column, use_na_sentinel=False)[0])
    return np.column_stack(columns)


def _as_numbers(column: pd.Series) -> pd.Series:
    """Return dates as days, objects as what they hold, and other columns as they are."""
    column = column.infer_objects()
    if pd.api.types.is_datetime64_any_dtype(column):
        return (column - column.min()) / pd.Timedelta(days=1)
    return column


def _is_continuous(column: pd.Series) -> bool:
    """Whether a column holds numbers of more than a few values."""
    dtype = column.dtype
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
        return False
    return pd.api.types.is_numeric_dtype(dtype) and column.nunique() > _FEW_VALUES
