"""The tagger's network: words, characters, case and features; context; scores of tags; a CRF."""

from __future__ import annotations

from collections.abc import Sequence

from appliednn.text.tagging._word_parts import N_CASES

_CASE_DIM = 8
_CHAR_KERNEL = 3
_HEADS = 4
# Longest sentence that attention reads at once.
_POSITIONS = 512


def build_tagger(
    kind: str,
    tags: Sequence[str],
    scheme: str | None,
    crf: bool,
    n_words: int,
    n_chars: int,
    n_features: int,
    n_templates: int,
    word_dim: int,
    char_dim: int,
    char_filters: int,
    units: int,
    n_layers: int,
    dropout: float,
):
    """Return the network; it gives scores of tags, (n, T, n_tags).

    Parameters
    ----------
    kind : {"bilstm", "transformer"}
        What puts words into context.
    tags, scheme : sequence of str, str or None
        Tags, and the scheme whose transitions the CRF holds to.
    crf : bool
        Whether training knows of neighbouring tags.
    n_words, n_chars, n_features, n_templates : int
        Sizes of the vocabularies; features of a token (0: none).
    word_dim, char_dim, char_filters, units, n_layers, dropout : int, float
        Sizes; the share of units that dropout silences before and after the context.
    """
    import keras
    from keras import ops

    from appliednn.core._layers import HashDropout
    from appliednn.text.tagging._crf import CRF

    table, inputs = _table(n_words, n_chars, word_dim, char_dim, char_filters)
    types = inputs["types"] = keras.Input((None,), dtype="int32", name="types")
    lengths = inputs["lengths"] = keras.Input((), dtype="int32", name="lengths")
    x = HashDropout(dropout, name="dropout_in")(ops.take(table, types, axis=0))
    if kind == "transformer":
        # Counted, since the length is not known when the network is built.
        mask = ops.cumsum(ops.ones_like(types), axis=1) <= lengths[:, None]
        x = _attention(x, mask, units, n_layers, dropout)
    else:
        x = _recurrence(x, lengths, units, n_layers, dropout)
    x = HashDropout(dropout, name="dropout_out")(x)
    scores = keras.layers.Dense(len(tags), name="scores")(x)
    if n_features:
        shape = (None, n_templates)
        features = inputs["features"] = keras.Input(shape, dtype="int32", name="features")
        scores = scores + _linear(features, n_features, len(tags), dropout)
    layer = CRF(tags, scheme, name="crf") if crf else keras.layers.Identity(name="no_crf")
    return keras.Model(inputs, layer(scores))


def _table(n_words: int, n_chars: int, word_dim: int, char_dim: int, char_filters: int):
    """Return what is known of each word of a table by itself, and the inputs that say so."""
    import keras
    from keras import ops

    words = keras.Input((), dtype="int32", name="words")
    cases = keras.Input((), dtype="int32", name="cases")
    chars = keras.Input((None,), dtype="int32", name="chars")
    parts = [
        keras.layers.Embedding(n_words, word_dim, name="word_vectors")(words),
        keras.layers.Embedding(N_CASES, _CASE_DIM, name="case_vectors")(cases),
        _spelling(chars, n_chars, char_dim, char_filters),
    ]
    return ops.concatenate(parts, axis=-1), {"words": words, "cases": cases, "chars": chars}


def _spelling(chars, n_chars: int, char_dim: int, filters: int):
    """Return the greatest answer of convolutions over each word's characters, (n_types, f)."""
    import keras
    from keras import ops

    x = keras.layers.Embedding(n_chars, char_dim, name="char_vectors")(chars)
    x = x * ops.cast(chars > 0, "float32")[..., None]
    x = keras.layers.Conv1D(filters, _CHAR_KERNEL, padding="same", name="spelling")(x)
    return ops.max(x - 1e4 * ops.cast(ops.equal(chars, 0), "float32")[..., None], axis=1)


def _recurrence(x, lengths, units: int, n_layers: int, dropout: float):
    """Return tokens in context by LSTMs that read in both directions."""
    from appliednn.core._layers import HashDropout
    from appliednn.text.tagging._bilstm import BiLSTM

    for i in range(n_layers):
        if i:
            x = HashDropout(dropout, name=f"dropout_{i}")(x)
        x = BiLSTM(units, name=f"bilstm_{i}")([x, lengths])
    return x


def _attention(x, mask, units: int, n_layers: int, dropout: float):
    """Return tokens in context by blocks of self-attention, as wide as two LSTM directions."""
    import keras

    from appliednn.text._layers import PositionEmbedding, TransformerBlock

    width = max(1, 2 * units // _HEADS) * _HEADS
    x = keras.layers.Dense(width, name="widen")(x)
    x = PositionEmbedding(_POSITIONS, name="positions")(x)
    for i in range(n_layers):
        block = TransformerBlock(_HEADS, 2 * width, dropout / 2, name=f"attention_{i}")
        block.supports_masking = True  # it reads the mask, and has none to hand on
        x = block(x, mask=mask)
    return keras.layers.LayerNormalization(name="norm_context")(x)


def _linear(features, n_features: int, n_tags: int, dropout: float):
    """Return the sum of what each feature says of each tag: a log-linear model."""
    import keras
    from keras import ops

    from appliednn.core._layers import HashDropout

    rows = keras.layers.Embedding(
        n_features, n_tags, embeddings_initializer="zeros", name="feature_scores"
    )(features)
    present = ops.cast(features > 0, "float32")[..., None]
    present = HashDropout(dropout, name="dropout_features")(present)
    return ops.sum(rows * present, axis=2)


def _inputs(batch) -> dict:
    return {name: value for name, value in batch.items() if name != "tags"}


def _mask(batch):
    from keras import ops

    return ops.arange(ops.shape(batch["types"])[1]) < batch["lengths"][:, None]


def emissions(model, batch):
    """Return the scores of each token's tags, (n, T, n_tags)."""
    return model(_inputs(batch), training=False)


def loss(model, batch, training):
    """Return the negative log-likelihood of each sentence's tags, and a weight for each."""
    from keras import ops

    scores, mask = model(_inputs(batch), training=training), _mask(batch)
    if any(layer.name == "crf" for layer in model.layers):
        losses = -model.get_layer("crf").log_likelihood(scores, batch["tags"], mask)
    else:
        log_shares = ops.log_softmax(scores, axis=-1)
        chosen = ops.take_along_axis(log_shares, batch["tags"][..., None], axis=-1)[..., 0]
        losses = -ops.sum(chosen * ops.cast(mask, "float32"), axis=1)
    return losses, ops.ones_like(losses)
