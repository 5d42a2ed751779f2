"""What NumPy computes of the detectors' dense network: a forward pass, and its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._numpy_forward import ACTIVATIONS


def numpy_dense(
    params: dict, weights: Sequence[np.ndarray]
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return ``f(Z) -> raw``, or None for an activation that NumPy has not."""
    activation = ACTIVATIONS.get(params["activation"])
    if activation is None:
        return None
    arrays = [w for w in weights if w.ndim > 0]
    step = 2 if params["use_bias"] else 1
    layers = [arrays[i : i + step] for i in range(0, len(arrays), step)]

    def forward(Z: np.ndarray) -> np.ndarray:
        x = Z
        for i, (kernel, *bias) in enumerate(layers):
            x = x @ kernel
            if bias:
                x += bias[0]
            if i + 1 < len(layers):
                x = activation(x)
        return x

    return forward


def count_dense(params: dict) -> int:
    """Return how many numbers the network stores.

    Examples
    --------
    >>> count_dense({"n_inputs": 3, "widths": [2, 3], "use_bias": True, "noise": False})
    17
    """
    total, before = 3 * params["noise"], params["n_inputs"]
    for width in params["widths"]:
        total += width * (before + params["use_bias"])
        before = width
    return total
