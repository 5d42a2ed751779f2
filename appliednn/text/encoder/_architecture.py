"""BERT as a Keras model, and what is computed with it."""

from __future__ import annotations

import math

import keras
from keras import ops

from appliednn.core._layers import HashDropout

_ACTIVATIONS = {
    "gelu": lambda x: ops.gelu(x, approximate=False),
    "gelu_new": lambda x: ops.gelu(x, approximate=True),
    "gelu_pytorch_tanh": lambda x: ops.gelu(x, approximate=True),
    "relu": ops.relu,
    "silu": ops.silu,
    "swish": ops.silu,
}
ACTIVATIONS = sorted(_ACTIVATIONS)
_FAR = -1e9


class Positions(keras.layers.Layer):
    """A learnt vector for each place, added to what stands there."""

    def __init__(self, length: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.length = int(length)
        self.embeddings_initializer = _normal()

    def build(self, input_shape) -> None:
        """Create the vectors."""
        shape = (self.length, input_shape[-1])
        self.embeddings = self.add_weight(
            name="embeddings", shape=shape, initializer=self.embeddings_initializer
        )

    def call(self, inputs):
        """Return (n, t, width) with the first t vectors added."""
        return inputs + self.embeddings[: ops.shape(inputs)[1]]


class Attention(keras.layers.Layer):
    """Scaled dot-product attention of queries, keys and values side by side, (n, t, 3 width)."""

    def __init__(self, heads: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.heads = int(heads)

    def call(self, inputs, lengths):
        """Return (n, t, width); places from a row's length on are not looked at."""
        n, t, width = ops.shape(inputs)[0], ops.shape(inputs)[1], inputs.shape[-1] // 3
        size = width // self.heads
        parts = ops.reshape(inputs, (n, t, 3, self.heads, size))
        parts = ops.transpose(parts, (2, 0, 3, 1, 4))
        scores = ops.matmul(parts[0] / math.sqrt(size), ops.transpose(parts[1], (0, 1, 3, 2)))
        unseen = ops.cast(ops.logical_not(inside(lengths, t)), scores.dtype)
        shares = ops.softmax(scores + unseen[:, None, None, :] * _FAR)
        mixed = ops.transpose(ops.matmul(shares, parts[2]), (0, 2, 1, 3))
        return ops.reshape(mixed, (n, t, width))

    def compute_output_shape(self, inputs_shape, lengths_shape=None):
        """Return (n, t, width)."""
        return (*inputs_shape[:-1], inputs_shape[-1] // 3)


class Pool(keras.layers.Layer):
    """One vector of a text: the mean, the maximum or the first of its pieces' vectors."""

    def __init__(self, kind: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs, lengths):
        """Return (n, width)."""
        if self.kind == "cls":
            return inputs[:, 0]
        seen = inside(lengths, ops.shape(inputs)[1])[:, :, None]
        if self.kind == "max":
            return ops.max(ops.where(seen, inputs, ops.cast(_FAR, inputs.dtype)), axis=1)
        total = ops.sum(inputs * ops.cast(seen, inputs.dtype), axis=1)
        return total / ops.cast(ops.maximum(lengths, 1), inputs.dtype)[:, None]

    def compute_output_shape(self, inputs_shape, lengths_shape=None):
        """Return (n, width)."""
        return (inputs_shape[0], inputs_shape[-1])


class Pieces(keras.layers.Embedding):
    """Vectors of pieces, which also score them: with a bias, the head of a masked language model.

    Tied weights: O. Press, L. Wolf, "Using the Output Embedding to Improve Language Models",
    EACL 2017.
    """

    def __init__(self, *args, scores: bool = False, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.scores = scores
        self.bias_initializer = keras.initializers.Zeros()

    def build(self, input_shape=None) -> None:
        """Create the vectors and, where pieces are scored, the bias."""
        super().build(input_shape)
        if self.scores:
            self.bias = self.add_weight(
                name="bias", shape=(self.input_dim,), initializer=self.bias_initializer
            )

    def logits(self, features):
        """Return the score of each piece, (..., vocabulary)."""
        return ops.matmul(features, ops.transpose(self.embeddings)) + self.bias


def inside(lengths, t):
    """Return which places lie in their row, bool (n, t)."""
    return ops.arange(t)[None, :] < ops.cast(lengths, "int32")[:, None]


def build_bert(
    vocabulary: int,
    width: int,
    layers: int,
    heads: int,
    inner: int,
    positions: int,
    types: int,
    epsilon: float,
    activation: str,
    pooling: str = "mean",
    dropout: float = 0.0,
    head: str | None = None,
    n_outputs: int = 0,
    kind: str = "",
    frozen: bool = False,
) -> keras.Model:
    """Return a BERT encoder, with a head if asked.

    Parameters
    ----------
    vocabulary, positions, types : int
        Rows of the three tables of embeddings.
    width, layers, heads, inner : int
        Width of the vectors, number of layers, heads of attention, width inside a layer.
    epsilon : float
        Of the layer normalisations.
    activation : str
        One of ``ACTIVATIONS``.
    pooling : {"mean", "cls", "max"}
        How a text's vector is made from its pieces'.
    dropout : float
        While training, behind embeddings and each half of a layer.
    head : {"pieces", "outputs", "spans"} or None
        Features that are scored against the pieces, ``n_outputs`` numbers of the pooled vector,
        or two of each piece.
    n_outputs : int
        Of the head ``"outputs"``.
    kind : str
        Of what it is trained on: ``"binary"``, ``"multiclass"``, ``"multilabel"`` or
        ``"regression"``; kept as the model's attribute.
    frozen : bool
        Whether the head alone is trained.

    Returns
    -------
    keras.Model
        Reads a dict of ``ids`` and ``types`` (n, t) and ``lengths`` (n,), all int32; gives a dict
        of ``hidden`` (n, t, width), ``pooled`` (n, width) and what the head gives.

    References
    ----------
    J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language
    Understanding", NAACL 2019.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    kinds = keras.Input((None,), dtype="int32", name="types")
    lengths = keras.Input((), dtype="int32", name="lengths")
    word = Pieces(
        vocabulary,
        width,
        embeddings_initializer=_normal(),
        scores=head == "pieces",
        name="word",
    )
    table = keras.layers.Embedding(types, width, embeddings_initializer=_normal(), name="type")
    x = Positions(positions, name="position")(word(ids) + table(kinds))
    x = HashDropout(dropout, name="drop")(_norm(epsilon, "norm")(x))
    for i in range(layers):
        x = _layer(x, lengths, f"layer_{i}", heads, inner, epsilon, activation, dropout)
    out = {"hidden": x, "pooled": Pool(pooling, name="pool")(x, lengths)}
    out.update(_head(head, out, n_outputs, epsilon, activation, dropout))
    model = keras.Model({"ids": ids, "types": kinds, "lengths": lengths}, out)
    model.kind = kind
    for layer in model.layers if frozen else ():
        layer.trainable = layer.name.startswith("head")
    return model


def build_vector_head(width: int, n_outputs: int, kind: str) -> keras.Model:
    """Return a linear head on vectors (n, width); ``kind`` as in :func:`build_bert`."""
    vectors = keras.Input((width,), name="vectors")
    model = keras.Model(vectors, _dense(n_outputs, "head")(vectors))
    model.kind = kind
    return model


def _layer(x, lengths, name, heads, inner, epsilon, activation, dropout):
    """Return one layer's output: attention and a wide hidden layer, each added and normalised."""
    width = x.shape[-1]
    mixed = Attention(heads, name=f"{name}_attention")(
        _dense(3 * width, f"{name}_qkv")(x), lengths
    )
    mixed = HashDropout(dropout, name=f"{name}_drop")(_dense(width, f"{name}_mix")(mixed))
    x = _norm(epsilon, f"{name}_norm")(x + mixed)
    wide = _ACTIVATIONS[activation](_dense(inner, f"{name}_wide")(x))
    wide = HashDropout(dropout, name=f"{name}_drop_wide")(_dense(width, f"{name}_narrow")(wide))
    return _norm(epsilon, f"{name}_norm_wide")(x + wide)


def _head(head, out, n_outputs, epsilon, activation, dropout) -> dict:
    if head == "pieces":
        x = _ACTIVATIONS[activation](_dense(out["hidden"].shape[-1], "head_dense")(out["hidden"]))
        return {"features": _norm(epsilon, "head_norm")(x)}
    if head == "outputs":
        x = HashDropout(dropout, name="head_drop")(out["pooled"])
        return {"outputs": _dense(n_outputs, "head")(x)}
    if head == "spans":
        return {"spans": _dense(2, "head")(out["hidden"])}
    return {}


def _normal():
    return keras.initializers.TruncatedNormal(stddev=0.02)


def _dense(width: int, name: str):
    return keras.layers.Dense(width, kernel_initializer=_normal(), name=name)


def _norm(epsilon: float, name: str):
    return keras.layers.LayerNormalization(epsilon=epsilon, name=name)
