"""Embedding of the trailing integer codes of an encoded row, all categories in one lookup."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from appliednn.tabular.networks._tabm_layers import uniform


@keras.saving.register_keras_serializable(package="appliednn")
class SharedCategories(keras.layers.Layer):
    """Replace the trailing code columns by trainable vectors of one width.

    Parameters
    ----------
    cardinalities : sequence of int
        Number of codes of each of the last columns.
    width : int
        Length of the vectors.
    tokens : bool
        Give the vectors alone, (..., n_categories, width); otherwise they are appended to the
        other columns, (..., other columns + n_categories * width).
    """

    xla_pays = rows_independent = True

    def __init__(
        self, cardinalities: Sequence[int], width: int, tokens: bool = False, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.cardinalities = [int(c) for c in cardinalities]
        self.width = int(width)
        self.tokens = bool(tokens)
        self.embeddings_initializer = uniform(self.width)

    def build(self, input_shape) -> None:
        """Create one table for all categories."""
        total = sum(self.cardinalities)
        self._starts = np.cumsum([0, *self.cardinalities[:-1]]).astype("int32")
        self.embeddings = self.add_weight(
            name="embeddings", shape=(total, self.width), initializer=self.embeddings_initializer
        )

    def call(self, inputs):
        """Look the codes up."""
        n = len(self.cardinalities)
        codes = ops.cast(inputs[..., inputs.shape[-1] - n :], "int32") + self._starts
        vectors = ops.take(self.embeddings, codes, axis=0)
        if self.tokens:
            return vectors
        others = inputs[..., : inputs.shape[-1] - n]
        flat = ops.reshape(vectors, (*ops.shape(inputs)[:-1], n * self.width))
        return ops.concatenate([others, flat], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the shape of the tokens or of the widened rows."""
        n = len(self.cardinalities)
        if self.tokens:
            return (*input_shape[:-1], n, self.width)
        return (*input_shape[:-1], input_shape[-1] + n * (self.width - 1))

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"cardinalities": self.cardinalities, "width": self.width, "tokens": self.tokens}
        return {**super().get_config(), **own}
