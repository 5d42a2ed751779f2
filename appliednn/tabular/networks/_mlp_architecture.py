"""The multilayer perceptron as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import keras

from appliednn.core._layers import HashDropout
from appliednn.core._member_layers import MemberDense, MembersFirst, MembersLast


def build_mlp(
    n_inputs: int,
    n_outputs: int,
    hidden_layer_sizes: Sequence[int],
    activation: str = "relu",
    residual: bool = False,
    normalization: str | None = None,
    dropout: bool = False,
    kernel_initializer="glorot_uniform",
    bias_initializer="zeros",
    cardinalities: Sequence[int] = (),
    kind: str = "regression",
    members: int = 0,
    aggregate: bool = False,
) -> keras.Model:
    """Return the network: dense layers, each with normalisation, activation and dropout.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Widths. The last ``len(cardinalities)`` inputs are category codes.
    hidden_layer_sizes : sequence of int
        Units of each hidden layer; empty for a linear model.
    activation : str
        Name of a Keras activation.
    residual : bool
        Add each hidden layer's input to its output (through a linear map where widths differ).
    normalization : None, "batch" or "layer"
        Between the linear map and the activation.
    dropout : bool
        Whether hidden layers drop units; the rate is set at the start of a fit.
    kernel_initializer, bias_initializer : str or dict
        Keras initialisers.
    cardinalities : sequence of int
        Number of codes of each category; each gets an embedding of ``min(16, ceil(c ** 0.5))``.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target; only members' averages depend on it.
    members : int
        Networks side by side, without embeddings and normalisation; 0 for one.
    aggregate : bool
        Give the members' average for rows they share.
    """
    inputs = keras.Input((members, n_inputs) if members and not aggregate else (n_inputs,))
    x = MembersFirst(name="members_first")(inputs) if members else inputs
    x = _embed(x, cardinalities) if cardinalities else x
    starts = {"kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer}
    dense = _member_dense(members) if members else keras.layers.Dense
    for i, width in enumerate(hidden_layer_sizes):
        before = x
        x = dense(width, name=f"dense_{i}", **starts)(x)
        if normalization == "batch":
            x = keras.layers.BatchNormalization(name=f"normalization_{i}")(x)
        elif normalization == "layer":
            x = keras.layers.LayerNormalization(name=f"normalization_{i}")(x)
        x = keras.layers.Activation(activation, name=f"activation_{i}")(x)
        if dropout:
            x = HashDropout(name=f"dropout_{i}", members=members)(x)
        if residual:
            if before.shape[-1] != width:
                before = dense(
                    width, use_bias=False, name=f"shortcut_{i}",
                    kernel_initializer=kernel_initializer,
                )(before)  # fmt: skip
            x = keras.layers.Add(name=f"residual_{i}")([x, before])
    x = dense(n_outputs, name="output", dtype=_output_dtype(), **starts)(x)
    if members:
        x = MembersLast(kind, aggregate, name="members_last", dtype=_output_dtype())(x)
    return keras.Model(inputs, x)


def _member_dense(members: int):
    """Return what stands for ``keras.layers.Dense`` in a stacked network."""
    return partial(MemberDense, members=members)


def _output_dtype() -> str:
    """Raw outputs are never of half precision."""
    return "float64" if keras.config.dtype_policy().name == "float64" else "float32"


def _embed(inputs, cardinalities: Sequence[int]):
    """Replace the trailing code columns by embeddings."""
    n_numeric = inputs.shape[-1] - len(cardinalities)
    parts = [inputs[:, :n_numeric]] if n_numeric else []
    for j, cardinality in enumerate(cardinalities):
        code = keras.ops.cast(inputs[:, n_numeric + j], "int32")
        width = min(16, int(-(-(cardinality**0.5) // 1)))
        parts.append(keras.layers.Embedding(cardinality, width, name=f"embedding_{j}")(code))
    return keras.layers.Concatenate(name="features")(parts) if len(parts) > 1 else parts[0]
