"""Snapshots: the networks of one run at the ends of its cycles."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.linear_model import LogisticRegression

from appliednn import (
    KerasClassifier,
    MLPClassifier,
    MLPRegressor,
    RealMLPClassifier,
    RealMLPRegressor,
)
from appliednn.ensemble import SnapshotClassifier, SnapshotRegressor

SMALL = {"hidden_layer_sizes": (8,), "epochs": 7, "learning_rate": 0.02, "batch_size": 32}


def test_the_rate_falls_to_zero_in_every_cycle(blobs):
    X, y = blobs
    model = SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=3, random_state=0).fit(X, y)
    assert len(model.estimators_) == 3
    assert model.best_epoch_.tolist() == [1, 3, 6]
    steps = 10  # 300 rows in batches of 32; cycles of 2, 2 and 3 epochs
    last_of_epoch = []
    for length in (2, 2, 3):
        t = np.arange(1, length + 1) * steps - 1
        last_of_epoch += list(0.01 * (1 + np.cos(np.pi * t / (length * steps))))
    np.testing.assert_allclose(model.history_["lr"], last_of_epoch, rtol=1e-4)
    assert model.stop_reason_ == "epochs"


def test_the_last_snapshot_is_the_network_of_the_whole_run(blobs):
    """The same run without snapshots, with the rate's course given by hand."""
    X, y = blobs
    model = SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=3, random_state=0).fit(X, y)
    last = model.estimators_[-1]
    alone = MLPClassifier(
        **SMALL,
        early_stopping=False,
        schedule="cosine",
        schedule_params={"warmup": 0.0, "cycles": 3},
        random_state=last.random_state,
    ).fit(X, y)
    np.testing.assert_allclose(last.predict_proba(X), alone.predict_proba(X), atol=1e-6)
    # The first cycle is the same run to its first two epochs of seven.
    seen = []

    class Keep(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append([np.array(w) for w in self.model.get_weights()])

    clone(alone).set_params(callbacks=Keep).fit(X, y)
    for found, expected in zip(model.estimators_[0].network_.weights, seen[1], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_members_differ_share_an_encoder_and_are_averaged(blobs):
    X, y = blobs
    model = SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=3, random_state=0).fit(X, y)
    members = np.stack([m.predict_proba(X) for m in model.estimators_]).astype(float)
    assert np.abs(members[0] - members[1]).max() > 1e-3
    assert len({id(m.encoder_) for m in model.estimators_}) == 1
    np.testing.assert_allclose(model.predict_proba(X), members.mean(axis=0), atol=1e-6)
    told = model.predict_uncertainty(X)
    np.testing.assert_allclose(told.std, members.std(axis=0), atol=1e-6)
    assert model.score(X, y) > 0.85


def test_no_row_is_held_out_and_nothing_stops_early(blobs):
    X, y = blobs
    eager = MLPClassifier(**SMALL, early_stopping=True, n_iter_no_change=1, tol=10.0)
    model = SnapshotClassifier(eager, n_snapshots=2, random_state=0).fit(X, y)
    assert "val_loss" not in model.history_
    assert len(model.history_["loss"]) == 7


@pytest.mark.parametrize(
    ("ensemble", "network"),
    [
        (SnapshotRegressor, MLPRegressor(**SMALL)),
        (SnapshotRegressor, RealMLPRegressor(**SMALL)),
        (SnapshotRegressor, MLPRegressor(**SMALL, n_ensemble=2)),
    ],
    ids=["perceptron", "real", "several side by side"],
)
def test_regressors(ensemble, network):
    X, y = load_diabetes(return_X_y=True)
    model = ensemble(network, n_snapshots=2, random_state=0).fit(X, y)
    members = np.stack([m.predict(X) for m in model.estimators_])
    np.testing.assert_allclose(model.predict(X), members.mean(axis=0), rtol=1e-4)
    told = model.predict_uncertainty(X)
    np.testing.assert_allclose(told.std, members.std(axis=0), rtol=1e-3, atol=1e-3)
    assert told.std.mean() > 0


def build(meta):
    return keras.Sequential(
        [
            keras.layers.Input((meta["n_features_in_"],)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(meta["n_outputs_expected_"], activation="softmax"),
        ]
    )


@pytest.mark.parametrize(
    "network",
    [
        KerasClassifier(build, epochs=4, learning_rate=0.02, validation_split=0.2),
        RealMLPClassifier(hidden_layer_sizes=(8,), epochs=4),
    ],
    ids=["keras", "real"],
)
def test_other_networks(network):
    X, y = load_iris(return_X_y=True)
    y = np.array(["a", "b", "c"])[y]
    model = SnapshotClassifier(network, n_snapshots=2, random_state=0).fit(X, y)
    assert len(model.history_["loss"]) == 4
    members = np.stack([m.predict_proba(X) for m in model.estimators_]).astype(float)
    assert np.abs(members[0] - members[1]).max() > 1e-3
    np.testing.assert_allclose(model.predict_proba(X), members.mean(axis=0), atol=1e-6)
    assert set(model.predict(X)) <= {"a", "b", "c"}


def test_several_labels():
    X, y = make_multilabel_classification(120, n_classes=3, random_state=0)
    model = SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=2, random_state=0).fit(X, y)
    assert model.predict(X).shape == (120, 3)
    assert model.predict_uncertainty(X).total.shape == (120,)


def test_a_time_limit_leaves_the_snapshots_so_far(blobs):
    X, y = blobs
    slow = MLPClassifier(**{**SMALL, "epochs": 3000}, max_seconds=0.3)
    model = SnapshotClassifier(slow, n_snapshots=300, random_state=0).fit(X, y)
    assert 1 <= len(model.estimators_) <= 300
    assert model.predict_proba(X).shape == (300, 2)


def test_what_has_no_snapshots_is_refused(blobs):
    X, y = blobs
    with pytest.raises(TypeError, match="needs a neural estimator.*got LogisticRegression"):
        SnapshotClassifier(LogisticRegression()).fit(X, y)
    with pytest.raises(ValueError, match="n_snapshots=9 was given and the estimator has epochs=7"):
        SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=9).fit(X, y)
    course = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    with pytest.raises(ValueError, match="give learning_rate as a number"):
        SnapshotClassifier(KerasClassifier(build, epochs=5, learning_rate=course)).fit(X, y)


def test_an_interrupted_run_leaves_the_object_as_it_was(blobs):
    X, y = blobs

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    model = SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=2, random_state=0).fit(X, y)
    before = model.predict_proba(X)
    model.estimator.callbacks = Stop
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:100], y[:100])
    assert (model.predict_proba(X) == before).all()


def test_the_estimator_given_is_not_touched(blobs):
    template = MLPClassifier(**SMALL, schedule="step", random_state=3)
    before = template.get_params()
    SnapshotClassifier(template, n_snapshots=2).fit(*blobs)
    assert template.get_params() == before
    assert not hasattr(template, "network_")
