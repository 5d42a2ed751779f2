"""The table of entities that mentions are linked to, and how they may be written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.text._normalize import normalize

_NO_WORD = re.compile(r"[\W_]+")
_COLUMNS = ("id", "name", "aliases", "description", "prior")


def surface(text: str) -> str:
    """Return a mention or a name without case, punctuation and extra spaces.

    Examples
    --------
    >>> surface("New  York (city)"), surface("U.N.")
    ('new york city', 'un')
    """
    words = _NO_WORD.sub(" ", normalize(text)).split()
    initials = len(words) > 1 and all(len(word) == 1 for word in words)
    return ("" if initials else " ").join(words)


@dataclass
class EntityTable:
    """Entities by column.

    Attributes
    ----------
    ids : ndarray of shape (n,)
        What a prediction says.
    names, descriptions : list of str
        One of each entity.
    aliases : list of list of str
        Other names.
    prior : ndarray of shape (n,)
        How often the entity is meant, in any unit; not negative.
    """

    ids: np.ndarray
    names: list
    aliases: list
    descriptions: list
    prior: np.ndarray

    @classmethod
    def read(cls, table: Any) -> EntityTable:
        """Return the entities of a frame, a dict of columns or a list of dicts.

        Raises
        ------
        ValueError
            If ``id`` or ``name`` is missing, an id is there twice, or a value is of another kind.
        """
        columns = _columns(table)
        missing = [name for name in ("id", "name") if name not in columns]
        if missing:
            raise ValueError(
                f"the table of entities has the columns {sorted(columns)}; {missing} must be "
                f"among them (of {_COLUMNS})"
            )
        ids, n = np.asarray(columns["id"]), len(columns["id"])
        if n == 0 or len(set(ids.tolist())) != n:
            raise ValueError(
                f"the table has {n} entities and {len(set(ids.tolist()))} different ids; expected "
                "at least one, each with an id of its own"
            )
        names = [_text(v, "name") for v in columns["name"]]
        aliases = [_texts(v) for v in columns.get("aliases", [None] * n)]
        described = [_text(v, "description") for v in columns.get("description", [None] * n)]
        prior = np.asarray(columns.get("prior", np.ones(n)), dtype=np.float64)
        if not (np.isfinite(prior).all() and (prior >= 0).all() and prior.sum() > 0):
            raise ValueError("prior holds negative or missing numbers, or only zeros")
        return cls(ids, names, aliases, described, prior / prior.sum())

    def __len__(self) -> int:
        return len(self.names)

    @property
    def profiles(self) -> list[str]:
        """All that the table says of each entity, as one text."""
        rows = zip(self.names, self.aliases, self.descriptions, strict=True)
        return [" ".join([name, *others, text]) for name, others, text in rows]

    def surfaces(self) -> dict[str, dict[int, bool]]:
        """Return each way of writing with its entities, and whether it is more than an acronym."""
        found: dict[str, dict[int, bool]] = {}
        for i, (name, others) in enumerate(zip(self.names, self.aliases, strict=True)):
            written = {surface(text) for text in (name, *others)} - {""}
            short = {"".join(word[0] for word in text.split()) for text in written if " " in text}
            for text in short - written:
                if len(text) > 1:
                    found.setdefault(text, {})[i] = False
            for text in written:
                found.setdefault(text, {})[i] = True
        return found


def _columns(table: Any) -> dict[str, list]:
    if hasattr(table, "columns") and hasattr(table, "to_dict"):
        return {str(name): table[name].tolist() for name in table.columns}
    if isinstance(table, Mapping):
        columns = {str(name): list(values) for name, values in table.items()}
        if len({len(values) for values in columns.values()}) > 1:
            raise ValueError("the columns of the table of entities differ in length")
        return columns
    rows = list(table) if hasattr(table, "__iter__") and not isinstance(table, str) else None
    if rows is None or not all(isinstance(row, Mapping) for row in rows):
        raise ValueError(
            f"the table of entities is {type(table).__name__}; expected a DataFrame, a dict of "
            "columns or a list of dicts with 'id' and 'name'"
        )
    names = {str(name) for row in rows for name in row}
    filled = {name: [row.get(name) for row in rows] for name in sorted(names)}
    if "prior" in filled:
        filled["prior"] = [0.0 if v is None else v for v in filled["prior"]]
    return filled


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return str(value)
    if value is None or value != value or type(value).__name__ == "NAType":
        return ""
    raise ValueError(f"{name} holds the {type(value).__name__} {value!r}; expected text")


def _texts(value: Any) -> list[str]:
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return sorted(_text(v, "aliases") for v in value)
    text = _text(value, "aliases")
    return [part.strip() for part in text.split("|") if part.strip()]
