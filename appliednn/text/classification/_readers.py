"""From texts to what a network reads: prepared once, then cut into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.core._buckets import length_buckets, pad
from appliednn.text._ngram_features import NgramFeatures
from appliednn.text._words import WordVocabulary

# Entries of one batch of n-grams at prediction.
_ENTRIES = 400_000
# Lengths are padded to a multiple of this.
_STEP = 8

Batch = dict[str, np.ndarray]


@dataclass
class NgramReader:
    """Reads n-grams.

    Attributes
    ----------
    features : NgramFeatures
        From texts to rows of n-grams.
    n_columns : int
        The network reads so many of the most frequent n-grams.
    """

    features: NgramFeatures
    n_columns: int

    def prepare(self, texts: Sequence[str], matrix=None) -> Any:
        """Return the rows that the network reads, sparse; ``matrix`` has all columns, if known."""
        matrix = self.features.transform(texts) if matrix is None else matrix
        if self.n_columns < matrix.shape[1]:
            matrix = matrix[:, : self.n_columns]
        return matrix.tocsr()

    def batches(
        self, prepared, rows: np.ndarray, batch_size: int, rng=None
    ) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield row numbers and what the network reads of them, shuffled if ``rng`` is given."""
        order = rows if rng is None else rng.permutation(rows)
        if rng is None:
            entries = max(1.0, prepared.nnz / max(1, prepared.shape[0]))
            batch_size = max(1, int(_ENTRIES / entries))
        for i in range(0, len(order), batch_size):
            part = order[i : i + batch_size]
            yield part, _entries(prepared, part)


@dataclass
class TokenReader:
    """Reads words in their order.

    Attributes
    ----------
    vocabulary : WordVocabulary
        Words and their numbers.
    max_length : int
        Words beyond are cut off.
    """

    vocabulary: WordVocabulary
    max_length: int

    def prepare(self, texts: Sequence[str], matrix=None) -> list[np.ndarray]:
        """Return each text's word numbers."""
        return self.vocabulary.encode(texts, self.max_length)

    def batches(
        self, prepared, rows: np.ndarray, batch_size: int, rng=None
    ) -> Iterator[tuple[np.ndarray, Batch]]:
        """Yield row numbers and what the network reads of them, rows of like length together."""
        lengths = np.array([len(prepared[i]) for i in rows])
        for part in length_buckets(lengths, batch_size, rng=rng):
            chosen = rows[part]
            longest = max(1, int(lengths[part].max()))
            length = min(-(-longest // _STEP) * _STEP, max(longest, self.max_length))
            yield chosen, {"ids": pad([prepared[i] for i in chosen], length)}


def _entries(matrix, rows: np.ndarray) -> Batch:
    """Return the entries of some rows, row by row; an empty last row gets one that weighs 0."""
    starts, ends = matrix.indptr[rows], matrix.indptr[rows + 1]
    counts = (ends - starts).astype(np.int64)
    row = np.repeat(np.arange(len(rows), dtype=np.int32), counts)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(len(row)) - first[row] + starts[row]
    ids, values = matrix.indices[place].astype(np.int32), matrix.data[place].astype(np.float32)
    if counts[-1] == 0:
        ids, values = np.append(ids, np.int32(0)), np.append(values, np.float32(0))
        row = np.append(row, np.int32(len(rows) - 1))
    return {"ids": ids, "values": values, "rows": row}
