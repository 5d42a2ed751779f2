"""A checksum of a table that does not depend on run, machine or library version."""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from appliednn.datasets._kinds import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = b"appliednn-table-1"


def fingerprint(frame: pd.DataFrame) -> str:
    """Return the sha256 of a table's schema and values.

    It covers the order of rows and columns, names, kinds of columns, values, which of them are
    missing, a categorical column's list of categories and its order, and time zones. It does not
    cover the index and what differs between machines and library versions for the same data: the
    width of numbers (int32 or int64), text as ``object`` or ``str``, the unit of datetimes, and
    how a missing value is written (NaN, None, NA).

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)

    Returns
    -------
    str
        64 hexadecimal digits. A million rows of ten columns take a few seconds.

    Examples
    --------
    >>> a = pd.DataFrame({"x": [1.0, None], "c": ["u", "v"]})
    >>> fingerprint(a) == fingerprint(a.copy().astype({"c": "object"}))
    True
    >>> fingerprint(a) == fingerprint(a.iloc[::-1])
    False
    """
    digest = hashlib.sha256(_VERSION)
    digest.update(struct.pack("<qq", *frame.shape))
    for position in range(frame.shape[1]):
        values = frame.iloc[:, position]
        _add_text(digest, str(frame.columns[position]))
        missing = values.isna().to_numpy(dtype=bool)
        digest.update(np.packbits(missing).tobytes())
        _add_values(digest, values, missing)
    return digest.hexdigest()


def _add_values(digest, values: pd.Series, missing: np.ndarray) -> None:
    """Add the values that are there, in the form that belongs to their kind."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        _add_text(digest, f"categorical ordered={bool(dtype.ordered)}")
        _add_texts(digest, (_tagged(c) for c in dtype.categories))
        digest.update(values.cat.codes.to_numpy().astype("<i8").tobytes())
        return
    if values.dtype != object and pd.api.types.is_numeric_dtype(dtype):
        _add_numbers(digest, values[~missing])
        return
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind in "mM":
        _add_times(digest, values[~missing])
        return
    _add_objects(digest, values[~missing])


def _add_numbers(digest, values: pd.Series) -> None:
    """Add numbers as 8-byte little-endian integers or floats, booleans as bytes."""
    array = values.to_numpy(dtype=getattr(values.dtype, "numpy_dtype", None))
    if array.dtype.kind == "O":
        array = array.astype(np.float64)
    kind = array.dtype.kind
    _add_text(
        digest, {"b": "boolean", "i": "integer", "u": "integer", "f": "float"}.get(kind, kind)
    )
    if kind == "b":
        digest.update(np.packbits(array).tobytes())
    elif kind in "iu":
        if kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
            _add_text(digest, "unsigned")
        digest.update(np.ascontiguousarray(array).astype("<i8").tobytes())
    elif kind == "f":
        # Adding 0.0 turns -0.0 into 0.0: they are equal numbers.
        digest.update((array.astype("<f8") + 0.0).tobytes())
    else:
        digest.update(array.astype("<c16").tobytes())


def _add_times(digest, values: pd.Series) -> None:
    """Add datetimes or durations as whole seconds and nanoseconds, with the time zone."""
    zone = getattr(values.dtype, "tz", None)
    plain = values.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else values
    array = plain.to_numpy()
    unit, _ = np.datetime_data(array.dtype)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    ticks = array.astype("<i8")
    seconds = ticks // per_second
    nanoseconds = (ticks - seconds * per_second) * (10**9 // per_second)
    _add_text(digest, f"{'duration' if array.dtype.kind == 'm' else 'datetime'} {zone}")
    digest.update(seconds.astype("<i8").tobytes())
    digest.update(nanoseconds.astype("<i8").tobytes())


def _add_objects(digest, values: pd.Series) -> None:
    """Add text (or mixed objects) as the distinct values, in order of appearance, and codes."""
    _add_text(digest, "text" if kind_of(values) in ("category", "empty") else "objects")
    array = values.to_numpy(dtype=object)
    if pd.api.types.infer_dtype(array, skipna=False) != "string":
        # 1, 1.0 and True are one value to a hash table: the tag keeps them apart.
        array = np.array([_tagged(v) for v in array], dtype=object)
        codes, distinct = pd.factorize(array)
        _add_texts(digest, distinct)
    else:
        codes, distinct = pd.factorize(array)
        _add_texts(digest, (_tagged(v) for v in distinct))
    digest.update(codes.astype("<i8").tobytes())


def _tagged(value: object) -> str:
    """Return a value as text that names its type."""
    plain = value.item() if isinstance(value, np.generic) else value
    return f"{type(plain).__name__}:{plain}"


def _add_text(digest, text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    digest.update(struct.pack("<q", len(data)))
    digest.update(data)


def _add_texts(digest, texts: Iterable[str]) -> None:
    texts = [*texts]
    digest.update(struct.pack("<q", len(texts)))
    for text in texts:
        _add_text(digest, text)
