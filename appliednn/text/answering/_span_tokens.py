"""Words of a question and its context, with their places, and what is known of each."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from appliednn.text._normalize import normalize

_TOKEN = re.compile(r"\w+|[^\w\s]")
# Words that were not learnt get one of so many numbers, so that a name is the same in both texts.
UNKNOWN_NUMBERS = 64
_SHAPES = 7
# How far a word of the question shines on its neighbours.
_REACH = 12


class Tokens:
    """A text cut into words and punctuation marks.

    Attributes
    ----------
    starts, ends : ndarray of int, shape (n,)
        Where each token stands in the text.
    words : list of str
        Tokens, normalised and with case folded.
    shapes : ndarray of int32, shape (n,)
        1 lower case, 2 capitalised, 3 upper case, 4 digits, 5 a mixture, 6 punctuation.
    """

    def __init__(self, text: str) -> None:
        found = [(m.start(), m.end()) for m in _TOKEN.finditer(text)]
        self.starts = np.array([a for a, _ in found], dtype=np.int64)
        self.ends = np.array([b for _, b in found], dtype=np.int64)
        raw = [text[a:b] for a, b in found]
        self.words = [_folded(token) for token in raw]
        self.shapes = np.array([_shape(token) for token in raw], dtype=np.int32)

    def __len__(self) -> int:
        return len(self.words)

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the first and last token that characters ``start`` to ``end`` touch, or None."""
        inside = np.flatnonzero((self.ends > start) & (self.starts < end))
        return (int(inside[0]), int(inside[-1])) if len(inside) else None


@lru_cache(maxsize=65_536)
def _folded(token: str) -> str:
    return normalize(token)


@lru_cache(maxsize=65_536)
def _shape(token: str) -> int:
    if token.isdigit():
        return 4
    if not token.isalpha():
        return 5 if any(char.isalnum() for char in token) else 6
    if token.islower():
        return 1
    if token.isupper() and len(token) > 1:
        return 3
    return 2 if token[0].isupper() else 1


class SpanVocabulary:
    """Numbers of words: 0 padding, 1 the place that stands for no answer, then hashes, then words.

    Parameters
    ----------
    words : sequence of str
        Those with a number of their own.
    rarity : dict of str to float
        Logarithm of the inverse share of texts with a word.
    """

    def __init__(self, words: Sequence[str], rarity: dict[str, float]) -> None:
        self.words = list(words)
        self.rarity = dict(rarity)
        first = 2 + UNKNOWN_NUMBERS
        self._numbers = {word: first + i for i, word in enumerate(self.words)}
        self._rarest = max(self.rarity.values(), default=1.0)

    @classmethod
    def learn(cls, texts: Sequence[Tokens], size: int, min_count: int = 2) -> SpanVocabulary:
        """Return the vocabulary of texts: the most frequent words, and how rare each is."""
        counts, seen = Counter(), Counter()
        for tokens in texts:
            counts.update(tokens.words)
            seen.update(set(tokens.words))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        kept = [word for word in ranked if counts[word] >= min_count][:size]
        rarity = {word: float(np.log((1 + len(texts)) / (1 + n))) for word, n in seen.items()}
        return cls(kept, rarity)

    def __len__(self) -> int:
        return 2 + UNKNOWN_NUMBERS + len(self.words)

    def numbers(self, words: Sequence[str]) -> np.ndarray:
        """Return the number of each word, int32."""
        known = self._numbers
        return np.array([known.get(w) or _hashed(w) for w in words], dtype=np.int32)

    def weights(self, words: Sequence[str]) -> np.ndarray:
        """Return how rare each word is, from 0 (in every text) to 1."""
        rare = max(self._rarest, 1e-9)
        return np.array([self.rarity.get(w, rare) / rare for w in words], dtype=np.float32)

    def __getstate__(self) -> dict:
        return {"words": self.words, "rarity": self.rarity}

    def __setstate__(self, state: dict) -> None:
        self.__init__(**state)

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        return AnnState(params=self.__getstate__())

    @classmethod
    def __ann_restore__(cls, state) -> SpanVocabulary:
        """Return the vocabulary of a model file."""
        return cls(**state.params)


def _hashed(word: str) -> int:
    return 2 + zlib.crc32(word.encode()) % UNKNOWN_NUMBERS


def overlap(question: Tokens, context: Tokens, vocabulary: SpanVocabulary) -> np.ndarray:
    """Return how each token of a context meets the question, float32 (n, 3).

    Whether the word is in the question; whether it begins like one of its words; how many of its
    rare words are near, the nearer the more.
    """
    asked = set(question.words)
    begins = {word[:4] for word in asked if len(word) > 3}
    same = np.array([word in asked for word in context.words], dtype=np.float32)
    alike = np.array([word[:4] in begins for word in context.words], dtype=np.float32)
    rare = vocabulary.weights(context.words) * same
    near = np.zeros(len(context), dtype=np.float32)
    if len(context):
        distance = np.abs(np.arange(-_REACH, _REACH + 1))
        kernel = np.where(distance > 0, 1.0 / np.maximum(distance, 1), 1.0)
        near = np.convolve(rare, kernel)[_REACH : _REACH + len(rare)].astype(np.float32)
    return np.column_stack([same, alike, near])
