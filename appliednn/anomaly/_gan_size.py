"""How many numbers the adversarial network stores, without building it."""

from __future__ import annotations


def count_gan(params: dict) -> int:
    """Return how many numbers the network stores.

    Examples
    --------
    >>> count_gan({"n_inputs": 3, "hidden": [4], "n_components": 2})
    100
    """
    n, narrow, hidden = params["n_inputs"], params["n_components"], params["hidden"]
    encoder = _dense([n, *hidden, narrow])
    return 2 * encoder + _dense([narrow, *reversed(hidden), n]) + _dense([n, *hidden, 1])


def _dense(widths: list[int]) -> int:
    return sum((a + 1) * b for a, b in zip(widths[:-1], widths[1:], strict=True))
