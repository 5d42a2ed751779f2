"""Words of a text, and the numbers they go by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from appliednn.text._normalize import normalize

# A run of letters, digits and apostrophes inside it; or any one other visible character.
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
# 0 is padding, 1 a word that is not in the vocabulary.
_RESERVED = 2


def words(text: str) -> list[str]:
    """Return the words and marks of a text.

    Parameters
    ----------
    text : str
        Any text; normalise it first if case and form are not to count.

    Returns
    -------
    list of str

    Examples
    --------
    >>> words("Don't panic, it's 42!")
    ["Don't", 'panic', ',', "it's", '42', '!']
    """
    return _WORD.findall(text)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where each of :func:`words` begins and ends.

    Examples
    --------
    >>> word_spans("no, no")
    [(0, 2), (2, 3), (4, 6)]
    """
    return [match.span() for match in _WORD.finditer(text)]


@dataclass
class WordVocabulary:
    """Words by falling frequency; their numbers start behind padding (0) and unknown (1).

    Attributes
    ----------
    form, fold_case
        As in :func:`~appliednn.text.normalize`.
    known : list of str
        The words.
    """

    form: str | None = "NFKC"
    fold_case: bool = True
    known: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers: dict[str, int] | None = None

    @classmethod
    def learn(
        cls, texts: Iterable[str], form, fold_case: bool, max_words: int, min_count: int = 1
    ) -> WordVocabulary:
        """Return the vocabulary of the most frequent words.

        Examples
        --------
        >>> WordVocabulary.learn(["a b", "B c b"], None, True, max_words=2).known
        ['b', 'a']
        """
        own = cls(form, fold_case)
        counts = Counter(word for text in texts for word in own.split(text))
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        own.known = [word for word, n in ranked if n >= min_count][:max_words]
        return own

    def split(self, text: str) -> list[str]:
        """Return the words of a text, normalised."""
        return words(normalize(text, self.form, self.fold_case))

    def encode(self, texts: Sequence[str], max_length: int | None = None) -> list[np.ndarray]:
        """Return the numbers of each text's words, int32; the words beyond a limit are cut."""
        if self._numbers is None:
            self._numbers = {word: i for i, word in enumerate(self.known, _RESERVED)}
        find = self._numbers.get
        return [
            np.array([find(w, 1) for w in self.split(text)[:max_length]], dtype=np.int32)
            for text in texts
        ]

    def __len__(self) -> int:
        """Return how many numbers there are, padding and unknown included."""
        return len(self.known) + _RESERVED

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_numbers": None}
