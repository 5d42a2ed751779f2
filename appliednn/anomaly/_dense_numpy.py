"""What NumPy computes of the detectors' dense networks: forward passes, and their size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._numpy_forward import ACTIVATIONS


def dense_stack(
    layers: Sequence[Sequence[np.ndarray]], activation: Callable, x: np.ndarray
) -> np.ndarray:
    """Return the answer of dense layers (kernel, perhaps bias), of which the last is linear."""
    for i, (kernel, *bias) in enumerate(layers):
        x = x @ kernel
        if bias:
            x += bias[0]
        if i + 1 < len(layers):
            x = activation(x)
    return x


def activation_of(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return an activation for arrays; one that NumPy has not is computed by Keras."""
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    import keras

    function = keras.activations.get(name)
    return lambda x: keras.ops.convert_to_numpy(function(x))


def numpy_dense(
    params: dict, weights: Sequence[np.ndarray]
) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return ``f(Z) -> raw``, or None for several networks or an activation that NumPy has not."""
    activation = ACTIVATIONS.get(params["activation"])
    if activation is None or params.get("members"):
        return None
    arrays = [w for w in weights if w.ndim > 0]
    shift = arrays.pop() if params.get("shift") else None
    step = 2 if params.get("use_bias", True) else 1
    layers = [arrays[i : i + step] for i in range(0, len(arrays), step)]

    def forward(Z: np.ndarray) -> np.ndarray:
        raw = dense_stack(layers, activation, Z)
        return raw if shift is None else raw + shift

    return forward


def count_dense(params: dict) -> int:
    """Return how many numbers the network stores.

    Examples
    --------
    >>> count_dense({"n_inputs": 3, "widths": [2, 3], "use_bias": True})
    17
    """
    members = params.get("members") or 1
    total = params["widths"][-1] * bool(params.get("shift"))
    before = params["n_inputs"]
    for width in params["widths"]:
        total += width * (before + params.get("use_bias", True))
        before = width
    return members * total + (2 + members) * bool(params.get("noise"))
