"""Losses against Keras, scikit-learn and closed forms."""

import keras
import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import hinge_loss, log_loss, mean_pinball_loss, mean_poisson_deviance

from appliednn.core._keras_losses import make_keras_loss
from appliednn.core._losses import make_loss

rng = np.random.default_rng(0)
N = 40
Z1 = rng.normal(size=(N, 1)).astype(np.float32)
ZK = rng.normal(size=(N, 3)).astype(np.float32)
Y2 = rng.integers(0, 2, N).astype(np.float32)
YK = rng.integers(0, 3, N).astype(np.int32)
YR = np.abs(rng.normal(size=N)).astype(np.float32)


def rows(loss, y, raw):
    hyper = {**loss.hyper}
    return np.asarray(
        loss.rows(keras.ops.convert_to_tensor(y), keras.ops.convert_to_tensor(raw), hyper)
    )


def test_binary_cross_entropy_is_the_log_loss():
    ours = rows(make_loss("auto", "binary"), Y2, Z1).mean()
    assert ours == pytest.approx(log_loss(Y2, expit(Z1[:, 0])), rel=1e-5)


def test_multiclass_cross_entropy_is_the_log_loss():
    ours = rows(make_loss("auto", "multiclass"), YK, ZK).mean()
    assert ours == pytest.approx(log_loss(YK, softmax(ZK, axis=1)), rel=1e-5)


def test_multilabel_cross_entropy_is_the_mean_over_labels():
    y = rng.integers(0, 2, (N, 3)).astype(np.float32)
    p = expit(ZK)
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=1)
    np.testing.assert_allclose(rows(make_loss("auto", "multilabel"), y, ZK), expected, rtol=1e-4)


def test_label_smoothing_matches_keras():
    ours = rows(make_loss("auto", "multiclass", label_smoothing=0.2), YK, ZK)
    keras_loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.2, reduction="none"
    )
    expected = np.asarray(keras_loss(np.eye(3, dtype=np.float32)[YK], ZK))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_binary_label_smoothing_matches_keras():
    ours = rows(make_loss("auto", "binary", label_smoothing=0.2), Y2, Z1)
    keras_loss = keras.losses.BinaryCrossentropy(
        from_logits=True, label_smoothing=0.2, reduction="none"
    )
    np.testing.assert_allclose(ours, np.asarray(keras_loss(Y2[:, None], Z1)), rtol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_binary_focal_matches_keras(gamma):
    ours = rows(make_loss("focal", "binary", {"gamma": gamma}), Y2, Z1)
    keras_loss = keras.losses.BinaryFocalCrossentropy(
        gamma=gamma, from_logits=True, reduction="none"
    )
    np.testing.assert_allclose(ours, np.asarray(keras_loss(Y2[:, None], Z1)), rtol=1e-4, atol=1e-6)


def test_multiclass_focal_is_the_formula_of_the_paper():
    p = softmax(ZK, axis=1)[np.arange(N), YK]
    np.testing.assert_allclose(
        rows(make_loss("focal", "multiclass"), YK, ZK), -((1 - p) ** 2) * np.log(p), rtol=1e-4
    )


def test_hinge_matches_scikit_learn():
    assert rows(make_loss("hinge", "binary"), Y2, Z1).mean() == pytest.approx(
        hinge_loss(Y2, Z1[:, 0]), rel=1e-5
    )
    assert rows(make_loss("hinge", "multiclass"), YK, ZK).mean() == pytest.approx(
        hinge_loss(YK, ZK), rel=1e-5
    )


def test_squared_hinge_is_the_square():
    margin = np.maximum(0, 1 - (2 * Y2 - 1) * Z1[:, 0])
    np.testing.assert_allclose(
        rows(make_loss("squared_hinge", "binary"), Y2, Z1), margin**2, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("name", "params", "expected"),
    [
        ("mse", None, lambda y, p: ((y - p) ** 2).mean()),
        ("mae", None, lambda y, p: np.abs(y - p).mean()),
        ("quantile", {"quantile": 0.9}, lambda y, p: mean_pinball_loss(y, p, alpha=0.9)),
    ],
)
def test_regression_losses_match_scikit_learn(name, params, expected):
    ours = rows(make_loss(name, "regression", params), YR, Z1).mean()
    assert ours == pytest.approx(expected(YR, Z1[:, 0]), rel=1e-5)


def test_huber_matches_keras():
    ours = rows(make_loss("huber", "regression", {"delta": 0.7}), YR, Z1)
    expected = np.asarray(keras.losses.Huber(delta=0.7, reduction="none")(YR[:, None], Z1))
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_poisson_differs_from_the_deviance_by_a_constant_of_the_target():
    y = rng.poisson(2.0, N).astype(np.float32)
    a, b = Z1, Z1[::-1]
    loss = make_loss("poisson", "regression")
    ours = rows(loss, y, a).mean() - rows(loss, y, b).mean()
    deviance = mean_poisson_deviance(y, np.exp(a[:, 0])) - mean_poisson_deviance(
        y, np.exp(b[:, 0])
    )
    assert ours == pytest.approx(deviance / 2, rel=1e-3)


@pytest.mark.parametrize("name", ["log_cosh", "LogCosh", "mean_absolute_percentage_error"])
def test_any_keras_loss_by_name(name):
    ours = rows(make_loss(name, "regression"), YR, Z1)
    cls = (
        keras.losses.LogCosh
        if "og" in name and "osh" in name
        else keras.losses.MeanAbsolutePercentageError
    )
    np.testing.assert_allclose(ours, np.asarray(cls(reduction="none")(YR[:, None], Z1)), rtol=1e-5)


def test_a_keras_instance_keeps_its_settings():
    loss = make_loss(keras.losses.Huber(delta=0.3), "regression")
    expected = np.asarray(keras.losses.Huber(delta=0.3, reduction="none")(YR[:, None], Z1))
    np.testing.assert_allclose(rows(loss, YR, Z1), expected, rtol=1e-5)


def test_a_keras_loss_by_name_reads_probabilities_when_told_so():
    p = softmax(ZK, axis=1).astype(np.float32)
    loss = make_keras_loss("sparse_categorical_crossentropy", "multiclass", from_logits=False)
    assert rows(loss, YK, p).mean() == pytest.approx(log_loss(YK, p), rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "params", "message"),
    [
        ("hubber", None, "did you mean 'huber'"),
        ("huber", {"delt": 1.0}, "did you mean 'delta'"),
        (3, None, "expected a name or a keras.losses.Loss"),
    ],
)
def test_a_wrong_loss_is_named_with_a_suggestion(loss, params, message):
    with pytest.raises(ValueError, match=message):
        make_loss(loss, "regression", params)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("mean_squared_error", lambda y, p: (y - p) ** 2),
        (keras.losses.BinaryCrossentropy(), lambda y, p: -np.log(np.where(y == 1, p, 1 - p))),
        ("BinaryCrossentropy", lambda y, p: -np.log(np.where(y == 1, p, 1 - p))),
        ("CategoricalCrossentropy", lambda y, p: -np.log(np.where(y == 1, p, 1 - p))),
        ("SparseCategoricalCrossentropy", lambda y, p: -np.log(np.where(y == 1, p, 1 - p))),
        ("KLDivergence", lambda y, p: -np.log(np.where(y == 1, p, 1 - p))),
        ("poisson", lambda y, p: p - y * np.log(p)),
        (lambda y, p: keras.ops.abs(y - p), lambda y, p: np.abs(y - p)),
    ],
)
def test_keras_losses_see_the_probability_of_two_classes(given, expected):
    ours = rows(make_loss(given, "binary"), Y2, Z1)
    np.testing.assert_allclose(ours, expected(Y2, expit(Z1[:, 0])), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["KLDivergence", "CategoricalCrossentropy"])
def test_keras_losses_see_the_probabilities_of_several_classes(name):
    expected = -np.log(softmax(ZK, axis=1)[np.arange(N), YK])
    np.testing.assert_allclose(rows(make_loss(name, "multiclass"), YK, ZK), expected, rtol=1e-3)


def test_hinges_see_margins():
    loss = make_loss("CategoricalHinge", "binary")
    columns = np.hstack([-Z1, Z1]) / 2
    expected = keras.losses.CategoricalHinge(reduction="none")(
        np.eye(2, dtype=np.float32)[Y2.astype(int)], columns
    )
    np.testing.assert_allclose(rows(loss, Y2, Z1), np.asarray(expected), rtol=1e-5)
    np.testing.assert_allclose(rows(loss, Y2, Z1), rows(loss, 1 - Y2, -Z1), rtol=1e-5)
    ours = rows(make_loss("CategoricalHinge", "multiclass"), YK, ZK)
    expected = keras.losses.CategoricalHinge(reduction="none")(np.eye(3, dtype=np.float32)[YK], ZK)
    np.testing.assert_allclose(ours, np.asarray(expected), rtol=1e-5)


class Cubic(keras.losses.Loss):
    """Of a user's own."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = factor

    def call(self, y, p):
        return self.factor * keras.ops.abs(y - p)[:, 0] ** 3

    def get_config(self):
        return {"factor": self.factor}


def test_a_loss_class_of_the_users_own_is_a_value():
    loss = make_loss(Cubic(2.0), "regression")
    assert loss == make_loss(Cubic(2.0), "regression") != make_loss(Cubic(3.0), "regression")
    np.testing.assert_allclose(rows(loss, YR, Z1), 2 * np.abs(YR - Z1[:, 0]) ** 3, rtol=1e-4)


@pytest.mark.parametrize(
    ("loss", "kind", "params", "smoothing", "message"),
    [
        ("quantile", "regression", {"quantile": 90}, 0, "between 0 and 1"),
        ("huber", "regression", {"delta": 0}, 0, "above 0"),
        ("focal", "binary", {"gamma": "2"}, 0, "of at least 0"),
        ("hinge", "binary", None, 0.1, "label_smoothing=0.1"),
        ("mean_squared_error", "binary", None, 0.1, "label_smoothing=0.1"),
        ("CategoricalCrossentropy", "regression", None, 0, "the target is numeric"),
        ("SparseCategoricalCrossentropy", "multilabel", None, 0, "multi-label"),
        ("circle", "multiclass", None, 0, "does not compare"),
    ],
)
def test_what_a_loss_cannot_do_is_said(loss, kind, params, smoothing, message):
    with pytest.raises(ValueError, match=message):
        make_loss(loss, kind, params, smoothing)


def test_a_configuration_names_no_code():
    from appliednn.core._losses import Loss

    foreign = '{"class_name": "os.system", "config": {}, "module": "os"}'
    with pytest.raises(AttributeError):
        rows(Loss("keras", "regression", keras_config=foreign), YR, Z1)
