"""Self-attention over the tokens of a padded sentence."""

from __future__ import annotations

import keras
from keras import ops

_HEADS = 4


@keras.saving.register_keras_serializable(package="appliednn")
class SelfAttention(keras.layers.Layer):
    """Attention of each token to all tokens of its sentence, with heads side by side.

    Parameters
    ----------
    width, heads : int
        Width of the result, and into how many parts it is cut; scores of how far two tokens are
        apart are learned up to a distance of 16.

    References
    ----------
    A. Vaswani et al., "Attention Is All You Need", 2017; P. Shaw et al., "Self-Attention with
    Relative Position Representations", 2018 (here a score for each distance and head).
    """

    kernel_initializer = "glorot_uniform"
    output_kernel_initializer = "glorot_uniform"
    distances_initializer = "zeros"
    reach = 16

    def __init__(self, width: int, heads: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width, self.heads = int(width), int(heads)

    def build(self, input_shape) -> None:
        """Create the weights."""
        x, _ = input_shape
        self.kernel = self.add_weight(name="kernel", shape=(x[-1], 3 * self.width))
        self.output_kernel = self.add_weight(
            name="output_kernel", shape=(self.width, self.width)
        )
        shape = (2 * self.reach + 1, self.heads)
        self.distances = self.add_weight(name="distances", shape=shape, initializer="zeros")

    def call(self, inputs):
        """Return (n, T, width) of inputs (n, T, any) and lengths (n,)."""
        x, lengths = inputs
        n, n_steps = ops.shape(x)[0], ops.shape(x)[1]
        head = self.width // self.heads
        parts = ops.reshape(ops.matmul(x, self.kernel), (n, n_steps, 3, self.heads, head))
        query, key, value = (ops.transpose(parts[:, :, i], (0, 2, 1, 3)) for i in range(3))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) / head**0.5
        steps = ops.arange(n_steps)
        apart = ops.clip(steps[None, :] - steps[:, None], -self.reach, self.reach) + self.reach
        near = ops.matmul(ops.one_hot(apart, 2 * self.reach + 1), self.distances)
        outside = ops.cast(steps >= ops.cast(lengths, "int32")[:, None], x.dtype)
        scores = scores + ops.transpose(near, (2, 0, 1)) - 1e9 * outside[:, None, None, :]
        mixed = ops.matmul(ops.softmax(scores, axis=-1), value)
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (n, n_steps, self.width))
        return ops.matmul(mixed, self.output_kernel)

    def compute_output_shape(self, input_shape):
        """Return (n, T, width)."""
        return (*input_shape[0][:-1], self.width)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "width": self.width, "heads": self.heads}


def transformer_context(x, lengths, units: int, n_layers: int, dropout: float):
    """Return tokens in context, (n, T, width), by pre-normalised blocks of attention.

    Parameters
    ----------
    x, lengths : KerasTensor
        (n, T, any) and (n,).
    units, n_layers, dropout : int, float
        Width of a block is twice the units, as of two directions of an LSTM, in whole heads.
    """
    from appliednn.core._layers import HashDropout

    width = max(1, 2 * units // _HEADS) * _HEADS
    x = keras.layers.Dense(width, name="widen")(x)
    for i in range(n_layers):
        y = keras.layers.LayerNormalization(name=f"norm_attention_{i}")(x)
        y = SelfAttention(width, _HEADS, name=f"attention_{i}")([y, lengths])
        x = x + HashDropout(dropout / 2, name=f"dropout_attention_{i}")(y)
        y = keras.layers.LayerNormalization(name=f"norm_dense_{i}")(x)
        y = keras.layers.Dense(2 * width, activation="gelu", name=f"spread_{i}")(y)
        y = keras.layers.Dense(width, name=f"narrow_{i}")(y)
        x = x + HashDropout(dropout / 2, name=f"dropout_dense_{i}")(y)
    return keras.layers.LayerNormalization(name="norm_context")(x)
