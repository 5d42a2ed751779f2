"""ChrF: shared runs of characters, and of words for chrF++."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence

from appliednn.text.metrics._references import with_references

_SIGNS = set(string.punctuation)


def corpus_chrf(
    written: Sequence[str],
    references: Sequence[str] | Sequence[Sequence[str]],
    char_order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
    lowercase: bool = False,
) -> float:
    """Return the chrF of texts together, from 0 to 100.

    Precision and recall of runs of characters (white space left out), averaged over the orders,
    as one F score that weighs recall ``beta`` times (M. Popovic, WMT 2015; with ``word_order=2``
    chrF++, WMT 2017). Numbers are those of sacrebleu (M. Post, WMT 2018).

    Parameters
    ----------
    written : 1-D container of str, n texts
        Texts to judge.
    references : 1-D container of str, or n sequences of str
        One reference for each text, or several, of which the closest counts.
    char_order, word_order : int
        Longest runs of characters and of words.
    beta : float
        Weight of recall.
    lowercase : bool, default=False
        Whether case does not count.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there are not as many references as texts.

    Examples
    --------
    >>> round(corpus_chrf(["the cat sat"], ["the cat is sat"]), 2)
    50.62
    """
    pairs = with_references(written, references)
    totals = [0] * (3 * (char_order + word_order))
    for text, own in pairs:
        counts = _closest(text, own, char_order, word_order, beta, lowercase)
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
    return _f_score(totals, beta)


def sentence_chrf(written: str, references: str | Sequence[str], **options) -> float:
    """Return the chrF of one text, from 0 to 100.

    Parameters
    ----------
    written : str
        Text to judge.
    references : str or sequence of str
        Its reference or references.
    **options
        As of :func:`corpus_chrf`.

    Returns
    -------
    float

    Examples
    --------
    >>> sentence_chrf("cat", "cat")
    100.0
    """
    own = [references] if isinstance(references, str) else list(references)
    return corpus_chrf([written], [own], **options)


def _closest(text, references, char_order, word_order, beta, lowercase) -> list[int]:
    """Return the counts of runs against the reference with the best score of its own."""
    own = _runs(text, char_order, word_order, lowercase)
    best, best_score = None, -1.0
    for reference in references:
        other = _runs(reference, char_order, word_order, lowercase)
        counts = []
        for a, b in zip(own, other, strict=True):
            counts += [sum(a.values()) if b else 0, sum(b.values()), (a & b).total()]
        score = _f_score(counts, beta)
        if score > best_score:
            best, best_score = counts, score
    return best


def _runs(text: str, char_order: int, word_order: int, lowercase: bool) -> list[Counter]:
    text = text.lower() if lowercase else text
    letters = "".join(text.split())
    out = [
        Counter(letters[i : i + n] for i in range(len(letters) - n + 1))
        for n in range(1, char_order + 1)
    ]
    words = _words(text) if word_order else []
    for n in range(1, word_order + 1):
        out.append(Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1)))
    return out


def _words(text: str) -> list[str]:
    """Return words, with one sign at a word's end or else at its beginning split off."""
    out = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _SIGNS:
            out += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in _SIGNS:
            out += [word[0], word[1:]]
        else:
            out.append(word)
    return out


def _f_score(counts: list[int], beta: float) -> float:
    precision = recall = 0.0
    orders = 0
    for i in range(0, len(counts), 3):
        n_own, n_reference, n_shared = counts[i : i + 3]
        if n_own and n_reference:
            precision += n_shared / n_own
            recall += n_shared / n_reference
            orders += 1
    if not orders or precision + recall == 0:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return 100.0 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
