"""Networks that say what comes next in a text, and the functions they are called by."""

from __future__ import annotations

import keras
from keras import ops

from appliednn.core._layers import HashDropout
from appliednn.text.generation._attention import Block, Tokens
from appliednn.text.generation._marks import PAD
from appliednn.text.generation._token_losses import log_probs_of, token_losses


class LSTMLanguage(keras.layers.Layer):
    """Embedding, LSTM layers, scores."""

    def __init__(self, n_ids, units, n_layers, tied, dropout, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units
        width = units if tied else min(units, 128)
        self.tokens = Tokens(n_ids, width, tied, dropout, n_scores=units, name="tokens")
        self.layers_ = [
            keras.layers.LSTM(units, return_sequences=True, return_state=True, name=f"lstm_{i}")
            for i in range(n_layers)
        ]
        self.drops = [HashDropout(dropout, name=f"drop_{i}") for i in range(n_layers)]

    def build(self, shape) -> None:
        """Build the layers."""
        self.tokens.build()
        width = self.tokens.width
        for layer, drop in zip(self.layers_, self.drops, strict=True):
            layer.build((None, None, width))
            drop.build((None, None, self.units))
            width = self.units
        self.built = True

    def run(self, ids, lengths=None, cache=None, training=False):
        """Return the tokens after the layers (batch, length, units), and the layers' states."""
        x = self.tokens.read(ids, training)
        mask = None
        if lengths is not None:
            mask = ops.arange(ops.shape(ids)[1])[None] < lengths[:, None]
        hidden, cell = [], []
        for i, (layer, drop) in enumerate(zip(self.layers_, self.drops, strict=True)):
            state = None if cache is None else [cache["hidden"][:, i], cache["cell"][:, i]]
            x, h, c = layer(x, initial_state=state, mask=mask)
            x = drop(x, training=training)
            hidden.append(h)
            cell.append(c)
        return x, {"hidden": ops.stack(hidden, axis=1), "cell": ops.stack(cell, axis=1)}

    def call(self, ids, training=False):
        """Return scores (batch, length, n_ids)."""
        return self.tokens.score(self.run(ids, training=training)[0])

    def prefill(self, batch):
        """Read texts; return the scores of what comes after each, and the states."""
        x, cache = self.run(batch["ids"], batch["lengths"])
        return {"logits": self.tokens.score(_last(x, batch["lengths"])), **cache}

    def step(self, batch):
        """Read one more token of each text."""
        x, cache = self.run(batch["ids"][:, None], None, batch)
        return {"logits": self.tokens.score(x[:, 0]), **cache}


class TransformerLanguage(keras.layers.Layer):
    """Embedding, blocks that look back at most ``context`` tokens, scores."""

    def __init__(self, n_ids, width, n_layers, heads, context, tied, dropout, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width, self.context = width, context
        self.tokens = Tokens(n_ids, width, tied, dropout, name="tokens")
        self.blocks = [
            Block(width, heads, 4 * width, dropout, name=f"block_{i}") for i in range(n_layers)
        ]
        self.norm = keras.layers.LayerNormalization(name="norm")

    def build(self, shape) -> None:
        """Build the blocks."""
        self.tokens.build()
        for block in self.blocks:
            block.build()
        self.norm.build((None, None, self.width))
        self.built = True

    def run(self, ids, training=False):
        """Return the tokens after the blocks, and each block's keys and values."""
        x = self.tokens.read(ids, training)
        place = ops.arange(ops.shape(ids)[1])
        back = place[:, None] - place[None]
        seen = ops.logical_and(back >= 0, back < self.context)[None]
        kept = []
        for block in self.blocks:
            x, own = block.run(x, place[None], seen, training=training)
            kept.append(own)
        return self.norm(x), kept

    def call(self, ids, training=False):
        """Return scores (batch, length, n_ids)."""
        return self.tokens.score(self.run(ids, training)[0])

    def prefill(self, batch):
        """Read texts; return the scores of what comes after each, and keys and values."""
        x, kept = self.run(batch["ids"])
        logits = self.tokens.score(_last(x, batch["lengths"]))
        return {"logits": logits, **_stacked(kept)}

    def step(self, batch):
        """Read one more token of each text; return its scores, keys and values."""
        position = batch["positions"][:, None]
        x = self.tokens.read(batch["ids"][:, None])
        place = ops.arange(ops.shape(batch["keys"])[2])[None]
        seen = ops.logical_and(place < position, place > position - self.context)
        seen = ops.concatenate([seen, ops.ones_like(seen[:, :1])], axis=1)[:, None]
        kept = []
        for i, block in enumerate(self.blocks):
            past = (batch["keys"][:, i], batch["values"][:, i])
            x, own = block.run(x, position, seen, past)
            kept.append(own)
        return {"logits": self.tokens.score(self.norm(x)[:, 0]), **_stacked(kept)}


def _stacked(kept):
    """Return keys and values of all blocks, each (batch, n_blocks, length, width)."""
    keys, values = zip(*kept, strict=True)
    return {"keys": ops.stack(keys, axis=1), "values": ops.stack(values, axis=1)}


def _last(x, lengths):
    """Return each row's last token, (batch, width)."""
    at = ops.maximum(lengths - 1, 0)[:, None, None]
    return ops.take_along_axis(x, at, axis=1)[:, 0]


def build_lstm_language(n_ids, units, n_layers, tied, dropout):
    """Return the LSTM language model as a Keras model."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    core = LSTMLanguage(n_ids, units, n_layers, tied, dropout, name="core")
    return keras.Model(ids, core(ids))


def build_transformer_language(n_ids, width, n_layers, heads, context, tied, dropout):
    """Return the causal transformer as a Keras model."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    core = TransformerLanguage(n_ids, width, n_layers, heads, context, tied, dropout, name="core")
    return keras.Model(ids, core(ids))


def language_loss(model, batch, training):
    """Return how unexpected each next token is, and which count."""
    ids = batch["ids"]
    logits = model.get_layer("core")(ids[:, :-1], training=training)
    weights = ops.cast(ids[:, 1:] != PAD, "float32")
    return token_losses(logits, ids[:, 1:]), weights


def language_log_probs(model, batch):
    """Return the log-probability of each token but the first, (batch, length - 1)."""
    ids = batch["ids"]
    return log_probs_of(model.get_layer("core")(ids[:, :-1]), ids[:, 1:])


def language_logits(model, batch):
    """Return scores of what comes after each token, (batch, length, n_ids)."""
    return model.get_layer("core")(batch["ids"])


def language_prefill(model, batch):
    """Return the core's answer to whole texts."""
    return model.get_layer("core").prefill(batch)


def language_step(model, batch):
    """Return the core's answer to one more token of each text."""
    return model.get_layer("core").step(batch)
