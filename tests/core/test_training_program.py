"""The compiled trainer, step by step against plain Keras."""

import keras
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

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
    plan.last_batch = "short"
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
    plan.last_batch = "pad" if program.rows_are_independent else "short"
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


def test_mixed_float16_clips_and_penalises_as_float32_does():
    options = {"clip_global_norm": 0.05, "l2": 0.05}
    program, plan = program_and_plan("sgd", **options)
    exact = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    opt = make_optimizer("sgd", None, **options)
    mixed = backend.training_program(
        Architecture.of("mlp", n_inputs=5, n_outputs=1, hidden_layer_sizes=[8], activation="tanh"),
        program.loss,
        opt,
        precision="mixed_float16",
    )
    ours = Trainer(mixed, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(exact, ours, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-5)


def test_the_moving_average_is_what_training_ends_with():
    params = {"use_ema": True, "ema_momentum": 0.9}
    program, plan = program_and_plan("adam", params)
    ours = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(
        ours, keras_weights(program, keras.optimizers.Adam(0.01, **params)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


class Slow(keras.optimizers.SGD):
    """A user's own optimiser."""

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(gradient, variable, learning_rate * 0.5)


@pytest.mark.parametrize(("optimizer", "params"), [(Slow(0.01), None), (Slow, {"momentum": 0.0})])
def test_a_users_own_optimiser_is_used(optimizer, params):
    program, plan = program_and_plan(optimizer, params)
    ours = Trainer(program, plan, Rows(X, Y, W)).fit().weights
    for a, b in zip(ours, keras_weights(program, keras.optimizers.SGD(0.005)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["Lamb", "Muon", "Adafactor", "ScheduleFreeAdamW", "Ftrl"])
def test_every_keras_optimiser_trains(name):
    program, plan = program_and_plan(name, epochs=6)
    losses = Trainer(program, plan, Rows(X, Y, W)).fit().history["loss"]
    assert losses[-1] < losses[0]


def test_a_wrapping_optimiser_is_refused():
    wrapped = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match="precision='mixed_float16'"):
        make_optimizer(wrapped)


def test_an_explicit_decay_of_zero_is_kept():
    assert make_optimizer("adamw", {"weight_decay": 0.0}).hyper["weight_decay"] == 0.0
    assert make_optimizer("adamw").hyper["weight_decay"] == pytest.approx(0.004)


def test_each_epochs_rate_is_recorded_though_epochs_are_grouped():
    program, plan = program_and_plan("sgd", epochs=4)
    plan.schedule, plan.schedule_params = "exponential", {"decay": 0.5}
    history = Trainer(program, plan, Rows(X, Y, W)).fit().history
    np.testing.assert_allclose(history["lr"], 0.01 * 0.5 ** np.arange(4), rtol=1e-6)


def test_divergence_after_a_good_epoch_keeps_it_and_warns():
    program, plan = program_and_plan("sgd", epochs=4, restore_best=True)
    plan.learning_rate, plan.schedule = 0.01, "step"
    plan.schedule_params = {"factor": 1e20, "every": 1}
    with pytest.warns(ConvergenceWarning, match="epoch 1 were kept"):
        result = Trainer(program, plan, Rows(X, Y, W), Rows(X, Y, W)).fit()
    assert result.stop_reason == "diverged"
    assert result.best_epoch == 0
    assert all(np.isfinite(w).all() for w in result.weights)


def test_evaluation_in_blocks_is_the_weighted_mean(monkeypatch):
    from appliednn.core.backend import _tensorflow

    program, plan = program_and_plan("sgd", epochs=1)
    Trainer(program, plan, Rows(X, Y, W)).fit()
    weights = np.arange(96, dtype=np.float32)
    whole, raw = program.evaluate(X, Y, weights)
    monkeypatch.setattr(_tensorflow, "_EVALUATE_ROWS", 17)
    parts, raw_parts = program.evaluate(X, Y, weights)
    assert parts == pytest.approx(whole, rel=1e-6)
    np.testing.assert_allclose(raw_parts, raw, rtol=1e-5)
    z = raw[:, 0].astype(np.float64)
    expected = np.average(np.logaddexp(0, z) - Y * z, weights=weights)
    assert whole == pytest.approx(expected, rel=1e-5)


def test_an_interrupt_between_two_values_of_an_epoch_drops_the_epoch(monkeypatch):
    program, plan = program_and_plan("sgd", epochs=5)
    calls = iter(range(9))

    def evaluate(*rows):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return 0.5, np.zeros((96, 1), np.float32)

    monkeypatch.setattr(program, "evaluate", evaluate)
    result = Trainer(program, plan, Rows(X, Y, W), Rows(X, Y, W)).fit()
    assert result.stop_reason == "interrupted"
    assert {name: len(values) for name, values in result.history.items()} == {
        "loss": 2, "lr": 2, "seconds": 2, "val_loss": 2,
    }  # fmt: skip


def test_a_model_with_a_penalty_of_its_own_is_penalised_once_per_step():
    from appliednn import KerasRegressor

    def build():
        dense = keras.layers.Dense(
            1, kernel_regularizer=keras.regularizers.L2(0.1), kernel_initializer="ones"
        )
        return keras.Sequential([keras.layers.Input((5,)), dense])

    settings = {"epochs": 3, "shuffle": False, "optimizer": "sgd", "learning_rate": 0.05}
    model = KerasRegressor(build, random_state=0, **settings).fit(X, Y)
    reference = build()
    reference.compile(keras.optimizers.SGD(0.05), "mse")
    reference.fit(X, Y[:, None], epochs=3, shuffle=False, verbose=0)
    for a, b in zip(model.network_.weights, reference.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
