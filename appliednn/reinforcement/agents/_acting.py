"""Small dense networks in NumPy: an agent acts on few observations at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._numpy_forward import ACTIVATIONS

Forward = Callable[[np.ndarray], np.ndarray]


def dense_forward(weights: Sequence[np.ndarray], activation: str) -> Forward:
    """Return the forward pass of dense layers with a linear last one.

    Parameters
    ----------
    weights : sequence of ndarray
        Kernel and bias of each layer.
    activation : str
        Of the hidden layers.

    Returns
    -------
    callable
        From float32 (n, n_inputs) to float32 (n, n_outputs).
    """
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    function = ACTIVATIONS[activation]
    *hidden, (last_kernel, last_bias) = pairs

    def forward(x: np.ndarray) -> np.ndarray:
        for kernel, bias in hidden:
            x = x @ kernel
            x += bias
            x = function(x)
        x = x @ last_kernel
        x += last_bias
        return x

    return forward
