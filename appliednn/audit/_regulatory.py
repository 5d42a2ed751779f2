"""The regulatory table: for each item evidence, the owner's words, or MISSING; no judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from appliednn.audit._frameworks import CARD_KEYS, ITEMS, Item
from appliednn.audit._suggest import did_you_mean
from appliednn.core.errors import UsageError


def check_card(card: Mapping[str, str] | None) -> dict[str, str]:
    """Return the owner's words without the empty ones.

    Raises
    ------
    UsageError
        If a key is unknown or a value is no text.
    """
    if card is None:
        return {}
    if not isinstance(card, Mapping):
        raise UsageError(f"card must be a mapping of names to texts, got {card!r}")
    for key, text in card.items():
        if key not in CARD_KEYS:
            raise UsageError(f"card: {key!r} is no entry" + did_you_mean(key, CARD_KEYS))
        if text is not None and not isinstance(text, str):
            raise UsageError(f"card[{key!r}] must be a text, got {text!r}")
    return {key: text.strip() for key, text in card.items() if text and text.strip()}


def regulatory_rows(evidence: Mapping[str, Sequence[str]], card: Mapping[str, str]) -> list[dict]:
    """Return one row an item.

    Parameters
    ----------
    evidence : mapping of str to sequence of str
        Ids of the checks that gave evidence, by section.
    card : mapping of str to str
        The owner's words.

    Returns
    -------
    list of dict
        ``framework, item, asks, status, refs, note``: status is ``"evidence"`` (refs are sections
        of the report), ``"user_text"`` (refs are card entries) or ``"missing"``.

    Examples
    --------
    >>> rows = regulatory_rows({"explanations": ["ANN501"]}, {})
    >>> {row["status"] for row in rows if row["item"] == "2.9"}
    {'evidence'}
    """
    return [_row(item, evidence, card) for item in ITEMS]


def _row(item: Item, evidence: Mapping[str, Sequence[str]], card: Mapping[str, str]) -> dict:
    """Return the row of one item."""
    always = {"provenance", "gates"}
    sections = [s for s in item.sections if s in always or evidence.get(s)]
    words = [key for key in item.card if key in card]
    absent = [CARD_KEYS[key].lower() for key in item.card if key not in card]
    notes = []
    if sections and item.partly:
        notes.append(f"Covers {item.partly}.")
    if absent and (sections or words):
        notes.append(f"Not given: {', '.join(absent)}.")
    elif absent:
        notes.append(f"For the owner to write: {', '.join(absent)}.")
    elif not sections and not words:
        notes.append("No check gave evidence for it.")
    return {
        "framework": item.framework,
        "item": item.item,
        "asks": item.asks,
        "status": "evidence" if sections else "user_text" if words else "missing",
        "refs": sections + [f"card.{key}" for key in words],
        "note": " ".join(notes),
    }
