"""Read texts: one string a row from any container, and lists of tokens."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_EXPECTED = (
    "expected a list, an array of strings, a pandas Series of strings or an Arrow array, one text "
    "for each row"
)


def as_texts(X: Any, name: str = "X") -> list[str]:
    """Return texts as a list of ``str``.

    Parameters
    ----------
    X : 1-D container of str
        A list or tuple, an array of objects or of ``<U`` strings, a pandas Series or Index of any
        string dtype, an Arrow array; a frame or a 2-D array with one column.
    name : str
        What it is called in messages.

    Returns
    -------
    list of str
        Missing values (None, NaN, ``pandas.NA``) are empty texts, with one warning.

    Raises
    ------
    ValueError
        For a single string, several columns, no rows, or rows that are no strings.

    Examples
    --------
    >>> as_texts(("one text", "another"))
    ['one text', 'another']
    """
    values = _rows(X, name)
    if not values:
        raise ValueError(f"{name} holds 0 texts; {_EXPECTED}")
    texts = [
        value if type(value) is str else _text(value, row, name)
        for row, value in enumerate(values)
    ]
    n_missing = sum(text is None for text in texts)
    if n_missing:
        warnings.warn(
            f"{name} holds {n_missing} missing texts; they are taken as empty", stacklevel=2
        )
        texts = ["" if text is None else text for text in texts]
    return texts


def as_token_lists(X: Any, name: str = "X") -> list[list[str]]:
    """Return sentences as lists of tokens.

    Parameters
    ----------
    X : sequence of sequences of str
        One list of tokens for each sentence; a sentence may be empty.
    name : str
        What it is called in messages.

    Returns
    -------
    list of list of str

    Raises
    ------
    ValueError
        For sentences that are strings instead of lists of tokens, for tokens that are no strings.

    Examples
    --------
    >>> as_token_lists([("Ada", "smiled"), []])
    [['Ada', 'smiled'], []]
    """
    sentences = _rows(X, name)
    if not sentences:
        raise ValueError(f"{name} holds 0 sentences; expected lists of tokens")
    out = []
    for row, sentence in enumerate(sentences):
        if isinstance(sentence, str | bytes) or not hasattr(sentence, "__iter__"):
            raise ValueError(
                f"{name}[{row}] is {_shown(sentence)}; expected a list of tokens for each "
                "sentence, for example its text.split()"
            )
        tokens = [str(t) if isinstance(t, str) else t for t in sentence]
        odd = next((t for t in tokens if not isinstance(t, str)), None)
        if odd is not None or None in tokens:
            raise ValueError(f"{name}[{row}] holds the token {_shown(odd)}; expected strings")
        out.append(tokens)
    return out


def _rows(X: Any, name: str) -> list:
    """Return the rows of any container as a list."""
    if isinstance(X, str | bytes):
        raise ValueError(f"{name} is a single string, {_shown(X)}; {_EXPECTED}")
    if X is None or isinstance(X, Mapping | set | frozenset):
        raise ValueError(f"{name} is {type(X).__name__}; {_EXPECTED}")
    if hasattr(X, "to_pylist"):  # Arrow
        return X.to_pylist()
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2:
        if shape[1] != 1:
            raise ValueError(f"{name} has {shape[1]} columns; {_EXPECTED} (choose one column)")
        X = X.iloc[:, 0] if hasattr(X, "iloc") else np.asarray(X)[:, 0]
    elif shape is not None and len(shape) != 1:
        raise ValueError(f"{name} has shape {tuple(shape)}; {_EXPECTED}")
    if isinstance(X, Sequence):
        return list(X)
    if hasattr(X, "tolist"):
        return X.tolist()
    if hasattr(X, "to_list"):
        return X.to_list()
    if hasattr(X, "__iter__"):
        return list(X)
    raise ValueError(f"{name} is {_shown(X)}; {_EXPECTED}")


def _text(value: Any, row: int, name: str) -> str | None:
    """Return a row that is no plain ``str`` as one; None if it is missing."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, str):  # np.str_
        return str(value)
    advice = "decode it first" if isinstance(value, bytes) else "convert it with str() first"
    raise ValueError(f"{name}[{row}] is {_shown(value)}; expected a string ({advice})")


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"
