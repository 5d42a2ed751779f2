"""Byte pair encoding: texts as numbers of word pieces, and exactly back."""

from __future__ import annotations

import re
from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from appliednn.core.persistence import SaveMixin
from appliednn.text._input import as_texts
from appliednn.text.generation._marks import N_MARKS
from appliednn.text.generation._pair_merges import joined, learn_merges

# Every character falls into one of these: letters, up to three digits, signs, white space; a
# space before one of the first three belongs to it, so that words bring their space along.
_WORDS = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?(?:[^\w\s]|_)+|\s+(?!\S)|\s+")
_FIRST_PIECE = N_MARKS + 256
# Words whose pieces are remembered; beyond, all are forgotten.
_MOST_REMEMBERED = 200_000


class BytePairEncoder(TransformerMixin, SaveMixin, BaseEstimator):
    r"""Texts as numbers of word pieces, and exactly back.

    Starting from characters, the most frequent pair of neighbours within words is joined again
    and again (R. Sennrich, B. Haddow and A. Birch, "Neural Machine Translation of Rare Words with
    Subword Units", ACL 2016). A character that was not learned is written as its UTF-8 bytes, so
    every text can be encoded, and decoding gives it back with its white space.

    Parameters
    ----------
    vocab_size : int, default=5000
        Numbers in use at most: 3 marks, 256 bytes, characters and joined pieces.
    min_count : int, default=2
        Pairs and characters seen less often are not learned.

    Attributes
    ----------
    pieces_ : list of str
        Characters and joined pieces; the i-th has the number 259 + i.
    merges_ : list of (str, str)
        Joined pairs, in the order in which they are joined.
    n_ids_ : int
        Numbers in use: 0 pads, 1 starts, 2 ends a text, 3 to 258 are bytes.

    Examples
    --------
    >>> encoder = BytePairEncoder(vocab_size=300).fit(["low lower lowest", "slow slower"])
    >>> encoder.pieces("low lowly")
    ['low', ' ', 'low', 'l', '<0x79>']
    >>> encoder.decode(encoder.encode("lower,\n slowly"))
    'lower,\n slowly'
    """

    _parameter_constraints: dict = {
        "vocab_size": [Interval(Integral, _FIRST_PIECE + 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
    }
    _ann_skip = ("_cache", "_ranks", "_numbers")

    def __init__(self, *, vocab_size=5000, min_count=2) -> None:
        self.vocab_size = vocab_size
        self.min_count = min_count

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the pieces.

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
        words: Counter[str] = Counter()
        for text in as_texts(X):
            words.update(_WORDS.findall(text))
        characters: Counter[str] = Counter()
        for word, n in words.items():
            for character in word:
                characters[character] += n
        room = self.vocab_size - _FIRST_PIECE
        known = [c for c, n in characters.most_common() if n >= self.min_count][:room]
        self.merges_ = learn_merges(words, room - len(known), set(known), self.min_count)
        pieces = dict.fromkeys(sorted(known))
        pieces.update(dict.fromkeys(left + right for left, right in self.merges_))
        self.pieces_ = list(pieces)
        self.n_ids_ = _FIRST_PIECE + len(self.pieces_)
        self._ann_restored()
        return self

    def _ann_restored(self) -> None:
        self._ranks = {tuple(pair): i for i, pair in enumerate(self.merges_)}
        self._numbers = {piece: _FIRST_PIECE + i for i, piece in enumerate(self.pieces_)}
        self._cache: dict[str, list[int]] = {}

    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in self._ann_skip}

    def __setstate__(self, state) -> None:
        super().__setstate__(state)
        if hasattr(self, "merges_"):
            self._ann_restored()

    def encode(self, text: str) -> np.ndarray:
        """Return one text as numbers, int32 (n_pieces,)."""
        check_is_fitted(self)
        out: list[int] = []
        cache = self._cache
        for word in _WORDS.findall(text):
            numbers = cache.get(word)
            if numbers is None:
                if len(cache) >= _MOST_REMEMBERED:
                    cache.clear()
                numbers = cache[word] = self._encode_word(word)
            out += numbers
        return np.array(out, dtype=np.int32)

    def _encode_word(self, word: str) -> list[int]:
        symbols, ranks = list(word), self._ranks
        while len(symbols) > 1:
            pairs = zip(symbols, symbols[1:], strict=False)
            best = min(pairs, key=lambda pair: ranks.get(pair, len(ranks)))
            if best not in ranks:
                break
            symbols = joined(symbols, best)
        out: list[int] = []
        for symbol in symbols:
            number = self._numbers.get(symbol)
            if number is None:
                out += [N_MARKS + byte for byte in symbol.encode("utf-8", "surrogatepass")]
            else:
                out.append(number)
        return out

    def decode(self, ids) -> str:
        """Return the text of some numbers; marks are nothing, broken bytes the sign U+FFFD."""
        check_is_fitted(self)
        out = bytearray()
        for number in np.asarray(ids, dtype=np.int64).ravel().tolist():
            if number >= _FIRST_PIECE:
                out += self.pieces_[number - _FIRST_PIECE].encode("utf-8", "surrogatepass")
            elif number >= N_MARKS:
                out.append(number - N_MARKS)
        try:
            return out.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return out.decode("utf-8", "replace")

    def pieces(self, text: str) -> list[str]:
        """Return the pieces of one text as a reader would see them."""
        return [
            self.pieces_[n - _FIRST_PIECE] if n >= _FIRST_PIECE else f"<0x{n - N_MARKS:02X}>"
            for n in self.encode(text).tolist()
        ]

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
