"""Attention for texts that are written: rotary positions, keys and values kept for later steps."""

from __future__ import annotations

import math

import keras
from keras import ops

from appliednn.core._layers import HashDropout

_FAR = -1e9


class Attention(keras.layers.Layer):
    """Scaled dot-product attention with several heads (A. Vaswani et al., NeurIPS 2017).

    Queries and keys are rotated by their positions (J. Su et al., "RoFormer", 2021) where
    positions are given, so that a score depends on how far apart two tokens are.

    Parameters
    ----------
    width, heads : int
        Numbers of a token, and attention heads; the width is a multiple of the heads.
    """

    def __init__(self, width: int, heads: int, **kwargs) -> None:
        super().__init__(**kwargs)
        if width % (2 * heads):
            raise ValueError(f"width={width} must be a multiple of 2 * heads={2 * heads}")
        self.width, self.heads, self.size = width, heads, width // heads
        self.query = keras.layers.Dense(width, use_bias=False, name="query")
        self.key_value = keras.layers.Dense(2 * width, use_bias=False, name="key_value")
        self.out = keras.layers.Dense(width, use_bias=False, name="out")

    def build(self, *shapes) -> None:
        """Build the projections."""
        shape = (None, None, self.width)
        for layer in (self.query, self.key_value, self.out):
            layer.build(shape)
        self.built = True

    def queries(self, x, positions=None):
        """Return queries (batch, length, heads, size)."""
        return self._rotated(self._split(self.query(x)), positions)

    def keys_values(self, x, positions=None):
        """Return keys and values, each (batch, length, width), as a cache holds them."""
        keys, values = ops.split(self.key_value(x), 2, axis=-1)
        if positions is not None:
            keys = self._joined(self._rotated(self._split(keys), positions))
        return keys, values

    def attend(self, queries, keys, values, seen):
        """Return what queries see, (batch, length, width).

        ``seen`` is true, (batch or 1, length or 1, n_keys), where a query may look.
        """
        keys, values = self._split(keys), self._split(values)
        scores = ops.einsum("bqhd,bkhd->bhqk", queries, keys) / math.sqrt(self.size)
        scores = ops.where(seen[:, None], scores, ops.cast(_FAR, scores.dtype))
        mixed = ops.einsum("bhqk,bkhd->bqhd", ops.softmax(scores, axis=-1), values)
        return self.out(self._joined(mixed))

    def _split(self, x):
        shape = ops.shape(x)
        return ops.reshape(x, (shape[0], shape[1], self.heads, self.size))

    def _joined(self, x):
        shape = ops.shape(x)
        return ops.reshape(x, (shape[0], shape[1], self.width))

    def _rotated(self, x, positions):
        if positions is None:
            return x
        half = self.size // 2
        rates = ops.exp(ops.arange(half, dtype="float32") * (-math.log(10_000.0) / half))
        angles = ops.cast(positions, "float32")[:, :, None, None] * rates
        cos, sin = ops.cast(ops.cos(angles), x.dtype), ops.cast(ops.sin(angles), x.dtype)
        a, b = x[..., :half], x[..., half:]
        return ops.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)


class Block(keras.layers.Layer):
    """One transformer block, normalised before each part; with ``cross`` it reads a source.

    Parameters
    ----------
    width, heads : int
        See :class:`Attention`.
    hidden : int
        Width of the feed-forward part.
    dropout : float
        Rate on what each part adds.
    cross : bool
        Whether there is an attention to a source.
    """

    def __init__(self, width, heads, hidden, dropout, cross=False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width, self.hidden, self.cross = width, hidden, cross
        self.norm_self = keras.layers.LayerNormalization(name="norm_self")
        self.attention = Attention(width, heads, name="attention")
        if cross:
            self.norm_cross = keras.layers.LayerNormalization(name="norm_cross")
            self.source = Attention(width, heads, name="source")
        self.norm_forward = keras.layers.LayerNormalization(name="norm_forward")
        self.widen = keras.layers.Dense(hidden, activation="relu", name="widen")
        self.narrow = keras.layers.Dense(width, name="narrow")
        self.drops = [HashDropout(dropout, name=f"drop_{i}") for i in range(3 if cross else 2)]

    def build(self, *shapes) -> None:
        """Build the parts."""
        shape = (None, None, self.width)
        parts = [self.norm_self, self.attention, self.norm_forward, self.widen, *self.drops]
        parts += [self.norm_cross, self.source] if self.cross else []
        for part in parts:
            part.build(shape)
        self.narrow.build((None, None, self.hidden))
        self.built = True

    def run(self, x, positions, seen, past=None, source=None, training=False):
        """Return the tokens after the block, and their own keys and values.

        Parameters
        ----------
        x : tensor (batch, length, width)
            Tokens.
        positions : tensor (batch, length)
            Their places in the text.
        seen : tensor of bool
            Where each may look: at keys of ``past`` (if there is one), then at its own text.
        past : tuple of two tensors (batch, n_past, width), optional
            Keys and values of earlier tokens.
        source : tuple of (keys, values, seen), optional
            What the attention to the source reads.
        """
        h = self.norm_self(x)
        queries = self.attention.queries(h, positions)
        own = keys, values = self.attention.keys_values(h, positions)
        if past is not None:
            keys = ops.concatenate([past[0], keys], axis=1)
            values = ops.concatenate([past[1], values], axis=1)
        h = self.attention.attend(queries, keys, values, seen)
        x = x + self.drops[0](h, training=training)
        if self.cross:
            h = self.source.queries(self.norm_cross(x))
            x = x + self.drops[2](self.source.attend(h, *source), training=training)
        h = self.narrow(self.widen(self.norm_forward(x)))
        return x + self.drops[1](h, training=training), own


class Tokens(keras.layers.Layer):
    """Rows of numbers for tokens; read backwards, they give each token's score.

    Parameters
    ----------
    n_ids, width : int
        Tokens there are, and numbers of each.
    tied : bool
        Whether scores come from the same rows; otherwise from a matrix of their own.
    dropout : float
        Rate on what is looked up.
    """

    def __init__(self, n_ids, width, tied=True, dropout=0.0, n_scores=None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.n_ids, self.width, self.tied = n_ids, width, tied
        self.rows = keras.layers.Embedding(
            n_ids,
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
            name="rows",
        )
        self.scores = None if tied else keras.layers.Dense(n_ids, name="scores")
        self.score_width = n_scores or width
        self.bias_initializer = "zeros"
        self.drop = HashDropout(dropout, name="drop")

    def build(self, *shapes) -> None:
        """Build the table."""
        self.rows.build((None, None))
        self.drop.build((None, None, self.width))
        if self.scores is not None:
            self.scores.build((None, None, self.score_width))
        else:
            # Known by its name too: what has no initialiser keeps its numbers from fit to fit.
            start = self.bias_initializer
            self.bias = self.add_weight(name="bias", shape=(self.n_ids,), initializer=start)
        self.built = True

    def read(self, ids, training=False):
        """Return the tokens' rows (batch, length, width), of about unit size."""
        return self.drop(self.rows(ids) * math.sqrt(self.width), training=training)

    def score(self, x):
        """Return each token's score, (..., n_ids)."""
        if self.scores is not None:
            return self.scores(x)
        return ops.matmul(x, ops.transpose(self.rows.embeddings)) + self.bias
