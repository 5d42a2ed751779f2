"""TF-IDF features of hashed n-grams, the most frequent n-gram in the first column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from appliednn.text._corpus import corpora
from appliednn.text._hashed_ngrams import hashed_ngrams

# Two n-grams share a column with a chance of 1 in 2 million. The upper half is for characters.
_BUCKETS = 1 << 22
_HALF = _BUCKETS // 2
# So many occurrences are searched for sooner than a table of all buckets is made.
_FEW = 50_000


@dataclass
class NgramFeatures:
    """From texts to sparse rows: (1 + log tf) * idf, as scikit-learn counts them.

    The n-grams of words and those of characters are scaled to unit length apart, so that the many
    characters do not drown the few words.

    Parameters
    ----------
    words, characters : list of two int, or None
        Smallest and largest n of word and of character n-grams.
    form, fold_case
        As in :func:`~appliednn.text.normalize`.
    least_length, marks
        What is a word: see :func:`~appliednn.text._corpus.word_tokens`.
    min_count : int
        N-grams in fewer texts are left out.
    max_features : int
        Most n-grams kept, the most frequent ones.

    Attributes
    ----------
    buckets : ndarray of int32, shape (n_features,)
        Hash bucket of each column, by falling number of texts that hold it.
    idf : ndarray of float32, shape (n_features,)
        ``log((1 + n) / (1 + df)) + 1``.
    """

    words: list[int] | None = field(default_factory=lambda: [1, 2])
    characters: list[int] | None = field(default_factory=lambda: [2, 5])
    form: str | None = "NFKC"
    fold_case: bool = True
    least_length: int = 1
    marks: bool = True
    min_count: int = 1
    max_features: int = 300_000
    buckets: np.ndarray | None = None
    idf: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._sorted: tuple[np.ndarray, np.ndarray] | None = None

    def fit_transform(self, texts: Sequence[str]):
        """Learn columns and weights from texts; return their rows.

        Returns
        -------
        scipy.sparse.csr_array of shape (n, n_features), float32

        Raises
        ------
        ValueError
            If no text holds an n-gram.
        """
        counted = [self._counts(block) for block in self._blocks(texts)]
        rows = sum(block.n_texts for block in counted)
        df = np.bincount(np.concatenate([b.buckets for b in counted]), minlength=_BUCKETS)
        seen = np.flatnonzero(df >= max(1, self.min_count))
        if len(seen) == 0:
            seen = np.flatnonzero(df)
        if len(seen) == 0:
            raise ValueError(
                f"the {rows} texts hold no words: all are empty or white space; check which "
                "column was given"
            )
        order = np.argsort(-df[seen], kind="stable")[: self.max_features]
        self.buckets, self._sorted = seen[order].astype(np.int32), None
        self.idf = (np.log((1 + rows) / (1 + df[self.buckets])) + 1).astype(np.float32)
        return self._matrix(counted)

    def transform(self, texts: Sequence[str]):
        """Return the rows of texts, as ``fit_transform`` does; unknown n-grams count nothing."""
        return self._matrix([self._counts(block) for block in self._blocks(texts)])

    def occurrences(self, text: str) -> tuple[str, Occurrences]:
        """Return a text as it is read, and where each known n-gram stands in it."""
        (block,) = self._blocks([text])
        grams = self._grams(block)
        columns = self._columns([self._buckets(grams)])[0]
        known = columns >= 0
        starts = np.concatenate([g.starts for g in grams])[known]
        ends = np.concatenate([g.ends for g in grams])[known]
        read = block.points[:-1].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        return read, Occurrences(columns[known], starts, ends)

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.buckets)

    def _blocks(self, texts):
        return corpora(texts, self.form, self.fold_case)

    def _grams(self, block):
        options = {"least_length": self.least_length, "marks": self.marks}
        return hashed_ngrams(block, self.words, self.characters, **options)

    def _buckets(self, grams) -> np.ndarray:
        """Return the bucket of each occurrence."""
        n_words = 0 if self.words is None else self.words[1] - self.words[0] + 1
        halves = [0 if i < n_words else _HALF for i in range(len(grams))]
        lows = [(g.hashes & np.uint64(_HALF - 1)).astype(np.int64) for g in grams]
        return np.concatenate([low + half for low, half in zip(lows, halves, strict=True)])

    def _counts(self, block) -> _Counts:
        """Return how often each bucket occurs in each text, as sorted (text, bucket) pairs."""
        grams = self._grams(block)
        bucket = self._buckets(grams)
        text = np.concatenate([g.text for g in grams])
        key = np.sort(text.astype(np.int64) * _BUCKETS + bucket)
        first = np.flatnonzero(np.diff(key, prepend=-1))
        counts = np.diff(first, append=len(key)).astype(np.float32)
        key = key[first]
        text = (key // _BUCKETS).astype(np.int32)
        return _Counts(len(block.ends), text, (key % _BUCKETS).astype(np.int32), counts)

    def _columns(self, buckets: list[np.ndarray]) -> list[np.ndarray]:
        """Return the columns of buckets, -1 where there is none.

        Few are searched for; for many a table of all buckets is worth its making.
        """
        numbers = np.arange(self.n_features, dtype=np.int32)
        if sum(map(len, buckets)) > _FEW:
            table = np.full(_BUCKETS, -1, dtype=np.int32)
            table[self.buckets] = numbers
            return [table[one] for one in buckets]
        if self._sorted is None:
            order = np.argsort(self.buckets)
            self._sorted = self.buckets[order], numbers[order]
        known, columns = self._sorted
        places = [np.minimum(np.searchsorted(known, one), len(known) - 1) for one in buckets]
        found = zip(buckets, places, strict=True)
        return [np.where(known[at] == one, columns[at], -1) for one, at in found]

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_sorted": None}

    def _matrix(self, counted: list[_Counts]):
        import scipy.sparse as sp

        parts = []
        every = self._columns([block.buckets for block in counted])
        for block, columns in zip(counted, every, strict=True):
            known = columns >= 0
            columns, text = columns[known], block.text[known]
            values = (1 + np.log(block.counts[known])) * self.idf[columns]
            starts = np.searchsorted(text, np.arange(block.n_texts + 1))
            shape = (block.n_texts, self.n_features)
            part = sp.csr_array((values, columns, starts.astype(np.int32)), shape=shape)
            parts.append(_unit_rows(part, self.buckets[columns] >= _HALF))
        return parts[0] if len(parts) == 1 else sp.vstack(parts, format="csr")


class Occurrences(NamedTuple):
    """Known n-grams of one text: column, first character, end."""

    columns: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class _Counts(NamedTuple):
    n_texts: int
    text: np.ndarray
    buckets: np.ndarray
    counts: np.ndarray


def _unit_rows(matrix, characters: np.ndarray):
    """Return rows whose words, and whose characters, are divided by their length."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    part = 2 * row + characters
    squares = np.bincount(part, matrix.data.astype(np.float64) ** 2, 2 * matrix.shape[0])
    matrix.data /= np.sqrt(np.maximum(squares, 1e-12))[part].astype(np.float32)
    return matrix
