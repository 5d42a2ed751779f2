"""How the estimators of texts learn what their network and their linear part read."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from appliednn.text._ngram_features import NgramFeatures
from appliednn.text._words import WordVocabulary
from appliednn.text.classification._encoder import encoder_reader
from appliednn.text.classification._readers import NgramReader, TokenReader

# n-grams of characters are left out of "auto" beyond so many characters of training text.
_AUTO_CHARACTERS = 30_000_000
_LONGEST = 512


class TextRows(NamedTuple):
    """Training texts and what is known of them; held-out ones that were given come last."""

    texts: list[str]
    target: np.ndarray
    weights: np.ndarray
    n_given_held: int


class TextReading:
    """Vocabularies and readers, by the parameters of an estimator of texts."""

    def _learn_readers(self, data: TextRows, n: int):
        """Learn vocabularies from the first n texts; return what network and linear part read."""
        own = data.texts[:n]
        matrix, self.features_ = None, None
        if self.linear or self.architecture == "bag":
            self.features_ = self._make_features(own)
            matrix = self.features_.fit_transform(own)
            if n < len(data.texts):
                import scipy.sparse as sp

                rest = self.features_.transform(data.texts[n:])
                matrix = sp.vstack([matrix, rest], format="csr")
        if self.architecture == "bag":
            columns = min(self.max_tokens, self.features_.n_features)
            self.reader_ = NgramReader(self.features_, columns)
        elif self.architecture == "encoder":
            self.reader_ = encoder_reader(self.encoder, self.fine_tune, self.max_length)
        else:
            self.reader_ = self._make_token_reader(own)
        prepared = self.reader_.prepare(data.texts, matrix)
        return prepared, matrix if self.linear else None

    def _make_features(self, texts: list[str]) -> NgramFeatures:
        characters = self.char_ngrams
        if isinstance(characters, str):
            characters = (2, 5) if sum(map(len, texts)) <= _AUTO_CHARACTERS else None
        ranges = [_ngram_range(words, name) for words, name in
                  ((self.word_ngrams, "word_ngrams"), (characters, "char_ngrams"))]  # fmt: skip
        if ranges == [None, None]:
            raise ValueError("word_ngrams and char_ngrams are both None; give at least one")
        return NgramFeatures(
            words=ranges[0],
            characters=ranges[1],
            form=self.normalization,
            fold_case=self.fold_case,
            min_count=self.min_count,
            max_features=self.max_features,
        )

    def _make_token_reader(self, texts: list[str]) -> TokenReader:
        vocabulary = WordVocabulary.learn(
            texts, self.normalization, self.fold_case, self.max_tokens, self.min_count
        )
        length = self.max_length
        if length == "p95":
            lengths = [len(numbers) for numbers in vocabulary.encode(texts)]
            length = int(np.clip(np.percentile(lengths, 95), 5, _LONGEST))
        return TokenReader(vocabulary, int(length))


def _ngram_range(given: Any, name: str) -> list[int] | None:
    """Return the smallest and the largest n."""
    if given is None:
        return None
    if len(given) != 2 or not all(isinstance(n, Integral) for n in given):
        raise ValueError(f"{name}={given!r} was given; expected two whole numbers such as (1, 2)")
    low, high = int(given[0]), int(given[1])
    if not 1 <= low <= high:
        raise ValueError(f"{name}={given!r} was given; expected 1 <= smallest <= largest")
    return [low, high]
