"""A stream of tokens cut into pieces: for training, and for scoring with what came before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core._buckets import pad
from appliednn.text.generation._marks import END, PAD


def stream_of(texts: Sequence[np.ndarray]) -> np.ndarray:
    """Return texts one after the other, with an end mark before, between and after them."""
    parts = [np.array([END], dtype=np.int32)]
    for ids in texts:
        parts += [ids, parts[0]]
    return np.concatenate(parts)


def training_chunks(stream: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """Return neighbouring pieces of ``length`` steps in random order, from a random offset.

    Returns
    -------
    ndarray of int32, shape (n, length + 1)
        A piece's last token is the next one's first.
    """
    n = (len(stream) - 1) // length
    if n < 2:
        return pieces(stream, length)
    offset = int(rng.integers(0, (len(stream) - 1) % length + 1))
    starts = offset + length * rng.permutation(n)
    return stream[starts[:, None] + np.arange(length + 1)]


def pieces(stream: np.ndarray, length: int) -> np.ndarray:
    """Return neighbouring pieces of ``length`` steps in order, the last one padded."""
    starts = range(0, max(1, len(stream) - 1), length)
    return pad([stream[i : i + length + 1] for i in starts], length + 1, PAD)


def windows_with_past(n: int, window: int, past: int) -> list[tuple[int, int, int]]:
    """Return how to score ``n`` steps with windows of bounded length.

    Returns
    -------
    list of (start, first, end)
        Read the steps from ``start`` to ``end``, and count those from ``first`` on: each step is
        counted once, and after the first window with at least ``past`` steps before it.

    Examples
    --------
    >>> windows_with_past(10, 6, 2)
    [(0, 0, 6), (4, 6, 10)]
    """
    out = [(0, 0, min(n, window))]
    while out[-1][2] < n:
        first = out[-1][2]
        start = first - past
        out.append((start, first, min(n, start + window)))
    return out
