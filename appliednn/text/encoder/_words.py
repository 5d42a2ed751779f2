"""From a text to the words that WordPiece cuts: BERT's rules on characters, as tables."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Blocks that BERT takes for Chinese characters; each such character is a word.
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
_ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ASCII_WORDS = re.compile(r"[!-/:-@\[-`{-~]|[^\s!-/:-@\[-`{-~]+")
_ASCII_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])


class _Table(dict):
    """A table for ``str.translate`` that works characters out when they are first met."""

    def __init__(self, rule) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = value = self._rule(chr(code))
        return value


@cache
def _cleaning(space_cjk: bool) -> _Table:
    """Drop control characters, make every space a blank and, if asked, set CJK apart."""

    def rule(char: str) -> str:
        if char in "\t\n\r" or unicodedata.category(char)[0] == "Z":
            return " "
        if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs"):
            return ""
        code = ord(char)
        if space_cjk and any(first <= code <= last for first, last in _CJK):
            return f" {char} "
        return char

    return _Table(rule)


@cache
def _splitting(lower: bool, strip_accents: bool) -> _Table:
    """Drop accents, lower and set punctuation apart."""

    def rule(char: str) -> str:
        category = unicodedata.category(char)
        if strip_accents and category == "Mn":
            return ""
        if char in _ASCII_PUNCTUATION or category[0] == "P":
            return f" {char} "
        # One by one: str.lower of a whole text writes a sigma at a word's end another way.
        return char.lower() if lower else char

    return _Table(rule)


def split_words(
    text: str, lower: bool = True, strip_accents: bool = True, space_cjk: bool = True
) -> list[str]:
    """Return the words of a text as BERT's basic tokenizer has them.

    Control characters are dropped; spaces, punctuation and Chinese characters part words, and
    the latter two are words themselves.

    Parameters
    ----------
    text : str
        Any text.
    lower, strip_accents : bool
        Whether letters lose their case and their marks.
    space_cjk : bool
        Whether each Chinese character is a word.

    Returns
    -------
    list of str

    References
    ----------
    J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding", NAACL 2019.

    Examples
    --------
    >>> split_words("Café, 東京!")
    ['cafe', ',', '東', '京', '!']
    """
    if text.isascii():
        text = text.translate(_ASCII_CONTROLS)
        return _ASCII_WORDS.findall(text.lower() if lower else text)
    text = text.translate(_cleaning(space_cjk))
    if strip_accents:
        text = unicodedata.normalize("NFD", text)
    return text.translate(_splitting(lower, strip_accents)).split()
