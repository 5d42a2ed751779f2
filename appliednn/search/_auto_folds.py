"""The folds of an automatic choice."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

from appliednn.search._task import Task, make_folds

Fold = tuple[np.ndarray, np.ndarray]


def choose_folds(
    cv: Any,
    n_bags: int,
    task: Task,
    X: Any,
    y: Any,
    keep: np.ndarray,
    rng: np.random.Generator,
) -> list[Fold]:
    """Return training and held-out rows of each fold, as numbers among the rows kept.

    Parameters
    ----------
    cv : int, splitter, iterable of splits or None
        As in scikit-learn; None: ``n_bags`` folds with every class in all of them.
    n_bags : int
        Folds wanted; fewer where there are fewer than two rows for each.
    task : Task
        Target of the rows kept.
    X, y : array-like of length n
        All rows, as given.
    keep : ndarray of int
        Numbers of the rows kept, ascending.
    rng : numpy.random.Generator
        Source of chance.

    Raises
    ------
    ValueError
        If there are fewer than two rows.
    """
    n = len(keep)
    if n < 2:
        raise ValueError(f"{n} sample was given; at least 2 rows are needed to hold one out")
    if cv is None:
        k = min(n_bags, max(2, n // 2))
        held = make_folds(n, k, task.strata, rng)
        return [(np.setdiff1d(np.arange(n), rows), rows) for rows in held if len(rows)]
    place = np.full(int(keep[-1]) + 1 if len(keep) else 0, -1)
    place[keep] = np.arange(n)
    splits = check_cv(cv, y, classifier=not task.is_regression).split(X, y)
    folds = [tuple(_kept(place, np.asarray(rows)) for rows in split) for split in splits]
    return [(train, held) for train, held in folds if len(train) and len(held)]


def _kept(place: np.ndarray, rows: np.ndarray) -> np.ndarray:
    found = place[rows[rows < len(place)]]
    return found[found >= 0]
