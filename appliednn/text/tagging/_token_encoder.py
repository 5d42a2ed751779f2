"""From lists of tokens to the arrays that the tagger's network reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.text.tagging._context_features import FeatureTable, context_keys
from appliednn.text.tagging._words import WORD_LENGTH, case_class, characters, word_form, word_hashes

UNKNOWN = 1


@dataclass
class EncodedSentences:
    """Sentences as numbers: tokens of all of them one after the other, and a table of words.

    Attributes
    ----------
    lengths, starts : ndarray of shape (n_sentences,)
        Tokens of each sentence, and where it begins.
    types : ndarray of shape (n_tokens,)
        Row of each token in the table; row 0 is for no word.
    words, cases : ndarray of shape (n_types,)
        Each word's number in the vocabulary, and class of case.
    chars : ndarray of shape (n_types, WORD_LENGTH)
        Each word's characters.
    features : ndarray of shape (n_tokens, n_templates) or None
        Hand-made features.
    """

    lengths: np.ndarray
    starts: np.ndarray
    types: np.ndarray
    words: np.ndarray
    cases: np.ndarray
    chars: np.ndarray
    features: np.ndarray | None

    def batch(self, rows: np.ndarray, drop: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Return sentences as one padded batch.

        Parameters
        ----------
        rows : ndarray of int of shape (b,)
            Sentences.
        drop : ndarray of bool of shape (n_types,), optional
            Words to take as unknown.
        """
        lengths = self.lengths[rows]
        steps = np.arange(max(1, lengths.max()))
        mask = steps < lengths[:, None]
        place = np.where(mask, self.starts[rows, None] + steps, 0)
        used, types = np.unique(np.where(mask, self.types[place], 0), return_inverse=True)
        words = self.words[used]
        if drop is not None:
            words = np.where(drop[used], UNKNOWN, words)
        chars = self.chars[used]
        longest = max(1, int((chars > 0).sum(axis=1).max()))
        batch = {
            "types": types.reshape(mask.shape).astype(np.int32),
            "words": words.astype(np.int32),
            "cases": self.cases[used],
            "chars": np.ascontiguousarray(chars[:, :longest]),
            "lengths": lengths.astype(np.int32),
        }
        if self.features is not None:
            batch["features"] = np.where(mask[..., None], self.features[place], 0)
        return batch

    def tag_batch(self, tags: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return numbers that belong to tokens, (n_tokens,), as a padded array for a batch."""
        lengths = self.lengths[rows]
        steps = np.arange(max(1, lengths.max()))
        mask = steps < lengths[:, None]
        return np.where(mask, tags[np.where(mask, self.starts[rows, None] + steps, 0)], 0)


class TokenEncoder:
    """Vocabularies of words, characters and features, learned from training sentences.

    Parameters
    ----------
    words, chars : dict of str to int
        Numbers from 2 on; 0 fills up and 1 is for what is not known.
    counts : ndarray of int
        How often each word was seen, by its number.
    features : FeatureTable or None
        Hand-made features.
    """

    def __init__(self, words, chars, counts, features: FeatureTable | None) -> None:
        self.words, self.chars, self.counts, self.features = words, chars, counts, features

    @classmethod
    def learn(
        cls,
        sentences: Sequence[Sequence[str]],
        known_words: Sequence[str],
        min_count: int,
        feature_min_count: int | None,
    ) -> TokenEncoder:
        """Learn vocabularies.

        Parameters
        ----------
        sentences : sequence of sequences of str
            Training sentences.
        known_words : sequence of str
            Words, in their looked-up form, that come first whether they are seen or not.
        min_count : int
            Rarer words are unknown.
        feature_min_count : int or None
            Rarer features are left out; None: no features.
        """
        seen = Counter(word_form(w) for sentence in sentences for w in sentence)
        chars = Counter(c for sentence in sentences for w in sentence for c in w)
        often = sorted(w for w, n in seen.items() if n >= min_count)
        words = {w: i for i, w in enumerate(dict.fromkeys([*known_words, *often]), start=2)}
        counts = np.array([0, 0, *(seen.get(w, 0) for w in words)])
        numbers = {c: i for i, c in enumerate(sorted(chars), start=2)}
        encoder = cls(words, numbers, counts, None)
        if feature_min_count is not None:
            keys = encoder._keys(*encoder._types(sentences))
            encoder.features = FeatureTable.learn(keys, feature_min_count)
        return encoder

    @staticmethod
    def _types(sentences) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Return the distinct tokens, and each token's row among them, from 1 on."""
        rows: dict[str, int] = {}
        types = [rows.setdefault(w, len(rows) + 1) for sentence in sentences for w in sentence]
        lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
        return list(rows), np.array(types, dtype=np.int64), lengths

    @staticmethod
    def _keys(table: list[str], types: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        hashes = np.array([word_hashes(""), *map(word_hashes, table)], dtype=np.uint32)
        return context_keys(hashes, types, lengths)

    def encode(self, sentences: Sequence[Sequence[str]]) -> EncodedSentences:
        """Return sentences as numbers."""
        table, types, lengths = self._types(sentences)
        features = None
        if self.features is not None:
            features = self.features.numbers(self._keys(table, types, lengths))
        empty = np.zeros(WORD_LENGTH, dtype=np.int32)
        words = [0, *(self.words.get(word_form(w), UNKNOWN) for w in table)]
        return EncodedSentences(
            lengths=lengths,
            starts=np.cumsum(lengths) - lengths,
            types=types,
            words=np.array(words),
            cases=np.array([0, *map(case_class, table)], dtype=np.int32),
            chars=np.stack([empty, *(characters(w, self.chars) for w in table)]),
            features=features,
        )
