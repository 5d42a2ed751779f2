"""Where one sentence ends and the next begins."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』）]*")
_PARAGRAPH = re.compile(r"\n\s*\n")
_WORD_BEFORE = re.compile(r"([^\s(\[\"'“‘«]+)$")
_NEXT_WORD = re.compile(r"\s+[\"'“‘«(\[„]*(\S*)")


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Before a name, a number or more of the same sentence; never the end.
_NEVER_LAST = _set_of(
    "mr mrs ms dr prof st rev gen col sgt capt lt sen rep gov hon pres vs fig figs eq eqs sec no "
    "nos vol pp e.g i.e cf ca approx dept mt ft messrs mme hr fr z.b d.h u.a bzw nr abb vgl "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
# May be the last word: the end if a usual first word follows.
_MAYBE_LAST = _set_of(
    "etc inc ltd co corp jr sr u.s u.k u.n e.u a.m p.m ph.d b.c a.d al est usw ggf st"
)
_FIRST_WORDS = _set_of(
    "a an the this that these those it he she they we you i there here in on at for from with by "
    "but and so if when while after before as however although because what who why how his her "
    "their our its my one some many most all both each no not now then yet still"
)


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, without white space around them.

    A sentence ends at a point, question or exclamation mark, also within closing quotes, that
    white space follows, and at those of Chinese and Japanese; not after an abbreviation or an
    initial, nor before a word in lower case (unless all of the text is). A blank line ends one,
    too. The abbreviations are English ones and some German ones.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Together they hold all of the text but white space between them.

    Examples
    --------
    >>> split_sentences('Dr. J. Smith paid 3.50 euros. "Too much!" he said. He left at 5 p.m.')
    ['Dr. J. Smith paid 3.50 euros.', '"Too much!" he said.', 'He left at 5 p.m.']
    """
    out, cased = [], text != text.lower()
    for paragraph in _PARAGRAPH.split(text):
        start = 0
        for match in _END.finditer(paragraph):
            if _ends(paragraph, match, cased):
                out.append(paragraph[start : match.end()].strip())
                start = match.end()
        out.append(paragraph[start:].strip())
    return [sentence for sentence in out if sentence]


def _ends(text: str, match: re.Match, cased: bool) -> bool:
    """Whether a sentence ends at these marks; case tells nothing where there is none."""
    marks = match.group().rstrip("\"'”’»)]")
    if marks[0] in "。！？":
        return True
    following = _NEXT_WORD.match(text, match.end())
    word = following.group(1) if following else ""
    if not word:
        return True
    if cased and word[0].islower():
        return False
    if marks != ".":
        return True
    before = _WORD_BEFORE.search(text[: match.start()])
    last = before.group(1) if before else ""
    folded = last.lower()
    if len(last) == 1 and last.isalpha() and folded != "i" and (last.isupper() or not cased):
        return False  # an initial
    starts = re.sub(r"\W+$", "", word).lower() in _FIRST_WORDS
    if folded in _MAYBE_LAST:
        return starts
    if folded in ("no", "nos", "fig", "figs", "sec", "eq", "vol", "nr", "abb"):
        return not word[0].isdigit()
    return folded not in _NEVER_LAST
