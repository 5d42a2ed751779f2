"""Hold one column of later data to what was learned of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from appliednn.datasets._chance import chance
from appliednn.datasets._column_rule import ColumnRule, as_levels, as_numbers, as_times
from appliednn.datasets._kinds import kind_of
from appliednn.datasets._tolerance import Tolerance
from appliednn.datasets._violation import Level, Violation

_MIN_ROWS_CONSTANT = 30
_MIN_ROWS_SIGN = 100
_SHOWN = 3
_NAME_LENGTH = 40
_WORDS = {
    "number": "numbers",
    "boolean": "true or false",
    "category": "categories",
    "datetime": "dates",
    "duration": "durations",
    "other": "values of another type",
}


def check_column(
    rule: ColumnRule,
    values: pd.Series,
    n_train: int,
    tolerance: Tolerance,
    *,
    complete: bool = False,
) -> list[Violation]:
    """Return what a column of at least one row breaks.

    Parameters
    ----------
    rule : ColumnRule
        What was learned of it.
    values : Series of shape (m,)
        The later values.
    n_train : int
        Rows it was learned from.
    tolerance : Tolerance
        Margins.
    complete : bool
        Whether the list of categories is taken as complete.

    Examples
    --------
    >>> rule = ColumnRule("age", "number", 0, 18.0, 68.0, most_frequent=9, n_distinct=50)
    >>> [v.message for v in check_column(rule, pd.Series([30, 999]), 400, Tolerance())]
    ['1 of 2 rows outside 0 to 118: values reach from 30 to 999, in training from 18 to 68']
    """
    found = [*_check_missing(rule, values, n_train, tolerance)]
    present = values[values.notna()]
    if not len(present) or rule.kind == "other":
        return found
    if rule.kind == "empty":
        message = f"{len(present)} rows have a value; in training none had"
        return [*found, Violation(rule.name, "missing", "warning", len(present), message)]
    wrong = _wrong_kind(rule, present)
    if wrong:
        message = (
            f"{wrong} of {len(present)} values are not {_WORDS[rule.kind]}, as in training; "
            f"the column holds {_WORDS[kind_of(present)]}{_such_as(rule, present)}"
        )
        return [*found, Violation(rule.name, "kind", "violation", wrong, message)]
    if rule.kind == "number":
        found += _check_range(rule, as_numbers(present), n_train, tolerance)
    elif rule.kind == "datetime":
        found += _check_time(rule, as_times(present), tolerance)
    elif rule.kind == "category":
        found += _check_levels(rule, as_levels(present), n_train, tolerance, complete)
    return [*found, *_check_constant(rule, present, n_train, tolerance)]


def _check_missing(
    rule: ColumnRule, values: pd.Series, n_train: int, tolerance: Tolerance
) -> Iterator[Violation]:
    """More values are missing than in training, by a margin and beyond chance."""
    missing, n = int(values.isna().sum()), len(values)
    if missing / n <= rule.missing / n_train + tolerance.missing_margin:
        return
    if missing == 1 and rule.missing:
        # One row of a kind that training had, however rarely, is no change of a share.
        return
    if chance(missing, n, rule.missing, n_train) >= tolerance.chance:
        return
    message = (
        f"{missing} of {n} values are missing ({missing / n:.1%}), "
        f"in training {rule.missing} of {n_train} ({rule.missing / n_train:.1%})"
    )
    yield Violation(rule.name, "missing", "violation", missing, message)


def _wrong_kind(rule: ColumnRule, present: pd.Series) -> int:
    """Return how many values are not of the learned kind."""
    kind = kind_of(present)
    if kind == rule.kind or (rule.kind, kind) == ("number", "boolean"):
        return 0
    if rule.kind == "boolean" and kind == "number":
        return int((~present.isin([0, 1])).sum())
    if rule.kind == "category" and kind in ("number", "boolean"):
        # Codes such as 1, 2, 3 come as text from one file and as numbers from another.
        known = rule.levels or {}
        return 0 if as_levels(present).isin(known).all() else len(present)
    if rule.kind == "number" and kind == "category":
        # One word in a file makes text of a whole column: the words count, not their neighbours.
        return int(_no_numbers(present).sum()) or len(present)
    return len(present)


def _no_numbers(present: pd.Series) -> pd.Series:
    """Return which values of a column of text are no numbers, not even written ones."""
    return pd.to_numeric(present.astype(object), errors="coerce").isna()


def _such_as(rule: ColumnRule, present: pd.Series) -> str:
    """Return the first value that is no number, where numbers were expected and text came."""
    if rule.kind != "number" or kind_of(present) != "category":
        return ""
    words = present[_no_numbers(present)]
    return f", such as {str((words if len(words) else present).iloc[0])[:_NAME_LENGTH]!r}"


def _check_range(
    rule: ColumnRule, numbers: np.ndarray, n_train: int, tolerance: Tolerance
) -> Iterator[Violation]:
    """Values beyond the widened range, infinite or negative where none was."""
    infinite = int(np.isinf(numbers).sum())
    if infinite and not rule.infinite:
        message = f"{infinite} of {numbers.size} values are infinite; in training none was"
        yield Violation(rule.name, "range", "violation", infinite, message)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size or rule.low is None or rule.high is None:
        return
    low, high = float(rule.low), float(rule.high)
    for level, lower, upper in _limits(low, high, n_train, tolerance.range_margin):
        outside = int(((numbers < lower) | (numbers > upper)).sum())
        if outside:
            ends = (float(numbers.min()), float(numbers.max()))
            message = (
                f"{outside} of {numbers.size} rows outside {lower:.10g} to {upper:.10g}: values "
                f"reach from {ends[0]:.10g} to {ends[1]:.10g}, in training from {low:.10g} to "
                f"{high:.10g}"
            )
            examples = tuple(f"{e:.10g}" for e in ends)
            yield Violation(rule.name, "range", level, outside, message, examples)
            return


def _limits(
    low: float, high: float, n_train: int, margin: float
) -> list[tuple[Level, float, float]]:
    """Return limits, the wider first: beyond them lies a violation, or a warning."""
    if low == high:
        # One value has no range to widen: anything else is worth a look, nothing more.
        return [("warning", low, high)]
    wide, near = margin * (high - low), margin / 2 * (high - low)
    limits: list[tuple[Level, float, float]] = [
        ("violation", low - wide, high + wide),
        ("warning", low - near, high + near),
    ]
    if low < 0 or n_train < _MIN_ROWS_SIGN:
        return limits
    # What was never negative in so many rows is a count, an area, an age: a sign is an error.
    return [(level, max(lower, 0.0), upper) for level, lower, upper in limits]


def _check_time(rule: ColumnRule, times: pd.Series, tolerance: Tolerance) -> Iterator[Violation]:
    """Dates long before the first of training; later ones are what time brings."""
    first, last = pd.Timestamp(str(rule.low)), pd.Timestamp(str(rule.high))
    lower = first - tolerance.range_margin * (last - first)
    before = int((times < lower).sum())
    if before:
        earliest = times.min().isoformat()
        message = (
            f"{before} of {len(times)} rows before {lower.isoformat()}: the earliest is "
            f"{earliest}, in training {first.isoformat()}"
        )
        yield Violation(rule.name, "time", "violation", before, message, (earliest,))


def _check_levels(
    rule: ColumnRule, levels: pd.Series, n_train: int, tolerance: Tolerance, complete: bool
) -> Iterator[Violation]:
    """Categories that training had not; how many rows chance explains depends on rare ones."""
    if rule.levels is None:
        return
    new = levels[~levels.isin(rule.levels)].value_counts()
    if not len(new):
        return
    n_seen, n_new = n_train - rule.missing, len(levels)
    singles = sum(count == 1 for count in rule.levels.values())
    p = min(
        chance(int(new.iloc[0]), n_new, 0, n_seen),
        chance(len(new), n_new, singles, n_seen),
    )
    level: Level = "violation" if complete or p < tolerance.chance else "warning"
    names = tuple(str(name)[:_NAME_LENGTH] for name in new.index[:_SHOWN])
    more = f" and {len(new) - _SHOWN} more" if len(new) > _SHOWN else ""
    message = (
        f"{int(new.sum())} of {n_new} rows have a category that training had not: "
        f"{', '.join(map(repr, names))}{more}"
    )
    if level == "warning":
        message += "; as rare as others in training, so chance may explain it"
    yield Violation(rule.name, "categories", level, int(new.sum()), message, names)


def _check_constant(
    rule: ColumnRule, present: pd.Series, n_train: int, tolerance: Tolerance
) -> Iterator[Violation]:
    """Yield a warning for a column that varied in training and stands still now."""
    n = len(present)
    if rule.n_distinct < 2 or n < _MIN_ROWS_CONSTANT or present.nunique() > 1:
        return
    p = chance(n, n, rule.most_frequent, n_train - rule.missing)
    if p < tolerance.chance:
        share = rule.most_frequent / (n_train - rule.missing)
        message = (
            f"all {n} values are the same; in training there were {rule.n_distinct}, "
            f"the most frequent in {share:.1%} of rows"
        )
        yield Violation(rule.name, "constant", "warning", n, message)
