"""How many numbers the encoder's networks store, without building them."""

from __future__ import annotations

# A dropout layer keeps its rate, its counter and its seed.
_DROPOUT = 3


def count_bert(params: dict) -> int:
    """Return how many numbers a BERT stores, with its head.

    Examples
    --------
    >>> minilm = {"vocabulary": 30522, "width": 384, "layers": 6, "inner": 1536}
    >>> count_bert({**minilm, "positions": 512, "types": 2}) - 13 * 3
    22565376
    """
    width, inner, layers = params["width"], params["inner"], params["layers"]
    norm = 2 * width
    rows = params["vocabulary"] + params["positions"] + params["types"]
    attention = _dense(width, 3 * width) + _dense(width, width)
    layer = attention + _dense(width, inner) + _dense(inner, width) + 2 * norm
    total = rows * width + norm + _DROPOUT + layers * (layer + 2 * _DROPOUT)
    head = params.get("head")
    if head == "pieces":
        return total + params["vocabulary"] + _dense(width, width) + norm
    if head == "outputs":
        return total + _DROPOUT + _dense(width, params["n_outputs"])
    return total + (_dense(width, 2) if head == "spans" else 0)


def count_vector_head(params: dict) -> int:
    """Return how many numbers a head on vectors stores.

    Examples
    --------
    >>> count_vector_head({"width": 384, "n_outputs": 2})
    770
    """
    return _dense(params["width"], params["n_outputs"])


def _dense(read: int, given: int) -> int:
    return (read + 1) * given
