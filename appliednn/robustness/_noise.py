"""Noise and missing values put into raw rows, whatever model reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

# The interquartile range of a normal distribution in standard deviations.
_IQR_OF_NORMAL = 1.3489795003921634


def robust_scale(frame: pd.DataFrame) -> dict[str, float]:
    """Return the robust scale of every continuous column.

    A column is continuous when it is numeric, not boolean, and has more than two distinct values
    (0/1 flags are categories). The scale is the interquartile range divided by 1.349, which is
    the standard deviation for normal data; where half of the values are equal it is the standard
    deviation itself.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_features)
        Reference rows; missing values are left out.

    Returns
    -------
    dict of str to float
        Continuous columns only; every scale is positive.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.0], "flag": [0, 1, 0, 1, 1]})
    >>> {k: round(v, 3) for k, v in robust_scale(frame).items()}
    {'a': 1.483}
    """
    scales = {}
    for column, values in frame.infer_objects().items():
        if not _is_number(values):
            continue
        x = values.to_numpy(dtype=float, na_value=np.nan)
        x = x[np.isfinite(x)]
        if len(np.unique(x)) <= 2:
            continue
        low, high = np.quantile(x, [0.25, 0.75])
        scale = float((high - low) / _IQR_OF_NORMAL) or float(x.std())
        if scale > 0:
            scales[column] = scale
    return scales


def add_noise(
    frame: pd.DataFrame, level: float, scale: Mapping[str, float], rng: np.random.Generator
) -> pd.DataFrame:
    """Add Gaussian noise of ``level`` robust scales to the continuous columns.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_features)
        Clean rows; not changed.
    level : float
        Standard deviation of the noise in units of each column's scale.
    scale : mapping of str to float
        From :func:`robust_scale`; other columns stay as they are.
    rng : numpy.random.Generator
        Source of the noise.

    Returns
    -------
    DataFrame
        Changed columns are float; missing values stay missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    >>> noisy = add_noise(frame, 0.1, {"a": 1.0}, np.random.default_rng(0))
    >>> noisy["a"].round(3).tolist(), noisy["b"].tolist()
    ([1.013, 1.987], ['x', 'y'])
    """
    columns = list(scale)
    units = level * np.array([scale[c] for c in columns])
    noise = rng.standard_normal((len(frame), len(columns)))
    return with_columns(frame, columns, numbers(frame, columns) + units * noise)


def fill_values(frame: pd.DataFrame) -> dict[str, object]:
    """Return each column's median (numbers, dates) or mode (all else); None if it is empty.

    Examples
    --------
    >>> fill_values(pd.DataFrame({"a": [1.0, 2.0, 9.0], "b": ["x", "y", "y"]}))
    {'a': 2.0, 'b': 'y'}
    """
    fills: dict[str, object] = {}
    for column, values in frame.infer_objects().items():
        present = values.dropna()
        if len(present) == 0:
            fills[column] = None
        elif _is_number(present) or pd.api.types.is_datetime64_any_dtype(present):
            median = present.median()
            fills[column] = median.item() if isinstance(median, np.generic) else median
        else:
            fills[column] = present.mode().iloc[0]
    return fills


def knock_out(
    frame: pd.DataFrame, cells: Mapping[str, np.ndarray | slice], fill: Mapping | None = None
) -> pd.DataFrame:
    """Set cells to missing, or to a fill value.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_features)
        Clean rows; not changed.
    cells : mapping of str to bool ndarray of shape (n,) or slice
        The rows to empty, by column.
    fill : mapping of str to object, optional
        Value by column (:func:`fill_values`); without it cells become missing. A column whose
        fill is None becomes missing too.

    Returns
    -------
    DataFrame
        Integer columns become float and boolean ones object where a value is missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    >>> knock_out(frame, {"a": np.array([True, False])})["a"].tolist()
    [nan, 2.0]
    """
    out = frame.copy()
    for column, rows in cells.items():
        out[column] = _with_gaps(frame[column], rows, None if fill is None else fill[column])
    return out


def mask_at_random(
    frame: pd.DataFrame, share: float, rng: np.random.Generator, fill: Mapping | None = None
) -> pd.DataFrame:
    """Set a share of all cells missing, completely at random.

    Every cell has the same chance, also those that are missing already.

    Examples
    --------
    >>> frame = pd.DataFrame(np.ones((1000, 2)), columns=["a", "b"])
    >>> gaps = mask_at_random(frame, 0.2, np.random.default_rng(0)).isna().to_numpy().mean()
    >>> bool(abs(gaps - 0.2) < 0.02)
    True
    """
    hit = rng.random(frame.shape) < share
    fast = [j for j, dtype in enumerate(frame.dtypes) if dtype == np.float64]
    slow = sorted(set(range(frame.shape[1])) - set(fast))
    columns = [frame.columns[j] for j in fast]
    fills = [np.nan if fill is None or fill[c] is None else fill[c] for c in columns]
    block = np.where(hit[:, fast], np.array(fills, dtype=float), numbers(frame, columns))
    out = with_columns(frame, columns, block)
    return knock_out(out, {frame.columns[j]: hit[:, j] for j in slow}, fill)


def numbers(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return numeric columns as one float array; missing is NaN."""
    if not columns:
        return np.empty((len(frame), 0))
    return np.column_stack([frame[c].to_numpy(dtype=float, na_value=np.nan) for c in columns])


def with_columns(frame: pd.DataFrame, columns: Sequence[str], block: np.ndarray) -> pd.DataFrame:
    """Return the frame with columns replaced, all at once (one by one is slow in pandas).

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    >>> with_columns(frame, ["a"], np.array([[0.5], [1.5]])).to_dict("list")
    {'a': [0.5, 1.5], 'b': ['x', 'y']}
    """
    new = pd.DataFrame(block, columns=list(columns), index=frame.index)
    if len(columns) == frame.shape[1]:
        return new[list(frame.columns)]
    return pd.concat([new, frame.drop(columns=list(columns))], axis=1)[list(frame.columns)]


def accepts_missing(predict: Callable[[pd.DataFrame], object], frame: pd.DataFrame) -> dict:
    """Say, by column, whether a model predicts rows in which that column is missing.

    A refusal is a ``ValueError`` or ``TypeError``, which is how scikit-learn refuses NaN.

    Parameters
    ----------
    predict : callable
        Takes rows like ``frame``.
    frame : DataFrame
        A few rows are tried.

    Returns
    -------
    dict of str to str
        Column to ``""`` (accepted) or the first line of the model's refusal.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 2.0]})
    >>> accepts_missing(lambda X: X["a"].fillna(0), frame)
    {'a': ''}
    """
    few = frame.head(5)
    together = _refusal(predict, knock_out(few, {c: slice(None) for c in frame.columns}))
    if not together:
        return dict.fromkeys(frame.columns, "")
    return {c: _refusal(predict, knock_out(few, {c: slice(None)})) for c in frame.columns}


def _refusal(predict, frame) -> str:
    try:
        predict(frame)
    except (ValueError, TypeError) as error:
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ""


def _with_gaps(values: pd.Series, rows, fill) -> pd.Series:
    """Return a column with the rows emptied or filled, in a dtype that can hold them."""
    if fill is None:
        if values.dtype == bool:
            values = values.astype(object)
        elif pd.api.types.is_integer_dtype(values) and isinstance(values.dtype, np.dtype):
            values = values.astype(float)
    elif _is_number(values):
        values = values.astype(float if isinstance(values.dtype, np.dtype) else "Float64")
    out = values.copy()
    out.iloc[np.flatnonzero(rows) if isinstance(rows, np.ndarray) else rows] = (
        np.nan if fill is None else fill
    )
    return out


def _is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers (booleans and complex values are not)."""
    dtype = values.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not (
        pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_complex_dtype(dtype)
    )
