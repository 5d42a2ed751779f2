"""A document as sentences, and what can be said of each of them in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.text._sentences import split_sentences
from appliednn.text.metrics._rouge import rouge_words
from appliednn.text.summary._centrality import WordWeights, centroid_scores, walk_scores

FEATURES = (
    "place",
    "first",
    "second",
    "third",
    "share of the way",
    "length",
    "centroid",
    "walk",
    "like the first",
    "weight of words",
    "digits",
    "capitals",
)


@dataclass(frozen=True)
class Document:
    """A document's sentences, and their words."""

    sentences: list[str]
    words: list[list[str]]

    @classmethod
    def of(cls, text: str) -> Document:
        """Split a text."""
        sentences = split_sentences(text)
        return cls(sentences, [rouge_words(sentence) for sentence in sentences])


def place_prior(n: int, weight: float) -> np.ndarray:
    """Return shares that fall with the place: ``1 / (1 + place) ** weight``, with sum 1.

    Examples
    --------
    >>> place_prior(2, 1.0).round(3).tolist(), place_prior(2, 0.0).tolist()
    ([0.667, 0.333], [0.5, 0.5])
    """
    shares = (1.0 + np.arange(n)) ** -weight
    return shares / shares.sum()


def method_scores(
    document: Document, method: str, weights: WordWeights, position_weight: float
) -> np.ndarray:
    """Return how fit for a summary each sentence is by a method that learns no labels, (n,)."""
    n = len(document.sentences)
    if method == "lead":
        return -np.arange(n, dtype=np.float64)
    vectors = weights.vectors(document.words)
    if method == "centroid":
        return centroid_scores(vectors) * place_prior(n, position_weight) * n
    return walk_scores(vectors, place_prior(n, position_weight))


def sentence_features(document: Document, weights: WordWeights) -> np.ndarray:
    """Return the numbers of :data:`FEATURES` for each sentence, (n, n_features)."""
    n = len(document.sentences)
    place = np.arange(n)
    vectors = weights.vectors(document.words)
    walk = walk_scores(vectors, place_prior(n, 0.0)) * n
    columns = [
        1.0 / (1 + place),
        *(place == k for k in range(3)),
        place / max(1, n - 1),
        np.log1p([len(words) for words in document.words]),
        centroid_scores(vectors),
        walk,
        vectors @ vectors[0],
        [weights.mean(words) for words in document.words],
        _shares(document.words, lambda word: word.isdigit()),
        _shares([s.split()[1:] for s in document.sentences], lambda word: word[0].isupper()),
    ]
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])


def _shares(lists: Sequence[Sequence[str]], holds) -> list[float]:
    return [sum(map(holds, words)) / max(1, len(words)) for words in lists]


def choose_sentences(
    scores: np.ndarray, vectors: np.ndarray, n: int, most_alike: float
) -> list[int]:
    """Return the places of the best sentences that are not too alike, in the text's order.

    Parameters
    ----------
    scores : ndarray of shape (n_sentences,)
        Higher is better; of equal ones the earlier counts.
    vectors : ndarray of shape (n_sentences, n_words)
        Sentences, of unit length.
    n : int
        Sentences to choose.
    most_alike : float
        A sentence with a greater cosine to a chosen one is taken only if others run out.
    """
    order = np.argsort(-scores, kind="stable").tolist()
    chosen: list[int] = []
    for i in order:
        if len(chosen) == n:
            break
        if not chosen or (vectors[chosen] @ vectors[i]).max() <= most_alike:
            chosen.append(i)
    chosen += [i for i in order if i not in chosen][: n - len(chosen)]
    return sorted(chosen)
