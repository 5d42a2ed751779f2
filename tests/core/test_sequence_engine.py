"""The engine for sequences: lazy Adam against Keras's, batches of many lengths, the fit loop."""

import pickle

import keras
import numpy as np
import pytest
from keras import ops

from appliednn.core import _architecture_registry, backend
from appliednn.core._architecture import Architecture
from appliednn.core._buckets import length_buckets, pad
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._sequence_trainer import SequencePlan, SequenceTrainer


def build_toy(vocabulary: int, width: int):
    ids = keras.Input((None,), dtype="int32", name="ids")
    rows = keras.layers.Embedding(vocabulary, width, name="rows")(ids)
    return keras.Model(ids, keras.layers.Dense(1, name="out")(ops.mean(rows, axis=1)))


def toy_loss(model, batch, training):
    raw = model(batch["ids"], training=training)[:, 0]
    return ops.square(raw - batch["y"]), ops.ones_like(raw)


def toy_forward(model, batch):
    return {"raw": model(batch["ids"])}


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(_architecture_registry.BUILDERS, "toy", (__name__, "build_toy"))
    functions = {"loss": "toy_loss", "forward": "toy_forward"}
    monkeypatch.setitem(_architecture_registry.FUNCTIONS, "toy", (__name__, functions))
    return Architecture.of("toy", vocabulary=7, width=3)


def batches(n=4, seed=0, vocabulary=7):
    rng = np.random.default_rng(seed)
    return [
        {
            "ids": rng.integers(0, vocabulary, (5, length)).astype(np.int32),
            "y": rng.normal(size=5).astype(np.float32),
        }
        for length in range(3, 3 + n)
    ]


def test_steps_equal_keras_adam_where_every_row_is_read_once(toy):
    # Keras squares the gradient of a row read twice before adding up; Adam is the other way round.
    program = backend.sequence_program(toy)
    data = [{"ids": np.arange(7, dtype=np.int32)[None], "y": np.float32([k])} for k in (1, 2)]
    program.start(None, seed=1)
    model = toy.build()
    model.set_weights(program.get_weights())
    model.compile(keras.optimizers.Adam(0.1, epsilon=1e-8), "mse")
    for batch in data * 3:
        program.step(batch, 0.1, 0.0, 1e9)
        model.train_on_batch(batch["ids"], batch["y"][:, None])
    for ours, theirs in zip(program.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_rows_that_no_step_read_stay_as_they_are(toy):
    program = backend.sequence_program(toy)
    program.start(None, seed=1)
    before = program.get_weights()[0]
    for batch in batches(vocabulary=4):
        program.step(batch, 0.1, 0.01, 1.0)
    after = program.get_weights()[0]
    np.testing.assert_array_equal(after[4:], before[4:])
    assert (after[:4] != before[:4]).all()


def test_gradients_are_clipped_by_their_norm_with_repeated_rows_added_up(toy):
    program = backend.sequence_program(toy)
    batch = {"ids": np.full((4, 3), 2, np.int32), "y": np.full(4, 1e4, np.float32)}
    moved = []
    for clip in (1e-9, 1e-7):  # so small that Adam's epsilon shows the gradient's size
        program.start(None, seed=1)
        start = program.get_weights()
        program.step(batch, 0.1, 0.0, clip)
        moved.append([b - a for a, b in zip(start, program.get_weights(), strict=True)])
    for small, large in zip(*moved, strict=True):
        small, large = small[small != 0], large[large != 0]
        gradient = 1e-8 / (0.1 / np.abs(small) - 1)  # rate * g / (g + epsilon), solved for g
        expected = 0.1 * (100 * gradient) / (100 * gradient + 1e-8)
        np.testing.assert_allclose(np.abs(large), expected, rtol=0.02)


def test_decay_shrinks_kernels_only(toy):
    program = backend.sequence_program(toy)
    ends = []
    for decay in (0.0, 0.5):
        program.start(None, seed=1)
        program.step(batches()[0], 0.1, decay, 1.0)
        ends.append(program.get_weights())
    start = SequenceNetwork.fresh(toy, 1).weights
    np.testing.assert_allclose(ends[0][1] - ends[1][1], 0.05 * start[1], atol=1e-6)
    np.testing.assert_array_equal(ends[0][0], ends[1][0])


def test_a_weight_that_nothing_draws_starts_as_it_was_built(toy):
    program = backend.sequence_program(toy.changed(width=4))
    program.start(None, seed=1)
    before = program.get_weights()
    program._assign([w + 7 for w in before])
    bias_layer = program.model.get_layer("out")
    del bias_layer.bias_initializer
    program.start(None, seed=1)
    for one, two in zip(program.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_best_epoch_is_kept_and_two_fits_agree(toy):
    def fit():
        plan = SequencePlan(epochs=6, learning_rate=0.3, schedule="cosine", patience=3, seed=4)
        held = batches(2, seed=9)
        return SequenceTrainer(toy, plan, lambda epoch: batches(seed=epoch), held=held).fit()

    one, two = fit(), fit()
    for a, b in zip(one.network.weights, two.network.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.best_epoch == int(np.argmin(one.history["val_loss"]))
    held = batches(2, seed=9)
    losses = [(one.network.call("forward", b)["raw"][:, 0] - b["y"]) ** 2 for b in held]
    expected = one.history["val_loss"][one.best_epoch]
    np.testing.assert_allclose(np.concatenate(losses).mean(), expected, rtol=1e-5)


def test_a_score_picks_the_epoch_and_stops_early(toy):
    scores = iter([0.1, 0.9, 0.8, 0.7, 0.6])
    plan = SequencePlan(epochs=5, patience=2, seed=0)
    trainer = SequenceTrainer(toy, plan, lambda e: batches(), score=lambda network: next(scores))
    result = trainer.fit()
    assert (result.best_epoch, result.n_epochs, result.stop_reason) == (1, 4, "early_stopping")


def test_a_time_limit_ends_the_fit(toy):
    plan = SequencePlan(epochs=10_000_000, max_seconds=0.3, seed=0)
    result = SequenceTrainer(toy, plan, lambda e: batches()).fit()
    assert result.stop_reason == "max_seconds"
    assert result.history["seconds"][-1] < 30


def test_a_fit_that_diverges_is_refused(toy):
    plan = SequencePlan(epochs=3, learning_rate=1e38, clip=1e30, seed=0)
    with pytest.raises(FloatingPointError, match="diverged"):
        SequenceTrainer(toy, plan, lambda e: batches()).fit()


def test_lengths_that_vary_are_compiled_once(toy):
    toy = toy.changed(width=5)  # no other test has compiled it
    network = SequenceNetwork.fresh(toy, 0)
    functions = backend.sequence_functions(toy)
    for batch in batches(5):
        network.call("forward", {"ids": batch["ids"]})
    assert len(functions._compiled) == 1
    (compiled,) = functions._compiled.values()
    assert compiled.experimental_get_tracing_count() == 1


def test_a_pickled_network_answers_alike(toy):
    network = SequenceNetwork.fresh(toy, 0)
    batch = {"ids": batches()[0]["ids"]}
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(
        network.call("forward", batch)["raw"], again.call("forward", batch)["raw"]
    )


def test_an_unknown_function_is_refused(toy):
    with pytest.raises(ValueError, match="no function 'sing'"):
        toy.function("sing")


def test_buckets_hold_every_row_once_and_respect_the_token_bound():
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 60, 500)
    found = length_buckets(lengths, max_tokens=240, rng=rng)
    assert sorted(np.concatenate(found)) == list(range(500))
    assert max(len(rows) * lengths[rows].max() for rows in found) <= 240
    padded = sum(len(rows) * lengths[rows].max() for rows in found)
    assert padded < 1.2 * lengths.sum()


def test_padding_fills_up_and_cuts():
    assert pad([[1, 2, 3], []], length=2, value=9).tolist() == [[1, 2], [9, 9]]
