"""Texts as sparse vectors of words and pieces of words, weighted by rarity; savable as values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.text._normalize import normalize


class LexicalSpace:
    """TF-IDF of word and character n-grams, each of length 1, side by side.

    scikit-learn's ``TfidfVectorizer`` does the work; here is what makes it a value: the terms and
    their weights.

    Parameters
    ----------
    words : tuple of two int or None
        Shortest and longest n-gram of words; None: none.
    chars : tuple of two int or None
        Likewise of characters within words.
    stop_words : bool
        Whether English function words are left out of the words.

    Examples
    --------
    >>> space = LexicalSpace(words=(1, 1), chars=None).fit(["a red cat", "a blue cat"])
    >>> similar = space.transform(["red cats"]) @ space.transform(["red", "blue"]).T
    >>> similar.toarray().round(1).tolist()
    [[1.0, 0.0]]
    """

    def __init__(
        self,
        words: tuple[int, int] | None = (1, 2),
        chars: tuple[int, int] | None = (2, 5),
        stop_words: bool = False,
    ) -> None:
        self.words = words
        self.chars = chars
        self.stop_words = stop_words
        self._parts: list = []

    def fit(self, texts: Sequence[str]) -> LexicalSpace:
        """Learn terms and weights.

        Raises
        ------
        ValueError
            If no text holds a letter or a digit.
        """
        if not any(char.isalnum() for text in texts for char in text):
            raise ValueError("the texts hold no word; expected texts with letters or digits")
        parts = [(kind, self._vectorizer(kind)) for kind in ("words", "chars")]
        self._parts = [(kind, part.fit(texts)) for kind, part in parts if part is not None]
        return self

    def transform(self, texts: Sequence[str]):
        """Return rows of length 1 (0 for a text of unknown terms), CSR (n, terms)."""
        from scipy import sparse

        parts = [part.transform(texts) for _, part in self._parts]
        return sparse.hstack(parts, format="csr") / np.sqrt(len(parts))

    def _vectorizer(self, kind: str, **learnt):
        from sklearn.feature_extraction.text import TfidfVectorizer

        span = getattr(self, kind)
        if span is None:
            return None
        return TfidfVectorizer(
            preprocessor=normalize,
            analyzer="word" if kind == "words" else "char_wb",
            token_pattern=r"(?u)\w+" if kind == "words" else None,
            stop_words="english" if self.stop_words and kind == "words" else None,
            ngram_range=tuple(span),
            sublinear_tf=True,
            dtype=np.float32,
            **learnt,
        )

    def __getstate__(self) -> dict:
        return {
            "words": self.words,
            "chars": self.chars,
            "stop_words": self.stop_words,
            "kinds": [kind for kind, _ in self._parts],
            "terms": [part.get_feature_names_out().tolist() for _, part in self._parts],
            "rarity": [part.idf_ for _, part in self._parts],
        }

    def __setstate__(self, state: dict) -> None:
        self.words, self.chars = state["words"], state["chars"]
        self.stop_words = state["stop_words"]
        self._parts = []
        for kind, terms, rarity in zip(
            state["kinds"], state["terms"], state["rarity"], strict=True
        ):
            part = self._vectorizer(kind, vocabulary={t: i for i, t in enumerate(terms)})
            part.idf_ = rarity
            self._parts.append((kind, part))

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        return AnnState(meta=self.__getstate__())

    @classmethod
    def __ann_restore__(cls, state) -> LexicalSpace:
        """Return the space of a model file."""
        space = cls.__new__(cls)
        space.__setstate__(state.meta)
        return space
