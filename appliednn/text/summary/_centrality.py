"""How central each sentence of a document is: cosines of weighted words, and walks along them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

_DAMPING = 0.85


class WordWeights:
    """Weights of words by how few sentences hold them (inverse frequency).

    Parameters
    ----------
    words : list of str
        Known words, sorted.
    weights : ndarray of shape (n_words,)
        ``1 + log((1 + n) / (1 + sentences with the word))``.
    unknown : float
        Weight of any other word.
    """

    def __init__(self, words: list[str], weights: np.ndarray, unknown: float) -> None:
        self.words, self.weights, self.unknown = words, weights, unknown
        self._table = dict(zip(words, weights.tolist(), strict=True))

    @classmethod
    def learn(cls, sentences: Sequence[Sequence[str]]) -> WordWeights:
        """Return the weights by sentences, each as its words."""
        counts = Counter(word for words in sentences for word in set(words))
        words, n = sorted(counts), len(sentences)
        seen = np.array([counts[word] for word in words], dtype=np.float64)
        return cls(words, 1 + np.log((1 + n) / (1 + seen)), 1 + float(np.log(1 + n)))

    def vectors(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Return a document's sentences as vectors of unit length, (n_sentences, n_words_here).

        A word that is there n times counts ``1 + log(n)`` times its weight.
        """
        here: dict[str, int] = {}
        for words in sentences:
            for word in words:
                here.setdefault(word, len(here))
        out = np.zeros((len(sentences), max(1, len(here))))
        for row, words in zip(out, sentences, strict=True):
            for word, n in Counter(words).items():
                row[here[word]] = (1 + np.log(n)) * self._table.get(word, self.unknown)
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        return out / np.where(norms > 0, norms, 1)

    def mean(self, words: Sequence[str]) -> float:
        """Return the mean weight of words; 0 of none."""
        values = [self._table.get(word, self.unknown) for word in words]
        return float(np.mean(values)) if values else 0.0


def centroid_scores(vectors: np.ndarray) -> np.ndarray:
    """Return each sentence's cosine with the sum of all (D. Radev et al., 2004), (n,)."""
    centre = vectors.sum(axis=0)
    norm = np.linalg.norm(centre)
    return vectors @ centre / norm if norm > 0 else np.zeros(len(vectors))


def walk_scores(vectors: np.ndarray, prior: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Return how often a walk along similar sentences comes by each, (n,), with sum 1.

    From a sentence the walk goes on to others in proportion to their cosines, or starts anew by
    the prior (R. Mihalcea and P. Tarau, "TextRank", EMNLP 2004; with cosines of weighted words as
    in G. Erkan and D. Radev, "LexRank", JAIR 2004).

    Parameters
    ----------
    vectors : ndarray of shape (n, n_words)
        Sentences, of unit length.
    prior : ndarray of shape (n,)
        Shares of the starts, with sum 1.

    Examples
    --------
    >>> walk_scores(np.eye(2)[[0, 0, 1]], np.full(3, 1 / 3)).round(3).tolist()
    [0.465, 0.465, 0.07]
    """
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, 0.0)
    totals = similar.sum(axis=1, keepdims=True)
    steps = np.where(totals > 1e-12, similar / np.maximum(totals, 1e-12), prior[None])
    scores = prior.copy()
    for _ in range(rounds):
        new = (1 - _DAMPING) * prior + _DAMPING * (scores @ steps)
        if np.abs(new - scores).sum() < 1e-12:
            break
        scores = new
    return new
