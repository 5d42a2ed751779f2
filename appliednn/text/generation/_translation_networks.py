"""Networks that read one text and write another, and the functions they are called by."""

from __future__ import annotations

import keras
from keras import ops

from appliednn.core._layers import HashDropout
from appliednn.text.generation._attention import Block, Tokens
from appliednn.text.generation._marks import PAD
from appliednn.text.generation._token_losses import log_probs_of, token_losses


class TransformerTranslation(keras.layers.Layer):
    """Blocks that read the source, blocks that write and look at it (Vaswani et al., 2017)."""

    def __init__(self, n_ids, width, n_layers, heads, hidden, dropout, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.tokens = Tokens(n_ids, width, True, dropout, name="tokens")
        self.readers = [
            Block(width, heads, hidden, dropout, name=f"reader_{i}") for i in range(n_layers)
        ]
        self.writers = [
            Block(width, heads, hidden, dropout, cross=True, name=f"writer_{i}")
            for i in range(n_layers)
        ]
        self.norm_read = keras.layers.LayerNormalization(name="norm_read")
        self.norm_written = keras.layers.LayerNormalization(name="norm_written")

    def build(self, *shapes) -> None:
        """Build the blocks."""
        self.tokens.build()
        for block in (*self.readers, *self.writers):
            block.build()
        self.norm_read.build((None, None, self.width))
        self.norm_written.build((None, None, self.width))
        self.built = True

    def read(self, source, training=False):
        """Return each writing block's keys and values of the source."""
        x = self.tokens.read(source, training)
        place = ops.arange(ops.shape(source)[1])[None]
        seen = (source != PAD)[:, None]
        for block in self.readers:
            x, _ = block.run(x, place, seen, training=training)
        x = self.norm_read(x)
        return [block.source.keys_values(x) for block in self.writers]

    def call(self, inputs, training=False):
        """Return scores (batch, length, n_ids) of what follows each token written."""
        source, written = inputs
        kept = self.read(source, training)
        seen_source = (source != PAD)[:, None]
        x = self.tokens.read(written, training)
        place = ops.arange(ops.shape(written)[1])
        seen = (place[:, None] >= place[None])[None]
        for block, (keys, values) in zip(self.writers, kept, strict=True):
            memory = (keys, values, seen_source)
            x, _ = block.run(x, place[None], seen, source=memory, training=training)
        return self.tokens.score(self.norm_written(x))

    def encode(self, batch):
        """Read sources; return what writing looks at."""
        keys, values = zip(*self.read(batch["source"]), strict=True)
        return {"source_keys": ops.stack(keys, axis=1), "source_values": ops.stack(values, axis=1)}

    def step(self, batch):
        """Read one more token of each text written; return scores, its keys and values."""
        text, position = batch["text"], batch["positions"][:, None]
        seen_source = (ops.take(batch["source"], text, axis=0) != PAD)[:, None]
        x = self.tokens.read(batch["ids"][:, None])
        place = ops.arange(ops.shape(batch["keys"])[2])[None]
        seen = ops.concatenate([place < position, position >= 0], axis=1)[:, None]
        kept = []
        for i, block in enumerate(self.writers):
            past = (batch["keys"][:, i], batch["values"][:, i])
            memory = [ops.take(batch[f"source_{n}"][:, i], text, axis=0) for n in _KEPT]
            x, own = block.run(x, position, seen, past, (*memory, seen_source))
            kept.append(own)
        keys, values = zip(*kept, strict=True)
        return {
            "logits": self.tokens.score(self.norm_written(x)[:, 0]),
            "keys": ops.stack(keys, axis=1),
            "values": ops.stack(values, axis=1),
        }


_KEPT = ("keys", "values")


class GRUTranslation(keras.layers.Layer):
    """Two-way GRU that reads, GRU that writes and attends to it.

    Attention is the general form of M.-T. Luong, H. Pham and C. Manning (EMNLP 2015), without
    feeding it back, so that training runs over whole texts at once.
    """

    def __init__(self, n_ids, width, n_layers, dropout, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.tokens = Tokens(n_ids, width, True, dropout, name="tokens")
        self.readers = [_two_way(width, f"reader_{i}") for i in range(n_layers)]
        self.writers = [
            keras.layers.GRU(width, return_sequences=True, return_state=True, name=f"writer_{i}")
            for i in range(n_layers)
        ]
        self.starts = [
            keras.layers.Dense(width, activation="tanh", name=f"start_{i}")
            for i in range(n_layers)
        ]
        self.keys = keras.layers.Dense(width, use_bias=False, name="keys")
        self.mix = keras.layers.Dense(width, activation="tanh", name="mix")
        self.drop_read = [HashDropout(dropout, name=f"drop_read_{i}") for i in range(n_layers)]
        self.drop_write = [HashDropout(dropout, name=f"drop_write_{i}") for i in range(n_layers)]
        self.drop_mix = HashDropout(dropout, name="drop_mix")

    def build(self, *shapes) -> None:
        """Build the layers."""
        shape = (None, None, self.width)
        self.tokens.build()
        parts = [*self.readers, *self.writers, *self.drop_read, *self.drop_write]
        for part in (*parts, self.keys, self.drop_mix):
            part.build(shape)
        for start in self.starts:
            start.build((None, self.width))
        self.mix.build((None, None, 2 * self.width))
        self.built = True

    def read(self, source, training=False):
        """Return the source's tokens, their keys, and the writing layers' first states."""
        x, states = self.tokens.read(source, training), []
        for layer, drop, start in zip(self.readers, self.drop_read, self.starts, strict=True):
            x, forward, backward = layer(x, mask=source != PAD)
            x = drop(x, training=training)
            states.append(start(ops.concatenate([forward, backward], axis=-1)))
        return x, self.keys(x), states

    def attend(self, x, values, keys, source, training=False):
        """Return what is written, mixed with what it looks at, (batch, length, width)."""
        scores = ops.einsum("bqd,bkd->bqk", x, keys)
        scores = ops.where((source != PAD)[:, None], scores, ops.cast(-1e9, scores.dtype))
        seen = ops.einsum("bqk,bkd->bqd", ops.softmax(scores, axis=-1), values)
        mixed = self.mix(ops.concatenate([x, seen], axis=-1))
        return self.drop_mix(mixed, training=training)

    def call(self, inputs, training=False):
        """Return scores (batch, length, n_ids) of what follows each token written."""
        source, written = inputs
        values, keys, states = self.read(source, training)
        x = self.tokens.read(written, training)
        for layer, drop, state in zip(self.writers, self.drop_write, states, strict=True):
            x = drop(layer(x, initial_state=state)[0], training=training)
        return self.tokens.score(self.attend(x, values, keys, source, training))

    def encode(self, batch):
        """Read sources; return what writing looks at, and the first states."""
        values, keys, states = self.read(batch["source"])
        return {
            "source_values": values,
            "source_keys": keys,
            "states": ops.stack(states, axis=1),
        }

    def step(self, batch):
        """Read one more token of each text written; return scores and states."""
        values, keys, source = (
            ops.take(batch[name], batch["text"], axis=0)
            for name in ("source_values", "source_keys", "source")
        )
        x, states = self.tokens.read(batch["ids"][:, None])[:, 0], []
        for i, layer in enumerate(self.writers):
            x, _ = layer.cell(x, [batch["states"][:, i]])
            states.append(x)
        x = self.attend(x[:, None], values, keys, source)[:, 0]
        return {"logits": self.tokens.score(x), "states": ops.stack(states, axis=1)}


def _two_way(width: int, name: str):
    layer = keras.layers.GRU(width // 2, return_sequences=True, return_state=True)
    return keras.layers.Bidirectional(layer, name=name)


def build_transformer_translation(n_ids, width, n_layers, heads, hidden, dropout, smoothing):
    """Return the encoder-decoder transformer as a Keras model."""
    core = TransformerTranslation(n_ids, width, n_layers, heads, hidden, dropout, name="core")
    return _model(core, smoothing)


def build_gru_translation(n_ids, width, n_layers, dropout, smoothing):
    """Return the recurrent encoder-decoder as a Keras model."""
    return _model(GRUTranslation(n_ids, width, n_layers, dropout, name="core"), smoothing)


def _model(core, smoothing: float):
    core.smoothing = smoothing
    source = keras.Input((None,), dtype="int32", name="source")
    written = keras.Input((None,), dtype="int32", name="written")
    return keras.Model([source, written], core([source, written]))


def translation_loss(model, batch, training):
    """Return how unexpected each next token is, and which count; smoothed while training."""
    target = batch["target"]
    core = model.get_layer("core")
    logits = core([batch["source"], target[:, :-1]], training=training)
    smoothing = core.smoothing if training else 0.0
    weights = ops.cast(target[:, 1:] != PAD, "float32")
    return token_losses(logits, target[:, 1:], smoothing), weights


def translation_logits(model, batch):
    """Return scores of what follows each token of the target, (batch, length, n_ids)."""
    return model.get_layer("core")([batch["source"], batch["target"]])


def translation_log_probs(model, batch):
    """Return the log-probability of each target token but the first, (batch, length - 1)."""
    target = batch["target"]
    logits = model.get_layer("core")([batch["source"], target[:, :-1]])
    return log_probs_of(logits, target[:, 1:])


def translation_encode(model, batch):
    """Return what the core keeps of sources."""
    return model.get_layer("core").encode(batch)


def translation_step(model, batch):
    """Return the core's answer to one more token of each text."""
    return model.get_layer("core").step(batch)
