"""Words of texts as every diagnosis counts them, and what can be told of a text by counting."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from appliednn.text import normalize

# A word: letters, digits and marks, with an apostrophe or a hyphen inside.
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return where each word of a text begins and ends.

    Examples
    --------
    >>> [("Don't panic!"[a:b]) for a, b in word_spans("Don't panic!")]
    ["Don't", 'panic']
    """
    return [match.span() for match in _WORD.finditer(text)]


def words_of(text: str) -> list[str]:
    """Return the words of a text in one form: Unicode normalised, case folded.

    Examples
    --------
    >>> words_of("Äpfel, äpfel!")
    ['äpfel', 'äpfel']
    """
    return _WORD.findall(normalize(text))


def document_counts(words: Sequence[Sequence[str]]) -> Counter[str]:
    """Return in how many texts each word occurs.

    Parameters
    ----------
    words : sequence of sequences of str
        The words of each text, from :func:`words_of`.

    Examples
    --------
    >>> document_counts([["a", "a", "b"], ["a"]])["a"]
    2
    """
    found: Counter[str] = Counter()
    for each in words:
        found.update(set(each))
    return found


def unknown_shares(words: Sequence[Sequence[str]], known: Collection[str]) -> np.ndarray:
    """Return which share of each text's words is not among known ones, (n,); 0 without words.

    Examples
    --------
    >>> unknown_shares([["a", "b"], []], {"a"}).tolist()
    [0.5, 0.0]
    """
    return np.array([_share(sum(w not in known for w in each), len(each)) for each in words])


def single_shares(words: Sequence[Sequence[str]], counts: Counter[str]) -> np.ndarray:
    """Return which share of each text's words occurs in no other of these texts, (n,).

    That is what a new text of the same kind would show against the others.

    Examples
    --------
    >>> texts = [["a", "b"], ["a", "c", "c"]]
    >>> single_shares(texts, document_counts(texts)).round(2).tolist()
    [0.5, 0.67]
    """
    return np.array([_share(sum(counts[w] == 1 for w in each), len(each)) for each in words])


def text_traits(
    texts: Sequence[str], words: Sequence[Sequence[str]], unknown: np.ndarray
) -> pd.DataFrame:
    """Return what can be told of texts without reading them, as numbers for each.

    Parameters
    ----------
    texts : sequence of n str
    words : sequence of n sequences of str
        From :func:`words_of`.
    unknown : ndarray of shape (n,)
        Share of words that are rare or not known.

    Returns
    -------
    DataFrame of shape (n, 4)
        Number of words, share of unknown words, of capitals among letters, and of digits among
        characters.

    Examples
    --------
    >>> frame = text_traits(["AB 12"], [["ab", "12"]], np.array([0.5]))
    >>> frame.iloc[0].tolist()
    [2.0, 0.5, 1.0, 0.4]
    """
    letters = [sum(map(str.isalpha, t)) for t in texts]
    capitals = [sum(map(str.isupper, t)) for t in texts]
    digits = [sum(map(str.isdigit, t)) for t in texts]
    return pd.DataFrame(
        {
            "words": [float(len(w)) for w in words],
            "share of unknown words": unknown,
            "share of capitals": [_share(*pair) for pair in zip(capitals, letters, strict=True)],
            "share of digits": [_share(d, len(t)) for d, t in zip(digits, texts, strict=True)],
        }
    )


def _share(part: float, of: float) -> float:
    return part / of if of else 0.0
