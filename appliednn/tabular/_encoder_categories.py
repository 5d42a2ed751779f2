"""Categories of a column: which keep an output of their own, and the codes of new rows."""

from __future__ import annotations

import numpy as np

MAX_ONEHOT = 10_000


def choose_categories(
    codes: np.ndarray,
    names: list[str],
    weights: np.ndarray | None,
    max_categories: int | None,
) -> tuple[list[str], list[str]]:
    """Return the categories that are kept and those grouped as infrequent, both sorted.

    The ``max_categories`` heaviest are kept; of two equally heavy ones the first by name.

    Examples
    --------
    >>> choose_categories(np.array([0, 1, 1, 2]), ["c", "b", "a"], None, 2)
    (['a', 'b'], ['c'])
    """
    known = codes >= 0
    totals = np.bincount(
        codes[known],
        weights=None if weights is None else weights[known],
        minlength=len(names),
    )
    seen = [i for i in range(len(names)) if totals[i] > 0]
    order = sorted(seen, key=lambda i: (-totals[i], names[i]))
    kept = order if max_categories is None else order[:max_categories]
    rare = order[len(kept) :]
    return sorted(names[i] for i in kept), sorted(names[i] for i in rare)


def look_up(
    codes: np.ndarray, names: list[str], kept: list[str], infrequent: list[str]
) -> np.ndarray:
    """Translate a new column's codes: 1.. for kept ones, ``len(kept) + 1`` for infrequent ones.

    Missing and unknown values give 0.

    Examples
    --------
    >>> look_up(np.array([0, 1, -1]), ["b", "new"], ["a", "b"], []).tolist()
    [2, 0, 0]
    """
    place = {name: i for i, name in enumerate(kept, start=1)}
    place.update(dict.fromkeys(infrequent, len(kept) + 1))
    table = np.array([place.get(name, 0) for name in names] + [0], dtype=np.int64)
    return table[codes]


def check_onehot_width(counts: dict[str, int]) -> None:
    """Refuse a one-hot encoding that is almost surely a mistake (an id column).

    Raises
    ------
    ValueError
        If the columns' categories sum to more than ``MAX_ONEHOT``; the widest is named.
    """
    total = sum(counts.values())
    if total > MAX_ONEHOT:
        widest = max(counts, key=lambda name: counts[name])
        raise ValueError(
            f"one-hot encoding would give {total} columns, {counts[widest]} of them from "
            f"{widest!r}; at most {MAX_ONEHOT} are allowed. Drop the column if it is an id, set "
            f"max_categories, or use categorical='embedding'."
        )
