"""Many texts as one array of code points, to be cut up without a loop over characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from appliednn.text._normalize import normalize

# Stands between texts; a text that holds it gets a space there.
_END = "\x00"
# Characters handled in one go: arrays of 8 bytes an n-gram stay in the processor's cache.
_BLOCK = 100_000
# Code points from here on are rare ideographs: letters.
_TABLE = 0x20000


class Corpus(NamedTuple):
    """Texts side by side.

    Attributes
    ----------
    points : ndarray of uint32, shape (n_characters,)
        Code points; each text is followed by a 0.
    ends : ndarray of int, shape (n_texts,)
        Where each text's 0 stands.
    """

    points: np.ndarray
    ends: np.ndarray


class Tokens(NamedTuple):
    """Pieces of a corpus.

    Attributes
    ----------
    starts, ends : ndarray of int, shape (n_tokens,)
        Where each piece begins, and where it ends (behind its last character).
    text : ndarray of int, shape (n_tokens,)
        Number of the text it stands in.
    """

    starts: np.ndarray
    ends: np.ndarray
    text: np.ndarray


def corpora(texts: Sequence[str], form: str | None, fold_case: bool) -> Iterator[Corpus]:
    """Yield the texts, normalised, in blocks small enough for the processor's cache.

    Parameters
    ----------
    texts : sequence of str
        Texts.
    form, fold_case
        As in :func:`~appliednn.text.normalize`.
    """
    block, size = [], 0
    for text in texts:
        block.append(text)
        size += len(text)
        if size >= _BLOCK:
            yield _corpus(block, form, fold_case)
            block, size = [], 0
    if block:
        yield _corpus(block, form, fold_case)


def _corpus(texts: list[str], form: str | None, fold_case: bool) -> Corpus:
    joined = _END.join(texts) + _END
    if joined.count(_END) != len(texts):
        joined = _END.join(text.replace(_END, " ") for text in texts) + _END
    joined = normalize(joined, form, fold_case)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return Corpus(points, np.flatnonzero(points == 0))


def word_tokens(corpus: Corpus, least_length: int = 1, marks: bool = True) -> Tokens:
    """Return the words of a corpus: runs of letters, digits, underscores and combining marks.

    Parameters
    ----------
    corpus : Corpus
        Texts.
    least_length : int
        Shorter words are left out.
    marks : bool
        Whether any other visible character is a token by itself.
    """
    kind = _kinds(corpus.points)
    inside = kind == _LETTER
    change = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = change[::2], change[1::2]
    if least_length > 1:
        long = ends - starts >= least_length
        starts, ends = starts[long], ends[long]
    if marks:
        single = np.flatnonzero(kind == _MARK)
        starts = np.concatenate([starts, single])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], np.concatenate([ends, single + 1])[order]
    return Tokens(starts, ends, np.searchsorted(corpus.ends, starts))


def spaced_tokens(corpus: Corpus) -> Tokens:
    """Return what stands between white space in a corpus."""
    kind = _kinds(corpus.points)
    inside = (kind == _LETTER) | (kind == _MARK)
    change = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = change[::2], change[1::2]
    return Tokens(starts, ends, np.searchsorted(corpus.ends, starts))


_LETTER, _MARK, _SPACE = 1, 2, 0


def _kinds(points: np.ndarray) -> np.ndarray:
    """Return for each code point whether it is part of a word, another mark, or white space."""
    return _kind_table()[np.minimum(points, _TABLE)]


@cache
def _kind_table() -> np.ndarray:
    table = np.full(_TABLE + 1, _LETTER, dtype=np.uint8)
    for point in range(_TABLE):
        character = chr(point)
        if character.isalnum() or character == "_":
            continue
        category = unicodedata.category(character)
        if character.isspace() or category in ("Cc", "Cf", "Cs", "Zs"):
            table[point] = _SPACE
        elif not category.startswith("M"):
            table[point] = _MARK
    return table
