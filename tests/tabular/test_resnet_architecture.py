"""The residual network: batch normalisation, members side by side, sizes."""

import numpy as np
import pytest

from appliednn.core import backend
from appliednn.core._architecture import Architecture, initial_weights, stack_weights
from appliednn.core._losses import make_loss
from appliednn.core._numpy_forward import count_parameters, numpy_forward
from appliednn.core._optimizers import make_optimizer
from appliednn.tabular.networks._resnet_layers import MemberBatchNormalization
from appliednn.tabular.networks._resnet_numpy import resnet_names

FULL = {
    "n_inputs": 5, "n_outputs": 2, "kind": "regression", "n_blocks": 2, "width": 8,
    "hidden_width": 12, "dropout": False, "cardinalities": [4], "embedding_size": 3,
    "members": 0, "aggregate": False,
}  # fmt: skip


def architecture(**changes):
    return Architecture.of("resnet", **{**FULL, **changes})


def rows(n, *more):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(n, *more, 5)).astype(np.float32)
    Z[..., -1] = rng.integers(0, 4, (n, *more))
    return Z


def test_batch_normalisation_is_its_formula():
    layer = MemberBatchNormalization(members=2, momentum=0.8)
    x = 3 + 2 * np.random.default_rng(0).normal(size=(2, 9, 4)).astype(np.float32)
    out = np.asarray(layer(x, training=True))
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    np.testing.assert_allclose(out, (x - mean) / np.sqrt(variance + 1e-5), atol=2e-5)
    np.testing.assert_allclose(np.asarray(layer.moving_mean), 0.2 * mean, rtol=1e-5)
    unbiased = x.var(axis=1, keepdims=True, ddof=1)
    np.testing.assert_allclose(np.asarray(layer.moving_variance), 0.8 + 0.2 * unbiased, rtol=1e-5)
    calm = np.asarray(layer(x))
    expected = (x - 0.2 * mean) / np.sqrt(0.8 + 0.2 * unbiased + 1e-5)
    np.testing.assert_allclose(calm, expected, rtol=1e-4)


@pytest.mark.parametrize("training", [False, True])
def test_a_member_of_a_stack_is_the_lone_network_with_its_weights(training):
    lone, stack = architecture().build(), architecture(members=3).build()
    draws = [initial_weights(lone, seed) for seed in range(3)]
    stacked = stack_weights(draws, [tuple(v.shape) for v in stack.variables])
    for variable, value in zip(stack.variables, stacked, strict=True):
        variable.assign(value)
    Z = rows(16, 3)
    out = np.asarray(stack(Z, training=training))
    for j, draw in enumerate(draws):
        for variable, value in zip(lone.variables, draw, strict=True):
            variable.assign(value)
        expected = np.asarray(lone(Z[:, j], training=training))
        np.testing.assert_allclose(out[:, j], expected, atol=1e-5)
        own = np.asarray(stack.get_layer("normalization").moving_mean)[j, 0]
        np.testing.assert_allclose(
            own, np.asarray(lone.get_layer("normalization").moving_mean), atol=1e-6
        )


def test_the_average_of_members_is_that_of_their_outputs():
    stack, mean = (architecture(members=3, aggregate=a).build() for a in (False, True))
    mean.set_weights(stack.get_weights())
    Z = rows(7)
    apart = np.asarray(stack(np.repeat(Z[:, None], 3, axis=1)))
    np.testing.assert_allclose(np.asarray(mean(Z)), apart.mean(axis=1), atol=1e-6)


def test_a_new_fit_starts_without_the_statistics_of_the_last():
    model = architecture().build()
    model(rows(20) * [3, 3, 3, 3, 1], training=True)
    names = [v.path for v in model.variables]
    fresh = dict(zip(names, initial_weights(model, 0), strict=True))
    assert (np.asarray(model.get_layer("normalization").moving_mean) != 0).any()
    assert (fresh["normalization/moving_mean"] == 0).all()
    assert (fresh["normalization/moving_variance"] == 1).all()


SHAPES = pytest.mark.parametrize(
    "changes",
    [{}, {"dropout": True, "n_blocks": 3}, {"members": 4, "dropout": True}, {"cardinalities": []}],
)


@SHAPES
def test_numpy_predicts_what_keras_predicts(changes):
    made = architecture(aggregate=True, **changes)
    model, rng = made.build(), np.random.default_rng(0)
    weights = [
        np.abs(w + 0.1 * rng.normal(size=w.shape)).astype(np.float32)
        for w in initial_weights(model, 0)
    ]
    for variable, value in zip(model.variables, weights, strict=True):
        variable.assign(value.astype(variable.dtype))
    Z = rows(9)
    quick = numpy_forward(made, weights)
    np.testing.assert_allclose(quick(Z), np.asarray(model(Z)), rtol=2e-5)
    owners = {id(v): f"{la.name}/{v.name}" for la in model.layers for v in la.variables}
    assert [owners[id(v)] for v in model.variables] == resnet_names(made.params)


@SHAPES
def test_the_number_of_parameters_is_known_without_the_model(changes):
    made = architecture(**changes)
    assert count_parameters(made) == sum(v.numpy().size for v in made.build().variables)


def test_weights_are_uniform_within_the_inverse_root_of_their_inputs():
    model = architecture(members=3, width=50, hidden_width=40).build()
    for layer, fan_in in (("dense_0_0", 50), ("dense_0_1", 40), ("output", 50)):
        for weight in model.get_layer(layer).weights:
            values = np.abs(weight.numpy())
            assert values.max() <= fan_in**-0.5
            assert values.size < 100 or values.max() > 0.9 * fan_in**-0.5


def test_two_dropouts_have_rates_of_their_own_and_batches_are_not_padded():
    program = backend.training_program(
        architecture(dropout=True, members=2),
        make_loss("auto", "regression"),
        optimizer := make_optimizer("adam"),
    )
    hyper = {**optimizer.hyper, "dropout": [0.25, 0.5], "dropout_residual": 0.1}
    hyper = {k: np.broadcast_to(v, 2) for k, v in hyper.items()}
    with program.lock:
        program.start(hyper, None, [1, 2])
        rates = {
            layer.name: [round(float(r), 3) for r in np.ravel(layer.rate)]
            for layer in program.model.layers
            if hasattr(layer, "rate")
        }
    assert rates["dropout_0"] == [0.25, 0.5]
    assert rates["dropout_1_residual"] == [0.1, 0.1]
    assert program.xla_pays and not program.rows_are_independent


@pytest.mark.parametrize("members", [0, 2])
def test_a_weight_counts_as_so_many_rows_in_batch_normalisation(members):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(members, 6, 3) if members else (6, 3)).astype(np.float32)
    counts = np.array([1, 3, 2, 0, 1, 0])
    rows = np.repeat(np.arange(6), counts)
    weighted, repeated = (MemberBatchNormalization(members) for _ in range(2))
    weighted.build(x.shape)
    weighted.row_weights = np.repeat(counts[:, None], 2, axis=1) if members else counts
    out = np.asarray(weighted(x, training=True))
    expected = np.asarray(repeated(x[..., rows, :], training=True))
    np.testing.assert_allclose(out[..., rows, :], expected, atol=1e-5)
    for name in ("moving_mean", "moving_variance"):
        np.testing.assert_allclose(
            np.asarray(getattr(weighted, name)), np.asarray(getattr(repeated, name)), rtol=1e-5
        )


def test_a_single_row_leaves_the_moving_statistics_alone():
    layer = MemberBatchNormalization()
    out = np.asarray(layer(np.array([[2.0, -1.0]], np.float32), training=True))
    assert (out == 0).all()
    assert (np.asarray(layer.moving_mean) == 0).all()
    assert (np.asarray(layer.moving_variance) == 1).all()


def test_rows_that_fill_a_batch_count_for_nothing():
    made = architecture(cardinalities=[])
    loss, optimizer = make_loss("auto", "regression"), make_optimizer("adam")
    program = backend.training_program(made, loss, optimizer)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, 9, 5)), rng.normal(size=(1, 9, 2))
    results = []
    for filler in (0.0, 100.0):
        x[0, 7:] = filler
        w = np.array([[1.0] * 7 + [0.0] * 2])
        with program.lock:
            program.start(optimizer.hyper, None, 0)
            batch = [a.astype(np.float32) for a in (x, y, w)]
            program.run(*batch, np.array([[0.01, 1, 1]], np.float32))
            results.append(program.get_weights())
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
