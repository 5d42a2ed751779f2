"""Labels as a config writes them, found among the labels of the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def label_position(given: Any, labels: Sequence[Any]) -> int | None:
    """Return where a label stands among others, however it is written; None when it does not.

    YAML knows text, numbers and booleans, and a column of whole numbers becomes one of floats as
    soon as a value is missing: ``1``, ``1.0`` and ``"1"`` are one label, ``true`` and ``"True"``
    another. What is equal as written goes first.

    Examples
    --------
    >>> label_position(1, [0.0, 1.0]), label_position("True", [False, True])
    (1, 1)
    >>> label_position("no", ["yes", "maybe"]) is None
    True
    """
    for form in (str, _short):
        texts = [form(label) for label in labels]
        if form(given) in texts:
            return texts.index(form(given))
    return None


def _short(label: Any) -> str:
    """Return a whole number without its decimal point, anything else as text."""
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label) if whole else label)
