"""Every ensemble comes back from a model file and from a pickle, and predicts the same."""

import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB

import appliednn
from appliednn import KerasClassifier, MLPClassifier, MLPRegressor
from appliednn.core.errors import IntegrityError, UsageError
from appliednn.core.persistence import inspect
from appliednn.ensemble import (
    BaggedClassifier,
    BaggedRegressor,
    SnapshotClassifier,
    SnapshotRegressor,
    WeightedEnsembleClassifier,
    WeightedEnsembleRegressor,
)

SMALL = {"hidden_layer_sizes": (6,), "epochs": 2, "learning_rate": 0.02, "random_state": 0}


def build(meta):
    return keras.Sequential(
        [
            keras.layers.Input((meta["n_features_in_"],)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dense(meta["n_outputs_expected_"], activation="sigmoid"),
        ]
    )


ENSEMBLES = {
    "bagged networks": BaggedClassifier(MLPClassifier(**SMALL), 3, calibrate=True, random_state=0),
    "bagged scikit-learn": BaggedClassifier(GaussianNB(), 3, random_state=0),
    "bagged with code": BaggedClassifier(
        KerasClassifier(build, epochs=2, callbacks=keras.callbacks.TerminateOnNaN), 2
    ),
    "bagged numbers": BaggedRegressor(MLPRegressor(**SMALL), 2, random_state=0),
    "snapshots": SnapshotClassifier(MLPClassifier(**SMALL), 2, random_state=0),
    "snapshots with code": SnapshotClassifier(
        KerasClassifier(build, epochs=2, learning_rate=0.01), 2
    ),
    "snapshots of numbers": SnapshotRegressor(MLPRegressor(**SMALL), 2, random_state=0),
    "weighted": WeightedEnsembleClassifier(
        [
            ("net", MLPClassifier(**SMALL)),
            ("trees", HistGradientBoostingClassifier(max_iter=3)),
        ],
        [2, 1],
    ),
    "weighted numbers": WeightedEnsembleRegressor([LinearRegression(), Ridge()]),
}
each = pytest.mark.parametrize("name", ENSEMBLES)


def answers(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


@each
def test_a_model_file_predicts_the_same(name, blobs, tmp_path):
    X, y = blobs
    model = clone(ENSEMBLES[name]).fit(X, y)
    model.save(tmp_path / "m.ann")
    loaded = appliednn.load(tmp_path / "m.ann")
    assert type(loaded) is type(model)
    np.testing.assert_array_equal(answers(loaded, X), answers(model, X))
    told, before = loaded.predict_uncertainty(X), model.predict_uncertainty(X)
    np.testing.assert_array_equal(told.std, before.std)
    assert ("network_" in vars(loaded)) == ("network_" in vars(model))
    if hasattr(model, "oof_prediction_"):
        np.testing.assert_array_equal(loaded.oof_prediction_, model.oof_prediction_)
    assert inspect(tmp_path / "m.ann")["estimator"] == type(model).__name__


@each
def test_a_pickle_predicts_the_same(name, blobs):
    X, y = blobs
    model = clone(ENSEMBLES[name]).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(answers(copy, X), answers(model, X))
    again = copy.fit(X, y)
    assert answers(again, X).shape == answers(model, X).shape


def test_shared_parts_stay_shared(blobs, tmp_path):
    X, y = blobs
    model = clone(ENSEMBLES["bagged networks"]).fit(X, y)
    model.save(tmp_path / "m.ann")
    for copy in (appliednn.load(tmp_path / "m.ann"), pickle.loads(pickle.dumps(model))):
        assert len({id(m.encoder_) for m in copy.estimators_}) == 1
        assert copy.encoder_ is copy.estimators_[0].encoder_
        assert copy.network_.n_members == 3
        gradient = copy.network_.output_gradient(copy.encode(X[:4]))
        expected = model.network_.output_gradient(model.encode(X[:4]))
        np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_a_loaded_ensemble_can_be_fitted_again(blobs, tmp_path):
    X, y = blobs
    for name in ("bagged networks", "snapshots", "weighted numbers"):
        clone(ENSEMBLES[name]).fit(X, y).save(tmp_path / "m.ann")
        loaded = appliednn.load(tmp_path / "m.ann")
        expected = answers(clone(ENSEMBLES[name]).fit(X, y), X)
        if loaded.random_state is not None:
            np.testing.assert_allclose(answers(clone(loaded).fit(X, y), X), expected, atol=1e-6)
        else:
            assert answers(clone(loaded).fit(X, y), X).shape == expected.shape


def test_fitted_members_are_in_the_file_once(blobs, tmp_path):
    X, y = blobs
    members = [MLPClassifier(**SMALL).fit(X, y), GaussianNB().fit(X, y)]
    mean = WeightedEnsembleClassifier(members, [3, 1], prefit=True).fit()
    mean.save(tmp_path / "m.ann")
    loaded = appliednn.load(tmp_path / "m.ann")
    np.testing.assert_array_equal(loaded.predict_proba(X), mean.predict_proba(X))
    assert loaded.estimators_[0] is loaded.estimators[0]
    classes = [node["class"] for node in inspect(tmp_path / "m.ann")["nodes"]]
    assert classes.count("MLPClassifier") == 1


def test_a_fresh_process_loads_the_file(blobs, tmp_path):
    X, y = blobs
    model = clone(ENSEMBLES["bagged scikit-learn"]).fit(X, y)
    model.save(tmp_path / "m.ann")
    np.save(tmp_path / "X.npy", X[:3])
    code = (
        "import appliednn, numpy as np, sys\n"
        "m = appliednn.load(sys.argv[1] + '/m.ann')\n"
        "print(m.predict_proba(np.load(sys.argv[1] + '/X.npy')).tolist())\n"
        "print('tensorflow' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    printed, loaded_tensorflow = run.stdout.strip().splitlines()
    assert printed == str(model.predict_proba(X[:3]).tolist())
    assert loaded_tensorflow == "False"


def test_what_cannot_be_saved_is_named(blobs, tmp_path):
    X, y = blobs

    class Own(GaussianNB):
        pass

    model = BaggedClassifier(Own(), 2).fit(X, y)
    with pytest.raises(UsageError, match="Own and cannot be saved"):
        model.save(tmp_path / "m.ann")
    with pytest.raises(UsageError, match="BaggedClassifier is not fitted"):
        BaggedClassifier(GaussianNB()).save(tmp_path / "m.ann")


def test_a_file_without_members_is_refused(blobs, tmp_path):
    import json
    import zipfile

    X, y = blobs
    clone(ENSEMBLES["bagged scikit-learn"]).fit(X, y).save(tmp_path / "m.ann")
    with zipfile.ZipFile(tmp_path / "m.ann") as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    manifest["nodes"][-1]["meta"]["estimators_"] = []
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "bad.ann", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(IntegrityError):
        appliednn.load(tmp_path / "bad.ann")
