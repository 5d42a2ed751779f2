"""Speed on texts: n-grams beside HashingVectorizer, the bag's training beside ``Model.fit``.

    python benchmarks/text_speed.py [--rows N] [--seeds N]

Texts are those of ``mr_sentences`` (see ``_text_sets.py``). Ratios are processor seconds, one
thread, peers over ours, with a 95 % bootstrap interval over seeds (each seed shuffles the texts).

*n-grams*: the same n-grams (words 1-2 of two letters and more, characters 2-5 inside words) to
sparse rows: ``HashingVectorizer`` with its default weights, ours with TF-IDF weights, which is
more work. *training*: the network of ``TextClassifier()`` - the same n-grams, weights, width,
dropout, Adam, rate and batch - for the same epochs. Through ``Model.fit`` it reads rows padded to
the longest text, as Keras wants them; a first fit of both compiles and is not counted.
"""

from __future__ import annotations

import argparse
import os

from _runner import ONE_THREAD, cpu_seconds

os.environ.update(ONE_THREAD)

import numpy as np  # noqa: E402
from _text_sets import load  # noqa: E402
from _timing import machine, ratio, table  # noqa: E402

EPOCHS, BATCH, WIDTH = 3, 64, 64


def spent(call) -> float:
    """Return the processor seconds of a call."""
    before = cpu_seconds()
    call()
    return cpu_seconds() - before


def ngrams(texts: list[str]) -> tuple[float, float]:
    """Return processor seconds of both ways from texts to sparse rows."""
    from sklearn.feature_extraction.text import HashingVectorizer

    from appliednn.text._ngram_features import NgramFeatures

    own = NgramFeatures([1, 2], [2, 5], form=None, least_length=2, marks=False)
    own.fit_transform(texts[:100])
    peers = [
        HashingVectorizer(ngram_range=(1, 2)),
        HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5)),
    ]
    ours = spent(lambda: own.fit_transform(texts))
    return ours, spent(lambda: [peer.transform(texts) for peer in peers])


def keras_twin(n_columns: int):
    """Return the bag as a Keras model of padded rows."""
    import keras

    ids = keras.Input((None,), dtype="int32")
    values = keras.Input((None,))
    rows = keras.layers.Embedding(n_columns, WIDTH)(ids)
    z = keras.layers.Dot(axes=(1, 1))([rows, values])
    z = keras.layers.Dropout(0.5)(z)
    model = keras.Model([ids, values], keras.layers.Dense(1, activation="sigmoid")(z))
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    return model


def padded(matrix) -> list[np.ndarray]:
    """Return sparse rows as padded ids and values."""
    lengths = np.diff(matrix.indptr)
    ids = np.zeros((len(lengths), lengths.max()), dtype=np.int32)
    values = np.zeros(ids.shape, dtype=np.float32)
    inside = np.arange(ids.shape[1]) < lengths[:, None]
    ids[inside], values[inside] = matrix.indices, matrix.data
    return [ids, values]


def training(texts: list[str], labels: np.ndarray, seed: int) -> tuple[float, float]:
    """Return processor seconds of both ways to train the bag."""
    from appliednn.core._architecture import Architecture
    from appliednn.core._sequence_trainer import SequencePlan, SequenceTrainer
    from appliednn.text._ngram_features import NgramFeatures
    from appliednn.text.classification._readers import NgramReader

    features = NgramFeatures()
    matrix = features.fit_transform(texts)
    reader = NgramReader(features, min(50_000, features.n_features))
    rows = reader.prepare(texts, matrix)
    y = (labels == labels[0]).astype(np.float32)
    network = {"vocabulary": reader.n_columns, "width": WIDTH, "hidden": [], "n_outputs": 1}
    architecture = Architecture.of("text_bag", **network, dropout=0.5, kind="binary")

    def batches(epoch):
        rng = np.random.default_rng([seed, epoch])
        for part, batch in reader.batches(rows, np.arange(len(texts)), BATCH, rng):
            yield {**batch, "y": y[part], "w": np.ones(len(part), np.float32)}

    def ours(epochs):
        plan = SequencePlan(epochs=epochs, learning_rate=1e-3, seed=seed, verbose=False)
        SequenceTrainer(architecture, plan, batches).fit()

    inputs, twin = padded(rows), keras_twin(reader.n_columns)
    ours(1)
    twin.fit([a[:BATCH] for a in inputs], y[:BATCH], batch_size=BATCH, epochs=1, verbose=0)
    theirs = spent(lambda: twin.fit(inputs, y, batch_size=BATCH, epochs=EPOCHS, verbose=0))
    return spent(lambda: ours(EPOCHS)), theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000, help="texts at most")
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (5)")
    options = parser.parse_args()
    data, found = load("mr_sentences", options.rows), {"n-grams": [], "training": []}
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(data.texts))
        texts, labels = data.texts[order].tolist(), data.labels[order]
        found["n-grams"].append(ngrams(texts))
        found["training"].append(training(texts, labels, seed))
    rows = []
    for name, pairs in found.items():
        ours, theirs = np.array(pairs).T
        middle, low, high = ratio(theirs, ours)
        rows.append([name, f"{np.median(ours):.2f}", f"{np.median(theirs):.2f}",
                     f"{middle:.1f} [{low:.1f}, {high:.1f}]"])  # fmt: skip
    print(machine() + f"; {len(data.texts)} texts, {options.seeds} seeds, {EPOCHS} epochs\n")
    print(table(["what", "ours, CPU s", "peer, CPU s", "times as fast"], rows))


if __name__ == "__main__":
    main()
