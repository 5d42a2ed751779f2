"""Layers of the FT-Transformer: features as tokens, attention, gated units.

Source: Y. Gorishniy, I. Rubachev, V. Khrulkov, A. Babenko, Revisiting Deep Learning Models for
Tabular Data, NeurIPS 2021, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from appliednn.core._layers import HashDropout
from appliednn.tabular.networks._tabm_layers import uniform

_OWN = keras.saving.register_keras_serializable(package="appliednn")


@_OWN
class FeatureTokens(keras.layers.Layer):
    """Turn a row into tokens: one that stands for the row, one for each number and category.

    A number ``x`` of feature j becomes ``x * weight[j] + bias[j]``; a category the vector of its
    code, plus ``bias`` of its feature. The first token is the same for every row.

    Parameters
    ----------
    width : int
        Length of a token.
    cardinalities : sequence of int
        Number of codes of each of the last inputs.
    """

    xla_pays = rows_independent = True
    rate_groups = {"bias": "bias"}  # noqa: RUF012

    def __init__(self, width: int, cardinalities: Sequence[int] = (), **kwargs) -> None:
        super().__init__(**kwargs)
        self.width = int(width)
        self.cardinalities = [int(c) for c in cardinalities]
        for name in ("first", "weight", "bias", "table"):
            setattr(self, f"{name}_initializer", uniform(self.width))

    def build(self, input_shape) -> None:
        """Create the first token, the maps of the numbers and the categories' vectors."""
        n, n_codes = int(input_shape[-1]), len(self.cardinalities)
        shapes = {"first": (1,), "weight": (n - n_codes,), "bias": (n,)}
        if n_codes:
            shapes["table"] = (sum(self.cardinalities),)
            self._starts = np.cumsum([0, *self.cardinalities[:-1]]).astype("int32")
        for name, shape in shapes.items():
            initializer = getattr(self, f"{name}_initializer")
            weight = self.add_weight(
                name=name, shape=(*shape, self.width), initializer=initializer
            )
            setattr(self, name, weight)

    def call(self, inputs):
        """Return tokens (batch, 1 + n_inputs, width)."""
        n = inputs.shape[-1] - len(self.cardinalities)
        parts = [inputs[:, :n, None] * self.weight] if n else []
        if self.cardinalities:
            codes = ops.cast(inputs[:, n:], "int32") + self._starts
            parts.append(ops.take(self.table, codes, axis=0))
        tokens = (ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]) + self.bias
        first = ops.broadcast_to(self.first, (ops.shape(inputs)[0], 1, self.width))
        return ops.concatenate([first, tokens], axis=1)

    def compute_output_shape(self, input_shape):
        """Return the shape of the tokens."""
        return (input_shape[0], 1 + input_shape[-1], self.width)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"width": self.width, "cardinalities": self.cardinalities}
        return {**super().get_config(), **own}


@_OWN
class TokenAttention(keras.layers.Layer):
    """Multi-head self-attention over the tokens (A. Vaswani et al., NeurIPS 2017).

    Parameters
    ----------
    heads : int
        Number of heads; divides the width.
    first_only : bool
        Let only the first token ask: the output is (batch, 1, width).
    dropout : bool
        Drop attention weights, at the rate ``dropout_attention`` of the fit.
    """

    xla_pays = rows_independent = True
    rate_groups = {"bias": "bias", "output_bias": "bias"}  # noqa: RUF012
    bias_initializer = output_bias_initializer = "zeros"

    def __init__(
        self, heads: int, first_only: bool = False, dropout: bool = True, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.heads = int(heads)
        self.first_only = bool(first_only)
        self.has_dropout = bool(dropout)
        self.dropout = HashDropout(group="_attention", name="dropout") if dropout else None

    def build(self, input_shape) -> None:
        """Create the maps to queries, keys and values, and of the output."""
        width = int(input_shape[-1])
        if width % self.heads:
            raise ValueError(
                f"heads={self.heads} was given; expected a divisor of the width {width}"
            )
        self.kernel_initializer = self.output_kernel_initializer = uniform(width)
        for name, shape in (
            ("kernel", (width, 3 * width)),
            ("bias", (3 * width,)),
            ("output_kernel", (width, width)),
            ("output_bias", (width,)),
        ):
            initializer = getattr(self, f"{name}_initializer")
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=initializer))
        if self.dropout is not None:
            n = input_shape[1]
            self.dropout.build((None, self.heads, 1 if self.first_only else n, n))

    def call(self, inputs, training: bool = False):
        """Return (batch, n_tokens, width), or (batch, 1, width) with ``first_only``."""
        width = inputs.shape[-1]
        if self.first_only:
            query = _product(inputs[:, :1], self.kernel[:, :width], self.bias[:width])
            rest = _product(inputs, self.kernel[:, width:], self.bias[width:])
            key, value = rest[..., :width], rest[..., width:]
        else:
            joint = _product(inputs, self.kernel, self.bias)
            query, key, value = (joint[..., i * width : (i + 1) * width] for i in range(3))
        query, key, value = (self._split(part) for part in (query, key, value))
        query = query * (1.0 / math.sqrt(width // self.heads))
        shares = ops.softmax(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), axis=-1)
        if self.dropout is not None:
            shares = self.dropout(shares, training=training)
        mixed = ops.transpose(ops.matmul(shares, value), (0, 2, 1, 3))
        mixed = ops.reshape(mixed, (-1, mixed.shape[1], width))
        return _product(mixed, self.output_kernel, self.output_bias)

    def _split(self, x):
        """Return (batch, heads, tokens, width / heads)."""
        x = ops.reshape(x, (-1, x.shape[1], self.heads, x.shape[-1] // self.heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape):
        """Return the shape, with one token where only the first asks."""
        return (input_shape[0], 1, input_shape[2]) if self.first_only else tuple(input_shape)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {
            "heads": self.heads,
            "first_only": self.first_only,
            "dropout": self.has_dropout,
        }
        return {**super().get_config(), **own}


def _product(x, kernel, bias):
    """Return ``x @ kernel + bias`` for tokens, as one matrix product."""
    flat = ops.matmul(ops.reshape(x, (-1, x.shape[-1])), kernel) + bias
    return ops.reshape(flat, (-1, x.shape[1], kernel.shape[-1]))


@_OWN
class ReGLU(keras.layers.Layer):
    """The first half of the units times the ReLU of the second (N. Shazeer, 2020)."""

    xla_pays = rows_independent = True

    def call(self, inputs):
        """Return (..., units / 2)."""
        half = inputs.shape[-1] // 2
        return inputs[..., :half] * ops.relu(inputs[..., half:])

    def compute_output_shape(self, input_shape):
        """Return the shape with half the units."""
        return (*input_shape[:-1], input_shape[-1] // 2)


@_OWN
class FirstToken(keras.layers.Layer):
    """Keep the first token of each row: (batch, n_tokens, width) to (batch, 1, width).

    Parameters
    ----------
    flat : bool
        Drop the token axis too: (batch, width).
    """

    xla_pays = rows_independent = True

    def __init__(self, flat: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.flat = bool(flat)

    def call(self, inputs):
        """Return the first token."""
        return inputs[:, 0] if self.flat else inputs[:, :1]

    def compute_output_shape(self, input_shape):
        """Return the shape without the other tokens."""
        lead = (input_shape[0],) if self.flat else (input_shape[0], 1)
        return (*lead, input_shape[-1])

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "flat": self.flat}
