"""Attributions that a network of texts gives by itself, put on the words of the texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from appliednn.explain._text_pool import TextExplanation, TextPool, ends_of
from appliednn.text import normalize

#: Less of the attributions than this on words that were found: they cannot be shown by words.
LEAST_PLACED = 0.8
_MARKS = "▁Ġ"


def network_words(
    attribute: Callable[[list[str]], Sequence[tuple[Sequence[str], Any]]],
    pool: TextPool,
    rows: np.ndarray,
    target: np.ndarray,
    *,
    method: str = "Integrated gradients",
    how: str = "along a straight line from empty embeddings",
) -> TextExplanation:
    """Return what a network says of the tokens of texts, by word.

    Source: M. Sundararajan, A. Taly and Q. Yan, ICML 2017 (integrated gradients); S. Jain and B.
    Wallace, NAACL 2019 (why attention has to be tested before it is called an explanation).

    Parameters
    ----------
    attribute : callable
        ``attribute(texts)`` gives tokens and numbers of each text.
    pool : TextPool
        Texts and scores.
    rows : int ndarray of shape (n,)
        Texts to explain.
    target : int ndarray of shape (n,)
        Column of the scores that is explained, for each text.
    method, how : str
        What the reader calls it.

    Returns
    -------
    TextExplanation

    Raises
    ------
    ValueError
        If the tokens cannot be found among the words, so that most of the attributions would be
        lost.
    """
    rows, target = np.asarray(rows), np.asarray(target)
    given = attribute([pool.texts[r] for r in rows])
    words = [pool.words(r) for r in rows]
    values, placed, size = [], 0.0, 0.0
    for (tokens, numbers), each in zip(given, words, strict=True):
        numbers = np.asarray(numbers, dtype=np.float64).reshape(-1)
        made, found = place_tokens(list(tokens), numbers, each)
        values.append(made)
        placed += float(np.abs(numbers[found]).sum())
        size += float(np.abs(numbers).sum())
    if size > 0 and placed < LEAST_PLACED * size:
        raise ValueError(
            f"{100 * (1 - placed / size):.0f} % of the attributions are of tokens that are no "
            "words of the text"
        )
    whole, empty = ends_of(pool, rows, target)
    return TextExplanation(method, how, words, values, whole, empty, target, pool.unit)


def place_tokens(
    tokens: Sequence[str], numbers: np.ndarray, words: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of tokens summed by word, and which tokens were found.

    Tokens come in the order of the words: words themselves, parts of words, or several words
    with a blank between, whose number they share.

    Parameters
    ----------
    tokens : sequence of m str
    numbers : ndarray of shape (m,)
    words : sequence of n str

    Returns
    -------
    tuple of (ndarray of shape (n,), ndarray of bool, shape (m,))

    Examples
    --------
    >>> values, found = place_tokens(
    ...     ["un", "##like", "you", "unlike you", "!"], np.array([1.0, 2.0, 3.0, 4.0, 9.0]),
    ...     ["Unlike", "you"])
    >>> values.tolist(), found.tolist()
    ([5.0, 5.0], [True, True, True, True, False])
    """
    plain = [normalize(word) for word in words]
    values, found = np.zeros(len(words)), np.zeros(len(tokens), dtype=bool)
    place, inside = 0, 0
    for i, token in enumerate(tokens):
        parts = normalize(token).lstrip(_MARKS).removeprefix("##").split()
        if len(parts) > 1:
            at = _run(parts, plain)
            if at is not None:
                values[at : at + len(parts)] += numbers[i] / len(parts)
                found[i] = True
            continue
        if not parts:
            continue
        hit = _next(parts[0], plain, place, inside)
        if hit is None:
            continue
        place, inside = hit
        values[place] += numbers[i]
        found[i] = True
    return values, found


def _next(part: str, words: Sequence[str], place: int, inside: int) -> tuple[int, int] | None:
    """Return the word at or behind ``place`` that holds a part, and where the part ends in it."""
    for j in range(place, len(words)):
        at = words[j].find(part, inside if j == place else 0)
        if at >= 0:
            return j, at + len(part)
    return None


def _run(parts: Sequence[str], words: Sequence[str]) -> int | None:
    """Return where several words follow each other, or None."""
    n = len(parts)
    return next((j for j in range(len(words) - n + 1) if list(words[j : j + n]) == parts), None)
