"""Every check of scikit-learn, without an expected failure, and our own beyond them."""

import pickle
import random

import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import appliednn
from appliednn import (
    KerasClassifier,
    KerasRegressor,
    MLPClassifier,
    MLPRegressor,
    RealMLPClassifier,
    RealMLPRegressor,
)

# Integer weights equal repeated rows to the last digit only in full batches of doubles.
EXACT = {"epochs": 60, "learning_rate": 0.01, "batch_size": "full", "random_state": 0}
EXACT |= {"precision": "float64", "early_stopping": False}
# One row more in a batch of all rows must not change what is dropped or drawn.
REAL = {**EXACT, "dropout": 0.0, "learning_rate": 0.02}


def build(meta, hidden=16):
    n = meta["n_outputs_expected_"]
    kind = meta["target_type_"]
    last = "linear" if "continuous" in kind else "softmax" if kind == "multiclass" else "sigmoid"
    return keras.Sequential(
        [
            keras.layers.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(n, activation=last),
        ]
    )


@parametrize_with_checks(
    [
        MLPClassifier((16,), **EXACT),
        MLPRegressor((16,), **EXACT),
        KerasClassifier(build, numeric="standard", **EXACT),
        KerasRegressor(build, numeric="standard", **EXACT),
        RealMLPClassifier(hidden_layer_sizes=(16,), **REAL),
        RealMLPRegressor(hidden_layer_sizes=(16,), **REAL),
        RealMLPClassifier("td-s", hidden_layer_sizes=(16,), n_ensemble=2, **REAL),
    ],
    expected_failed_checks=lambda estimator: {},
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


SMALL = {"epochs": 3, "learning_rate": 0.02, "random_state": 0}
ESTIMATORS = {
    "MLPClassifier": MLPClassifier((8,), dropout=0.1, **SMALL),
    "MLPRegressor": MLPRegressor((8,), **SMALL),
    "KerasClassifier": KerasClassifier(build, hidden=8, **SMALL),
    "KerasRegressor": KerasRegressor(build, hidden=8, **SMALL),
    "RealMLPClassifier": RealMLPClassifier(hidden_layer_sizes=(8,), **SMALL),
    "RealMLPRegressor": RealMLPRegressor(hidden_layer_sizes=(8,), n_ensemble=2, **SMALL),
}
each = pytest.mark.parametrize("name", ESTIMATORS)


def answers(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


@each
def test_two_fits_with_one_seed_agree_bit_for_bit(name, blobs):
    first, second = clone(ESTIMATORS[name]).fit(*blobs), clone(ESTIMATORS[name]).fit(*blobs)
    assert (answers(first, blobs[0]) == answers(second, blobs[0])).all()


@each
def test_clone_keeps_every_parameter(name):
    model = ESTIMATORS[name]
    assert clone(model).get_params() == model.get_params()


@each
def test_a_pickled_model_predicts_and_trains_on(name, blobs):
    X, y = blobs
    model = clone(ESTIMATORS[name]).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert (answers(copy, X) == answers(model, X)).all()
    model.partial_fit(X, y)
    copy.partial_fit(X, y)
    assert (answers(copy, X) == answers(model, X)).all()
    assert copy.n_epochs_ == 4


@each
def test_a_model_file_predicts_the_same(name, blobs, tmp_path):
    X, y = blobs
    model = clone(ESTIMATORS[name]).fit(X, y)
    model.save(tmp_path / "m.ann")
    loaded = appliednn.load(tmp_path / "m.ann")
    assert (answers(loaded, X) == answers(model, X)).all()
    assert [p.name for p in tmp_path.iterdir()] == ["m.ann"]


@each
def test_fit_leaves_global_random_state_and_determinism_alone(name, blobs):
    from tensorflow.python.framework import config

    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    states = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    clone(ESTIMATORS[name]).fit(*blobs)
    assert random.getstate() == states[0]
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002
    assert not config.is_op_determinism_enabled()


def test_an_unseeded_model_still_trains_after_a_seeded_one(blobs):
    clone(ESTIMATORS["MLPClassifier"]).fit(*blobs)
    first = MLPClassifier((8,), epochs=2).fit(*blobs)
    second = MLPClassifier((8,), epochs=2).fit(*blobs)
    assert (first.predict_proba(blobs[0]) != second.predict_proba(blobs[0])).any()


@each
def test_fit_writes_no_file(name, blobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clone(ESTIMATORS[name]).fit(*blobs)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["MLPClassifier", "KerasClassifier", "RealMLPClassifier"])
def test_it_stays_a_classifier_inside_others(name, blobs):
    X, y = blobs
    model = clone(ESTIMATORS[name])
    assert is_classifier(make_pipeline(StandardScaler(), model))
    voting = VotingClassifier([("a", model), ("b", clone(model))], voting="soft").fit(X, y)
    assert is_classifier(voting)
    assert voting.predict_proba(X).shape == (300, 2)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (300, 2)
