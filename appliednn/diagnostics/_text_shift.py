"""Words that are more frequent in one set of texts, and words that tell the label alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.core.statistics import holm

# Fewer texts than this make the normal approximation of a share doubtful.
_LEAST_EXPECTED = 5


@dataclass(frozen=True)
class WordShift:
    """A word in two sets of texts.

    Attributes
    ----------
    word : str
    train, test : float
        Share of texts that hold it.
    adjusted_p : float
        Of equal shares, adjusted by Holm over all words compared.
    """

    word: str
    train: float
    test: float
    adjusted_p: float


def word_shifts(train: Counter[str], n_train: int, test: Counter[str], n_test: int):
    """Compare the shares of texts that hold a word, for every word frequent enough.

    Parameters
    ----------
    train, test : Counter
        Texts that hold each word.
    n_train, n_test : int
        Texts.

    Returns
    -------
    list of WordShift
        Surest first.

    Examples
    --------
    >>> found = word_shifts(Counter(a=50, b=50), 100, Counter(a=90, b=50), 100)
    >>> found[0].word, found[0].adjusted_p < 1e-6, found[1].adjusted_p
    ('a', True, 1.0)
    """
    from scipy.special import ndtr

    smaller = min(n_train, n_test) / (n_train + n_test)
    words = sorted(
        w for w in set(train) | set(test) if (train[w] + test[w]) * smaller >= _LEAST_EXPECTED
    )
    if not words:
        return []
    a = np.array([train[w] for w in words]) / n_train
    b = np.array([test[w] for w in words]) / n_test
    pooled = (a * n_train + b * n_test) / (n_train + n_test)
    spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / n_train + 1 / n_test))
    p = holm(2 * ndtr(-np.abs(a - b) / spread))
    order = np.lexsort((-np.abs(a - b), p))
    return [WordShift(words[i], float(a[i]), float(b[i]), float(p[i])) for i in order]


def telling_word(
    words: Sequence[Sequence[str]], y: np.ndarray, rng: np.random.Generator, least: int = 10
) -> tuple[str, np.ndarray, np.ndarray] | None:
    """Return the word whose presence tells a class best, chosen on one half of the texts.

    Parameters
    ----------
    words : sequence of n sequences of str
    y : ndarray of int, shape (n,)
        Class codes from 0.
    rng : Generator
        Draws the halves.
    least : int
        Fewest texts of the first half that hold the word.

    Returns
    -------
    tuple of (str, ndarray of bool, ndarray of bool) or None
        The word, whether each text of the *other* half holds it, and whether it is of the class
        that the word speaks for; None where no word is frequent enough.

    Examples
    --------
    >>> words = [["spam", "x"], ["ham", "x"]] * 50
    >>> word, holds, of_class = telling_word(words, np.arange(100) % 2, np.random.default_rng(0))
    >>> word in ("spam", "ham"), bool((holds == of_class).all())
    (True, True)
    """
    order = rng.permutation(len(words))
    search, test = order[: len(order) // 2], order[len(order) // 2 :]
    n_classes = int(y.max()) + 1
    totals = np.bincount(y[search], minlength=n_classes)
    counts: dict[str, np.ndarray] = {}
    for i in search:
        for word in set(words[i]):
            counts.setdefault(word, np.zeros(n_classes, dtype=int))[y[i]] += 1
    best, chosen = 0.0, None
    for word in sorted(counts):
        held = counts[word]
        if held.sum() < least:
            continue
        inside = held / np.maximum(totals, 1)
        outside = (held.sum() - held) / np.maximum(totals.sum() - totals, 1)
        gain = np.where(totals >= least, inside - outside, 0.0)
        k = int(np.argmax(gain))
        if gain[k] > best:
            best, chosen = float(gain[k]), (word, k)
    if chosen is None:
        return None
    word, k = chosen
    return word, np.array([word in set(words[i]) for i in test]), y[test] == k
