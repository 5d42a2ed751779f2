"""Texts as the numbers of their characters, and back."""

from __future__ import annotations

from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text.generation._marks import N_MARKS

_UNKNOWN = "\ufffd"


class CharacterVocabulary(TransformerMixin, SaveMixin, BaseEstimator):
    r"""Texts as the numbers of their characters, and back.

    Parameters
    ----------
    min_count : int, default=1
        Characters seen less often are unknown.
    max_size : int or None, default=None
        Largest number of characters, the most frequent ones.

    Attributes
    ----------
    characters_ : str
        The known characters, sorted.
    n_ids_ : int
        Numbers in use: 0 pads, 1 starts, 2 ends a text, 3 is an unknown character.

    Examples
    --------
    >>> vocabulary = CharacterVocabulary().fit(["abba", "cab"])
    >>> vocabulary.encode("bad").tolist()
    [5, 4, 3]
    >>> vocabulary.decode([5, 4])
    'ba'
    """

    _parameter_constraints: dict = {
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "max_size": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, *, min_count=1, max_size=None) -> None:
        self.min_count = min_count
        self.max_size = max_size

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the characters.

        Parameters
        ----------
        X : 1-D container of str
            Texts.
        y : None
            Ignored.

        Returns
        -------
        self
        """
        counts: Counter[str] = Counter()
        for text in as_texts(X):
            counts.update(text)
        known = [c for c, n in counts.most_common() if n >= self.min_count][: self.max_size]
        self.characters_ = "".join(sorted(known))
        self.n_ids_ = N_MARKS + 1 + len(known)
        return self

    def encode(self, text: str) -> np.ndarray:
        """Return one text as numbers, int32 (n_characters,)."""
        check_is_fitted(self)
        if not text:
            return np.zeros(0, dtype=np.int32)
        known = np.array([ord(c) for c in self.characters_], dtype=np.uint32)
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        if not len(known):
            return np.full(len(points), N_MARKS, dtype=np.int32)
        place = np.minimum(np.searchsorted(known, points), len(known) - 1)
        found = known[place] == points
        return np.where(found, place + N_MARKS + 1, N_MARKS).astype(np.int32)

    def decode(self, ids) -> str:
        """Return the text of some numbers; marks are nothing, unknown ones the sign U+FFFD."""
        check_is_fitted(self)
        out = []
        for number in np.asarray(ids, dtype=np.int64).ravel().tolist():
            if number > N_MARKS:
                out.append(self.characters_[number - N_MARKS - 1])
            elif number == N_MARKS:
                out.append(_UNKNOWN)
        return "".join(out)

    def transform(self, X) -> list[np.ndarray]:
        """Return texts as arrays of numbers."""
        return [self.encode(text) for text in as_texts(X)]

    def inverse_transform(self, X) -> list[str]:
        """Return the texts of arrays of numbers."""
        return [self.decode(ids) for ids in X]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
