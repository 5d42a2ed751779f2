"""Words of a corpus as numbers, and pairs of words near each other, for whole arrays at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np


def count_words(
    sentences: Sequence[Sequence[str]], min_count: int
) -> tuple[list[str], np.ndarray]:
    """Return the words seen at least ``min_count`` times, by falling count, and their counts.

    Examples
    --------
    >>> words, counts = count_words([["a", "b"], ["b", "c", "b"]], 1)
    >>> words, counts.tolist()
    (['b', 'a', 'c'], [3, 1, 1])
    """
    seen = Counter(word for sentence in sentences for word in sentence)
    often = sorted((item for item in seen.items() if item[1] >= min_count),
                   key=lambda item: (-item[1], item[0]))  # fmt: skip
    return [word for word, _ in often], np.array([n for _, n in often], dtype=np.int64)


def numbered(sentences, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the known words of all sentences as numbers, and the sentence of each, both (n,)."""
    rows = {word: row for row, word in enumerate(words)}
    tokens = [[rows[word] for word in sentence if word in rows] for sentence in sentences]
    lengths = [len(part) for part in tokens]
    flat = np.array([row for part in tokens for row in part], dtype=np.int32)
    return flat, np.repeat(np.arange(len(tokens)), lengths)


def kept_shares(counts: np.ndarray, threshold: float) -> np.ndarray:
    """Return with what probability an occurrence of each word is kept (word2vec's rule).

    Parameters
    ----------
    counts : ndarray of int of shape (n_words,)
        Occurrences.
    threshold : float
        Share of all occurrences up to which a word is kept always; 0: all are.

    Examples
    --------
    >>> kept_shares(np.array([96, 4]), 0.06).round(3).tolist()
    [0.312, 1.0]
    """
    if threshold == 0:
        return np.ones(len(counts))
    share = threshold * counts.sum() / counts
    return np.minimum(1.0, np.sqrt(share) + share)


def near_pairs(
    words: np.ndarray,
    sentences: np.ndarray,
    window: int,
    reach: np.ndarray | None = None,
) -> np.ndarray:
    """Return all pairs of a word and another at most ``window`` words away in its sentence.

    Parameters
    ----------
    words, sentences : ndarray of shape (n,)
        Words of all sentences one after the other, and the sentence of each.
    window : int
        Greatest distance.
    reach : ndarray of int of shape (n,), optional
        A greatest distance for each word, at most ``window``.

    Returns
    -------
    ndarray of shape (n_pairs, 2)
        Word, and word near it; each pair both ways if both reach so far.

    Examples
    --------
    >>> near_pairs(np.array([5, 6, 7]), np.array([0, 0, 1]), 2).tolist()
    [[5, 6], [6, 5]]
    """
    found = []
    for distance in range(1, window + 1):
        first, second = words[:-distance], words[distance:]
        together = sentences[:-distance] == sentences[distance:]
        ahead = behind = together
        if reach is not None:
            ahead = together & (reach[:-distance] >= distance)
            behind = together & (reach[distance:] >= distance)
        found.append(np.column_stack([first[ahead], second[ahead]]))
        found.append(np.column_stack([second[behind], first[behind]]))
    return np.concatenate(found) if found else np.zeros((0, 2), words.dtype)
