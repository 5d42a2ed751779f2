"""What the sequence engine calls a BERT network for: vectors, answers and losses of a batch."""

from __future__ import annotations

from keras import ops

from appliednn.text.encoder._architecture import inside

# Sharpness of similarities where a text is to be told from the others of its batch (SimCSE).
_SHARPNESS = 20.0
_FAR = -1e9


def outputs(model, batch, training: bool = False) -> dict:
    """Return all that the model gives for a batch of ``ids``, ``lengths`` and maybe ``types``."""
    ids = batch["ids"]
    kinds = batch["types"] if "types" in batch else ops.zeros_like(ids)
    given = {"ids": ids, "types": kinds, "lengths": batch["lengths"]}
    return model(given, training=training)


def embed(model, batch):
    """Return a vector of each text, (n, width)."""
    return outputs(model, batch)["pooled"]


def hidden(model, batch):
    """Return a vector of each piece, (n, t, width)."""
    return outputs(model, batch)["hidden"]


def forward(model, batch):
    """Return the raw outputs of the head on the pooled vector, (n, n_outputs)."""
    return outputs(model, batch)["outputs"]


def contrastive_loss(model, batch, training: bool):
    """Return how badly a text's two noisy vectors find each other among those of the batch.

    Source: T. Gao, X. Yao, D. Chen, "SimCSE: Simple Contrastive Learning of Sentence Embeddings",
    EMNLP 2021.
    """
    first, second = (_unit(outputs(model, batch, training)["pooled"]) for _ in range(2))
    scores = _SHARPNESS * ops.matmul(first, ops.transpose(second))
    losses = -ops.diagonal(ops.log_softmax(scores))
    return losses, ops.ones_like(losses)


def masked_loss(model, batch, training: bool):
    """Return the negative log likelihood of the pieces at the ``picked`` places.

    The batch holds ``picked`` (n, k), ``truth`` (n, k) and ``counts`` (n,): how many of a row's
    places count.
    """
    logits = masked_logits(model, batch, training)
    return _cross_entropy(logits, batch["truth"]), _counted(batch, logits)


def masked_scores(model, batch):
    """Return loss and whether the likeliest piece is the true one, at each picked place."""
    logits = masked_logits(model, batch)
    right = ops.cast(ops.argmax(logits, axis=-1), "int32") == batch["truth"]
    return {"losses": _cross_entropy(logits, batch["truth"]), "right": right}


def masked_logits(model, batch, training: bool = False):
    """Return the score of each piece at the picked places, (n, k, vocabulary)."""
    features = outputs(model, batch, training)["features"]
    features = ops.take_along_axis(features, batch["picked"][:, :, None], axis=1)
    return model.get_layer("word").logits(features)


def head_loss(model, batch, training: bool):
    """Return the loss of each row: the batch holds the truth ``y`` and weights ``w``, as texts'.

    By ``model.kind``: ``"binary"`` and ``"multiclass"``, the cross entropy; ``"multilabel"``, its
    mean over the labels; ``"regression"``, the mean squared error.
    """
    return _losses(model.kind, batch["y"], outputs(model, batch, training)["outputs"]), batch["w"]


def vector_forward(model, batch):
    """Return the raw outputs of a head on vectors that are known already, (n, n_outputs)."""
    return model(batch["vectors"], training=False)


def vector_loss(model, batch, training: bool):
    """Return the loss of each row of vectors, as :func:`head_loss`."""
    return _losses(model.kind, batch["y"], model(batch["vectors"], training=training)), batch["w"]


def _losses(kind: str, y, raw):
    if kind == "multiclass":
        return _cross_entropy(raw, y)
    if kind == "regression":
        return ops.mean(ops.square(raw - y), axis=-1)
    y = ops.reshape(ops.cast(y, raw.dtype), ops.shape(raw))
    return ops.mean(ops.softplus(raw) - raw * y, axis=-1)


def span_scores(model, batch):
    """Return scores of each place as a span's first and last, (n, t, 2); -1e9 where it cannot be.

    The batch's ``first`` and ``stop`` (n,) bound the places; place 0 stands for no answer.
    """
    return _span_logits(model, batch)


def span_loss(model, batch, training: bool):
    """Return the negative log likelihood of the true first and last place, halved."""
    logits = _span_logits(model, batch, training)
    losses = [_cross_entropy(logits[..., i], batch[n]) for i, n in enumerate(("begin", "end"))]
    return 0.5 * (losses[0] + losses[1]), batch["w"]


def _span_logits(model, batch, training: bool = False):
    logits = outputs(model, batch, training)["spans"]
    places = ops.arange(ops.shape(logits)[1])[None, :]
    allowed = ops.logical_and(places >= batch["first"][:, None], places < batch["stop"][:, None])
    allowed = ops.logical_or(allowed, places == 0)
    return ops.where(allowed[:, :, None], logits, ops.cast(_FAR, logits.dtype))


def _cross_entropy(logits, truth):
    # One row of the inverse: cheaper than an array of ones and zeros as wide as the vocabulary.
    chances = ops.log_softmax(logits, axis=-1)
    return -ops.take_along_axis(chances, truth[..., None], axis=-1)[..., 0]


def _counted(batch, logits):
    return ops.cast(inside(batch["counts"], ops.shape(logits)[1]), logits.dtype)


def _unit(vectors):
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-12)
