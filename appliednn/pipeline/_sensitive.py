"""Sensitive attributes as the audit reads them: one category a row, numbers in bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

MISSING = "(missing)"
MAX_LEVELS = 10  # a number with more values than this is binned into quartiles


def sensitive_frame(
    frame: pd.DataFrame,
    attributes: Sequence[tuple[str, Sequence[float] | None]],
    train: np.ndarray,
) -> pd.DataFrame:
    """Return the attributes of every row as strings.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
        All rows.
    attributes : sequence of (column, bins or None)
        Bins are inner borders; a value on a border belongs to the bin above it. A number with
        many values and no bins is cut at the quartiles of the training rows.
    train : ndarray of int
        Positions of the training rows.

    Returns
    -------
    DataFrame of shape (n, n_attributes)

    Examples
    --------
    >>> ages = pd.DataFrame({"age": [20, 25, 70, None]})
    >>> sensitive_frame(ages, [("age", [25, 60])], np.arange(4))["age"].tolist()
    ['below 25', '25 to 60', '60 and above', '(missing)']
    """
    columns = {}
    for name, bins in attributes:
        column = frame[name]
        numeric = pd.api.types.is_numeric_dtype(column) and column.dtype != bool
        if bins is None and numeric and column.nunique() > MAX_LEVELS:
            borders = np.nanquantile(column.iloc[train].to_numpy(float), [0.25, 0.5, 0.75])
            bins = list(np.unique(borders))
        columns[name] = _binned(column, bins) if bins else _levels(column)
    return pd.DataFrame(columns, index=frame.index)


def _binned(column: pd.Series, borders: Sequence[float]) -> pd.Series:
    """Return the name of each value's bin."""
    values = pd.to_numeric(column).to_numpy(float, na_value=np.nan)
    names = [f"below {_plain(borders[0])}"]
    names += [
        f"{_plain(a)} to {_plain(b)}" for a, b in zip(borders[:-1], borders[1:], strict=True)
    ]
    names += [f"{_plain(borders[-1])} and above"]
    labels = np.array(names, dtype=object)[np.searchsorted(borders, values, side="right")]
    labels[np.isnan(values)] = MISSING
    return pd.Series(labels, index=column.index)


def _levels(column: pd.Series) -> pd.Series:
    """Return the values as strings (whole numbers without a decimal point)."""
    labels = [MISSING if pd.isna(v) else _plain(v) for v in column.tolist()]
    return pd.Series(labels, index=column.index, dtype=object)


def _plain(value: Any) -> str:
    """Return a value as a reader writes it: 3.0 as 3, everything else unshortened."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
