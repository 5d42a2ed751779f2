"""What a word is known by besides its meaning: characters, case, and parts of it as hashes."""

from __future__ import annotations

import re
from functools import lru_cache
from zlib import crc32

import numpy as np

from appliednn.text._normalize import normalize

_DIGITS = re.compile(r"\d")
# Longer words are read at both ends.
WORD_LENGTH = 24
_TAIL = 8
# Classes of case; 0 is for no word.
_CASES = ("lower", "title", "upper", "mixed", "number", "with_digit", "mark", "other")
N_CASES = 1 + len(_CASES)
# Parts of a word that are hashed, in the order of the columns of :func:`word_hashes`.
PARTS = ("word", "shape", "suffix3", "exact", "long_shape", "suffix1", "suffix2", "suffix4",
         "prefix1", "prefix2", "prefix3", "prefix4")  # fmt: skip


@lru_cache(maxsize=1 << 17)
def word_form(word: str) -> str:
    """Return the form that words are looked up by: normal form, folded case, digits as 0.

    Examples
    --------
    >>> word_form("Ruby-3.1")
    'ruby-0.0'
    """
    return _DIGITS.sub("0", normalize(word))


def case_class(word: str) -> int:
    """Return a number from 1 on for the case of a word.

    Examples
    --------
    >>> [_CASES[case_class(w) - 1] for w in ("Paris", "USA", "1984", "B2B", "...", "iPod")]
    ['title', 'upper', 'number', 'with_digit', 'mark', 'mixed']
    """
    if word.isnumeric() or (any(map(str.isdigit, word)) and not any(map(str.isalpha, word))):
        return 5
    if any(map(str.isdigit, word)):
        return 6
    if not any(map(str.isalpha, word)):
        return 7
    if word == word.lower() and word != word.upper():
        return 1
    if word.istitle() and word[0].isupper():
        return 2
    if word.isupper():
        return 3
    return 4 if word != word.lower() else 8


def shape_of(word: str) -> str:
    """Return a word with letters as X or x, digits as d, other characters as they are.

    Examples
    --------
    >>> shape_of("McDonald-2b")
    'XxXxxxxx-dx'
    """
    return "".join(
        "X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word
    )


def squeezed(shape: str) -> str:
    """Return a text with runs of one character as one.

    >>> squeezed("Xxxx-dd")
    'Xx-d'
    """
    return re.sub(r"(.)\1+", r"\1", shape)


def word_hashes(word: str) -> list[int]:
    """Return a 32-bit number for each of a word's parts (:data:`PARTS`), the same in any process.

    A word too short for a part has the number of its whole.
    """
    form, shape = word_form(word), shape_of(word)
    parts = [form, squeezed(shape), form[-3:], word, shape[:12], form[-1:], form[-2:], form[-4:]]
    parts += [form[:n] for n in (1, 2, 3, 4)]
    return [crc32(f"{i}={part}".encode("utf-8", "surrogatepass")) for i, part in enumerate(parts)]


def characters(word: str, known: dict[str, int]) -> np.ndarray:
    """Return a word's characters as numbers, filled up with 0 to a fixed length; 1: not known."""
    if len(word) > WORD_LENGTH:
        word = word[: WORD_LENGTH - _TAIL] + word[-_TAIL:]
    out = np.zeros(WORD_LENGTH, dtype=np.int32)
    out[: len(word)] = [known.get(c, 1) for c in word]
    return out
