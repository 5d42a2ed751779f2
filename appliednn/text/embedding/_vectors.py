"""Words with their vectors: look-up and likeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass
class WordVectors:
    """Words and their vectors.

    Attributes
    ----------
    words : list of str
        Each of them once.
    vectors : ndarray of shape (n_words, dim)
        One row a word.

    Examples
    --------
    >>> vectors = WordVectors(["cat", "dog", "car"], np.array([[3, 1], [3, 0], [0, 3]]))
    >>> [word for word, _ in vectors.most_similar("cat", k=2)]
    ['dog', 'car']
    >>> round(vectors.similarity("dog", "car"), 3), "cow" in vectors
    (0.0, False)
    """

    words: list[str]
    vectors: np.ndarray

    def __post_init__(self) -> None:
        self.vectors = np.asarray(self.vectors)
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.words):
            raise ValueError(
                f"{len(self.words)} words and vectors of shape {self.vectors.shape} were given; "
                "expected one row of vectors for each word"
            )
        self._rows: dict[str, int] | None = None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_rows": None}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.rows

    @property
    def dim(self) -> int:
        """Numbers of a vector."""
        return self.vectors.shape[1]

    @property
    def rows(self) -> dict[str, int]:
        """Each word's row."""
        if self._rows is None:
            self._rows = {word: row for row, word in enumerate(self.words)}
        return self._rows

    def vector(self, word: str) -> np.ndarray:
        """Return a word's vector, (dim,).

        Raises
        ------
        KeyError
            If there is no such word.
        """
        if word not in self.rows:
            raise KeyError(f"{word!r} is not among the {len(self)} words")
        return self.vectors[self.rows[word]]

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine of two words' vectors."""
        return cosine(self.vector(a), self.vector(b))

    def most_similar(self, word: str | np.ndarray, k: int = 10) -> list[tuple[str, float]]:
        """Return the words whose vectors have the greatest cosines with a word's or a vector.

        Parameters
        ----------
        word : str or ndarray of shape (dim,)
            A word, which is left out, or any vector.
        k : int
            How many.

        Returns
        -------
        list of (str, float)
            Words and cosines, the most similar first.
        """
        asked = self.vector(word) if isinstance(word, str) else np.asarray(word)
        return nearest(self, asked, k, {word} if isinstance(word, str) else set())


def nearest(
    known: WordVectors, asked: np.ndarray, k: int, left_out: set[str]
) -> list[tuple[str, float]]:
    """Return the k words, but for those left out, with the greatest cosines with a vector."""
    lengths = np.linalg.norm(known.vectors, axis=1) * np.linalg.norm(asked)
    cosines = known.vectors @ asked / np.where(lengths > 0, lengths, 1.0)
    order = np.argsort(-cosines, kind="stable")[: k + len(left_out)]
    found = [(known.words[i], float(cosines[i])) for i in order if known.words[i] not in left_out]
    return found[:k]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of two vectors; 0 if one of them is zero.

    Examples
    --------
    >>> cosine(np.array([1.0, 0.0]), np.array([3.0, 0.0])), cosine(np.zeros(2), np.ones(2))
    (1.0, 0.0)
    """
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length > 0 else 0.0


def as_word_vectors(given: Any) -> WordVectors:
    """Return word vectors from a file, a fitted :class:`WordEmbedding` or word vectors.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        For an estimator that is not fitted.
    """
    from appliednn.text.embedding._embedding import WordEmbedding

    if isinstance(given, WordVectors):
        return given
    if isinstance(given, WordEmbedding):
        if not hasattr(given, "word_vectors_"):
            raise ValueError(
                "embeddings is a WordEmbedding that is not fitted; fit it first and pass its "
                "word_vectors_ (copies made by clone, as in a search, forget what was learned)"
            )
        return given.word_vectors_
    if isinstance(given, str | Path):
        from appliednn.text.embedding._files import load_vectors

        return load_vectors(given)
    raise TypeError(
        f"embeddings is {type(given).__name__}; expected WordVectors, a fitted WordEmbedding or "
        "the path of a file of vectors"
    )


def mean_vectors(rows: Sequence[np.ndarray], dim: int) -> np.ndarray:
    """Return the mean of each group of vectors, float32 (n, dim); zeros for an empty group."""
    out = np.zeros((len(rows), dim), dtype=np.float32)
    for target, group in zip(out, rows, strict=True):
        if len(group):
            target[:] = np.mean(group, axis=0)
    return out
