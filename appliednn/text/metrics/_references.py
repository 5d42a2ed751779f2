"""Read texts and the one or several references of each."""

from __future__ import annotations

from typing import Any

from appliednn.text._input import as_texts


def with_references(written: Any, references: Any) -> list[tuple[str, list[str]]]:
    """Return each text with its references.

    Parameters
    ----------
    written : 1-D container of str
        Texts to judge.
    references : 1-D container of str, or sequence of sequences of str
        One reference for each text, or several.

    Raises
    ------
    ValueError
        If there are not as many, or a text has none.

    Examples
    --------
    >>> with_references(["a"], [["b", "c"]])
    [('a', ['b', 'c'])]
    """
    texts = as_texts(written, "written")
    first = None if isinstance(references, str) else next(iter(references), None)
    if isinstance(first, list | tuple):
        lists = [as_texts(own, "references") for own in references]
    else:
        lists = [[text] for text in as_texts(references, "references")]
    if len(texts) != len(lists):
        raise ValueError(
            f"{len(texts)} texts and references for {len(lists)} were given; expected as many"
        )
    return list(zip(texts, lists, strict=True))
