"""Networks that read a text and answer with logits or numbers: bags, convolutions, recurrence.

Sources: A. Joulin et al., EACL 2017 (bag of n-grams); Y. Kim, EMNLP 2014 (convolutions);
P. Zhou et al., ACL 2016 (recurrence with attention); A. Vaswani et al., NIPS 2017 (transformer).
"""

from __future__ import annotations

import keras
from keras import ops

from appliednn.core._layers import HashDropout
from appliednn.text._layers import (
    AttentionPool,
    MaskedMaxPool,
    PositionEmbedding,
    TransformerBlock,
)


def build_bag(
    vocabulary: int, width: int, hidden: list[int], n_outputs: int, dropout: float, kind: str
):
    """Return a network of weighted sums of n-gram embeddings.

    Parameters
    ----------
    vocabulary : int
        Number of n-grams.
    width : int
        Numbers for each.
    hidden : list of int
        Widths of hidden layers.
    n_outputs : int
        Logits or numbers answered.
    dropout : float
        Of the sum and of hidden layers.
    kind : str
        Of the target; read by the loss.

    Returns
    -------
    keras.Model
        It reads ``ids``, ``values`` and ``rows``, (n_entries,), the row each entry belongs to in
        rising order, and answers (n_rows, n_outputs).
    """
    ids = keras.Input(batch_shape=(None,), dtype="int32", name="ids")
    values = keras.Input(batch_shape=(None,), name="values")
    rows = keras.Input(batch_shape=(None,), dtype="int32", name="rows")
    table = keras.layers.Embedding(
        vocabulary, width, embeddings_initializer=_small(), name="embedding"
    )
    z = _SumByRow(name="sum")([table(ids), values, rows])
    for i, units in enumerate(hidden):
        z = HashDropout(dropout, name=f"dropout_{i}")(z)
        z = keras.layers.Dense(units, "relu", name=f"hidden_{i}")(z)
    z = HashDropout(dropout, name="dropout")(z)
    out = keras.layers.Dense(n_outputs, kernel_initializer=_small(), name="out")(z)
    inputs = {"ids": ids, "values": values, "rows": rows}
    model = keras.Model(inputs, out)
    model.kind = kind
    return model


def build_tokens(
    body: str,
    vocabulary: int,
    width: int,
    units: int,
    n_layers: int,
    heads: int,
    max_length: int,
    n_outputs: int,
    dropout: float,
    kind: str,
):
    """Return a network that reads the tokens of a text in their order.

    Parameters
    ----------
    body : {"cnn", "lstm", "transformer"}
        What runs over the embedded tokens.
    vocabulary : int
        Number of tokens; 0 is padding.
    width, units, n_layers, heads
        Embedding width; filters or units; layers and attention heads.
    max_length : int
        Longest text in tokens.
    n_outputs, dropout, kind
        As in :func:`build_bag`.

    Returns
    -------
    keras.Model
        It reads ``ids`` (n_rows, n_tokens).
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    table = keras.layers.Embedding(
        vocabulary, width, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1),
        name="embedding",
    )  # fmt: skip
    embedded = keras.Input((None, width), name="embedded")
    mask = keras.Input((None,), dtype="bool", name="mask")
    z = HashDropout(dropout, name="embedded_dropout")(embedded)
    bodies = {"cnn": _convolutions, "lstm": _recurrence, "transformer": _transformer}
    z, weights = bodies[body](z, mask, units, n_layers, heads, max_length, dropout)
    z = HashDropout(dropout, name="dropout")(z)
    out = keras.layers.Dense(n_outputs, name="out")(z)
    reader = keras.Model([embedded, mask], [out, weights], name="body")
    answer, _ = reader([table(ids), ops.not_equal(ids, 0)])
    model = keras.Model(ids, answer)
    model.kind = kind
    return model


def _small():
    return keras.initializers.RandomUniform(-0.05, 0.05)


@keras.saving.register_keras_serializable(package="appliednn")
class _SumByRow(keras.layers.Layer):
    """Adds up weighted embeddings of the entries of each row."""

    def call(self, inputs):
        """Return (n_rows, width); the last row has an entry, so that no row is missing."""
        embedded, values, rows = inputs
        return ops.segment_sum(embedded * values[:, None], rows, sorted=True)

    def compute_output_shape(self, input_shape):
        """Return the shape of the sums."""
        return (None, input_shape[0][-1])


def _convolutions(z, mask, units, n_layers, heads, max_length, dropout):
    z = z * ops.cast(mask, z.dtype)[..., None]
    pooled, strongest = [], []
    for size in (3, 4, 5):
        layer = keras.layers.Conv1D(units, size, padding="same", activation="relu",
                                    name=f"conv_{size}")  # fmt: skip
        features = layer(z)
        pooled.append(MaskedMaxPool(name=f"pool_{size}")([features, mask]))
        strongest.append(ops.max(features, axis=-1))
    return ops.concatenate(pooled, axis=-1), ops.mean(ops.stack(strongest), axis=0)


def _recurrence(z, mask, units, n_layers, heads, max_length, dropout):
    for i in range(n_layers):
        layer = keras.layers.LSTM(units, return_sequences=True)
        z = keras.layers.Bidirectional(layer, name=f"lstm_{i}")(z, mask=mask)
        z = HashDropout(dropout, name=f"lstm_dropout_{i}")(z)
    return AttentionPool(name="attention")([z, mask])


def _transformer(z, mask, units, n_layers, heads, max_length, dropout):
    if z.shape[-1] != units:
        z = keras.layers.Dense(units, name="to_width")(z)
    z = PositionEmbedding(max_length, name="positions")(z)
    for i in range(n_layers):
        z = TransformerBlock(heads, 4 * units, dropout, name=f"block_{i}")(z, mask=mask)
    z = keras.layers.LayerNormalization(name="norm")(z)
    return AttentionPool(name="attention")([z, mask])


# -- what the networks compute ------------------------------------------------------------------


def loss(model, batch, training):
    """Return losses and weights of the rows of a batch."""
    raw = model(_inputs(batch), training=training)
    return _losses(model.kind, batch["y"], raw), batch["w"]


def forward(model, batch):
    """Return logits or numbers (n_rows, n_outputs)."""
    return model(_inputs(batch), training=False)


def chosen_output(model, batch):
    """Return the output named by ``target`` (n_rows,) of each row."""
    return _chosen(model(_inputs(batch), training=False), batch["target"])


def embed(model, batch):
    """Return embedded tokens (n_rows, n_tokens, width)."""
    return model.get_layer("embedding")(batch["ids"])


def chosen_output_of_embedded(model, batch):
    """Return the output named by ``target`` of each row of embedded tokens."""
    return _chosen(_body(model, batch)[0], batch["target"])


def embedded_loss(model, batch):
    """Return the loss of each row of embedded tokens."""
    return _losses(model.kind, batch["y"], _body(model, batch)[0])


def attention(model, batch):
    """Return what each token weighs where the network sums over tokens, (n_rows, n_tokens)."""
    embedded = model.get_layer("embedding")(batch["ids"])
    return _body(model, {**batch, "embedded": embedded})[1]


def _body(model, batch):
    mask = ops.not_equal(batch["ids"], 0)
    return model.get_layer("body")([batch["embedded"], mask], training=False)


def _inputs(batch):
    names = ("ids", "values", "rows")
    return {n: batch[n] for n in names} if "rows" in batch else batch["ids"]


def _chosen(raw, target):
    return ops.take_along_axis(raw, target[:, None], axis=1)[:, 0]


def _losses(kind: str, y, raw):
    if kind == "binary":
        return ops.binary_crossentropy(y, raw[:, 0], from_logits=True)
    if kind == "multiclass":
        return ops.sparse_categorical_crossentropy(y, raw, from_logits=True)
    if kind == "multilabel":
        return ops.mean(ops.binary_crossentropy(y, raw, from_logits=True), axis=-1)
    return ops.mean(ops.square(y - raw), axis=-1)
