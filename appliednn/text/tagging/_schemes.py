"""Schemes that write entities as one tag for each token: what is legal, what is read from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

Mode = Literal["conlleval", "strict"]
Entity = tuple[int, int, str]

# Prefixes of a scheme as (begins and goes on, inside, last, alone); "" where there is none.
_PREFIXES = {"IOB2": ("B", "I", "", ""), "IOBES": ("B", "I", "E", "S"), "BILOU": tuple("BILU")}
SCHEMES = tuple(_PREFIXES)
# Of all schemes: what can go on an entity, and after what one is still open.
_GOES_ON, _OPEN = {"I", "E", "L", "M"}, {"B", "I", "M"}
OUTSIDE = "O"
# What a legal decoder never does costs this much, in units of log-probability.
PENALTY = -1e4


def split_tag(tag: str) -> tuple[str, str]:
    """Return a tag's prefix and entity type.

    Examples
    --------
    >>> split_tag("B-creative-work"), split_tag("O")
    (('B', 'creative-work'), ('O', ''))
    """
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def entities_of(
    tags: Sequence[str], scheme: str = "IOB2", mode: Mode = "conlleval"
) -> list[Entity]:
    """Return the entities that one sentence's tags stand for.

    Parameters
    ----------
    tags : sequence of str
        ``"O"`` or a prefix, a hyphen and a type, for each token.
    scheme : {"IOB2", "IOBES", "BILOU"}
        What prefixes mean; in mode ``"conlleval"`` all of them are read alike (and IOB1 too).
    mode : {"conlleval", "strict"}
        ``"conlleval"``: as the shared task's script reads them: whatever does not continue the
        entity before it begins a new one, also an inside tag. ``"strict"``: only what the scheme
        writes is an entity; an inside tag without a beginning is none.

    Returns
    -------
    list of (int, int, str)
        First token, token after the last one, type.

    References
    ----------
    E. Tjong Kim Sang and S. Buchholz, "Introduction to the CoNLL-2000 Shared Task", 2000.

    Examples
    --------
    >>> entities_of(["B-PER", "I-PER", "O", "I-LOC"])
    [(0, 2, 'PER'), (3, 4, 'LOC')]
    >>> entities_of(["B-PER", "I-PER", "O", "I-LOC"], mode="strict")
    [(0, 2, 'PER')]
    """
    check_scheme(scheme)
    parts = [split_tag(tag) for tag in tags]
    return _lenient(parts) if mode == "conlleval" else _strict(parts, scheme)


def check_scheme(scheme: str) -> None:
    """Refuse a name that is no scheme."""
    if scheme not in _PREFIXES:
        raise ValueError(f"scheme={scheme!r} was given; expected one of {list(SCHEMES)}")


def _lenient(parts: list[tuple[str, str]]) -> list[Entity]:
    entities, begun, before, kind = [], None, OUTSIDE, ""
    for i, (prefix, now) in enumerate([*parts, (OUTSIDE, "")]):
        goes_on = prefix in _GOES_ON and before in _OPEN and now == kind
        if begun is not None and not goes_on:
            entities.append((begun, i, kind))
            begun = None
        if prefix != OUTSIDE and not goes_on:
            begun = i
        before, kind = prefix, now
    return entities


def _strict(parts: list[tuple[str, str]], scheme: str) -> list[Entity]:
    first, inside, last, alone = _PREFIXES[scheme]
    entities, i = [], 0
    while i < len(parts):
        prefix, kind = parts[i]
        begun, i = i, i + 1
        if alone and prefix == alone:
            entities.append((begun, i, kind))
        elif prefix == first:
            while i < len(parts) and parts[i] == (inside, kind):
                i += 1
            if not last:
                entities.append((begun, i, kind))
            elif i < len(parts) and parts[i] == (last, kind):
                i += 1
                entities.append((begun, i, kind))
    return entities


def penalties(tags: Sequence[str], scheme: str | None) -> tuple[np.ndarray, ...]:
    """Return what a scheme adds to the scores of transitions, starts and ends: 0 or -10 000.

    Parameters
    ----------
    tags : sequence of str
        All tags.
    scheme : str or None
        None adds nothing.

    Returns
    -------
    tuple of ndarray
        (n_tags, n_tags) from row to column, (n_tags,) at the first token, (n_tags,) at the last.

    Examples
    --------
    >>> penalties(["B-X", "I-X", "O"], "IOB2")[1].tolist()
    [0.0, -10000.0, 0.0]
    """
    n = len(tags)
    between, start, end = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    if scheme is None:
        return between, start, end
    first, inside, last, _ = _PREFIXES[scheme]
    parts = [split_tag(tag) for tag in tags]
    for j, (prefix, kind) in enumerate(parts):
        if prefix == inside or (last and prefix == last):
            start[j] = PENALTY
            ahead = [p in ((first, kind), (inside, kind)) for p in parts]
            between[~np.array(ahead), j] = PENALTY
        if last and prefix in (first, inside):
            end[j] = PENALTY
            behind = [p in ((inside, kind), (last, kind)) for p in parts]
            between[j, ~np.array(behind)] = PENALTY
    return between, start, end


def first_illegal(sentences: Sequence[Sequence[str]], scheme: str) -> tuple[int, int] | None:
    """Return the first sentence and token whose tag the scheme does not allow there, or None.

    Examples
    --------
    >>> first_illegal([["B-X", "I-X"], ["O", "I-X"]], "IOB2")
    (1, 1)
    """
    tags = sorted({tag for sentence in sentences for tag in sentence})
    place = {tag: i for i, tag in enumerate(tags)}
    known = {OUTSIDE, *_PREFIXES[scheme]} - {""}
    strange = {tag for tag in tags if split_tag(tag)[0] not in known}
    between, start, end = penalties(tags, scheme)
    for row, sentence in enumerate(sentences):
        ids = [place[tag] for tag in sentence]
        for i, j in enumerate(ids):
            wrong = start[j] if i == 0 else between[ids[i - 1], j]
            if wrong or sentence[i] in strange or (i == len(ids) - 1 and end[j]):
                return row, i
    return None


def detect_scheme(sentences: Sequence[Sequence[str]]) -> tuple[str | None, bool]:
    """Return the scheme that tags look written in, or None, and whether all of them obey it.

    Examples
    --------
    >>> detect_scheme([["B-PER", "I-PER", "O"]]), detect_scheme([["NOUN", "VERB"]])
    (('IOB2', True), (None, False))
    """
    tags = {tag for sentence in sentences for tag in sentence}
    parts = [split_tag(tag) for tag in tags if tag != OUTSIDE]
    if not parts or not all(kind for _, kind in parts):
        return None, False
    prefixes = {prefix for prefix, _ in parts}
    for scheme, own in _PREFIXES.items():
        if prefixes <= set(own):
            return scheme, first_illegal(sentences, scheme) is None
    return None, False
