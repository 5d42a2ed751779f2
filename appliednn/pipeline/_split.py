"""Training and test rows: random, stratified, grouped or by time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError
from appliednn.pipeline._moments import moments


def split_rows(
    frame: pd.DataFrame,
    target: str | None,
    split: Mapping[str, Any],
    *,
    classification: bool,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the training and of the test rows.

    They are ascending, but for a split by time: there rows come in order of time.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_columns)
        All rows, target included.
    target : str or None
        Target column; stratified by it where it holds labels, by its deciles in a regression.
    split : mapping
        ``type`` (random, stratified, grouped, time), ``test_size`` (share of the rows) and, for
        grouped and time, ``column``. Grouped: no group is on both sides. Time: the test rows are
        the latest; rows of one moment stay together; without a column rows are in order.
    classification : bool
        Whether the target holds labels.
    seed : int
        Seed of the shuffle (time has none).

    Raises
    ------
    UsageError
        When the column is not there, or too few rows, groups or moments are.

    Examples
    --------
    >>> frame = pd.DataFrame({"t": [3, 1, 2, 4], "y": [0, 1, 0, 1]})
    >>> split_rows(frame, "y", {"type": "time", "column": "t", "test_size": 0.25},
    ...            classification=True, seed=0)[1].tolist()
    [3]
    """
    kind, test_size = split["type"], float(split.get("test_size", 0.25))
    n_test = max(1, round(len(frame) * test_size))
    if len(frame) < 4 or n_test >= len(frame):
        raise UsageError(
            f"split.test_size={test_size} of {len(frame)} rows leaves too few rows to train on"
        )
    if kind == "grouped":
        train, test = _grouped(_column(frame, split), test_size, seed)
    elif kind == "time" and split["column"] is None:
        return np.arange(len(frame) - n_test), np.arange(len(frame) - n_test, len(frame))
    elif kind == "time":
        return _by_time(_column(frame, split), n_test)
    else:
        y = pd.Series(0, index=frame.index) if target is None else frame[target]
        train, test = _shuffled(y, kind, n_test, classification, seed)
    return np.sort(train), np.sort(test)


def _column(frame: pd.DataFrame, split: Mapping[str, Any]) -> pd.Series:
    """Return the grouping or time column, complete, or say what is wrong with it."""
    name = split["column"]
    if name not in frame.columns:
        raise UsageError(
            f"split.column: there is no column {name!r}; columns: {', '.join(map(str, frame))}"
        )
    missing = int(frame[name].isna().sum())
    if missing:
        raise UsageError(
            f"split.column: {name!r} is missing in {missing} rows; a {split['type']} split needs "
            "it in every row"
        )
    return frame[name]


def _grouped(groups: pd.Series, test_size: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Put whole groups aside until the test side holds its share of rows."""
    codes, levels = pd.factorize(groups)
    if len(levels) < 2:
        raise UsageError(
            f"split.column: {groups.name!r} has one group only; a grouped split needs at least two"
        )
    order = np.random.default_rng(seed).permutation(len(levels))
    filled = np.cumsum(np.bincount(codes)[order])
    n_groups = int(np.argmin(np.abs(filled - test_size * len(codes)))) + 1
    in_test = np.isin(codes, order[: min(n_groups, len(levels) - 1)])
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def _by_time(column: pd.Series, n_test: int) -> tuple[np.ndarray, np.ndarray]:
    """Take the latest rows; a moment that the border falls into goes to the test side."""
    values = moments(column)
    order = np.argsort(values, kind="stable")
    n_train = int(np.searchsorted(values[order], values[order[len(values) - n_test]]))
    if n_train == 0:
        raise UsageError(
            f"split.column: the test side would take every row: {column.name!r} has too few "
            "moments"
        )
    return order[:n_train], order[n_train:]


def _shuffled(
    y: pd.Series, kind: str, n_test: int, classification: bool, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Shuffle, keeping the shares of the classes (of the deciles) when stratified."""
    from sklearn.model_selection import train_test_split

    strata = None
    if kind == "stratified":
        strata = pd.factorize(y)[0] if classification else _deciles(y)
        counts = np.bincount(strata)
        if counts.min() < 2 or min(n_test, len(y) - n_test) < len(counts):
            raise UsageError(
                f"split: a stratified split of {len(y)} rows into {n_test} test rows needs two "
                f"rows of each class and a test row for each of the {len(counts)}; "
                f"the smallest class has {counts.min()}; use type: random or a larger test_size"
            )
    rows = np.arange(len(y))
    train, test = train_test_split(rows, test_size=n_test, random_state=seed, stratify=strata)
    return train, test


def _deciles(y: pd.Series) -> np.ndarray:
    """Return a code by decile; fewer bins where values repeat or rows are few."""
    bins = max(1, min(10, len(y) // 20))
    ranks = y.rank(method="average").to_numpy() / len(y)
    codes = np.minimum((ranks * bins).astype(int), bins - 1)
    _, dense = np.unique(codes, return_inverse=True)
    return dense
