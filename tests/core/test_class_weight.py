"""Class weights against scikit-learn's."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from appliednn import MLPClassifier
from appliednn.core._class_weight import ClassWeights
from appliednn.core._target import ClassTarget

rng = np.random.default_rng(0)
LABELS = np.array(["a", "b", "c"])[rng.choice(3, 90, p=[0.6, 0.3, 0.1])]
FLAGS = (rng.random((60, 3)) < [0.2, 0.5, 0.7]).astype(int)


def weights(class_weight, y, sample_weight=None):
    target = ClassTarget.learn(y)
    encoded = target.encode(y)
    given = np.ones(len(y)) if sample_weight is None else sample_weight
    return ClassWeights.learn(class_weight, target, encoded, given).of(encoded)


@pytest.mark.parametrize("class_weight", ["balanced", {"a": 2.0, "b": 3.0, "c": 0.5}, {"c": 4.0}])
def test_rows_are_weighted_as_scikit_learn_does(class_weight):
    expected = compute_sample_weight(class_weight, LABELS)
    np.testing.assert_allclose(weights(class_weight, LABELS), expected, rtol=1e-6)


@pytest.mark.parametrize("class_weight", ["balanced", [{0: 1, 1: 2}, {0: 3, 1: 1}, {0: 1, 1: 5}]])
def test_labels_multiply(class_weight):
    expected = compute_sample_weight(class_weight, FLAGS)
    np.testing.assert_allclose(weights(class_weight, FLAGS), expected, rtol=1e-6)


def test_sample_weights_count_in_balanced():
    sample_weight = rng.integers(1, 4, len(LABELS))
    classes = np.unique(LABELS)
    by_class = compute_class_weight(
        "balanced", classes=classes, y=np.repeat(LABELS, sample_weight)
    )
    expected = by_class[np.searchsorted(classes, LABELS)]
    ours = weights("balanced", LABELS, sample_weight)
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_wrong_class_weights_are_named():
    with pytest.raises(ValueError, match="list of 3 dicts"):
        weights({0: 1, 1: 2}, FLAGS)
    with pytest.raises(ValueError, match="not in class_weight"):
        weights({"z": 2}, LABELS)


def test_held_out_rows_are_weighted_by_class_too(blobs):
    X, y = blobs
    model = MLPClassifier(
        (4,), epochs=1, class_weight={0: 1.0, 1: 9.0}, random_state=0, early_stopping=True
    ).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    held = y[200:]
    p = model.predict_proba(X[200:]).astype(np.float64)[np.arange(100), held]
    expected = np.average(-np.log(p), weights=np.where(held == 1, 9.0, 1.0))
    assert model.history_["val_loss"][0] == pytest.approx(expected, rel=1e-4)


def test_class_weights_leave_the_scaling_alone(blobs):
    X, y = blobs
    plain = MLPClassifier((4,), epochs=1, random_state=0).fit(X, y)
    heavy = MLPClassifier((4,), epochs=1, random_state=0, class_weight={1: 50.0}).fit(X, y)
    assert (plain.encode(X) == heavy.encode(X)).all()


def test_the_users_metric_is_weighted_by_sample_weight_alone(blobs):
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    X, y = blobs
    sample_weight = rng.random(len(y))
    settings = {"epochs": 1, "early_stopping": True, "scoring": "accuracy", "random_state": 0}
    model = MLPClassifier((4,), class_weight={0: 1, 1: 30}, **settings)
    model.fit(np.c_[X, np.arange(300)], y, sample_weight)
    from appliednn.core._random import spawn_seeds

    held = train_test_split(
        np.arange(300), test_size=0.1, random_state=spawn_seeds(0, 4)[0], stratify=y
    )[1]
    predicted = model.predict(np.c_[X, np.arange(300)][held])
    expected = accuracy_score(y[held], predicted, sample_weight=sample_weight[held])
    assert model.history_["val_accuracy"][0] == pytest.approx(expected, rel=1e-6)
