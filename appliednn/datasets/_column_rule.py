"""What is learned of one column of the training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from appliednn.datasets._kinds import Kind, kind_of
from appliednn.datasets._tolerance import Tolerance


@dataclass(frozen=True)
class ColumnRule:
    """What later values of a column are held to.

    Attributes
    ----------
    name : str
    kind : str
        See :func:`appliednn.datasets._kinds.kind_of`.
    missing : int
        Training rows without a value.
    low, high : float, str or None
        Smallest and largest finite number; datetimes as ISO 8601 text.
    infinite : int
        Training rows with an infinite number.
    levels : dict of str to int, or None
        Training rows of each category; None when the column is no category or is exempt.
    exempt : str
        Why a category has no list of levels.
    most_frequent : int
        Training rows with the most frequent value.
    n_distinct : int
        Number of distinct values.
    """

    name: str
    kind: Kind
    missing: int
    low: float | str | None = None
    high: float | str | None = None
    infinite: int = 0
    levels: Mapping[str, int] | None = None
    exempt: str = ""
    most_frequent: int = 0
    n_distinct: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return asdict(self)


def learn_column(name: str, values: pd.Series, tolerance: Tolerance) -> ColumnRule:
    """Learn the rule of one column.

    Examples
    --------
    >>> rule = learn_column("age", pd.Series([18.0, 30.0, None]), Tolerance())
    >>> rule.kind, rule.low, rule.high, rule.missing
    ('number', 18.0, 30.0, 1)
    """
    kind = kind_of(values)
    present = values[values.notna()]
    facts: dict[str, Any] = {"name": name, "kind": kind, "missing": int(values.isna().sum())}
    if kind in ("empty", "other"):
        return ColumnRule(**facts)
    counts = (as_levels(present) if kind == "category" else present).value_counts()
    counts = counts[counts > 0]
    facts |= {"most_frequent": int(counts.iloc[0]), "n_distinct": len(counts)}
    if kind == "number":
        facts |= _number_facts(as_numbers(present))
    elif kind == "datetime":
        times = as_times(present)
        facts |= {"low": times.min().isoformat(), "high": times.max().isoformat()}
    elif kind == "category":
        facts["exempt"] = _exemption(len(counts), len(present), tolerance)
        if not facts["exempt"]:
            facts["levels"] = {str(k): int(v) for k, v in counts.items()}
    return ColumnRule(**facts)


def _number_facts(numbers: np.ndarray) -> dict[str, Any]:
    """Return the finite range and the number of infinite values."""
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (None, None)
    return {"low": low, "high": high, "infinite": int(numbers.size - finite.size)}


def _exemption(n_levels: int, n_rows: int, tolerance: Tolerance) -> str:
    """Return why a column is not held to its categories; empty when it is."""
    if n_levels > tolerance.max_levels:
        return f"{n_levels} categories, more than {tolerance.max_levels}"
    if n_levels > 10 and n_levels > n_rows / 2:
        return f"{n_levels} categories in {n_rows} rows: an identifier or free text"
    return ""


def as_numbers(present: pd.Series) -> np.ndarray:
    """Return values without missing ones as float64."""
    return present.to_numpy(dtype=np.float64)


def as_levels(present: pd.Series) -> pd.Series:
    """Return category values as text (a whole float as an integer: 2.0 and 2 are one level)."""
    if isinstance(present.dtype, pd.CategoricalDtype):
        present = present.astype(present.cat.categories.dtype)
    if pd.api.types.is_float_dtype(present.dtype):
        whole = (present % 1 == 0).all()
        present = present.astype("int64") if whole else present
    return present.map(str).astype(object)


def as_times(present: pd.Series) -> pd.Series:
    """Return datetimes without a time zone, those with one in UTC."""
    times = pd.to_datetime(present, utc=True)
    return times.dt.tz_localize(None)
