"""Keras layers for sequences of tokens with masks."""

from __future__ import annotations

import keras
from keras import ops

from appliednn.core._layers import HashDropout

_package = keras.saving.register_keras_serializable(package="appliednn")


@_package
class MaskedMaxPool(keras.layers.Layer):
    """The largest value of each feature over the tokens that count; 0 where none does."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        """Return (batch, features) of (batch, tokens, features) and a mask (batch, tokens)."""
        z, mask = inputs
        low = ops.where(mask[..., None], z, ops.full_like(z, -1e9))
        return ops.where(ops.any(mask, axis=1, keepdims=True), ops.max(low, axis=1), 0.0)

    def compute_mask(self, inputs, mask=None):
        """Nothing is masked any more."""
        return None

    def compute_output_shape(self, input_shape):
        """Return the shape without the tokens' axis."""
        return (input_shape[0][0], input_shape[0][-1])


@_package
class AttentionPool(keras.layers.Layer):
    """A weighted mean over tokens; weights are the softmax of v . tanh(W z + b)."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape) -> None:
        """Create the two kernels."""
        width = input_shape[0][-1]
        self.inner = keras.layers.Dense(width, "tanh", name="inner")
        self.score = keras.layers.Dense(1, use_bias=False, name="score")
        self.inner.build((None, None, width))
        self.score.build((None, None, width))

    def call(self, inputs):
        """Return (batch, features), and the weights (batch, tokens)."""
        z, mask = inputs
        score = self.score(self.inner(z))[..., 0]
        score = ops.where(mask, score, ops.full_like(score, -1e9))
        weights = ops.softmax(score, axis=-1) * ops.cast(mask, z.dtype)
        return ops.sum(z * weights[..., None], axis=1), weights

    def compute_mask(self, inputs, mask=None):
        """Nothing is masked any more."""
        return None

    def compute_output_shape(self, input_shape):
        """Return the shapes of the mean and of the weights."""
        batch, tokens, width = input_shape[0]
        return [(batch, width), (batch, tokens)]


@_package
class PositionEmbedding(keras.layers.Layer):
    """Adds a learned vector for each position.

    Parameters
    ----------
    max_length : int
        Number of positions.
    """

    def __init__(self, max_length: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.max_length = int(max_length)
        self.embeddings_initializer = keras.initializers.RandomNormal(stddev=0.02)

    def build(self, input_shape) -> None:
        """Create the vectors."""
        shape = (self.max_length, input_shape[-1])
        self.positions = self.add_weight(
            name="embeddings", shape=shape, initializer=self.embeddings_initializer
        )

    def call(self, z):
        """Return the tokens with their positions added."""
        return z + self.positions[: ops.shape(z)[1]]

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "max_length": self.max_length}


@_package
class TransformerBlock(keras.layers.Layer):
    """Self-attention and a two-layer network, each normalised before and added to its input.

    Parameters
    ----------
    heads : int
        Attention heads; they share the width.
    hidden : int
        Width of the two-layer network.
    dropout : float
        Of what is added.
    """

    def __init__(self, heads: int, hidden: int, dropout: float = 0.0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.heads, self.hidden, self.rate = int(heads), int(hidden), float(dropout)

    def build(self, input_shape) -> None:
        """Create the sublayers."""
        width = input_shape[-1]
        shape = (None, None, width)
        layers = keras.layers
        self.norms = [layers.LayerNormalization(name=f"norm_{i}") for i in range(2)]
        self.drops = [HashDropout(self.rate, name=f"dropout_{i}") for i in range(2)]
        self.attend = layers.MultiHeadAttention(self.heads, width // self.heads, name="attend")
        self.inner = layers.Dense(self.hidden, "gelu", name="inner")
        self.outer = layers.Dense(width, name="outer")
        for layer in (*self.norms, *self.drops, self.inner):
            layer.build(shape)
        self.attend.build(shape, shape)
        self.outer.build((None, None, self.hidden))

    def call(self, z, mask=None, training: bool = False):
        """Return the block's outputs; only tokens whose mask is True are looked at."""
        seen = None if mask is None else mask[:, None, :]
        normed = self.norms[0](z)
        attended = self.attend(normed, normed, attention_mask=seen)
        z = z + self.drops[0](attended, training=training)
        hidden = self.outer(self.inner(self.norms[1](z)))
        return z + self.drops[1](hidden, training=training)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"heads": self.heads, "hidden": self.hidden, "dropout": self.rate}
        return {**super().get_config(), **own}
