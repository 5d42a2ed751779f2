"""Which rows each bag trains on, and which it leaves for judging it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import check_cv


class Bag(NamedTuple):
    """Row numbers of one member.

    Attributes
    ----------
    train, held : ndarray of int
        Rows it is trained on, and rows it has not seen.
    repeat : int
        Which round of folds it belongs to.
    """

    train: np.ndarray
    held: np.ndarray
    repeat: int


def fold_numbers(
    n_rows: int, n_folds: int, rng: np.random.Generator, strata: np.ndarray | None = None
) -> np.ndarray:
    """Return the fold of each row, int (n_rows,), at random and of nearly equal size.

    With strata, rows of one stratum are spread over the folds as evenly as they can be, also
    where there are fewer of them than folds.

    Parameters
    ----------
    n_rows, n_folds : int
        Numbers of rows and folds.
    rng : Generator
        Random numbers.
    strata : ndarray of shape (n_rows,), optional
        Class of each row.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> fold = fold_numbers(6, 3, rng, np.array([0, 0, 0, 1, 1, 1]))
    >>> sorted(fold[:3].tolist()), sorted(fold[3:].tolist())
    ([0, 1, 2], [0, 1, 2])
    """
    order = rng.permutation(n_rows)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    fold = np.empty(n_rows, dtype=int)
    # One count over all strata: no fold gets more than one row more than another.
    fold[order] = np.arange(n_rows) % n_folds
    return fold


def make_bags(
    n_rows: int,
    n_bags: int,
    n_repeats: int,
    rng: np.random.Generator,
    strata: np.ndarray | None = None,
) -> list[Bag]:
    """Return ``n_repeats`` rounds of ``n_bags`` bags; each round leaves every row out once.

    Raises
    ------
    ValueError
        If there are fewer rows than bags.
    """
    if n_rows < n_bags:
        raise ValueError(
            f"n_bags={n_bags} was given and there are n_samples={n_rows} rows with weight; "
            "expected at least one row for each bag"
        )
    bags = []
    for repeat in range(n_repeats):
        fold = fold_numbers(n_rows, n_bags, rng, strata)
        bags += [
            Bag(np.flatnonzero(fold != j), np.flatnonzero(fold == j), repeat)
            for j in range(n_bags)
        ]
    return bags


def given_bags(cv: Any, X: Any, y: np.ndarray, keep: np.ndarray, *, classifier: bool) -> list[Bag]:
    """Return a bag for each split of a scikit-learn splitter (or iterable of splits).

    Parameters
    ----------
    cv : int, splitter or iterable of (train, held) row numbers
        As scikit-learn's ``cv``.
    X, y : array-like
        All rows.
    keep : ndarray of int
        Numbers of the rows that count; others are taken out of every split, and the row numbers
        of the bags are positions in ``keep``.
    classifier : bool
        Whether an int stands for stratified folds.
    """
    place = np.full(len(y), -1)
    place[keep] = np.arange(len(keep))
    bags = []
    for repeat, (train, held) in enumerate(check_cv(cv, y, classifier=classifier).split(X, y)):
        train, held = place[_numbers(train, len(y))], place[_numbers(held, len(y))]
        bags.append(Bag(train[train >= 0], held[held >= 0], repeat))
    return bags


def _numbers(rows: Sequence, n_rows: int) -> np.ndarray:
    rows = np.asarray(rows)
    return np.arange(n_rows)[rows]  # a boolean mask becomes row numbers
