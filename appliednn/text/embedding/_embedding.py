"""WordEmbedding: vectors of words from the company they keep."""

from __future__ import annotations

import time
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._random import spawn_seeds
from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts, as_token_lists
from appliednn.text._normalize import normalize
from appliednn.text._words import words as words_of
from appliednn.text.embedding._files import load_vectors, save_vectors
from appliednn.text.embedding._pairs import count_words, near_pairs, numbered
from appliednn.text.embedding._ppmi import leading_vectors, ppmi_matrix
from appliednn.text.embedding._skipgram import SkipGram
from appliednn.text.embedding._subwords import PartTable, count_parts
from appliednn.text.embedding._vectors import WordVectors, cosine, mean_vectors, nearest

_POSITIVE = Interval(Integral, 1, None, closed="left")


class WordEmbedding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SaveMixin, BaseEstimator):
    """Vectors of words, such that words in like company have like vectors.

    Parameters
    ----------
    method : {"skipgram", "ppmi"}, default="skipgram"
        ``"skipgram"``: a word's vector tells the words near it from drawn ones. ``"ppmi"``:
        singular vectors of positive pointwise mutual information, in one step; on small corpora
        as good.
    dim : int, default=100
        Numbers of a vector.
    window : int, default=5
        Words up to so many words away are near.
    negatives : int, default=5
        Drawn words against each near one.
    subwords : (int, int) or None, default=(3, 6)
        Shortest and longest parts of words, in characters, whose vectors a word's vector is the
        mean of, together with one of its own. A word that was never seen has the mean of its
        parts'. For ``"skipgram"``.
    n_buckets : int, default=65536
        Most vectors of parts; parts share one by hash.
    min_count : int, default=2
        Rarer words are not learned.
    subsample : float, default=0.001
        Share of all words beyond which a frequent word is left out now and then, at least the
        mean share of a word; 0: never.
    normalization : {"NFC", "NFKC", "NFD", "NFKD"} or None, default="NFKC"
        Unicode normal form of words.
    fold_case : bool, default=True
        Whether upper and lower case are one.
    learning_rate : float, default=0.01
        Of Adam, falling to 0 by half a cosine.
    epochs : int, default=10
        Passes over the corpus.
    batch_size : int, default=2048
        Pairs of a step.
    max_seconds : float, optional
        Longest training time.
    verbose : bool or "auto", default="auto"
        ``"auto"``: a progress bar on a terminal once training has taken three seconds.
    random_state : int, RandomState or None, default=None
        Seeds vectors, pairs and draws.

    Attributes
    ----------
    vocabulary_ : list of str
        The words, the most frequent first.
    counts_ : ndarray of int, shape (n_words,)
        How often each was seen.
    vectors_ : ndarray of float32, shape (n_words, dim)
        Their vectors.
    word_vectors_ : WordVectors
        Both together.
    history_ : dict of str to list
        One value an epoch: ``loss``, ``lr``, ``seconds``; empty for ``"ppmi"``.
    n_epochs_, stop_reason_
        Epochs run, why training ended.

    References
    ----------
    T. Mikolov et al., "Distributed Representations of Words and Phrases and their
    Compositionality", NIPS 2013.
    P. Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL 2017.
    O. Levy and Y. Goldberg, "Neural Word Embedding as Implicit Matrix Factorization", NIPS 2014.

    Examples
    --------
    >>> texts = ["ships sail seas", "boats sail seas", "cooks bake bread", "cooks bake cakes"] * 9
    >>> embedding = WordEmbedding("ppmi", dim=3, window=2, random_state=0).fit(texts)
    >>> embedding.similarity("ships", "boats") > embedding.similarity("ships", "bread")
    True
    >>> embedding.transform(["boats sail", "unheard"]).shape
    (2, 3)
    """

    _parameter_constraints: dict = {
        "method": [StrOptions({"skipgram", "ppmi"})],
        "dim": [_POSITIVE],
        "window": [_POSITIVE],
        "negatives": [_POSITIVE],
        "subwords": [tuple, list, None],
        "n_buckets": [_POSITIVE],
        "min_count": [_POSITIVE],
        "subsample": [Interval(Real, 0, 1, closed="both")],
        "normalization": [StrOptions({"NFC", "NFKC", "NFD", "NFKD"}), None],
        "fold_case": ["boolean"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "epochs": [_POSITIVE],
        "batch_size": [_POSITIVE],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "verbose": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        method="skipgram",
        *,
        dim=100,
        window=5,
        negatives=5,
        subwords=(3, 6),
        n_buckets=2**16,
        min_count=2,
        subsample=1e-3,
        normalization="NFKC",
        fold_case=True,
        learning_rate=1e-2,
        epochs=10,
        batch_size=2048,
        max_seconds=None,
        verbose="auto",
        random_state=None,
    ):
        self.method = method
        self.dim = dim
        self.window = window
        self.negatives = negatives
        self.subwords = subwords
        self.n_buckets = n_buckets
        self.min_count = min_count
        self.subsample = subsample
        self.normalization = normalization
        self.fold_case = fold_case
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.max_seconds = max_seconds
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn vectors from a corpus.

        Parameters
        ----------
        X : sequence of str or of sequences of str
            Texts or sentences; words of different rows are never near each other.
        y : None
            Ignored.

        Returns
        -------
        WordEmbedding
            self

        Raises
        ------
        ValueError
            If fewer than two words are frequent enough, or no two of them are near each other.
        """
        began = time.monotonic()
        ranges = self._part_range()
        sentences = self._sentences(X)
        words, counts = count_words(sentences, self.min_count)
        if len(words) < 2:
            raise ValueError(
                f"X holds {len(words)} words seen at least min_count={self.min_count} times; "
                "expected at least 2 (give more text or a lower min_count)"
            )
        tokens, rows = numbered(sentences, words)
        seeds = spawn_seeds(self.random_state, 2)
        self.history_: dict[str, list[float]] = {}
        self.part_vectors_, self.stop_reason_ = None, None
        if self.method == "ppmi":
            pairs = near_pairs(tokens, rows, self.window)
            _refuse_no_pairs(len(pairs), self.window)
            vectors = leading_vectors(ppmi_matrix(pairs, len(words)), self.dim, seeds[0])
        else:
            vectors = self._train(words, counts, tokens, rows, ranges, seeds, began)
        self.n_epochs_ = len(self.history_.get("loss", ()))
        self.counts_ = counts
        self.word_vectors_ = WordVectors(words, vectors)
        self._n_features_out = int(self.dim)
        return self

    def _train(self, words, counts, tokens, rows, ranges, seeds, began) -> np.ndarray:
        """Train by skip-gram; return the words' vectors and keep those of parts."""
        _refuse_no_pairs(int((rows[:-1] == rows[1:]).sum()), self.window)
        parts, n_parts = None, 0
        if ranges is not None:
            n_parts = min(self.n_buckets, max(1, count_parts(words, *ranges)))
            parts = PartTable.of(words, *ranges, n_parts)
        trainer = SkipGram(self, counts, parts, n_parts)
        result = trainer.fit(tokens, rows, seeds, began)
        self.history_, self.stop_reason_ = result.history, result.stop_reason
        self.part_vectors_ = result.part_vectors
        return result.vectors

    # -- use ------------------------------------------------------------------------------------

    @property
    def vocabulary_(self) -> list[str]:
        """The words, the most frequent first."""
        return self.word_vectors_.words

    @property
    def vectors_(self) -> np.ndarray:
        """The words' vectors."""
        return self.word_vectors_.vectors

    def vector(self, word: str) -> np.ndarray:
        """Return a word's vector, float32 (dim,); of an unknown one by its parts, or zeros."""
        check_is_fitted(self)
        return self._vector(self._form(word))

    def transform(self, X) -> np.ndarray:
        """Return the mean vector of each text's words, float32 (n, dim).

        Words without a vector do not count; a text without any other has zeros.

        Parameters
        ----------
        X : sequence of str or of sequences of str
            Texts or sentences.
        """
        check_is_fitted(self)
        cache: dict[str, np.ndarray | None] = {}
        groups = []
        for sentence in self._sentences(X):
            for word in sentence:
                if word not in cache:
                    cache[word] = self._known_vector(word)
            found = [cache[word] for word in sentence]
            groups.append([vector for vector in found if vector is not None])
        return mean_vectors(groups, int(self.dim))

    def most_similar(self, word: str, k: int = 10) -> list[tuple[str, float]]:
        """Return the words whose vectors have the greatest cosines with a word's.

        Parameters
        ----------
        word : str
            Also an unknown one, if it has a vector by its parts.
        k : int
            How many.

        Returns
        -------
        list of (str, float)
            Words and cosines, the most similar first.

        Raises
        ------
        KeyError
            If the word has no vector.
        """
        form, vector = self._asked(word)
        return nearest(self.word_vectors_, vector, k, {form})

    def similarity(self, a: str, b: str) -> float:
        """Return the cosine of two words' vectors.

        Raises
        ------
        KeyError
            If one of them has no vector.
        """
        return cosine(self._asked(a)[1], self._asked(b)[1])

    def save_vectors(self, path: str | Path) -> Path:
        """Write words and vectors to a file: see :func:`appliednn.text.embedding.save_vectors`."""
        check_is_fitted(self)
        return save_vectors(self.word_vectors_, path)

    @staticmethod
    def load_vectors(path: str | Path, max_words: int | None = None) -> WordVectors:
        """Read words and vectors from a file: see :func:`appliednn.text.load_vectors`."""
        return load_vectors(path, max_words)

    # -- words ----------------------------------------------------------------------------------

    def _form(self, word: str) -> str:
        return normalize(word, self.normalization, self.fold_case)

    def _sentences(self, X) -> list[list[str]]:
        rows = X if isinstance(X, str) or not hasattr(X, "__iter__") else list(X)
        if not isinstance(rows, str) and any(
            isinstance(row, list | tuple | np.ndarray) for row in rows
        ):
            return [[self._form(word) for word in tokens] for tokens in as_token_lists(rows)]
        return [words_of(self._form(text)) for text in as_texts(X)]

    def _part_range(self) -> tuple[int, int] | None:
        """Return the shortest and longest parts of words, or None."""
        if self.subwords is None or self.method == "ppmi":
            return None
        whole = [isinstance(n, Integral) and not isinstance(n, bool) for n in self.subwords]
        if len(whole) != 2 or not all(whole) or not 1 <= self.subwords[0] <= self.subwords[1]:
            raise ValueError(
                f"subwords={self.subwords!r} was given; expected two whole numbers, 1 <= shortest "
                "<= longest, or None"
            )
        return int(self.subwords[0]), int(self.subwords[1])

    def _known_vector(self, form: str) -> np.ndarray | None:
        """Return a word's vector, or None if it has none."""
        if form in self.word_vectors_:
            return self.word_vectors_.vector(form)
        if self.part_vectors_ is None:
            return None
        numbers = PartTable.of([form], *self._part_range(), len(self.part_vectors_)).numbers
        return self.part_vectors_[numbers].mean(axis=0) if len(numbers) else None

    def _vector(self, form: str) -> np.ndarray:
        found = self._known_vector(form)
        return np.zeros(int(self.dim), dtype=np.float32) if found is None else found

    def _asked(self, word: str) -> tuple[str, np.ndarray]:
        check_is_fitted(self)
        form = self._form(word)
        found = self._known_vector(form)
        if found is None:
            raise KeyError(f"{word!r} is not among the {len(self.word_vectors_)} words")
        return form, found

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "word_vectors_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.no_validation = True
        return tags


def _refuse_no_pairs(n_pairs: int, window: int) -> None:
    if n_pairs == 0:
        raise ValueError(
            f"no two frequent words of X are within window={window} of each other; expected rows "
            "of several words"
        )
