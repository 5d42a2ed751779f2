"""The fitted network: NumPy pass, gradients and attacks against references."""

import pickle

import keras
import numpy as np
import pytest

from appliednn import MLPClassifier, MLPRegressor

CONFIGS = [
    {},
    {"activation": "gelu", "residual": True},
    {"activation": "swish", "normalization": "batch"},
    {"activation": "leaky_relu", "dropout": 0.2, "normalization": "batch"},
    {"activation": "selu", "normalization": "layer"},
    {"activation": "elu", "dropout": 0.3},
    {"activation": "sigmoid"},
    {"activation": "tanh"},
]


@pytest.fixture(scope="module")
def fitted(blobs):
    return MLPClassifier((8, 8), epochs=3, random_state=0).fit(*blobs)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_numpy_pass_equals_the_keras_model(config, blobs):
    X, y = blobs
    model = MLPClassifier((8, 6), epochs=2, learning_rate=0.05, random_state=0, **config).fit(X, y)
    Z = model.encode(X)
    expected = np.asarray(model.network_.to_keras()(Z, training=False))
    np.testing.assert_allclose(model.network_.forward(Z), expected, rtol=1e-4, atol=1e-5)


def test_many_rows_go_through_the_compiled_function(fitted, blobs):
    Z = np.tile(fitted.encode(blobs[0]), (300, 1))
    expected = np.asarray(fitted.network_.to_keras()(Z, training=False))
    np.testing.assert_allclose(fitted.network_.forward(Z), expected, rtol=1e-4, atol=1e-5)


def test_the_loss_gradient_is_the_finite_difference(fitted, blobs):
    X, y = blobs
    Z = fitted.encode(X)[:10].astype(np.float64)
    target = fitted.encode_target(y)[:10]

    def losses(points):
        raw = fitted.network_.forward(points.astype(np.float32))[:, 0].astype(np.float64)
        return np.logaddexp(0, raw) - target * raw

    gradient = fitted.network_.loss_gradient(Z, target)
    for j in range(Z.shape[1]):
        h = np.zeros(Z.shape[1])
        h[j] = 1e-2
        numeric = (losses(Z + h) - losses(Z - h)) / 2e-2
        np.testing.assert_allclose(gradient[:, j], numeric, atol=2e-3)


def test_the_output_gradient_of_a_linear_net_is_its_weights():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    model = MLPRegressor((), epochs=5, random_state=0).fit(X, X @ [1.0, 2.0, 0.0, -1.0])
    gradient = model.network_.output_gradient(model.encode(X))
    kernel = next(w for w in model.network_.weights if w.ndim == 2)
    np.testing.assert_allclose(gradient, np.tile(kernel[:, 0], (60, 1)), rtol=1e-5)


def test_one_projected_step_is_the_fast_gradient_sign(fitted, blobs):
    X, y = blobs
    Z, target = fitted.encode(X), fitted.encode_target(y)
    adversarial = fitted.network_.projected_gradient(Z, target, eps=0.1, step=0.1, n_steps=1)
    expected = Z + 0.1 * np.sign(fitted.network_.loss_gradient(Z, target))
    moved = np.abs(adversarial - Z).max(axis=1) > 0
    np.testing.assert_allclose(adversarial[moved], expected[moved], atol=1e-6)
    assert moved.mean() > 0.9


def test_an_attack_stays_in_its_box_and_mask_and_never_helps(fitted, blobs):
    X, y = blobs
    Z, target = fitted.encode(X), fitted.encode_target(y)
    mask = np.array([True, True, False, True, True, False])
    adversarial = fitted.network_.projected_gradient(
        Z, target, eps=0.2, n_steps=10, mask=mask, random_start=True, upper=3.0
    )
    assert np.abs(adversarial - Z).max() <= 0.2 + 1e-6
    assert (adversarial[:, ~mask] == Z[:, ~mask]).all()
    clean = np.where(target == 1, 1, -1) * fitted.network_.forward(Z)[:, 0]
    attacked = np.where(target == 1, 1, -1) * fitted.network_.forward(adversarial)[:, 0]
    assert (attacked <= clean + 1e-5).all()


def test_layer_outputs_and_gradient_norms_name_the_layers(fitted, blobs):
    Z, target = fitted.encode(blobs[0]), fitted.encode_target(blobs[1])
    outputs = fitted.network_.layer_outputs(Z)
    assert {k: v.shape for k, v in outputs.items()} == {
        "activation_0": (300, 8),
        "activation_1": (300, 8),
    }
    kernel, bias = fitted.network_.weights[:2]
    np.testing.assert_allclose(
        outputs["activation_0"], np.maximum(Z @ kernel + bias, 0), rtol=1e-4, atol=1e-5
    )
    norms = fitted.network_.weight_gradient_norms(Z, target)
    assert set(norms) == {"dense_0", "dense_1", "output"}
    raw = fitted.network_.forward(Z)[:, 0]
    error = (1 / (1 + np.exp(-raw)) - target) / len(Z)
    expected = np.linalg.norm(outputs["activation_1"].T @ error)
    assert norms["output"] == pytest.approx(expected, rel=1e-3)


def test_a_randomised_network_has_the_shape_and_not_the_weights(fitted):
    other = fitted.network_.randomized(5)
    assert [w.shape for w in other.weights] == [w.shape for w in fitted.network_.weights]
    assert np.abs(other.weights[0] - fitted.network_.weights[0]).max() > 0.1


def test_a_pickled_network_predicts_the_same(fitted, blobs):
    Z = fitted.encode(blobs[0])
    copy = pickle.loads(pickle.dumps(fitted.network_))
    assert (copy.forward(Z) == fitted.network_.forward(Z)).all()


def test_to_keras_gives_an_ordinary_model(fitted, blobs):
    model = fitted.network_.to_keras()
    assert isinstance(model, keras.Model)
    assert model.count_params() == fitted.network_.n_parameters


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_parameters_are_counted_without_building(config, blobs):
    from appliednn.core._numpy_forward import count_parameters

    X, y = blobs
    model = MLPClassifier((8, 6), epochs=1, random_state=0, **config).fit(X, y)
    stored = sum(w.size for w in model.network_.weights)
    assert count_parameters(model.network_.architecture) == stored


def test_embeddings_are_counted(mixed_frame):
    from appliednn.core._numpy_forward import count_parameters

    model = MLPClassifier((8,), epochs=1, categorical="embedding", random_state=0).fit(
        *mixed_frame
    )
    stored = sum(w.size for w in model.network_.weights)
    assert count_parameters(model.network_.architecture) == stored


def test_weights_of_another_size_are_refused(fitted):
    from appliednn.core import Network
    from appliednn.core._architecture import Architecture
    from appliednn.core.errors import IntegrityError

    state = fitted.network_.__ann_state__()
    params = {**fitted.network_.architecture.params, "hidden_layer_sizes": [10**9, 10**9]}
    state.params["architecture"] = Architecture.of("mlp", **params)
    with pytest.raises(IntegrityError, match="describes a network of"):
        Network.__ann_restore__(state)
