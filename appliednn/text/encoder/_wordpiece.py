"""WordPiece: words to the numbers of their pieces, the longest known piece first."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.text.encoder._words import split_words

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LONGEST_WORD = 100
_REMEMBERED = 200_000


class WordPiece:
    """A vocabulary of word pieces and how texts become their numbers.

    Gives what the BERT tokenizer of the ``tokenizers`` package gives.

    Parameters
    ----------
    vocabulary : sequence of str
        Pieces in the order of their numbers; those that go on a word start with ``##``. It holds
        ``[PAD]``, ``[UNK]``, ``[CLS]`` and ``[SEP]``.
    lower : bool
        Whether case is dropped.
    strip_accents : bool or None
        Whether marks on letters are dropped; None: as ``lower``.
    space_cjk : bool
        Whether each Chinese character is a word.
    special_in_text : bool
        Whether ``[MASK]`` and its like, written in a text, stand for the special piece.

    Raises
    ------
    UsageError
        If a piece is there twice or a special piece is missing.

    References
    ----------
    Y. Wu et al., "Google's Neural Machine Translation System", arXiv:1609.08144.

    Examples
    --------
    >>> pieces = WordPiece([*SPECIAL, "walk", "##ing", "."])
    >>> pieces.encode("Walking.")
    [5, 6, 7]
    >>> pieces.batch(["Walking.", "walk"])[0]
    [2, 5, 6, 7, 3]
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        lower: bool = True,
        strip_accents: bool | None = None,
        space_cjk: bool = True,
        special_in_text: bool = True,
    ) -> None:
        self.vocabulary = [str(piece) for piece in vocabulary]
        self.lower = bool(lower)
        self.strip_accents = strip_accents
        self.space_cjk = bool(space_cjk)
        self.special_in_text = bool(special_in_text)
        self._prepare()

    def _prepare(self) -> None:
        self._number = {piece: i for i, piece in enumerate(self.vocabulary)}
        if len(self._number) != len(self.vocabulary):
            raise UsageError(
                f"the vocabulary has {len(self.vocabulary)} pieces and only {len(self._number)} "
                "different ones; expected each once"
            )
        missing = [piece for piece in SPECIAL[:4] if piece not in self._number]
        if missing:
            raise UsageError(
                f"the vocabulary lacks {', '.join(missing)}; expected a BERT vocabulary"
            )
        self.pad, self.unknown, self.start, self.stop = (self._number[p] for p in SPECIAL[:4])
        self.mask = self._number.get(SPECIAL[4])
        self._longest = max(map(len, self.vocabulary))
        known = [re.escape(piece) for piece in SPECIAL if piece in self._number]
        self._special = re.compile(f"({'|'.join(known)})")
        self._known_words: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __deepcopy__(self, memo) -> WordPiece:
        return self  # never changed once made

    def __getstate__(self) -> dict:
        names = ("vocabulary", "lower", "strip_accents", "space_cjk", "special_in_text")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._prepare()

    def __ann_state__(self):
        """Return the state for a model file."""
        from appliednn.core.persistence import AnnState

        return AnnState(params=self.__getstate__())

    @classmethod
    def __ann_restore__(cls, state) -> WordPiece:
        """Return the vocabulary of a model file."""
        return cls(**state.params)

    def words(self, text: str) -> list[str]:
        """Return the words that are cut into pieces."""
        marks = self.lower if self.strip_accents is None else self.strip_accents
        return split_words(text, self.lower, marks, self.space_cjk)

    def pieces_of(self, word: str) -> list[int]:
        """Return the numbers of a word's pieces; ``[UNK]`` alone if it cannot be cut."""
        found = self._known_words.get(word)
        if found is None:
            found = self._cut(word)
            if len(self._known_words) < _REMEMBERED:
                self._known_words[word] = found
        return found

    def _cut(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self.unknown]
        pieces, start, prefix = [], 0, ""
        while start < len(word):
            for stop in range(min(len(word), start + self._longest), start, -1):
                number = self._number.get(prefix + word[start:stop])
                if number is not None:
                    break
            else:
                return [self.unknown]
            pieces.append(number)
            start, prefix = stop, "##"
        return pieces

    def encode(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, without ``[CLS]`` and ``[SEP]``.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        list of int
        """
        if not (self.special_in_text and "[" in text):
            return self._encode_plain(text)
        out: list[int] = []
        for i, part in enumerate(self._special.split(text)):
            out.extend([self._number[part]] if i % 2 else self._encode_plain(part))
        return out

    def _encode_plain(self, text: str) -> list[int]:
        out: list[int] = []
        for word in self.words(text):
            out.extend(self.pieces_of(word))
        return out

    def batch(self, texts: Sequence[str], max_length: int | None = None) -> list[list[int]]:
        """Return each text as ``[CLS] pieces [SEP]``, cut to ``max_length`` numbers.

        Parameters
        ----------
        texts : sequence of str
            Texts.
        max_length : int, optional
            Most numbers of a text, the two special ones among them.

        Returns
        -------
        list of list of int
        """
        room = None if max_length is None else max_length - 2
        return [[self.start, *self.encode(text)[:room], self.stop] for text in texts]

    def decode(self, numbers: Sequence[int]) -> str:
        """Return pieces as text, special ones left out; spacing is not what it was.

        Parameters
        ----------
        numbers : sequence of int
            Numbers of pieces.

        Returns
        -------
        str
        """
        special = {self._number[piece] for piece in SPECIAL if piece in self._number}
        kept = [self.vocabulary[i] for i in np.asarray(numbers).tolist() if i not in special]
        return " ".join(kept).replace(" ##", "")
