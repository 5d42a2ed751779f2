"""The sentences of a text, by punctuation."""

from __future__ import annotations

import re

# A sentence ends with . ! ? (and quotes or brackets behind them) before a space and something
# that begins a sentence, at the full stops of Chinese and Japanese, and at a blank line.
_END = re.compile(r"""(?<=[.!?])["'’”)\]]*\s+(?=["'‘“(\[]*[^\Wa-z_])|(?<=[。！？])\s*|\n\s*\n""")


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, stripped; a text without letters has none.

    Examples
    --------
    >>> split_sentences("It rained. We stayed in!  Was 3.5 enough? yes")
    ['It rained.', 'We stayed in!', 'Was 3.5 enough? yes']
    """
    parts = (part.strip() for part in _END.split(text))
    return [part for part in parts if part]
