"""The FT-Transformer: tokens, attention, dropouts, sizes."""

import numpy as np
import pytest

from appliednn.core import backend
from appliednn.core._architecture import Architecture, initial_weights
from appliednn.core._losses import make_loss
from appliednn.core._numpy_forward import count_parameters
from appliednn.core._optimizers import make_optimizer
from appliednn.tabular.networks._ft_transformer_layers import FeatureTokens, ReGLU, TokenAttention

FULL = {
    "n_inputs": 5, "n_outputs": 2, "n_blocks": 2, "width": 8, "heads": 2, "hidden_width": 10,
    "dropout": False, "residual_dropout": False, "cardinalities": [4, 3],
}  # fmt: skip


def architecture(**changes):
    return Architecture.of("ft_transformer", **{**FULL, **changes})


def rows(n):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(n, 5)).astype(np.float32)
    Z[:, 3], Z[:, 4] = rng.integers(0, 4, n), rng.integers(0, 3, n)
    return Z


def test_tokens_are_scaled_numbers_and_looked_up_categories():
    layer = FeatureTokens(6, [4, 3])
    layer.build((None, 5))
    Z = rows(9)
    tokens = np.asarray(layer(Z))
    first, weight, bias, table = (
        np.asarray(w) for w in (layer.first, layer.weight, layer.bias, layer.table)
    )
    assert tokens.shape == (9, 6, 6) and bias.shape == (5, 6) and table.shape == (7, 6)
    np.testing.assert_array_equal(tokens[:, 0], np.repeat(first, 9, axis=0))
    np.testing.assert_allclose(tokens[:, 1:4], Z[:, :3, None] * weight + bias[:3], rtol=1e-6)
    codes = Z[:, 3:].astype(int) + [0, 4]
    np.testing.assert_allclose(tokens[:, 4:], table[codes] + bias[3:], rtol=1e-6)
    assert max(np.abs(w).max() for w in (first, weight, bias, table)) <= 6**-0.5


@pytest.mark.parametrize("first_only", [False, True])
def test_attention_is_its_formula(first_only):
    layer = TokenAttention(2, first_only, dropout=False)
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype(np.float32)
    layer.build(x.shape)
    layer.bias.assign(np.random.default_rng(1).normal(size=24))
    out = np.asarray(layer(x))
    kernel, bias = np.asarray(layer.kernel), np.asarray(layer.bias)
    q, k, v = np.split(x @ kernel + bias, 3, axis=-1)
    mixed = np.zeros_like(q)
    for head in (slice(0, 4), slice(4, 8)):
        scores = q[..., head] @ k[..., head].transpose(0, 2, 1) / np.sqrt(4)
        shares = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
        mixed[..., head] = shares @ v[..., head]
    expected = mixed @ np.asarray(layer.output_kernel) + np.asarray(layer.output_bias)
    np.testing.assert_allclose(out, expected[:, :1] if first_only else expected, atol=1e-5)


def test_reglu_gates_the_first_half_by_the_second():
    x = np.array([[2.0, 3.0, 4.0, -1.0]], np.float32)
    assert np.asarray(ReGLU()(x)).tolist() == [[8.0, 0.0]]


def test_the_order_of_numbers_means_nothing():
    model = architecture(cardinalities=[]).build()
    tokens = model.get_layer("tokens")
    Z, order = rows(6), [3, 0, 4, 1, 2]
    before = np.asarray(model(Z))
    for weight in (tokens.weight, tokens.bias):
        weight.assign(np.asarray(weight)[order])
    np.testing.assert_allclose(np.asarray(model(Z[:, order])), before, atol=1e-5)


def test_the_first_attention_reads_raw_tokens_and_the_last_asks_for_the_row_alone():
    model = architecture(n_blocks=3).build()
    names = [layer.name for layer in model.layers]
    assert "normalization_0_attention" not in names
    assert {"normalization_1_attention", "normalization_2_attention"} <= set(names)
    asked = [model.get_layer(f"attention_{i}").output.shape[1] for i in range(3)]
    assert asked == [6, 6, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dropout": True, "n_blocks": 3},
        {"residual_dropout": True, "n_blocks": 1},
        {"cardinalities": []},
        {"cardinalities": [2, 2, 2, 2, 2]},
    ],
)
def test_the_number_of_parameters_is_known_without_the_model(changes):
    made = architecture(**changes)
    assert count_parameters(made) == sum(v.numpy().size for v in made.build().variables)


def test_the_default_has_the_size_of_the_published_one():
    # rtdl_revisiting_models 0.0.2: FTTransformer(n_cont_features=10, cat_cardinalities=[],
    # d_out=1, **FTTransformer.get_default_kwargs()) has 895 681 parameters.
    made = architecture(
        n_inputs=10,
        n_outputs=1,
        n_blocks=3,
        width=192,
        heads=8,
        hidden_width=256,
        cardinalities=[],
    )
    assert count_parameters(made) == 895_681


def test_each_dropout_takes_its_own_rate_and_embeddings_are_not_decayed():
    program = backend.training_program(
        architecture(dropout=True, residual_dropout=True),
        make_loss("auto", "regression"),
        optimizer := make_optimizer("adamw", weight_decay=1e-5),
    )
    hyper = {**optimizer.hyper, "dropout": 0.1, "dropout_attention": 0.2, "dropout_residual": 0.3}
    with program.lock:
        program.start(hyper, None, 0)
        rates = {la.group: round(float(la.rate.numpy()), 3) for la in program._dropouts}
    assert rates == {"": 0.1, "_attention": 0.2, "_residual": 0.3}
    decayed = {program.model.trainable_variables[i].path for i in program._kernels}
    assert not any("tokens" in path or "normalization" in path for path in decayed)
    assert {"attention_0/output_kernel", "dense_1_0/kernel", "output/kernel"} <= decayed
    assert program.xla_pays and program.rows_are_independent


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="heads=3 was given; expected a divisor of the width 8"):
        architecture(heads=3).build()


def test_one_seed_gives_the_same_weights():
    model = architecture().build()
    first, again, other = (initial_weights(model, seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
