"""Parts of words, by which unknown words have vectors too."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from appliednn.core._buckets import pad


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


def part_numbers(words: Sequence[str], shortest: int, longest: int, n_buckets: int) -> np.ndarray:
    """Return the numbers of each word's parts, filled up with 0, int32 (n_words, most_parts).

    Parts are hashed to 1 ... ``n_buckets``, the same in any process.
    """
    rows = [
        [1 + crc32(part.encode("utf-8", "surrogatepass")) % n_buckets for part in parts]
        for parts in (parts_of(word, shortest, longest) for word in words)
    ]
    return pad(rows)


def count_parts(words: Sequence[str], shortest: int, longest: int) -> int:
    """Return how many different parts the words have."""
    return len({part for word in words for part in parts_of(word, shortest, longest)})
