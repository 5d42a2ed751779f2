"""Whether a table can be learned from at all; everything that stands against it, at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError
from appliednn.datasets._kinds import kind_of
from appliednn.datasets._suggest import did_you_mean

_MANY_CLASSES = 50


@dataclass(frozen=True)
class Problem:
    """One thing that makes a table unusable, or worth a warning.

    Attributes
    ----------
    level : {"fatal", "warning"}
    rule : str
        ``"columns"``, ``"features"``, ``"rows"``, ``"target"``, ``"target_missing"``,
        ``"classes"``, ``"rare_class"``, ``"empty_feature"``, ``"constant_feature"`` or
        ``"infinite"``.
    column : str
        Column, or ``""`` when the table as a whole is meant.
    message : str
        A sentence with the column, what was found and what to do.
    n_rows : int
        Rows concerned.
    """

    level: Literal["fatal", "warning"]
    rule: str
    column: str
    message: str
    n_rows: int = 0

    @property
    def fatal(self) -> bool:
        """Whether nothing can be learned while this stands."""
        return self.level == "fatal"


def check_usable(
    frame: pd.DataFrame,
    target: str | None,
    task: Literal["classification", "regression", "anomaly"],
    *,
    min_rows: int = 20,
    stratified: bool = True,
) -> list[Problem]:
    """Return what stands against learning ``target`` from the other columns of a table.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
        Features and target, without the columns that the user leaves out.
    target : str or None
        Column to predict; None where anomalies are looked for and nothing marks them.
    task : {"classification", "regression", "anomaly"}
    min_rows : int
        Rows with a target that are needed at least.
    stratified : bool
        Whether the rows will be split by class: a class of one row is fatal then, else a warning.

    Returns
    -------
    list of Problem
        Empty when all is well; pass it to
        :func:`~appliednn.datasets._validate.raise_unusable` to stop at what is fatal.

    Raises
    ------
    UsageError
        If ``task`` is none of these.

    Examples
    --------
    >>> table = pd.DataFrame({"x": range(30), "z": [1.0] * 30, "y": ["good"] * 30})
    >>> for problem in check_usable(table, "y", "classification"):
    ...     print(f"{problem.level}: {problem.message}")
    fatal: the target 'y' has one class only ('good'); a classifier needs two
    warning: the feature 'z' is constant (1 value in 30 rows): it tells nothing
    """
    known = ["classification", "regression", "anomaly"]
    if task not in known:
        raise UsageError(f"task {task!r} is not known{did_you_mean(task, known)}")
    names = [str(c) for c in frame.columns]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        message = "occurs more than once; rename or leave out all but one"
        return [Problem("fatal", "columns", n, f"the column name {n!r} {message}") for n in twice]
    frame = frame.set_axis(names, axis=1)
    problems = [*_check_rows(frame, target is not None)]
    if target is None:
        if len(frame) < min_rows:
            message = f"there are {len(frame)} rows; at least {min_rows} are needed"
            problems.append(Problem("fatal", "rows", "", message, len(frame)))
        features = frame
    elif target in names:
        y = frame[target]
        problems += _check_target(y, task, min_rows, stratified)
        features = frame.loc[y.notna().to_numpy()].drop(columns=target)
    else:
        message = f"the target {target!r} is not a column{did_you_mean(target, names)}"
        problems.append(Problem("fatal", "target", str(target), message))
        features = frame
    return [*problems, *(_check_features(features) if len(features) else [])]


def raise_unusable(problems: Sequence[Problem], label: str = "the data") -> None:
    """Raise one UsageError that lists every fatal problem; do nothing when there is none.

    Examples
    --------
    >>> raise_unusable([Problem("fatal", "rows", "", "there are no rows")])
    Traceback (most recent call last):
    appliednn.core.errors.UsageError: the data cannot be learned from:
      there are no rows
    """
    fatal = [p for p in problems if p.fatal]
    if fatal:
        lines = [f"  {p.message}" for p in fatal]
        raise UsageError("\n".join([f"{label} cannot be learned from:", *lines]))


def _check_rows(frame: pd.DataFrame, with_target: bool) -> Iterator[Problem]:
    if not len(frame):
        yield Problem("fatal", "rows", "", "there are no rows")
    if frame.shape[1] < 1 + with_target:
        needed = "a target and a feature are" if with_target else "a feature is"
        message = f"there is {frame.shape[1]} column; {needed} needed"
        yield Problem("fatal", "features", "", message)


def _check_target(y: pd.Series, task: str, min_rows: int, stratified: bool) -> Iterator[Problem]:
    """Missing values first; what is left is held to the task."""
    name, missing = str(y.name), int(y.isna().sum())
    present = y[y.notna()]
    if not len(y):
        return
    nested = _nested(y)
    if nested:
        message = f"the target {name!r} holds values of type {nested}; one label or number a row"
        yield Problem("fatal", "target", name, message, len(present))
        return
    if not len(present):
        message = f"the target {name!r} has no value in any of {len(y)} rows"
        yield Problem("fatal", "target_missing", name, message, missing)
        return
    if missing:
        message = (
            f"the target {name!r} is missing in {missing} of {len(y)} rows; they are left out"
        )
        yield Problem("warning", "target_missing", name, message, missing)
    if len(present) < min_rows:
        message = f"{len(present)} rows have a target {name!r}; at least {min_rows} are needed"
        yield Problem("fatal", "rows", name, message, len(present))
    if task == "classification":
        yield from _check_classes(present, name, stratified)
    elif task == "regression":
        yield from _check_numbers(present, name)


def _check_classes(present: pd.Series, name: str, stratified: bool) -> Iterator[Problem]:
    counts = present.value_counts()
    counts = counts[counts > 0]
    if len(counts) == 1:
        message = (
            f"the target {name!r} has one class only ({counts.index[0]!r}); a classifier needs two"
        )
        yield Problem("fatal", "classes", name, message, len(present))
        return
    if kind_of(present) == "number" and len(counts) > max(_MANY_CLASSES, 0.1 * len(present)):
        message = (
            f"the target {name!r} has {len(counts)} different numbers in {len(present)} rows, "
            "taken as classes; for a quantity set task: regression"
        )
        yield Problem("warning", "classes", name, message, len(present))
    single = [str(label) for label in counts.index[counts == 1]]
    if single:
        shown = ", ".join(map(repr, single[:3])) + (", ..." if len(single) > 3 else "")
        verb = "has one row" if len(single) == 1 else "have one row each"
        message = (
            f"target {name!r}: {len(single)} of {len(counts)} classes {verb} ({shown}), which "
        )
        message += "a stratified split cannot divide" if stratified else "cannot be tested"
        message += ": leave the rows out, or merge classes"
        level: Literal["fatal", "warning"] = "fatal" if stratified else "warning"
        yield Problem(level, "rare_class", name, message, len(single))


def _check_numbers(present: pd.Series, name: str) -> Iterator[Problem]:
    kind = kind_of(present)
    if kind != "number":
        message = f"the target {name!r} of a regression holds numbers, not values of kind {kind!r}"
        yield Problem("fatal", "target", name, message, len(present))
        return
    infinite = int(np.isinf(present.to_numpy(dtype=np.float64)).sum())
    if infinite:
        message = f"the target {name!r} is infinite in {infinite} rows: correct or leave them out"
        yield Problem("fatal", "target", name, message, infinite)
    if present.nunique() == 1:
        message = f"the target {name!r} is constant ({present.iloc[0]}): there is nothing to learn"
        yield Problem("fatal", "target", name, message, len(present))


def _check_features(features: pd.DataFrame) -> Iterator[Problem]:
    """Features without a value, and those that never vary."""
    n, useful = len(features), 0
    for name in features.columns:
        values = features[name]
        missing = int(values.isna().sum())
        nested = _nested(values)
        if nested:
            message = f"the feature {name!r} holds values of type {nested}, which is no feature: "
            message += "take it apart into columns, or leave it out"
            yield Problem("fatal", "features", name, message, n - missing)
            useful += 1
        elif missing == n:
            message = f"the feature {name!r} is missing in all {n} rows; it is left out"
            yield Problem("warning", "empty_feature", name, message, n)
        elif infinite := _infinite(values):
            rows = "1 row" if infinite == 1 else f"{infinite} rows"
            message = f"the feature {name!r} is infinite in {rows}: correct them, write them as "
            message += "missing, or leave the feature out"
            yield Problem("fatal", "infinite", name, message, infinite)
            useful += 1
        elif not missing and values.nunique() == 1:
            message = f"the feature {name!r} is constant (1 value in {n} rows): it tells nothing"
            yield Problem("warning", "constant_feature", name, message, n)
        else:
            # One value and gaps still vary: whether it is missing may tell something.
            useful += 1
    if features.shape[1] and not useful and n > 1:
        message = "no feature varies: each is constant or missing throughout"
        yield Problem("fatal", "features", "", message, n)


def _infinite(values: pd.Series) -> int:
    """Return how many numbers of a column are infinite."""
    if not pd.api.types.is_float_dtype(values):
        return 0
    return int(np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan)).sum())


def _nested(values: pd.Series) -> str:
    """Return the type of a value that itself holds values (a list from a Parquet file), or ""."""
    if values.dtype != object:
        return ""
    types = {type(v) for v in values if isinstance(v, (list, dict, set, tuple, np.ndarray))}
    return min(t.__name__ for t in types) if types else ""
