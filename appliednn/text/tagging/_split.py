"""Tokens of a plain text, with their places."""

from __future__ import annotations

from appliednn.text._words import word_spans


def split_tokens(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the tokens of a text and where each begins and ends, in characters.

    Runs of letters and digits, with apostrophes inside, are tokens, and so is every other visible
    character. Train on tokens made the same way if the tagger is to read plain texts.

    Examples
    --------
    >>> split_tokens("Mr. Obama")
    (['Mr', '.', 'Obama'], [(0, 2), (2, 3), (4, 9)])
    """
    spans = word_spans(text)
    return [text[begin:end] for begin, end in spans], spans
