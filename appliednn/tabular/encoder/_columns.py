"""Read one raw column: what kind it is, and its values as numbers, times or category codes."""

from __future__ import annotations

from typing import Any

import numpy as np

NUMERIC, BOOLEAN, DATETIME, CATEGORY, EMPTY = "numeric", "boolean", "datetime", "category", "empty"

_INFERRED = {
    "integer": NUMERIC,
    "floating": NUMERIC,
    "mixed-integer-float": NUMERIC,
    "decimal": NUMERIC,
    "boolean": BOOLEAN,
    "datetime": DATETIME,
    "datetime64": DATETIME,
    "date": DATETIME,
    "timedelta": NUMERIC,
    "timedelta64": NUMERIC,
    "empty": EMPTY,
}


def column_kind(column: Any, name: str) -> str:
    """Return the kind of a pandas Series: numeric, boolean, datetime, category or empty.

    Strings stay categories, also strings of numbers. A column without any value is ``empty``.

    Raises
    ------
    ValueError
        For complex numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> column_kind(pd.Series(["1", "2"]), "a"), column_kind(pd.Series([1, None]), "a")
    ('category', 'numeric')
    """
    import pandas as pd

    types = pd.api.types
    dtype = column.dtype
    if types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: column {name!r} has dtype {dtype}.")
    if isinstance(dtype, pd.CategoricalDtype):
        return EMPTY if column.isna().all() else CATEGORY
    if types.is_bool_dtype(dtype) and not types.is_object_dtype(dtype):
        kind = BOOLEAN
    elif types.is_numeric_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        kind = NUMERIC
    elif types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
        kind = DATETIME
    elif types.is_object_dtype(dtype):
        return _INFERRED.get(types.infer_dtype(column, skipna=True), CATEGORY)
    else:
        kind = CATEGORY
    return EMPTY if column.isna().all() else kind


def numeric_values(column: Any, name: str) -> np.ndarray:
    """Return a column's numbers as float64, NaN where missing.

    Numbers that arrive as strings are converted (a file read with another tool than the one
    the encoder was fitted with); booleans give 0 and 1, time spans give seconds.

    Raises
    ------
    ValueError
        If a value is not a number; the column and the first such value are named.
    """
    import pandas as pd

    types = pd.api.types
    dtype = column.dtype
    if types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: column {name!r} has dtype {dtype}.")
    if types.is_timedelta64_dtype(dtype):
        return column.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan)
    if types.is_datetime64_any_dtype(dtype):
        raise ValueError(
            f"column {name!r} held numbers when the encoder was fitted and now holds dates "
            f"({dtype}); pass the column as it was at fit."
        )
    if types.is_numeric_dtype(dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if types.infer_dtype(column, skipna=True) in ("timedelta", "timedelta64"):
        return numeric_values(pd.to_timedelta(column), name)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.isnan(numbers) & ~column.isna().to_numpy(dtype=bool)
    wrong[wrong] = [str(v).strip().lower() not in ("nan", "") for v in column[wrong]]
    if wrong.any():
        example = column[wrong].iloc[0]
        raise ValueError(
            f"column {name!r} held numbers when the encoder was fitted and now holds "
            f"{int(wrong.sum())} values that are not numbers, such as {example!r}; convert the "
            f"column or fit again."
        )
    return numbers


def boolean_values(column: Any, name: str) -> np.ndarray:
    """Return a column's truth values as 0 and 1, NaN where missing; reads "True" and "False".

    Examples
    --------
    >>> import pandas as pd
    >>> boolean_values(pd.Series(["True", "false", None]), "a").tolist()
    [1.0, 0.0, nan]
    """
    words = {"true": 1.0, "false": 0.0}
    if column.dtype.kind == "O":
        column = column.map(
            lambda v: words.get(v.strip().lower(), v) if isinstance(v, str) else v,
            na_action="ignore",
        ).astype(object)
    return numeric_values(column, name)


def datetime_values(column: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return seconds since 1970-01-01 UTC and seconds of the local wall clock, NaN for NaT.

    Raises
    ------
    ValueError
        If a value is not a date; the column is named.
    """
    import pandas as pd

    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    if pd.api.types.is_numeric_dtype(column.dtype) and not column.isna().all():
        raise ValueError(
            f"column {name!r} held dates when the encoder was fitted and now holds numbers "
            f"({column.dtype}); convert it with pandas.to_datetime, naming the unit."
        )
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = _parse_dates(column, name)
    column = column.astype(_numpy_backed(column.dtype))
    if column.dt.tz is None:
        local = utc = column
    else:
        local, utc = column.dt.tz_localize(None), column.dt.tz_convert("UTC").dt.tz_localize(None)
    seconds = _epoch_seconds(utc)
    return seconds, seconds if local is utc else _epoch_seconds(local)


def _parse_dates(column: Any, name: str) -> Any:
    import pandas as pd

    for utc in (False, True):  # dates of several offsets must be brought to UTC explicitly
        try:
            return pd.to_datetime(column, format="ISO8601", utc=utc)
        except (ValueError, TypeError) as error:
            reason = error
    raise ValueError(
        f"column {name!r} held dates when the encoder was fitted and now holds values that are "
        f"neither dates nor ISO 8601 texts ({reason}); convert it with pandas.to_datetime."
    )


def _numpy_backed(dtype: Any) -> Any:
    pyarrow_dtype = getattr(dtype, "pyarrow_dtype", None)
    return dtype if pyarrow_dtype is None else dtype.numpy_dtype


def _epoch_seconds(column: Any) -> np.ndarray:
    stamps = column.to_numpy().astype("datetime64[us]")
    seconds = stamps.astype(np.int64) / 1e6
    seconds[np.isnat(stamps)] = np.nan
    return seconds


def cyclic_phases(wall_seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Return the phase in [0, 1) of month, weekday and time of day, NaN where missing.

    Examples
    --------
    >>> {name: float(p[0]) for name, p in cyclic_phases(np.array([6 * 3600.0])).items()}
    {'month': 0.0, 'weekday': 0.42857142857142855, 'hour': 0.25}
    """
    known = ~np.isnan(wall_seconds)
    days = np.floor(np.where(known, wall_seconds, 0.0) / 86400.0)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    phases = {
        "month": months / 12.0,
        "weekday": ((days + 3.0) % 7.0) / 7.0,  # 1970-01-01 was a Thursday; Monday is 0
        "hour": np.where(known, wall_seconds, 0.0) / 86400.0 - days,
    }
    for phase in phases.values():
        phase[~known] = np.nan
    return phases


def category_codes(column: Any) -> tuple[np.ndarray, list[str]]:
    """Return codes (n,) into a list of distinct strings; -1 where missing.

    A value is compared by its text, so that a column may mix types; a whole number reads the
    same as int and as float (``1.0`` is ``"1"``).

    Examples
    --------
    >>> import pandas as pd
    >>> codes, names = category_codes(pd.Series(["b", None, "a", "b"], dtype=object))
    >>> codes.tolist(), names
    ([0, -1, 1, 0], ['b', 'a'])
    """
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes, values = column.cat.codes.to_numpy(), list(column.cat.categories)
    else:
        is_object = pd.api.types.is_object_dtype(dtype)
        if is_object and pd.api.types.infer_dtype(column, skipna=True) not in (
            "string",
            "boolean",
            "integer",
        ):
            column = column.map(value_text, na_action="ignore")  # True and 1 must not share a hash
        codes, values = pd.factorize(column, use_na_sentinel=True)
    names = [value_text(value) for value in values]
    distinct = list(dict.fromkeys(names))
    codes = np.asarray(codes, dtype=np.int64)
    if len(distinct) < len(names):  # two values with one text, such as 1 and 1.0
        place = {name: i for i, name in enumerate(distinct)}
        merged = np.array([place[name] for name in names] + [-1], dtype=np.int64)
        codes = merged[codes]
    return codes, distinct


def value_text(value: Any) -> str:
    """Return the text a category is compared by; 1 and 1.0 read the same.

    Examples
    --------
    >>> value_text("é"), value_text(1.0), value_text(True), value_text(b"x")
    ('é', '1', 'True', 'x')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)
