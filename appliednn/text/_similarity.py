"""Cosines between texts, by TF-IDF or by an encoder of sentences, behind one pair of methods."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import normalize

from appliednn.core.errors import UsageError
from appliednn.text._ngram_features import NgramFeatures


class TextSpace:
    """Vectors of texts whose products are cosines.

    Parameters
    ----------
    encoder : "tfidf", str, Path or transformer
        ``"tfidf"``: words and character n-grams of the texts it is fitted on. Another string or a
        path: the ``source`` of a :class:`~appliednn.text.SentenceEncoder`. A transformer of texts,
        such as that encoder or a ``TfidfVectorizer``, is cloned and fitted.
    words, characters : tuple of two int or None
        Smallest and largest n-grams of ``"tfidf"``.
    """

    def __init__(self, encoder, words=(1, 2), characters=(2, 5)) -> None:
        if isinstance(encoder, str) and encoder == "tfidf":
            self.encoder = NgramFeatures(
                None if words is None else list(words),
                None if characters is None else list(characters),
                marks=False,
            )
        elif isinstance(encoder, str | Path):
            from appliednn.text.encoder import SentenceEncoder

            self.encoder = SentenceEncoder(encoder)
        elif hasattr(encoder, "transform"):
            self.encoder = clone(encoder)
        else:
            raise UsageError(
                f"encoder is {type(encoder).__name__}; expected 'tfidf', 'minilm', a path or an "
                "encoder with transform(texts)"
            )

    @classmethod
    def around(cls, encoder) -> TextSpace:
        """Return a space of an encoder that is fitted already."""
        space = cls.__new__(cls)
        space.encoder = encoder
        return space

    def fit(self, texts: Sequence[str]) -> TextSpace:
        """Fit the encoder to these texts; a pretrained one is only loaded.

        Raises
        ------
        ValueError
            If no text holds a letter or a digit.
        """
        if not any(char.isalnum() for text in texts for char in text):
            raise ValueError("the texts hold no word; expected texts with letters or digits")
        if isinstance(self.encoder, NgramFeatures):
            self.encoder.fit_transform(texts)
        else:
            self.encoder.fit(list(texts))
        return self

    def __call__(self, texts: Sequence[str]):
        """Return vectors of length 1: a CSR matrix or an ndarray of float32, (n, d)."""
        vectors = self.encoder.transform(list(texts))
        if hasattr(vectors, "tocsr"):
            return normalize(vectors)
        vectors = np.asarray(vectors, dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        return AnnState(meta={"encoder": self.encoder})

    @classmethod
    def __ann_restore__(cls, state) -> TextSpace:
        """Return the space of a model file."""
        return cls.around(state.meta["encoder"])


def cosines(left, right) -> np.ndarray:
    """Return the products of two sets of vectors as a dense array, (n, m)."""
    product = left @ right.T
    return product.toarray() if hasattr(product, "toarray") else product
