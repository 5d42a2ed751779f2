"""What NumPy computes of the variational autoencoder: its two halves, and its size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.anomaly._dense_numpy import activation_of, dense_stack

# The standard deviation of a column, in units of its scaled values, is at least e^-3 = 0.05: a
# constant column would otherwise be rebuilt ever more surely.
LEAST_LOG_VARIANCE = -6.0


def vae_halves(params: dict, weights: Sequence[np.ndarray]) -> tuple[Callable, Callable]:
    """Return ``encode(Z)`` and ``decode(z)``; both give means and log variances.

    Parameters
    ----------
    params : dict
        Arguments of :func:`~appliednn.anomaly._vae_architecture.build_vae`.
    weights : sequence of ndarray
        Of the network, in the model's order.
    """
    activation = activation_of(params["activation"])
    arrays = [w for w in weights if w.ndim > 0]
    layers = list(zip(arrays[::2], arrays[1::2], strict=True))
    n_hidden = len(params["hidden"])
    encoder, decoder = layers[: n_hidden + 1], layers[n_hidden + 1 :]

    def encode(Z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return tuple(np.split(dense_stack(encoder, activation, Z), 2, axis=1))

    def decode(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, spread = np.split(dense_stack(decoder, activation, z), 2, axis=1)
        return mean, LEAST_LOG_VARIANCE + np.logaddexp(0, spread - LEAST_LOG_VARIANCE)

    return encode, decode


def count_vae(params: dict) -> int:
    """Return how many numbers the network stores.

    Examples
    --------
    >>> count_vae({"n_inputs": 3, "hidden": [4], "n_components": 2})
    80
    """
    n, narrow = params["n_inputs"], params["n_components"]
    widths = [n, *params["hidden"], 2 * narrow]
    back = [narrow, *reversed(params["hidden"])]
    total = sum((a + 1) * b for a, b in zip(widths[:-1], widths[1:], strict=True))
    total += sum((a + 1) * b for a, b in zip(back[:-1], back[1:], strict=True))
    return total + 2 * (back[-1] + 1) * n + 2 * params.get("draw", True)
