"""The perceptron: scikit-learn's rule step by step, its loss, its probabilities."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import Perceptron
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import appliednn
from appliednn import PerceptronClassifier
from appliednn.core._losses import make_loss

EXACT = {"epochs": 60, "batch_size": "full", "random_state": 0, "precision": "float64"}
EXACT |= {"early_stopping": False}


@parametrize_with_checks(
    [PerceptronClassifier(**EXACT)], expected_failed_checks=lambda estimator: {}
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def rule(**more):
    """Return a perceptron that sees one row after the other, as scikit-learn's does."""
    options = {"batch_size": 1, "shuffle": False, "early_stopping": False, "precision": "float64"}
    return PerceptronClassifier(1.0, numeric="passthrough", calibrate=False, **options, **more)


@pytest.mark.parametrize("epochs", [1, 5])
def test_one_row_after_the_other_it_is_the_perceptron_of_scikit_learn(epochs):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)[:200]
    y = y[:200]
    theirs = Perceptron(max_iter=epochs, tol=None, shuffle=False).fit(X, y)
    ours = rule(epochs=epochs).fit(X, y)
    kernel, bias = ours.network_.weights
    np.testing.assert_allclose(kernel[:, 0], theirs.coef_[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_the_loss_is_the_distance_to_the_right_side():
    y, raw = np.array([1.0, 1.0, 0.0, 0.0], np.float32), np.array([[2.0], [-0.5], [3.0], [-1.0]])
    loss = make_loss("perceptron", "binary")
    assert np.asarray(loss.rows(y, raw.astype(np.float32), {})).tolist() == [0.0, 0.5, 3.0, 0.0]
    several = make_loss("perceptron", "multiclass")
    raw = np.array([[1.0, 4.0, 2.0], [1.0, 4.0, 2.0]], np.float32)
    assert np.asarray(several.rows(np.array([0, 1]), raw, {})).tolist() == [3.0, 0.0]


def test_the_learning_rate_sets_the_scale_alone():
    X, y = load_breast_cancer(return_X_y=True)
    first, second = (
        PerceptronClassifier(rate, epochs=5, calibrate=False, random_state=0).fit(X, y)
        for rate in (0.1, 1.0)
    )
    np.testing.assert_allclose(
        10 * first.decision_function(X), second.decision_function(X), rtol=1e-3, atol=1e-3
    )


def test_several_classes_are_told_apart():
    X, y = load_iris(return_X_y=True)
    model = PerceptronClassifier(random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9
    assert model.network_.weights[0].shape == (4, 3)


def test_held_out_rows_calibrate_the_probabilities(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    model = PerceptronClassifier(random_state=0).fit(X, y)
    z = model.decision_function(X)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-5)
    raw = PerceptronClassifier(calibrate=False, random_state=0).fit(X, y)
    np.testing.assert_allclose(raw.decision_function(X) / model.temperature_, z, rtol=1e-4)
    model.save(tmp_path / "m.ann")
    loaded = appliednn.load(tmp_path / "m.ann")
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()
