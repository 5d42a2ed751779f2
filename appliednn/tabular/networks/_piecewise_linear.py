"""Piecewise-linear embedding of numbers: each feature becomes a trainable vector.

Source: Y. Gorishniy, I. Rubachev, A. Babenko, On Embeddings for Numerical Features in Tabular Deep
Learning, NeurIPS 2022; the form called "B" is that of the TabM paper (ICLR 2025).
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from appliednn.tabular.encoder._scaling import weighted_quantiles
from appliednn.tabular.networks._tabm_layers import uniform

_OPEN = 1e30  # bound of a bin that has none on that side


def piecewise_edges(
    Z: np.ndarray, n_bins: int = 48, sample_weight: np.ndarray | None = None
) -> np.ndarray:
    """Return the bin edges of each column: its distinct quantiles.

    Parameters
    ----------
    Z : ndarray of shape (n, n_values)
        Numbers as the network reads them, finite.
    n_bins : int
        Largest number of bins; columns of few distinct values have fewer.
    sample_weight : ndarray of shape (n,), optional
        Weights; an integer weight counts as that many rows.

    Returns
    -------
    ndarray of shape (n_values, n_bins + 1), float32
        Rising edges; the last one is repeated where there are fewer bins. A constant column has
        no bin: all its edges are equal.

    Examples
    --------
    >>> piecewise_edges(np.array([[0.0], [1.0], [3.0]]), n_bins=4).tolist()
    [[0.0, 1.0, 3.0, 3.0, 3.0]]
    """
    q = np.linspace(0.0, 1.0, n_bins + 1)
    edges = np.zeros((Z.shape[1], n_bins + 1), dtype=np.float32)
    for j in range(Z.shape[1]):
        column = np.asarray(Z[:, j], dtype=np.float64)
        distinct = np.unique(weighted_quantiles(column, q, sample_weight).astype(np.float32))
        edges[j, : len(distinct)] = distinct
        edges[j, len(distinct) :] = distinct[-1]
    return edges


@keras.saving.register_keras_serializable(package="appliednn")
class PiecewiseLinearEmbedding(keras.layers.Layer):
    """Embed the leading value columns, let the others through.

    A value ``x`` of feature j becomes ``x * weight[j] + bias[j] + e(x) @ kernel[j]``, where
    ``e(x)`` holds for each bin ``(x - left) / width`` clipped to [0, 1]; the first bin is open
    below and the last one above. The kernel starts at zero. The edges are weights that do not
    train, set at the start of a fit (:func:`piecewise_edges`); without them the embedding is
    linear.

    Parameters
    ----------
    n_values : int
        Number of leading columns that are embedded.
    n_bins : int
        Largest number of bins of a feature.
    width : int
        Length of a feature's embedding.
    """

    xla_pays = rows_independent = True
    rate_groups = {"bias": "bias"}  # noqa: RUF012

    def __init__(self, n_values: int, n_bins: int = 48, width: int = 16, **kwargs) -> None:
        super().__init__(**kwargs)
        self.n_values = int(n_values)
        self.n_bins = int(n_bins)
        self.width = int(width)
        self.edges_initializer = keras.initializers.get("zeros")
        self.kernel_initializer = keras.initializers.get("zeros")
        self.weight_initializer = uniform(self.width)
        self.bias_initializer = uniform(self.width)

    def build(self, input_shape) -> None:
        """Create the edges and the maps from values and bins to vectors."""
        f = self.n_values
        self.edges = self.add_weight(
            name="edges",
            shape=(f, self.n_bins + 1),
            initializer=self.edges_initializer,
            trainable=False,
        )
        self.weight, self.bias = (
            self.add_weight(name=name, shape=(f, 1, self.width), initializer=initializer)
            for name, initializer in (
                ("weight", self.weight_initializer),
                ("bias", self.bias_initializer),
            )
        )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(f, self.n_bins, self.width),
            initializer=self.kernel_initializer,
        )

    def call(self, inputs):
        """Return (..., n_values * width + other columns) from (..., columns)."""
        f, lead = self.n_values, ops.shape(inputs)[:-1]
        values = ops.transpose(ops.reshape(inputs[..., :f], (-1, f)))[..., None]  # (f, rows, 1)
        vectors = values * self.weight + self.bias
        vectors = vectors + ops.matmul(self._encode(values), self.kernel)  # (f, rows, width)
        vectors = ops.reshape(ops.transpose(vectors, (1, 0, 2)), (*lead, f * self.width))
        if f == inputs.shape[-1]:
            return vectors
        return ops.concatenate([vectors, inputs[..., f:]], axis=-1)

    def _encode(self, values):
        """Return the piecewise-linear encoding (f, rows, n_bins) of values (f, rows, 1)."""
        edges = ops.convert_to_tensor(self.edges)
        left, widths = edges[:, None, :-1], (edges[:, 1:] - edges[:, :-1])[:, None, :]
        real = ops.cast(widths > 0, edges.dtype)
        slope = real / ops.where(widths > 0, widths, ops.ones_like(widths))
        following = ops.concatenate([real[..., 1:], ops.zeros_like(real[..., :1])], axis=-1)
        upper = following + (1.0 - following) * _OPEN  # the last real bin is open above
        lower = ops.cast(ops.arange(self.n_bins) == 0, edges.dtype) * -_OPEN
        return ops.minimum(ops.maximum((values - left) * slope, lower), upper)

    def compute_output_shape(self, input_shape):
        """Return the shape with each value replaced by its vector."""
        return (*input_shape[:-1], input_shape[-1] + self.n_values * (self.width - 1))

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"n_values": self.n_values, "n_bins": self.n_bins, "width": self.width}
        return {**super().get_config(), **own}
