"""What sort of values a column holds, whatever dtype they came in."""

from __future__ import annotations

from typing import Literal

import pandas as pd

Kind = Literal["number", "boolean", "category", "datetime", "duration", "empty", "other"]

_OF_INFERRED: dict[str, Kind] = {
    "string": "category",
    "mixed": "category",
    "mixed-integer": "category",
    "floating": "number",
    "integer": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "boolean": "boolean",
    "datetime64": "datetime",
    "datetime": "datetime",
    "date": "datetime",
    "timedelta64": "duration",
    "timedelta": "duration",
    "empty": "empty",
}


def kind_of(values: pd.Series) -> Kind:
    """Return the kind of a column, read from its values where the dtype is ``object``.

    ``"empty"`` is a column without a single value; text, categorical and mixed columns are
    ``"category"``.

    Examples
    --------
    >>> kind_of(pd.Series([True, None], dtype=object))
    'boolean'
    >>> kind_of(pd.Series([1, 2], dtype="category"))
    'category'
    >>> kind_of(pd.Series([None, None], dtype=float))
    'empty'
    """
    if not values.notna().any():
        return "empty"
    if isinstance(values.dtype, pd.CategoricalDtype):
        return "category"
    return _OF_INFERRED.get(pd.api.types.infer_dtype(values, skipna=True), "other")
