"""Hand-made features of a token and its neighbours, as hashes: what a feature-based CRF reads."""

from __future__ import annotations

import numpy as np

from appliednn.text.tagging._word_parts import PARTS

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
# Neighbours' parts that count by themselves, and groups that count together: (offset, part).
_WORD, _SHAPE, _SUFFIX = PARTS.index("word"), PARTS.index("shape"), PARTS.index("suffix3")
_NEAR = (_WORD, _SHAPE, _SUFFIX)
_TEMPLATES: tuple[tuple[tuple[int, int], ...], ...] = (
    *(((0, part),) for part in range(len(PARTS))),
    *(((offset, part),) for offset in (-1, 1) for part in _NEAR),
    *(((offset, part),) for offset in (-2, 2) for part in (_WORD, _SHAPE)),
    ((-1, _WORD), (0, _WORD)),
    ((0, _WORD), (1, _WORD)),
    ((-1, _WORD), (1, _WORD)),
    ((-1, _SHAPE), (0, _SHAPE)),
    ((0, _SHAPE), (1, _SHAPE)),
    ((-1, _SHAPE), (0, _SHAPE), (1, _SHAPE)),
    ((-2, _SHAPE), (-1, _SHAPE), (0, _SHAPE)),
    ((0, _SHAPE), (1, _SHAPE), (2, _SHAPE)),
    ((-1, _WORD), (0, _SHAPE)),
    ((0, _SHAPE), (1, _WORD)),
    ((-2, _WORD), (-1, _WORD)),
    ((1, _WORD), (2, _WORD)),
)
_REACH = 2
N_TEMPLATES = len(_TEMPLATES)


def context_keys(hashes: np.ndarray, types: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return each token's features as 64-bit numbers.

    Parameters
    ----------
    hashes : ndarray of uint32 of shape (n_types, n_parts)
        Parts of each word type; row 0 stands for no word.
    types : ndarray of int of shape (n_tokens,)
        Word types of the tokens of all sentences, one after the other.
    lengths : ndarray of int of shape (n_sentences,)
        Tokens of each sentence.

    Returns
    -------
    ndarray of uint64 of shape (n_tokens, n_templates)
    """
    n = len(types)
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(n) + 2 * _REACH * sentence + _REACH
    spread = np.zeros(n + 2 * _REACH * (len(lengths) + 1), dtype=np.int64)
    spread[place] = types
    near = {o: hashes[spread[place + o]].astype(np.uint64) for o in range(-_REACH, _REACH + 1)}
    keys = np.empty((n, N_TEMPLATES), dtype=np.uint64)
    for column, template in enumerate(_TEMPLATES):
        key = np.full(n, column + 1, dtype=np.uint64) * _MULTIPLIER
        for offset, part in template:
            key = (key ^ near[offset][:, part]) * _MULTIPLIER
            key ^= key >> _SHIFT
        keys[:, column] = key
    return keys


def feature_numbers(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return features as numbers, int32 of the keys' shape: their place from 1 on, or 0.

    Parameters
    ----------
    known : ndarray of uint64 of shape (n_features,)
        Sorted keys of the features that count.
    keys : ndarray of uint64
        Features of tokens.

    Examples
    --------
    >>> feature_numbers(np.array([3, 7], np.uint64), np.array([7, 5], np.uint64)).tolist()
    [2, 0]
    """
    if len(known) == 0:
        return np.zeros(keys.shape, dtype=np.int32)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, place + 1, 0).astype(np.int32)
