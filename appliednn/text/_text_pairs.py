"""Read pairs of texts: a question and its context, a mention and what stands around it."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_text_pairs(X: Any, first: str, second: str) -> tuple[list[str], list[str]]:
    """Return pairs of texts as two lists.

    Parameters
    ----------
    X : sequence of (str, str), DataFrame or array of shape (n, 2)
        Pairs; a frame has the columns ``first`` and ``second``.
    first, second : str
        What the two are called.

    Returns
    -------
    tuple of two lists of str

    Raises
    ------
    ValueError
        For no rows, or rows that are no two strings.

    Examples
    --------
    >>> as_text_pairs([("Who?", "Ada did."), ("When?", "In 1843.")], "question", "context")
    (['Who?', 'When?'], ['Ada did.', 'In 1843.'])
    """
    wanted = f"a pair ({first}, {second}) of texts for each row"
    if hasattr(X, "columns"):
        missing = [name for name in (first, second) if name not in X.columns]
        if missing:
            raise ValueError(f"X has no column {missing}; expected {first!r} and {second!r}")
        X = list(zip(X[first], X[second], strict=True))
    if isinstance(X, str) or not hasattr(X, "__iter__"):
        raise ValueError(f"X is {type(X).__name__} {X!r}; expected {wanted}")
    rows = list(X)
    if not rows:
        raise ValueError(f"X holds nothing; expected {wanted}")
    for i, row in enumerate(rows):
        pair = isinstance(row, tuple | list | np.ndarray) and len(row) == 2
        if not pair or not all(isinstance(part, str) for part in row):
            raise ValueError(f"X[{i}] is {row!r}; expected {wanted}")
    return [str(row[0]) for row in rows], [str(row[1]) for row in rows]
