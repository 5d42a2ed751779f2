"""Rows that occur more than once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from appliednn.diagnostics._columns import column_kinds, plain_frame


def row_hashes(*frames: pd.DataFrame) -> list[np.ndarray]:
    """Return a 64-bit hash of each row: equal rows of any frame have equal hashes.

    Values are compared as numbers or as text whatever the frames' dtypes (a column that is
    integer in one and float in the other compares equal); missing equals missing.

    Examples
    --------
    >>> a = pd.DataFrame({"x": [1, 2], "y": ["u", None]})
    >>> b = pd.DataFrame({"x": [2.0], "y": [None]})
    >>> h, g = row_hashes(a, b)
    >>> bool(h[1] == g[0]), bool(h[0] == g[0])
    (True, False)
    """
    kinds = column_kinds(*frames)
    return [
        pd.util.hash_pandas_object(plain_frame(frame, kinds), index=False).to_numpy()
        for frame in frames
    ]


def repeated(hashes: np.ndarray) -> np.ndarray:
    """Return which rows have an equal row before them, bool (n,).

    Examples
    --------
    >>> repeated(np.array([5, 7, 5, 5])).tolist()
    [False, False, True, True]
    """
    return pd.Series(hashes).duplicated().to_numpy()


def contradicting(hashes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return which rows have an equal row with another label, bool (n,).

    Examples
    --------
    >>> contradicting(np.array([5, 7, 5]), np.array(["a", "b", "b"])).tolist()
    [True, False, True]
    """
    codes = pd.factorize(np.asarray(y))[0]
    groups = pd.Series(codes).groupby(hashes)
    return (groups.transform("max") != groups.transform("min")).to_numpy()


def chance_of_twins(train: pd.DataFrame, test: pd.DataFrame) -> float:
    """Return the share of test rows to have a twin in training if columns were independent.

    Near 0 with any continuous column; large where a few columns take a few values each, so that
    repeats mean nothing. Dependence between columns makes twins more likely than this.

    Examples
    --------
    >>> few = pd.DataFrame({"a": [0, 1] * 50})
    >>> round(chance_of_twins(few, few), 6)
    1.0
    """
    kinds = column_kinds(train, test)
    log_chance = np.zeros(len(test))
    for column in kinds:
        a, b = (plain_frame(f[[column]], {column: kinds[column]})[column] for f in (train, test))
        shares = a.value_counts(normalize=True, dropna=False)
        found = b.map(shares).fillna(0.0).to_numpy(dtype=float)
        log_chance += np.log(np.maximum(found, 1e-300))
    chance = np.exp(np.maximum(log_chance, -700.0))
    return float(np.mean(-np.expm1(len(train) * np.log1p(-np.minimum(chance, 1 - 1e-12)))))
