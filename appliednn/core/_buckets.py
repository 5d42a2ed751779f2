"""Batches of sequences of similar length, padded to one of few lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Lengths within so many batches are sorted against each other; further apart, order is random.
_POOL_BATCHES = 50


def length_buckets(
    lengths: Sequence[int] | np.ndarray,
    batch_size: int | None = None,
    *,
    max_tokens: int | None = None,
    rng: np.random.Generator | None = None,
) -> list[np.ndarray]:
    """Return batches as arrays of row numbers, rows of similar length together.

    Parameters
    ----------
    lengths : sequence of int, shape (n,)
        Length of each row.
    batch_size : int, optional
        Most rows of a batch.
    max_tokens : int, optional
        Most rows times the longest length of a batch; a longer row is a batch of its own.
    rng : Generator, optional
        Shuffles rows before they are pooled, and the batches; without one, rows are sorted by
        length, longest first, and every call gives the same batches.

    Returns
    -------
    list of ndarray of int

    Examples
    --------
    >>> [rows.tolist() for rows in length_buckets([3, 9, 2, 8], batch_size=2)]
    [[1, 3], [0, 2]]
    >>> [rows.tolist() for rows in length_buckets([3, 9, 2, 8], max_tokens=9)]
    [[1], [3], [0, 2]]
    """
    lengths = np.asarray(lengths)
    if batch_size is None and max_tokens is None:
        raise ValueError("give batch_size, max_tokens or both")
    if rng is None:
        return _cut(np.argsort(-lengths, kind="stable"), lengths, batch_size, max_tokens)
    order = rng.permutation(len(lengths))
    rows = batch_size or max(1, max_tokens // max(1, int(lengths.mean())))
    pool = max(1, rows * _POOL_BATCHES)
    batches = []
    for i in range(0, len(order), pool):
        part = order[i : i + pool]
        part = part[np.argsort(-lengths[part], kind="stable")]
        batches += _cut(part, lengths, batch_size, max_tokens)
    return [batches[i] for i in rng.permutation(len(batches))]


def _cut(order, lengths, batch_size: int | None, max_tokens: int | None) -> list[np.ndarray]:
    """Cut rows, sorted by falling length, into batches."""
    out, start = [], 0
    while start < len(order):
        size = batch_size or len(order)
        if max_tokens is not None:
            size = min(size, max(1, max_tokens // max(1, int(lengths[order[start]]))))
        out.append(order[start : start + size])
        start += size
    return out


def pad(
    sequences: Sequence[Sequence[int] | np.ndarray],
    length: int | None = None,
    value: float = 0,
    dtype=np.int32,
) -> np.ndarray:
    """Return sequences as the rows of one array, filled up at their ends.

    Parameters
    ----------
    sequences : sequence of sequences of numbers
        Rows.
    length : int, optional
        Width of the array; longer rows are cut. Default: the longest row's, at least 1.
    value : number
        What fills up.

    Returns
    -------
    ndarray of shape (n, length)

    Examples
    --------
    >>> pad([[1, 2, 3], [4]]).tolist()
    [[1, 2, 3], [4, 0, 0]]
    """
    if length is None:
        length = max(1, max((len(s) for s in sequences), default=1))
    out = np.full((len(sequences), length), value, dtype=dtype)
    for row, sequence in zip(out, sequences, strict=True):
        n = min(len(sequence), length)
        row[:n] = sequence[:n]
    return out
