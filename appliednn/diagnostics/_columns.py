"""Columns of any dtype as plain numbers or plain text, alike in training and test data."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

Kind = Literal["numeric", "category"]
MISSING = "(missing)"


def column_kinds(*frames: pd.DataFrame) -> dict[str, Kind]:
    """Return what each column is: numeric only if it is so in every frame.

    Dates and durations count as numeric; booleans, strings and categories do not.

    Examples
    --------
    >>> column_kinds(pd.DataFrame({"a": [1, 2], "b": [True, False], "c": ["x", None]}))
    {'a': 'numeric', 'b': 'category', 'c': 'category'}
    """
    return {
        column: "numeric" if all(_is_number(f[column]) for f in frames) else "category"
        for column in frames[0].columns
    }


def as_numbers(series: pd.Series) -> np.ndarray:
    """Return a numeric column as float64, NaN where missing; dates in seconds since 1970.

    Examples
    --------
    >>> as_numbers(pd.Series([1, None], dtype="Int64")).tolist()
    [1.0, nan]
    """
    series = series.infer_objects()
    if pd.api.types.is_datetime64_any_dtype(series):
        if series.dt.tz is not None:
            series = series.dt.tz_convert(None)
        series = (series - pd.Timestamp(0)).dt.total_seconds()
    elif pd.api.types.is_timedelta64_dtype(series):
        series = series.dt.total_seconds()
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    return series.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # -0.0 becomes 0.0


def as_text(series: pd.Series) -> np.ndarray:
    """Return any column as text, ``"(missing)"`` where missing: an object array of shape (n,).

    Examples
    --------
    >>> as_text(pd.Series([True, None, "é"], dtype=object)).tolist()
    ['True', '(missing)', 'é']
    """
    values = series.to_numpy(dtype=object)
    missing = pd.isna(series).to_numpy()
    return np.array(
        [MISSING if gone else str(v) for v, gone in zip(values, missing, strict=True)],
        dtype=object,
    )


def plain_frame(frame: pd.DataFrame, kinds: dict[str, Kind]) -> pd.DataFrame:
    """Return a frame of float64 and text columns only.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    >>> plain_frame(frame, column_kinds(frame)).to_dict("list")
    {'a': [1.0, 2.0], 'b': ['x', '(missing)']}
    """
    made = {
        column: as_numbers(frame[column]) if kind == "numeric" else as_text(frame[column])
        for column, kind in kinds.items()
    }
    return pd.DataFrame(made, index=frame.index)


def _is_number(series: pd.Series) -> bool:
    dtype = series.infer_objects().dtype
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return True
    complex_ = pd.api.types.is_complex_dtype(dtype)
    return (
        pd.api.types.is_numeric_dtype(dtype)
        and not pd.api.types.is_bool_dtype(dtype)
        and not complex_
    )
