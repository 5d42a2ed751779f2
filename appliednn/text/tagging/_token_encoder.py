"""From lists of tokens to the arrays that the tagger's network reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.text.tagging._context_features import context_keys, feature_numbers
from appliednn.text.tagging._word_parts import (
    WORD_LENGTH,
    case_class,
    characters,
    word_form,
    word_hashes,
)

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


@dataclass
class TokenEncoder:
    """Vocabularies of words, characters and features, learned from training sentences.

    Attributes
    ----------
    words, chars : list of str
        Their numbers count from 2 on; 0 fills up and 1 is for what is not known.
    counts : ndarray of int
        How often each word was seen, by its number.
    feature_keys : ndarray of uint64 or None
        Sorted keys of the hand-made features; their numbers count from 1 on.
    """

    words: list[str]
    chars: list[str]
    counts: np.ndarray
    feature_keys: np.ndarray | None

    def __post_init__(self) -> None:
        self._numbers: tuple[dict[str, int], dict[str, int]] | None = None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_numbers": None}

    @classmethod
    def learn(
        cls,
        sentences: Sequence[Sequence[str]],
        known_words: Sequence[str] = (),
        min_count: int = 1,
        min_feature_count: int | None = 1,
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
        min_feature_count : int or None
            Rarer features are left out; None: no features.
        """
        seen = Counter(word_form(w) for sentence in sentences for w in sentence)
        often = sorted(w for w, n in seen.items() if n >= min_count)
        words = list(dict.fromkeys([*known_words, *often]))
        counts = np.array([0, 0, *(seen.get(w, 0) for w in words)])
        chars = sorted({c for sentence in sentences for w in sentence for c in w})
        keys = None
        if min_feature_count is not None:
            found, often = np.unique(_keys(*_types(sentences)), return_counts=True)
            keys = found[often >= min_feature_count]
        return cls(words, chars, counts, keys)

    @property
    def n_words(self) -> int:
        """Numbers that words may have."""
        return len(self.words) + 2

    @property
    def n_chars(self) -> int:
        """Numbers that characters may have."""
        return len(self.chars) + 2

    @property
    def n_features(self) -> int:
        """Numbers that features may have; 0 without features."""
        return 0 if self.feature_keys is None else len(self.feature_keys) + 1

    def encode(self, sentences: Sequence[Sequence[str]]) -> EncodedSentences:
        """Return sentences as numbers."""
        if self._numbers is None:
            self._numbers = tuple(
                {item: i for i, item in enumerate(items, start=2)}
                for items in (self.words, self.chars)
            )
        known_words, known_chars = self._numbers
        table, types, lengths = _types(sentences)
        features = None
        if self.feature_keys is not None:
            features = feature_numbers(self.feature_keys, _keys(table, types, lengths))
        empty = np.zeros(WORD_LENGTH, dtype=np.int32)
        return EncodedSentences(
            lengths=lengths,
            starts=np.cumsum(lengths) - lengths,
            types=types,
            words=np.array([0, *(known_words.get(word_form(w), UNKNOWN) for w in table)]),
            cases=np.array([0, *map(case_class, table)], dtype=np.int32),
            chars=np.stack([empty, *(characters(w, known_chars) for w in table)]),
            features=features,
        )


def _types(sentences) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the distinct tokens, each token's row among them from 1 on, and lengths."""
    rows: dict[str, int] = {}
    types = [rows.setdefault(w, len(rows) + 1) for sentence in sentences for w in sentence]
    lengths = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
    return list(rows), np.array(types, dtype=np.int64), lengths


def _keys(table: list[str], types: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    hashes = np.array([word_hashes(""), *map(word_hashes, table)], dtype=np.uint32)
    return context_keys(hashes, types, lengths)
