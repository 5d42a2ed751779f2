"""Skip-gram with negative sampling as a network: which words stand near which."""

from __future__ import annotations


def build_skipgram(n_words: int, n_parts: int, dim: int):
    """Return the network: vectors of words, of their parts, and of words as company.

    Parameters
    ----------
    n_words, n_parts : int
        Words, and parts of words (0: words have no parts).
    dim : int
        Numbers of a vector.
    """
    import keras

    bound = 0.5 / dim
    small = keras.initializers.RandomUniform(-bound, bound)
    tables = {"word": (n_words, small), "context": (n_words, "zeros"), "part": (n_parts, small)}
    inputs, outputs = {}, []
    for name, (n, initializer) in tables.items():
        if n:
            inputs[name] = keras.Input((), dtype="int32", name=name)
            layer = keras.layers.Embedding(n, dim, initializer, name=f"{name}_vectors")
            outputs.append(layer(inputs[name]))
    return keras.Model(inputs, outputs)


def vectors(model, batch):
    """Return the vectors of a table of words, (n, dim): means of their own and their parts'.

    ``batch["table"]`` are numbers of words; ``batch["parts"]`` of all their parts, one word after
    the other, and ``batch["part_rows"]`` the row of the table that each belongs to.
    """
    from keras import ops

    own = model.get_layer("word_vectors")(batch["table"])
    if "parts" not in batch:
        return own
    rows, n = batch["part_rows"], ops.shape(own)[0]
    parts = model.get_layer("part_vectors")(batch["parts"])
    total = own + ops.segment_sum(parts, rows, num_segments=n)
    ones = ops.ones_like(parts[:, :1])
    return total / (1.0 + ops.segment_sum(ones, rows, num_segments=n))


def loss(model, batch, training):
    """Return each pair's loss: the word near it is to be told from drawn ones, and a weight.

    ``batch["words"]`` are rows of the table of words; ``batch["negatives"]`` are drawn words that
    all pairs share, of which together as many count as ``batch["n_negatives"]`` says.
    """
    from keras import ops

    own = ops.take(vectors(model, batch), batch["words"], axis=0)
    near = model.get_layer("context_vectors")(batch["context"])
    drawn = model.get_layer("context_vectors")(batch["negatives"])
    right = ops.softplus(-ops.sum(own * near, axis=1))
    wrong = ops.softplus(ops.matmul(own, ops.transpose(drawn)))
    counts = ops.cast(ops.not_equal(batch["context"][:, None], batch["negatives"]), "float32")
    share = batch["n_negatives"][0] / ops.maximum(ops.sum(counts, axis=1), 1.0)
    losses = right + share * ops.sum(counts * wrong, axis=1)
    return losses, ops.ones_like(losses)
