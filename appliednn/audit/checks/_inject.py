"""Copies of test rows with an anomaly of known size put into each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.robustness import robust_scale

NEW_LEVEL = "(never seen)"


@dataclass(frozen=True)
class Moved:
    """Rows with one number moved in each.

    Attributes
    ----------
    X : DataFrame of shape (n, n_features)
    column : ndarray of int, shape (n,)
        Place of the column that was moved.
    """

    X: pd.DataFrame
    column: np.ndarray


def spreads(frame: pd.DataFrame) -> dict[str, float]:
    """Return the standard deviation of each continuous column, finite values alone.

    Examples
    --------
    >>> spreads(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]}))
    {'a': 0.816496580927726}
    """
    out = {}
    for column in robust_scale(frame):
        x = frame[column].infer_objects().to_numpy(dtype=float, na_value=np.nan)
        spread = float(np.std(x[np.isfinite(x)]))
        if np.isfinite(spread) and spread > 0:
            out[column] = spread
    return out


def move_one_number(
    X: pd.DataFrame, reference: pd.DataFrame, size: float, rng: np.random.Generator
) -> Moved:
    """Move one continuous column of each row by ``size`` standard deviations, up or down.

    Parameters
    ----------
    X : DataFrame of shape (n, n_features)
        Rows.
    reference : DataFrame
        Standard deviations, and the median that a missing value starts from, come from it.
    size : float
        In standard deviations.
    rng : Generator

    Examples
    --------
    >>> X = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    >>> moved = move_one_number(X, X, 2.0, np.random.default_rng(0))
    >>> (moved.X["a"] - X["a"]).abs().round(3).tolist()
    [1.633, 1.633, 1.633]
    """
    scale = spreads(reference)
    names = list(scale)
    pick = rng.integers(0, len(names), len(X))
    sign = rng.choice([-1.0, 1.0], len(X))
    out = X.copy()
    for j, name in enumerate(names):
        x = X[name].infer_objects().to_numpy(dtype=float, na_value=np.nan)
        known = reference[name].infer_objects().to_numpy(dtype=float, na_value=np.nan)
        start = np.where(np.isfinite(x), x, np.median(known[np.isfinite(known)]))
        out[name] = np.where(pick == j, start + sign * size * scale[name], x)
    places = np.array([list(X.columns).index(name) for name in names])
    return Moved(out, places[pick])


def permute_columns(X: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Shuffle each column by itself: every value is usual, their combination is not."""
    shuffled = {c: X[c].iloc[rng.permutation(len(X))].array for c in X.columns}
    return pd.DataFrame(shuffled, index=X.index)


def text_columns(X: pd.DataFrame) -> list[str]:
    """Return the columns of strings or of categories that are strings."""
    found = []
    for name, column in X.items():
        values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
        values = pd.Series(values).dropna()
        if len(values) and values.map(lambda v: isinstance(v, str)).all():
            found.append(name)
    return found


def new_level(X: pd.DataFrame, names: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Put a category that never occurred into one of the columns ``names`` of each row."""
    out, pick = X.copy(), rng.integers(0, len(names), len(X))
    for j, name in enumerate(names):
        if isinstance(out[name].dtype, pd.CategoricalDtype):
            out[name] = out[name].cat.add_categories([NEW_LEVEL])
        out.loc[pick == j, name] = NEW_LEVEL
    return out
