"""N-grams of words and of characters as hashes, for a whole corpus at once."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from appliednn.text._corpus import Corpus, Tokens, spaced_tokens, word_tokens

# An odd multiplier has an inverse modulo 2**64: the hash of any stretch of text is then the
# difference of two sums (M. Rabin's fingerprint, with powers taken out).
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_SPACE = np.uint64(32)


class Ngrams(NamedTuple):
    """Occurrences of n-grams.

    Attributes
    ----------
    hashes : ndarray of uint64, shape (n_occurrences,)
        Equal n-grams have equal hashes.
    text : ndarray of int, shape (n_occurrences,)
        Number of the text, in rising order within each order of n-grams.
    starts, ends : ndarray of int, shape (n_occurrences,)
        Where it stands among the corpus's code points.
    """

    hashes: np.ndarray
    text: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


def hashed_ngrams(
    corpus: Corpus,
    words: tuple[int, int] | None,
    characters: tuple[int, int] | None,
    *,
    least_length: int = 1,
    marks: bool = True,
) -> list[Ngrams]:
    """Return the n-grams of a corpus, one entry for each n.

    Parameters
    ----------
    corpus : Corpus
        Texts.
    words : (int, int) or None
        Smallest and largest number of words.
    characters : (int, int) or None
        Smallest and largest number of characters, inside words between white space, with a space
        before and behind each (scikit-learn's ``"char_wb"``); a word that is shorter than the
        smallest is taken whole.
    least_length, marks
        What is a word: see :func:`~appliednn.text._corpus.word_tokens`.
    """
    out = []
    hashes = _Hashes(corpus.points)
    if words is not None:
        tokens = word_tokens(corpus, least_length, marks)
        own = hashes.between(tokens.starts, tokens.ends)
        out += [_word_ngrams(own, tokens, n) for n in range(words[0], words[1] + 1)]
    if characters is not None:
        out += _character_ngrams(hashes, spaced_tokens(corpus), *characters)
    return out


class _Hashes:
    """Hashes of any stretch of an array of code points."""

    def __init__(self, points: np.ndarray) -> None:
        n = len(points) + 1
        powers, self._inverses = _powers(_round_up(n))
        with np.errstate(over="ignore"):
            summed = np.cumsum((points.astype(np.uint64) + 1) * powers[: n - 1], dtype=np.uint64)
        self._sums = np.concatenate([np.zeros(1, np.uint64), summed])

    def between(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the hash of each stretch."""
        with np.errstate(over="ignore"):
            return (self._sums[ends] - self._sums[starts]) * self._inverses[starts]


@cache
def _powers(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the powers of the base and of its inverse."""
    out = []
    for base in (_BASE, _INVERSE):
        factors = np.full(n, base, dtype=np.uint64)
        factors[0] = 1
        with np.errstate(over="ignore"):
            out.append(np.cumprod(factors, dtype=np.uint64))
    return out[0], out[1]


def _round_up(n: int) -> int:
    return 1 << max(16, int(n - 1).bit_length())


def _word_ngrams(own: np.ndarray, tokens: Tokens, n: int) -> Ngrams:
    """Return runs of n words of one text."""
    last = len(own) - n + 1
    if last < 1:
        none = np.zeros(0, dtype=np.int64)
        return Ngrams(none.astype(np.uint64), none, none, none)
    whole = tokens.text[:last] == tokens.text[n - 1 :]
    hashes = own[:last].copy()
    with np.errstate(over="ignore"):
        for k in range(1, n):
            hashes = _mixed(hashes) + own[k : last + k]
    return Ngrams(
        _mixed(hashes[whole] + np.uint64(n)),
        tokens.text[:last][whole],
        tokens.starts[:last][whole],
        tokens.ends[n - 1 :][whole],
    )


def _character_ngrams(hashes: _Hashes, tokens: Tokens, least: int, most: int) -> list[Ngrams]:
    """Return the n-grams inside words, with a space before and behind each word.

    The space need not be there in the text: grams that touch a word's edge get it added.
    """
    lengths = tokens.ends - tokens.starts
    out = []
    for n in range(least, most + 1):
        # a padded word of length + 2 characters holds length + 3 - n grams
        counts = np.maximum(lengths + 3 - n, 0)
        if n == least:
            counts = np.maximum(counts, 1)
        token = np.repeat(np.arange(len(lengths)), counts)
        first = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else counts
        offset = np.arange(len(token)) - first[token] - 1  # -1 is the space before the word
        starts = np.maximum(offset, 0)
        ends = np.minimum(offset + n, lengths[token])
        begin = tokens.starts[token]
        own = hashes.between(begin + starts, begin + ends)
        before, behind = offset < 0, offset + n > lengths[token]
        with np.errstate(over="ignore"):
            # the hash of " word": the space comes first, the word's powers move up by one
            own = np.where(before, own * _BASE + (_SPACE + 1), own)
            added = (_SPACE + 1) * _powers(1 << 16)[0][np.minimum(ends - starts + before, 65535)]
            own = np.where(behind, own + added, own)
        out.append(Ngrams(_mixed(own), tokens.text[token], begin + starts, begin + ends))
    return out


def _mixed(h: np.ndarray) -> np.ndarray:
    """Return hashes whose low bits depend on all bits (the finaliser of MurmurHash3)."""
    with np.errstate(over="ignore"):
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
        h = (h ^ (h >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return h ^ (h >> np.uint64(33))
