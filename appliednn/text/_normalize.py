"""One form for characters that look or mean the same, before anything is counted."""

from __future__ import annotations

import unicodedata
from typing import Literal

Form = Literal["NFC", "NFKC", "NFD", "NFKD"]


def normalize(text: str, form: Form | None = "NFKC", fold_case: bool = True) -> str:
    """Return a text in one Unicode normal form, with case folded.

    Parameters
    ----------
    text : str
        Any text.
    form : {"NFC", "NFKC", "NFD", "NFKD"} or None
        Normal form of the Unicode standard (Annex 15); None leaves characters as they are.
    fold_case : bool
        Whether to fold case (Unicode's default case folding, which also takes "ß" to "ss").

    Returns
    -------
    str

    Examples
    --------
    >>> normalize("Äpfel") == normalize("A\u0308PFEL"), normalize("ﬁn ①")
    (True, 'fin 1')
    """
    if text.isascii():
        return text.lower() if fold_case else text
    if form is not None:
        text = unicodedata.normalize(form, text)
    return text.casefold() if fold_case else text
