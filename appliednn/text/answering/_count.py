"""How many numbers the network for spans stores, without building it."""

from __future__ import annotations

# Three dropout layers keep rate, counter and seed; four recurrent ones the state of a generator.
_STATE = 3 * 3 + 4 * 2
_SHAPES, _SHAPE_WIDTH, _OVERLAP = 7, 8, 3


def count_span_attention(params: dict) -> int:
    """Return how many numbers the network stores.

    Examples
    --------
    >>> count_span_attention({"vocabulary": 100, "width": 8, "units": 4})
    1615
    """
    units, width = params["units"], params["width"]
    read = width + _SHAPE_WIDTH + _OVERLAP
    tables = params["vocabulary"] * width + _SHAPES * _SHAPE_WIDTH
    mixed = (8 * units + 1) * units + _recurrence(units, units)
    likeness = 3 * 2 * units
    head = (3 * units + 1) * 2
    total = tables + (read + 1) * units + _recurrence(units, units) + likeness + mixed + head
    return total + _STATE


def _recurrence(read: int, units: int) -> int:
    """Return what a gated recurrence of both directions stores; each gate has two biases."""
    return 2 * 3 * units * (read + units + 2)
