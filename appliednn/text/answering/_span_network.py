"""A network that points at the first and last word of an answer: recurrence and attention."""

from __future__ import annotations

import keras
from keras import ops

from appliednn.core._layers import HashDropout
from appliednn.text.answering._span_tokens import _SHAPES

_FAR = -1e9


class Trilinear(keras.layers.Layer):
    """Likeness of each word of the context to each of the question: w . [h, u, h * u]."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True  # padding is told by lengths; no mask is handed on
        self.kernel_initializer = keras.initializers.GlorotUniform()

    def compute_mask(self, inputs, mask=None):
        """Return None: what comes out has no mask."""
        return None

    def build(self, context_shape, question_shape=None) -> None:
        """Create the three weights of each unit."""
        self.kernel = self.add_weight(
            name="kernel", shape=(context_shape[-1], 3), initializer=self.kernel_initializer
        )

    def call(self, context, question):
        """Return (n, t, q)."""
        own = ops.matmul(context, self.kernel[:, :1])
        other = ops.transpose(ops.matmul(question, self.kernel[:, 1:2]), (0, 2, 1))
        both = ops.matmul(context * self.kernel[:, 2], ops.transpose(question, (0, 2, 1)))
        return own + other + both

    def compute_output_shape(self, context_shape, question_shape):
        """Return (n, t, q)."""
        return (*context_shape[:-1], question_shape[1])


class AttentionFlow(keras.layers.Layer):
    """The context with what it attends to in the question, and the question in it."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        """Return None: what comes out has no mask."""
        return None

    def call(self, scores, context, question, written, asked):
        """Return (n, t, 4 width)."""
        hidden = ops.cast(ops.logical_not(asked), scores.dtype)[:, None, :]
        seen = ops.matmul(ops.softmax(scores + hidden * _FAR, axis=-1), question)
        strongest = ops.max(scores + hidden * _FAR, axis=-1)
        outside = ops.cast(ops.logical_not(written), scores.dtype)
        shares = ops.softmax(strongest + outside * _FAR, axis=-1)
        known = ops.matmul(shares[:, None, :], context)
        return ops.concatenate([context, seen, context * seen, context * known], axis=-1)

    def compute_output_shape(
        self, scores_shape, context_shape, question_shape, written_shape, asked_shape
    ):
        """Return (n, t, 4 width)."""
        return (*context_shape[:-1], 4 * context_shape[-1])


def build_span_attention(vocabulary: int, width: int, units: int, dropout: float) -> keras.Model:
    """Return a network for spans, after the bidirectional attention flow.

    Parameters
    ----------
    vocabulary : int
        Number of words.
    width : int
        Of a word's vector.
    units : int
        Of each direction of recurrence.
    dropout : float
        While training.

    Returns
    -------
    keras.Model
        Reads a dict of ``ids`` and ``shapes`` (n, t), ``overlap`` (n, t, 3), ``asked`` and
        ``asked_shapes`` (n, q); 0 pads. Gives (n, t, 2): scores of the first and the last word.

    References
    ----------
    M. Seo et al., "Bidirectional Attention Flow for Machine Comprehension", ICLR 2017.
    D. Chen et al., "Reading Wikipedia to Answer Open-Domain Questions", ACL 2017 (overlap).
    """
    inputs = {n: keras.Input((None,), dtype="int32", name=n) for n in _IDS}
    inputs["overlap"] = keras.Input((None, 3), name="overlap")
    words = keras.layers.Embedding(vocabulary, width, name="words")
    shapes = keras.layers.Embedding(_SHAPES, 8, name="shapes_table")
    mask, asked = ops.not_equal(inputs["ids"], 0), ops.not_equal(inputs["asked"], 0)
    reader = _recurrence(units, "reader")
    narrow = keras.layers.Dense(units, "relu", name="narrow")

    def read(ids, kinds, more, mask):
        z = ops.concatenate([words(ids), shapes(kinds), more], axis=-1)
        return reader(HashDropout(dropout)(narrow(z)), mask=mask)

    nothing = ops.zeros_like(ops.repeat(inputs["asked"][:, :, None], 3, axis=2), dtype="float32")
    context = read(inputs["ids"], inputs["shapes"], inputs["overlap"], mask)
    question = read(inputs["asked"], inputs["asked_shapes"], nothing, asked)
    scores = Trilinear(name="likeness")(context, question)
    flow = AttentionFlow(name="flow")(scores, context, question, mask, asked)
    flow = HashDropout(dropout, name="flow_drop")(flow)
    z = keras.layers.Dense(units, "relu", name="mix")(flow)
    z = ops.concatenate([z, _recurrence(units, "model")(z, mask=mask)], axis=-1)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(z))


_IDS = ("ids", "shapes", "asked", "asked_shapes")


def _recurrence(units: int, name: str):
    layer = keras.layers.GRU(units, return_sequences=True)
    return keras.layers.Bidirectional(layer, name=name)


def span_scores(model, batch):
    """Return scores of the first and last word, (n, t, 2); -1e9 where it cannot be."""
    return _scores(model, batch, False)


def span_loss(model, batch, training: bool):
    """Return the mean negative log likelihood of the true first and last word."""
    scores = _scores(model, batch, training)
    losses = [_lost(scores[..., 0], batch["begin"]), _lost(scores[..., 1], batch["end"])]
    return 0.5 * (losses[0] + losses[1]), batch["w"]


def _scores(model, batch, training: bool):
    given = {name: batch[name] for name in (*_IDS, "overlap")}
    scores = model(given, training=training)
    return ops.where(ops.not_equal(batch["ids"], 0)[:, :, None], scores, _FAR)


def _lost(scores, truth):
    chances = ops.log_softmax(scores, axis=-1)
    return -ops.take_along_axis(chances, truth[:, None], axis=-1)[:, 0]
