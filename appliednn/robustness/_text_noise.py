"""Texts as people and programs spoil them: typing errors, case, marks, look-alikes, synonyms."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from appliednn.diagnostics._text_words import word_spans
from appliednn.robustness._text_synonyms import synonyms

_LEAST_LETTERS = 4
# Keys beside each other on a keyboard of the layout QWERTY.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
# Letters of other alphabets that look the same in most fonts.
_TWINS = str.maketrans("aceopxyiABCEHKMOPTX", "асеорхуіАВСЕНКМОРТХ")  # noqa: RUF001
_ACCENTS = str.maketrans("aeiouncAEIOUNC", "áéíóúñçÁÉÍÓÚÑÇ")
_HIDDEN = "\u200b"

Spoil = Callable[[str, np.random.Generator, float], str]


def typo(word: str, rng: np.random.Generator) -> str:
    """Return a word with one typing error: two letters swapped, one lost, doubled or mistaken.

    The first letter stays, as it mostly does where people mistype.

    Examples
    --------
    >>> made = typo("letter", np.random.default_rng(0))
    >>> made != "letter", made[0]
    (True, 'l')
    """
    if len(word) < 2:
        return word
    places = rng.permutation(np.arange(1, len(word)))
    for i in places:
        for kind in rng.permutation(4):
            made = _typo_at(word, int(i), int(kind), rng)
            if made != word:
                return made
    return word


def _typo_at(word: str, i: int, kind: int, rng: np.random.Generator) -> str:
    if kind == 0 and i + 1 < len(word):
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if kind == 1:
        return word[:i] + word[i + 1 :]
    if kind == 2:
        return word[: i + 1] + word[i:]
    near = _neighbours(word[i])
    return word[:i] + near[int(rng.integers(len(near)))] + word[i + 1 :] if near else word


def _neighbours(letter: str) -> str:
    """Return the letters beside one on the keyboard, in its case."""
    for row in _ROWS:
        j = row.find(letter.lower())
        if j >= 0:
            near = row[max(j - 1, 0) : j] + row[j + 1 : j + 2]
            return near.upper() if letter.isupper() else near
    return ""


def typos(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text in which a share of the words of four letters or more is mistyped.

    Examples
    --------
    >>> made = typos("please remember these words", np.random.default_rng(1), 1.0)
    >>> sum(a != b for a, b in zip(made.split(), "please remember these words".split()))
    4
    """
    return _by_word(
        text,
        lambda word: (
            typo(word, rng) if len(word) >= _LEAST_LETTERS and rng.random() < rate else word
        ),
    )


def swap_synonyms(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text in which a share of the words in the table gives way to a synonym.

    Examples
    --------
    >>> swap_synonyms("A big film", np.random.default_rng(0), 1.0)
    'A large movie'
    """
    table = synonyms()

    def swapped(word: str) -> str:
        others = table.get(word.lower(), ())
        if not others or rng.random() >= rate:
            return word
        return like_case(others[int(rng.integers(len(others)))], word)

    return _by_word(text, swapped)


def like_case(word: str, model: str) -> str:
    """Return a word in the case of another.

    Examples
    --------
    >>> like_case("film", "Movie"), like_case("film", "MOVIE")
    ('Film', 'FILM')
    """
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def bare_marks(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text without punctuation and with blanks doubled at random.

    Examples
    --------
    >>> bare_marks("Well, yes!", np.random.default_rng(0), 0.0)
    'Well yes'
    """
    plain = "".join(c for c in text if not unicodedata.category(c).startswith("P"))
    return "".join("  " if c == " " and rng.random() < rate else c for c in plain)


def look_alikes(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text with a share of its letters from other alphabets that look the same.

    Examples
    --------
    >>> made = look_alikes("ace", np.random.default_rng(0), 1.0)
    >>> made == "ace", len(made)
    (False, 3)
    """
    return "".join(c.translate(_TWINS) if rng.random() < rate else c for c in text)


def accents(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text with accents on a share of the letters that take one.

    Examples
    --------
    >>> accents("piano", np.random.default_rng(0), 1.0)
    'píáñó'
    """
    return "".join(c.translate(_ACCENTS) if rng.random() < rate else c for c in text)


def hidden_characters(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text with characters of no width inside of a share of its words.

    Examples
    --------
    >>> len(hidden_characters("secret", np.random.default_rng(0), 1.0))
    7
    """

    def split(word: str) -> str:
        if len(word) < 2 or rng.random() >= rate:
            return word
        i = int(rng.integers(1, len(word)))
        return word[:i] + _HIDDEN + word[i:]

    return _by_word(text, split)


def lower_case(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text in small letters.

    Examples
    --------
    >>> lower_case("To ME", np.random.default_rng(0), 1.0)
    'to me'
    """
    return text.lower()


def upper_case(text: str, rng: np.random.Generator, rate: float) -> str:
    """Return a text in capitals.

    Examples
    --------
    >>> upper_case("to me", np.random.default_rng(0), 1.0)
    'TO ME'
    """
    return text.upper()


def _by_word(text: str, change: Callable[[str], str]) -> str:
    """Return a text with each word changed, all between words kept."""
    out, end = [], 0
    for a, b in word_spans(text):
        out += [text[end:a], change(text[a:b])]
        end = b
    return "".join([*out, text[end:]])


def spoil(texts: Sequence[str], how: Spoil, rate: float, seed: int) -> list[str]:
    """Return texts spoiled one by one, each by a generator of its own.

    Examples
    --------
    >>> spoil(["to", "me"], upper_case, 1.0, 0)
    ['TO', 'ME']
    """
    children = np.random.SeedSequence(seed).spawn(len(texts))
    return [
        how(text, np.random.default_rng(child), rate)
        for text, child in zip(texts, children, strict=True)
    ]
