"""What TabM starts from, what its members share, how they are averaged and trained."""

import numpy as np
import pytest
from scipy.special import expit, softmax

from appliednn.core import backend
from appliednn.core._architecture import Architecture, initial_weights
from appliednn.core._losses import make_loss
from appliednn.core._network import Network
from appliednn.core._numpy_forward import count_parameters, numpy_forward
from appliednn.core._optimizers import make_optimizer
from appliednn.tabular.networks._tabm_numpy import tabm_names

FULL = {
    "n_inputs": 6, "n_outputs": 1, "kind": "regression", "members": 4, "dropout": False,
    "hidden_layer_sizes": [32, 16], "variant": "tabm", "n_values": 3, "n_bins": 0,
    "embedding_size": 5, "feature_groups": [0, 1, 2, 7, 7, 7], "cardinalities": [],
    "aggregate": False,
}  # fmt: skip


def architecture(**changes):
    return Architecture.of("tabm", **{**FULL, **changes})


def fresh(seed=0, **changes):
    """Return freshly drawn weights by ``layer/name``."""
    model = architecture(**changes).build()
    values = initial_weights(model, seed)
    owners = {id(v): f"{la.name}/{v.name}" for la in model.layers for v in la.variables}
    return {owners[id(v)]: w for v, w in zip(model.variables, values, strict=True)}


def test_the_first_factors_are_signs_that_columns_of_a_feature_share():
    r = fresh(members=400)["dense_0/r"]
    assert r.shape == (400, 1, 6)
    assert set(np.unique(r)) == {-1.0, 1.0}
    assert (r[..., 3] == r[..., 4]).all() and (r[..., 3] == r[..., 5]).all()
    # 400 fair signs a feature: their mean is within four standard errors of 0
    assert np.abs(r[:, 0, :4].mean(axis=0)).max() < 4 / np.sqrt(400)
    assert (r[..., 0] != r[..., 1]).any() and (r[..., 2] != r[..., 3]).any()


def test_with_embeddings_the_first_factors_are_normal_and_one_for_each_number():
    r = fresh(members=400, n_bins=4)["dense_0/r"][:, 0]
    assert r.shape == (400, 3 * 5 + 3)
    for start in (0, 5, 10):
        assert (r[:, start : start + 5] == r[:, start : start + 1]).all()
    assert (r[:, 15] == r[:, 17]).all()
    features = r[:, [0, 5, 10, 15]]
    assert abs(features.mean()) < 4 / np.sqrt(features.size)
    assert abs(features.std() - 1) < 4 / np.sqrt(2 * features.size)


def test_all_other_factors_are_one_and_the_biases_of_members_start_equal():
    weights = fresh()
    for name in ("dense_0/s", "dense_1/r", "dense_1/s"):
        assert (weights[name] == 1).all()
    for name, fan_in in (("dense_0/bias", 6), ("dense_1/bias", 32)):
        bias = weights[name]
        assert (bias == bias[:1]).all()
        assert np.unique(bias[0]).size == bias.shape[-1]
        assert np.abs(bias).max() <= fan_in**-0.5
    heads = weights["output/kernel"]
    assert heads.shape == (4, 16, 1)
    assert np.unique(heads).size == heads.size


@pytest.mark.parametrize("variant", ["tabm", "mini", "packed"])
def test_kernels_are_uniform_within_the_inverse_root_of_their_inputs(variant):
    kernel = fresh(variant=variant, hidden_layer_sizes=[300, 16])["dense_1/kernel"]
    limit = 300**-0.5
    assert kernel.shape == ((4, 300, 16) if variant == "packed" else (300, 16))
    assert np.abs(kernel).max() <= limit
    # The standard deviation of a uniform draw, within four standard errors.
    assert abs(kernel.std() / (limit / np.sqrt(3)) - 1) < 4 * np.sqrt(0.2 / kernel.size)


def test_one_seed_gives_the_same_weights_and_another_one_others():
    first, again, other = fresh(1), fresh(1), fresh(2)
    assert all((first[name] == again[name]).all() for name in first)
    assert (first["dense_0/kernel"] != other["dense_0/kernel"]).all()
    assert (first["dense_0/r"] != other["dense_0/r"]).any()


SHAPES = pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dropout": True, "n_bins": 4},
        {"variant": "mini", "n_bins": 7, "cardinalities": [3, 9], "n_inputs": 8,
         "feature_groups": None},
        {"variant": "packed", "n_outputs": 3, "dropout": True},
        {"cardinalities": [3], "hidden_layer_sizes": []},
    ],
)  # fmt: skip


@SHAPES
def test_the_number_of_parameters_is_known_without_the_model(changes):
    made = architecture(**changes)
    assert count_parameters(made) == sum(v.numpy().size for v in made.build().variables)


@SHAPES
def test_numpy_predicts_what_keras_predicts(changes):
    made = architecture(aggregate=True, **changes)
    model, rng = made.build(), np.random.default_rng(0)
    weights = [
        np.sort(rng.normal(size=w.shape), axis=1).astype(np.float32)
        if v.name == "edges"
        else (w + 0.1 * rng.normal(size=w.shape)).astype(np.float32)
        for v, w in zip(model.variables, initial_weights(model, 0), strict=True)
    ]
    Z = rng.normal(size=(9, made.params["n_inputs"])).astype(np.float32)
    for j, cardinality in enumerate(reversed(made.params["cardinalities"]), start=1):
        Z[:, -j] = rng.integers(0, cardinality, 9)
    for variable, value in zip(model.variables, weights, strict=True):
        variable.assign(value.astype(variable.dtype))
    quick = numpy_forward(made, weights)
    np.testing.assert_allclose(quick(Z), np.asarray(model(Z)), atol=2e-5)
    owners = {id(v): f"{la.name}/{v.name}" for la in model.layers for v in la.variables}
    assert [owners[id(v)] for v in model.variables] == tabm_names(made.params)


@pytest.mark.parametrize(
    ("kind", "variant"),
    [("binary", "tabm"), ("multiclass", "mini"), ("multilabel", "packed"), ("regression", "tabm")],
)
def test_the_average_is_that_of_the_members_probabilities(kind, variant):
    n_outputs = 1 if kind == "binary" else 3
    lone = architecture(kind=kind, n_outputs=n_outputs, variant=variant)
    weights = [3 * w if w.ndim else w for w in initial_weights(lone.build(), 0)]
    Z = np.random.default_rng(0).normal(size=(11, 6)).astype(np.float32)
    members = Network(lone, weights, make_loss("auto", kind), n_outputs, (6,)).forward(
        np.repeat(Z[:, None], 4, axis=1)
    )
    network = Network(
        lone.changed(aggregate=True), weights, make_loss("auto", kind), n_outputs, (6,)
    )
    raw = network.forward(Z)
    assert raw.shape == (11, n_outputs) and members.shape == (11, 4, n_outputs)
    assert np.ptp(members, axis=1).min() > 0
    np.testing.assert_allclose(network.member_outputs(Z), members.transpose(1, 0, 2), rtol=1e-5)
    if kind == "regression":
        given, expected = raw, members.mean(axis=1)
    elif kind == "multiclass":
        given, expected = np.exp(raw), softmax(members, axis=-1).mean(axis=1)
    else:
        given, expected = expit(raw), expit(members).mean(axis=1)
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-5)


def test_each_member_reads_its_own_rows():
    model = architecture().build()
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(5, 4, 6)).astype(np.float32)
    changed = Z.copy()
    changed[:, 2] += 1.0
    moved = np.asarray(model(Z)) != np.asarray(model(changed))
    assert moved[:, 2].all() and not moved[:, [0, 1, 3]].any()


def program_of(loss, **changes):
    optimizer = make_optimizer("adamw", weight_decay=3e-4)
    return backend.training_program(architecture(**changes), loss, optimizer), optimizer


def test_the_loss_is_the_mean_of_the_members_losses():
    loss = make_loss("auto", "regression")
    program, optimizer = program_of(loss)
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1, 8, 4, 6)).astype(np.float32)
    y, w = rng.normal(size=(1, 8, 4)).astype(np.float32), np.ones((1, 8, 4), np.float32)
    with program.lock:
        program.start(optimizer.hyper, None, 0)
        before = program.get_weights()
        raw = np.asarray(program.model(x[0]))[..., 0]
        steps = program.run(x, y, w, np.array([[0.01, 1, 1]], np.float32))
        after = program.get_weights()
    assert program.members == 4 and program.independent_members == 0
    np.testing.assert_allclose(np.mean(steps), np.mean((raw - y[0]) ** 2), rtol=1e-5)
    assert all((a != b).any() for a, b in zip(before, after, strict=True) if a.ndim)


def test_weight_decay_spares_biases_and_the_linear_part_of_embeddings():
    program, _ = program_of(make_loss("auto", "regression"), n_bins=4)
    variables = program.model.trainable_variables
    decayed = {variables[i].path for i in program._kernels}
    assert decayed == {
        "values/kernel", "dense_0/kernel", "dense_0/r", "dense_0/s",
        "dense_1/kernel", "dense_1/r", "dense_1/s", "output/kernel",
    }  # fmt: skip


def test_it_is_known_to_pay_under_xla_and_to_keep_rows_apart():
    program, _ = program_of(make_loss("auto", "regression"), n_bins=4, dropout=True)
    assert program.xla_pays and program.rows_are_independent


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="variant='big' was given; expected one of"):
        architecture(variant="big").build()
