"""Pairs of a source and a target: as numbers, and in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from appliednn.core._buckets import length_buckets, pad
from appliednn.text._input import as_texts
from appliednn.text.generation._marks import END, START

Pair = tuple[np.ndarray, np.ndarray]


def paired(X: Any, y: Any, x_name: str, y_name: str) -> tuple[list[str], list[str]]:
    """Return sources and targets as lists.

    Raises
    ------
    ValueError
        If there are not as many of the one as of the other.
    """
    sources, targets = as_texts(X, x_name), as_texts(y, y_name)
    if len(sources) != len(targets):
        raise ValueError(
            f"{x_name} holds {len(sources)} texts, {y_name} {len(targets)}; expected as many"
        )
    return sources, targets


def parted(items: Sequence, share: float, seed: int) -> tuple[list, list]:
    """Return items in their order, but for a random share, which is the second list."""
    n_held = int(share * len(items))
    order = np.random.default_rng(seed).permutation(len(items))
    kept = np.sort(order[n_held:])
    return [items[i] for i in kept], [items[i] for i in order[:n_held]]


def ended(ids: np.ndarray) -> np.ndarray:
    """Return a text's numbers with an end mark after them.

    Examples
    --------
    >>> ended(np.array([7, 8])).tolist()
    [7, 8, 2]
    """
    return np.append(ids, END).astype(np.int32)


def encoded_pairs(vocabulary, texts: Sequence[tuple[str, str]], max_length: int) -> list[Pair]:
    """Return the pairs that have text on both sides and are not too long, as numbers.

    A source has an end mark, a target a start and an end mark.
    """
    out = []
    for source, target in texts:
        a, b = vocabulary.encode(source), vocabulary.encode(target)
        if 0 < len(a) <= max_length and 0 < len(b) <= max_length:
            out.append((ended(a), np.append(START, ended(b)).astype(np.int32)))
    return out


def batches_of(
    pairs: Sequence[Pair], max_tokens: int, rng: np.random.Generator | None = None
) -> list[dict[str, np.ndarray]]:
    """Return pairs of similar length together, padded.

    Parameters
    ----------
    pairs : sequence of (source, target)
        As numbers.
    max_tokens : int
        Most numbers of a batch, on the longer side.
    rng : Generator, optional
        Shuffles; without one, every call gives the same batches.
    """
    lengths = [max(len(a), len(b) - 1) for a, b in pairs]
    return [
        {"source": pad([pairs[i][0] for i in rows]), "target": pad([pairs[i][1] for i in rows])}
        for rows in length_buckets(lengths, max_tokens=max_tokens, rng=rng)
    ]
