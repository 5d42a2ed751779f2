"""The compiled trainer, step by step against plain Keras."""

import keras
import numpy as np
import pytest

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.core._losses import make_loss
from appliednn.core._optimizers import make_optimizer
from appliednn.core._trainer import Rows, Trainer, TrainingPlan

rng = np.random.default_rng(1)
X = rng.normal(size=(96, 5)).astype(np.float32)
Y = (X[:, 0] - X[:, 1] > 0).astype(np.float32)
W = np.ones(96, np.float32)


def program_and_plan(optimizer="adam", params=None, epochs=3, batch_size=32, net=None, **options):
    clips = {k: v for k, v in options.items() if k.startswith("clip")}
    decay = {k: options[k] for k in ("weight_decay", "l1", "l2") if k in options}
    plan = {k: v for k, v in options.items() if k not in {**clips, **decay}}
    arch = Architecture.of(
        "mlp",
        n_inputs=5,
        n_outputs=1,
        hidden_layer_sizes=[8],
        **{"activation": "tanh", **(net or {})},
    )
    loss = make_loss("auto", "binary")
    opt = make_optimizer(optimizer, params, **clips, **decay)
    program = backend.training_program(arch, loss, opt)
    hyper = {**opt.hyper, **loss.hyper}
    settings = {
        "learning_rate": 0.01,
        "weight_seed": 1,
        "shuffle_seed": 2,
        "shuffle": False,
        **plan,
    }
    return program, TrainingPlan(epochs=epochs, batch_size=batch_size, hyper=hyper, **settings)


def keras_weights(program, optimizer, epochs=3, batch_size=32, seed=1):
    """Train the same net from the same weights with Keras's own loop."""
    from appliednn.core._architecture import initial_weights

    program_weights = initial_weights(program.model, seed)
    model = keras.models.clone_model(program.model)
    model.set_weights(program_weights)
    model.compile(optimizer, keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(X, Y[:, None], epochs=epochs, batch_size=batch_size, shuffle=False, verbose=0)
    return model.get_weights()


@pytest.mark.parametrize(
    ("name", "params", "build"),
    [
        (
            "sgd",
            {"momentum": 0.9, "nesterov": True},
            lambda: keras.optimizers.SGD(0.01, 0.9, True),
        ),
        ("adam", {"beta_1": 0.8}, lambda: keras.optimizers.Adam(0.01, beta_1=0.8)),
        ("rmsprop", None, lambda: keras.optimizers.RMSprop(0.01)),
        ("adagrad", None, lambda: keras.optimizers.Adagrad(0.01)),
        ("lion", None, lambda: keras.optimizers.Lion(0.01)),
        ("Nadam", None, lambda: keras.optimizers.Nadam(0.01)),
    ],
)
def test_training_gives_the_weights_of_keras_fit(name, params, build):
    program, plan = program_and_plan(name, params)
    ours = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(ours, keras_weights(program, build()), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"clip_value": 0.01}, {"clipvalue": 0.01}),
        ({"clip_norm": 0.02}, {"clipnorm": 0.02}),
        ({"clip_global_norm": 0.03}, {"global_clipnorm": 0.03}),
    ],
)
def test_clipping_matches_keras(ours, theirs):
    program, plan = program_and_plan("sgd", **ours)
    weights = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(
        weights, keras_weights(program, keras.optimizers.SGD(0.01, **theirs)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_weight_decay_matches_adamw_on_kernels():
    program, plan = program_and_plan("adamw", weight_decay=0.1)
    weights = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    for a, b in zip(weights, keras_weights(program, optimizer), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_penalties_match_keras_regularisers():
    program, plan = program_and_plan("sgd", l1=0.02, l2=0.03)
    weights = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    plain = backend.training_program(
        Architecture.of("mlp", n_inputs=5, n_outputs=1, hidden_layer_sizes=[8], activation="tanh"),
        make_loss("auto", "binary"),
        make_optimizer("sgd"),
    )
    from appliednn.core._architecture import initial_weights

    config = plain.model.get_config()
    for layer in config["layers"]:
        if "kernel_regularizer" in layer["config"]:
            layer["config"]["kernel_regularizer"] = keras.regularizers.serialize(
                keras.regularizers.L1L2(0.02, 0.03)
            )
    model = type(plain.model).from_config(config)
    model.set_weights(initial_weights(plain.model, 1))
    model.compile(keras.optimizers.SGD(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(X, Y[:, None], epochs=3, batch_size=32, shuffle=False, verbose=0)
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_padded_last_batch_is_the_short_batch():
    program, plan = program_and_plan("sgd", batch_size=40)
    padded = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    plan.pad_batches = False
    short = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b, c in zip(
        padded,
        short,
        keras_weights(program, keras.optimizers.SGD(0.01), batch_size=40),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(a, c, rtol=1e-4, atol=1e-6)


def test_batch_normalisation_sees_no_padding():
    program, plan = program_and_plan("sgd", batch_size=40, net={"normalization": "batch"})
    assert not program.rows_are_independent
    plan.pad_batches = program.rows_are_independent
    weights = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(
        weights, keras_weights(program, keras.optimizers.SGD(0.01), batch_size=40), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


def test_xla_gives_the_same_weights():
    program, plan = program_and_plan("adam")
    plain = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    plan.xla = True
    compiled = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_one_trace_serves_other_sizes_seeds_rates_and_batches():
    program, plan = program_and_plan("adam", net={"activation": "elu"}, epochs=2)
    before = backend.n_traces()
    for n, batch, rate, seed in [
        (96, 32, 0.01, 1),
        (95, 32, 0.02, 2),
        (50, 16, 0.03, 3),
        (7, 32, 0.1, 4),
    ]:
        plan.batch_size, plan.learning_rate, plan.weight_seed = batch, rate, seed
        Trainer(program, plan, Rows(X[:n], Y[:n], W[:n])).fit()
    assert backend.n_traces() == before + 1


def test_weights_out_of_a_seed_repeat_bit_for_bit():
    program, plan = program_and_plan("adam", shuffle=True)
    first = Trainer(program, plan, Rows(X, Y, W)).fit()
    second = Trainer(program, plan, Rows(X, Y, W)).fit()
    assert all((a == b).all() for a, b in zip(first.weights, second.weights, strict=True))
    assert first.history["loss"] == second.history["loss"]


def test_epochs_grouped_in_one_call_equal_epochs_one_by_one():
    program, plan = program_and_plan("adam", epochs=5)
    grouped = Trainer(program, plan, Rows(X, Y, W)).fit()
    plan.schedule, plan.schedule_params = "plateau", {"patience": 1000}
    single = Trainer(program, plan, Rows(X, Y, W)).fit()
    np.testing.assert_allclose(grouped.history["loss"], single.history["loss"], rtol=1e-6)
    assert len(grouped.history["loss"]) == 5


def test_divergence_is_an_error_that_says_what_to_do():
    program, plan = program_and_plan("sgd", epochs=40, net={"activation": "relu"})
    plan.learning_rate = 1e30
    with pytest.raises(FloatingPointError, match="Lower learning_rate"):
        Trainer(program, plan, Rows(X * 1e6, Y, W)).fit()
