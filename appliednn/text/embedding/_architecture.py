"""Skip-gram with negative sampling as a network: which words stand near which."""

from __future__ import annotations


def build_skipgram(n_words: int, n_parts: int, dim: int):
    """Return the network; it gives the vectors of a table of words.

    Parameters
    ----------
    n_words, n_parts : int
        Words, and numbers that parts of words may have besides 0 (0: words have no parts).
    dim : int
        Numbers of a vector.
    """
    import keras
    from keras import ops

    bound = 0.5 / dim
    small = keras.initializers.RandomUniform(-bound, bound)
    table = keras.Input((), dtype="int32", name="table")
    context = keras.Input((), dtype="int32", name="context")
    inputs = {"table": table, "context": context}
    vectors = keras.layers.Embedding(n_words, dim, small, name="word_vectors")(table)
    if n_parts:
        parts = keras.Input((None,), dtype="int32", name="parts")
        inputs["parts"] = parts
        rows = keras.layers.Embedding(n_parts + 1, dim, small, name="part_vectors")(parts)
        present = ops.cast(parts > 0, "float32")[..., None]
        total = vectors + ops.sum(rows * present, axis=1)
        vectors = total / (1.0 + ops.sum(present, axis=1))
    near = keras.layers.Embedding(n_words, dim, "zeros", name="context_vectors")(context)
    return keras.Model(inputs, [vectors, near])


def vectors(model, batch):
    """Return the vectors of a table of words, (n, dim)."""
    return model({**batch, "context": batch["table"]}, training=False)[0]


def loss(model, batch, training):
    """Return each pair's loss: the word near it is to be told from drawn ones, and a weight.

    ``batch["words"]`` are rows of the table of words; ``batch["negatives"]`` are drawn words that
    all pairs share, of which together as many count as ``batch["n_negatives"]`` says.
    """
    from keras import ops

    inputs = {name: batch[name] for name in ("table", "parts", "context") if name in batch}
    table, near = model(inputs, training=training)
    own = ops.take(table, batch["words"], axis=0)
    drawn = model.get_layer("context_vectors")(batch["negatives"])
    right = ops.softplus(-ops.sum(own * near, axis=1))
    wrong = ops.softplus(ops.matmul(own, ops.transpose(drawn)))
    counts = ops.cast(ops.not_equal(batch["context"][:, None], batch["negatives"]), "float32")
    share = batch["n_negatives"][0] / ops.maximum(ops.sum(counts, axis=1), 1.0)
    losses = right + share * ops.sum(counts * wrong, axis=1)
    return losses, ops.ones_like(losses)
