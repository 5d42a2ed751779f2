"""Which widths the networks that write can have."""

from __future__ import annotations


def check_width(architecture: str, width: int, heads: int) -> None:
    """Refuse a width that does not split into the parts of the network.

    Raises
    ------
    ValueError
        If a transformer's is no multiple of twice its heads, or a two-way GRU's is odd.
    """
    multiple = {"transformer": 2 * heads, "gru": 2}.get(architecture, 1)
    if width % multiple:
        raise ValueError(
            f"hidden_units={width} was given; architecture={architecture!r}"
            f"{f' with heads={heads}' if architecture == 'transformer' else ''} expected a "
            f"multiple of {multiple}"
        )
