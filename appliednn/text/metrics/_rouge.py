"""ROUGE: how much of a summary and of its reference is shared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from appliednn.text._input import as_texts

_WORD = re.compile(r"[^\W_]+")
_KINDS = ("rouge1", "rouge2", "rougeL")


class RougeScore(NamedTuple):
    """One kind of ROUGE of n texts.

    Attributes
    ----------
    precision, recall, f1 : ndarray of float, shape (n,)
        From 0 to 1: shared parts by those of the text, by those of its reference, and the
        harmonic mean of the two.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray


def rouge_words(text: str) -> list[str]:
    """Return a text's words, lower case, without signs."""
    return _WORD.findall(text.lower())


def rouge_scores(
    written: Sequence[str], references: Sequence[str], kinds: Sequence[str] = _KINDS
) -> dict[str, RougeScore]:
    """Return ROUGE-1, ROUGE-2 and ROUGE-L of texts.

    ROUGE-N counts shared runs of N words, ROUGE-L the longest common subsequence of words
    (C.-Y. Lin, 2004). Words are letters and digits in lower case, not stemmed.

    Parameters
    ----------
    written, references : 1-D container of str
        Texts, and a reference for each.
    kinds : sequence of {"rouge1", "rouge2", "rougeL"}
        Also ``"rouge3"`` and so on.

    Returns
    -------
    dict of str to RougeScore

    Raises
    ------
    ValueError
        If there are not as many references as texts, or a kind is not known.

    Examples
    --------
    >>> scores = rouge_scores(["the cat sat"], ["the cat is there"])
    >>> {kind: round(float(score.f1[0]), 3) for kind, score in scores.items()}
    {'rouge1': 0.571, 'rouge2': 0.4, 'rougeL': 0.571}
    """
    texts, others = as_texts(written, "written"), as_texts(references, "references")
    if len(texts) != len(others):
        raise ValueError(
            f"{len(texts)} texts and {len(others)} references were given; expected as many"
        )
    pairs = [(rouge_words(a), rouge_words(b)) for a, b in zip(texts, others, strict=True)]
    out = {}
    for kind in kinds:
        counted = np.array([_shared(kind, a, b) for a, b in pairs], dtype=np.float64)
        shared, n_own, n_reference = counted.T
        out[kind] = RougeScore(
            _share(shared, n_own),
            _share(shared, n_reference),
            _share(2 * shared, n_own + n_reference),
        )
    return out


def _shared(kind: str, own: list[str], reference: list[str]) -> tuple[int, int, int]:
    """Return how many parts are shared, and how many each text has."""
    if kind == "rougeL":
        return _common_length(own, reference), len(own), len(reference)
    if not re.fullmatch(r"rouge[1-9]", kind):
        raise ValueError(f"kind {kind!r} was given; expected 'rouge1', 'rouge2', ... or 'rougeL'")
    a, b = (_runs(words, int(kind[-1])) for words in (own, reference))
    return (a & b).total(), a.total(), b.total()


def _runs(words: list[str], n: int) -> Counter:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def _common_length(a: list[str], b: list[str]) -> int:
    """Return the length of the longest common subsequence."""
    above = [0] * (len(b) + 1)
    for word in a:
        row = [0]
        for j, other in enumerate(b):
            row.append(above[j] + 1 if word == other else max(above[j + 1], row[j]))
        above = row
    return above[-1]


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
