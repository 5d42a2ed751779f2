"""Read a series: arrays with time along the last axis, frames with time down the rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Series(NamedTuple):
    """One series.

    Attributes
    ----------
    values : ndarray of float64, shape (n_channels, n_timepoints)
        Finite or NaN (not observed). Double precision, so that a small movement on a high level
        survives until the series is scaled.
    channel_names : list of str, or None
        Names of the columns of a frame.
    """

    values: np.ndarray
    channel_names: list[str] | None


def as_series(X: Any, *, n_channels: int | None = None) -> Series:
    """Return one series with time along the last axis.

    Parameters
    ----------
    X : array-like of shape (n_timepoints,) or (n_channels, n_timepoints), or DataFrame, or Series
        Rows of a frame are time points and its columns channels, numbers or booleans; a frame of
        another library is taken by its ``to_pandas``. NaN stands for what was not observed.
    n_channels : int, optional
        Number of channels the series must have.

    Returns
    -------
    Series
        Values (n_channels, n_timepoints) and the names of the channels.

    Raises
    ------
    ValueError
        For a column that holds no numbers, for infinity, for an array with more channels than
        time points where the number of channels is not known, for another number of channels.

    Examples
    --------
    >>> as_series([1.0, 2.0, 3.0]).values.shape
    (1, 3)
    >>> import pandas as pd
    >>> as_series(pd.DataFrame({"flow": [1, 2, 3], "open": [True, False, True]})).values.shape
    (2, 3)
    """
    import pandas as pd

    if not isinstance(X, pd.DataFrame | pd.Series | np.ndarray) and hasattr(X, "to_pandas"):
        X = X.to_pandas()
    if isinstance(X, pd.Series):
        X = X.to_frame("value" if X.name is None else X.name)
    if isinstance(X, pd.DataFrame):
        values, names = _frame_values(X), [str(name) for name in X.columns]
    else:
        values, names = _array_values(X, n_channels), None
    _check(values, names, n_channels)
    return Series(values, names)


def many_series(X: Any, *, n_channels: int | None = None) -> list[Series]:
    """Return one or more series.

    Parameters
    ----------
    X : what ``as_series`` reads, a list of these, or an array (n_cases, n_channels, n_timepoints)
        A list of numbers is one series.
    n_channels : int, optional
        Number of channels each must have.

    Returns
    -------
    list of Series

    Raises
    ------
    ValueError
        As ``as_series``; for an empty list; for series with different channels.

    Examples
    --------
    >>> [s.values.shape for s in many_series(np.zeros((2, 3, 50)))]
    [(3, 50), (3, 50)]
    >>> [s.values.shape for s in many_series([np.zeros(40), np.zeros(50)])]
    [(1, 40), (1, 50)]
    """
    if isinstance(X, np.ndarray) and X.ndim == 3 or _is_list_of_series(X):
        if len(X) == 0:
            raise ValueError("an empty list of series was given; expected at least one series")
        found = [as_series(x, n_channels=n_channels) for x in X]
    else:
        found = [as_series(X, n_channels=n_channels)]
    first = found[0]
    for i, one in enumerate(found[1:], start=1):
        if len(one.values) != len(first.values) or one.channel_names != first.channel_names:
            raise ValueError(
                f"series {i} has {_channels(one)} and series 0 has {_channels(first)}; expected "
                "the same channels in the same order in every series"
            )
    return found


def _is_list_of_series(X: Any) -> bool:
    return isinstance(X, list | tuple) and (len(X) == 0 or not np.isscalar(X[0]))


def _channels(series: Series) -> str:
    names = series.channel_names
    return f"channels {names}" if names else f"{len(series.values)} channel(s) without names"


def _frame_values(frame: Any) -> np.ndarray:
    import pandas as pd

    out = np.empty((frame.shape[1], frame.shape[0]))
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        numbers = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
        if not numbers or pd.api.types.is_complex_dtype(column):
            raise ValueError(
                f"column {frame.columns[i]!r} holds values of type {column.dtype}; expected "
                "numbers or booleans in every channel. Drop the column, or set it as the index "
                "if it is the time"
            )
        out[i] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    return out


def _array_values(X: Any, n_channels: int | None) -> np.ndarray:
    values = np.asarray(X)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"a series of type {values.dtype} was given; expected an array of numbers, "
            "(n_timepoints,) or (n_channels, n_timepoints), or a DataFrame"
        )
    if values.ndim not in (1, 2):
        raise ValueError(
            f"a series of shape {values.shape} was given; expected (n_timepoints,) or "
            "(n_channels, n_timepoints)"
        )
    values = np.atleast_2d(values).astype(np.float64)
    if n_channels is None and len(values) > values.shape[1] > 0:
        raise ValueError(
            f"an array of shape {values.shape} was given: more channels than time points; "
            "expected (n_channels, n_timepoints). Transpose it (X.T), or pass a DataFrame whose "
            "rows are time points"
        )
    return values


def _check(values: np.ndarray, names: list[str] | None, n_channels: int | None) -> None:
    if 0 in values.shape:
        raise ValueError(
            f"a series with {len(values)} channel(s) and {values.shape[1]} time point(s) was "
            "given; expected at least one of each"
        )
    if n_channels is not None and len(values) != n_channels:
        turned = names is None and values.shape[1] == n_channels
        hint = ": transpose it (X.T)" if turned else ""
        raise ValueError(
            f"a series with {len(values)} channel(s) and {values.shape[1]} time points was "
            f"given; expected {n_channels} channel(s){hint}"
        )
    infinite = np.isinf(values)
    if infinite.any():
        c, t = np.argwhere(infinite)[0]
        where = f"channel {names[c]!r}" if names else f"channel {c}"
        raise ValueError(
            f"{where} is infinite at time point {t}; expected finite values, or NaN where nothing "
            "was observed"
        )
