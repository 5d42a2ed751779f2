"""Moments of a time column: numbers or dates, and no guess where a date could mean two days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

FORMATS = ("%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%m-%d-%Y", "%d-%m-%Y")
_TIMES = ("", " %H:%M", " %H:%M:%S")


def moments(column: pd.Series) -> np.ndarray:
    """Return values that order the rows of a complete column by time.

    Numbers and datetimes are taken as they are; text must be ISO 8601, or fit exactly one of
    year/month/day, day.month.year, month/day/year, day/month/year (also with dashes), with or
    without a time of day.

    Raises
    ------
    UsageError
        When the text is none of these, or fits two that order the rows differently.

    Examples
    --------
    >>> moments(pd.Series(["12/31/2011", "1/1/2011"])).argsort().tolist()
    [1, 0]
    """
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    iso = _parsed(column, "ISO8601")  # datetimes pass through it too
    if iso is not None:
        return iso
    found = {f + t: _parsed(column, f + t) for f in FORMATS for t in _TIMES}
    fitting = {f: values for f, values in found.items() if values is not None}
    if not fitting:
        raise UsageError(
            f"split.column: {column.name!r} is neither numbers nor dates (ISO 8601 such as "
            "2024-12-31 is best)"
        )
    first, *others = fitting.values()
    if any(not np.array_equal(first, other) for other in others):
        raise UsageError(
            f"split.column: the dates of {column.name!r} can be read in two ways "
            f"({' and '.join(fitting)}); write them as 2024-12-31"
        )
    return first


def _parsed(column: pd.Series, form: str) -> np.ndarray | None:
    """Return a text column as moments, or None where it does not fit the format."""
    try:
        return pd.to_datetime(column, format=form, utc=True).dt.tz_localize(None).to_numpy()
    except (ValueError, TypeError):
        return None
