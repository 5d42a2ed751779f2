"""Parts of words, by which unknown words have vectors too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np


def parts_of(word: str, shortest: int, longest: int) -> list[str]:
    """Return the n-grams of a word's characters, with its beginning and end marked.

    The whole word is no part of itself.

    Examples
    --------
    >>> parts_of("was", 3, 6)
    ['<wa', 'was', 'as>', '<was', 'was>']
    """
    marked = f"<{word}>"
    return [
        marked[i : i + n]
        for n in range(shortest, min(longest, len(marked) - 1) + 1)
        for i in range(len(marked) - n + 1)
    ]


@dataclass
class PartTable:
    """The parts of words as numbers, one word after the other.

    Attributes
    ----------
    numbers : ndarray of int32 of shape (n,)
        Numbers of parts.
    starts : ndarray of int of shape (n_words + 1,)
        Where each word's parts begin; the end of the last.
    """

    numbers: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, words: Sequence[str], shortest: int, longest: int, n_buckets: int) -> PartTable:
        """Return the parts of words, hashed to 0 ... ``n_buckets - 1``, alike in any process."""
        rows = [
            [crc32(part.encode("utf-8", "surrogatepass")) % n_buckets for part in parts]
            for parts in (parts_of(word, shortest, longest) for word in words)
        ]
        starts = np.cumsum([0, *map(len, rows)])
        return cls(np.array([n for row in rows for n in row], dtype=np.int32), starts)

    def batch(self, words: np.ndarray) -> dict[str, np.ndarray]:
        """Return the parts of some words for the network, and which of the words each is of."""
        lengths = self.starts[words + 1] - self.starts[words]
        rows = np.repeat(np.arange(len(words)), lengths)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        place = np.repeat(self.starts[words], lengths) + within
        return {"parts": self.numbers[place], "part_rows": rows.astype(np.int32)}


def count_parts(words: Sequence[str], shortest: int, longest: int) -> int:
    """Return how many different parts the words have."""
    return len({part for word in words for part in parts_of(word, shortest, longest)})
