"""How near an answer is to the true one: exact match and the F1 of words, as SQuAD counts them."""

from __future__ import annotations

import re
import string
from collections import Counter

_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def normalize_answer(text: str) -> str:
    """Return an answer without case, ASCII punctuation, English articles and extra spaces.

    Parameters
    ----------
    text : str
        An answer.

    Returns
    -------
    str

    References
    ----------
    P. Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text", EMNLP 2016.

    Examples
    --------
    >>> normalize_answer("The  Eiffel Tower!")
    'eiffel tower'
    """
    text = _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION))
    return " ".join(text.split())


def exact_match(answer: str, truth: str) -> float:
    """Return 1.0 if two answers are alike once normalised, else 0.0.

    Examples
    --------
    >>> exact_match("the Nile.", "Nile")
    1.0
    """
    return float(normalize_answer(answer) == normalize_answer(truth))


def answer_f1(answer: str, truth: str) -> float:
    """Return the F1 of the words that two answers share, counted with repeats.

    An empty answer is right exactly where the true one is empty too.

    Examples
    --------
    >>> answer_f1("the river Nile", "Nile")
    0.666...
    """
    ours, theirs = normalize_answer(answer).split(), normalize_answer(truth).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2.0 * shared / (len(ours) + len(theirs))


def best_of(measure, answer: str, truths: str | list[str] | tuple[str, ...]) -> float:
    """Return a measure against the nearest of several true answers."""
    truths = [truths] if isinstance(truths, str) else truths
    return max(measure(answer, truth) for truth in truths)
