"""Texts that are all but equal: minima of hashes find the candidates, counting decides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from appliednn.text import normalize

_GRAM = 5
_N_BANDS, _N_ROWS = 20, 2
_PRIME = np.uint64(2**31 - 1)
_N_BUCKETS = 2**20
# Candidates looked at for each text: a text of a template meets thousands that are as good.
_MOST_TRIED = 50


def plain_form(text: str) -> str:
    """Return a text as copies are told by: normalised, digits alike, blanks joined.

    Examples
    --------
    >>> plain_form("Call  07123 NOW") == plain_form("call 99001 now")
    True
    """
    return re.sub(r"\s+", " ", re.sub(r"\d", "0", normalize(text))).strip()


def near_copies(
    texts: Sequence[str], among: Sequence[str], *, least: float = 0.8, seed: int = 0
) -> np.ndarray:
    """Return which texts have a near copy among others.

    Two texts are near copies where the sets of their runs of five characters (after
    :func:`plain_form`) have a Jaccard index of at least ``least``; texts of fewer than five
    characters where they are equal.

    Source: A. Broder, "On the resemblance and containment of documents", SEQUENCES 1997.

    Parameters
    ----------
    texts : sequence of n str
        Texts asked about.
    among : sequence of str
        Texts compared with.
    least : float
        Jaccard index from which on two texts count as copies.
    seed : int
        Of the hash functions; pairs far above ``least`` are found with any.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> near_copies(["Call 0800 123 to win a prize today", "See you at home"],
    ...             ["call 0900 777 to win a prize today!"]).tolist()
    [True, False]
    """
    ours, theirs = [plain_form(t) for t in texts], [plain_form(t) for t in among]
    equal = set(theirs)
    found = np.array([t in equal for t in ours], dtype=bool)
    open_rows = np.flatnonzero(
        [not hit and len(t) >= _GRAM for hit, t in zip(found, ours, strict=True)]
    )
    long = [t for t in equal if len(t) >= _GRAM]
    if not len(open_rows) or not long:
        return found
    long.sort()
    grams, other_grams = _grams([ours[i] for i in open_rows]), _grams(long)
    rng = np.random.default_rng(seed)
    draws = rng.integers(1, int(_PRIME), (2, _N_BANDS * _N_ROWS)).astype(np.uint64)
    bands, other_bands = _bands(grams, draws), _bands(other_grams, draws)
    index: dict[bytes, list[int]] = defaultdict(list)
    for j, keys in enumerate(other_bands):
        for key in keys:
            if len(index[key]) < _MOST_TRIED:
                index[key].append(j)
    for i, keys in enumerate(bands):
        tried = {j for key in keys for j in index.get(key, ())}
        found[open_rows[i]] = any(_jaccard(grams[i], other_grams[j]) >= least for j in tried)
    return found


def _grams(texts: Sequence[str]) -> list[np.ndarray]:
    """Return the runs of characters of each text as sorted numbers."""
    from sklearn.feature_extraction.text import HashingVectorizer

    count = HashingVectorizer(
        analyzer="char", ngram_range=(_GRAM, _GRAM), binary=True, norm=None,
        alternate_sign=False, n_features=_N_BUCKETS, lowercase=False,
    )  # fmt: skip
    made = count.transform(texts)
    made.sort_indices()
    return np.split(made.indices, made.indptr[1:-1])


def _bands(grams: Sequence[np.ndarray], draws: np.ndarray) -> list[list[bytes]]:
    """Return keys of each text: texts that share one are candidates."""
    out = []
    for each in grams:
        hashed = (each[:, None].astype(np.uint64) * draws[0] + draws[1]) % _PRIME
        least = hashed.min(axis=0).reshape(_N_BANDS, _N_ROWS)
        out.append([bytes([k]) + row.tobytes() for k, row in enumerate(least)])
    return out


def _jaccard(a: np.ndarray, b: np.ndarray) -> float:
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)
