"""scikit-learn's own ensembles take every estimator for tables."""

import inspect

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB

import appliednn.tabular


def build(meta):
    n, kind = meta["n_outputs_expected_"], meta["target_type_"]
    last = "linear" if "continuous" in kind else "softmax" if kind == "multiclass" else "sigmoid"
    return keras.Sequential(
        [
            keras.layers.Input((meta["n_features_in_"],)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(n, activation=last),
        ]
    )


# Small settings by parameter name; an estimator gets those it has.
SMALL = {
    "model": build,
    "epochs": 6,
    "learning_rate": 0.02,
    "batch_size": 64,
    "hidden_layer_sizes": (8,),
    "early_stopping": False,
    "n_members": 2,
    "n_blocks": 1,
    "n_heads": 2,
    "width": 8,
    "hidden_width": 8,
    "random_state": 0,
}


def small(cls):
    known = inspect.signature(cls.__init__).parameters
    return cls(**{name: value for name, value in SMALL.items() if name in known})


def estimators(suffix):
    names = [name for name in appliednn.tabular.__all__ if name.endswith(suffix)]
    return [pytest.param(small(getattr(appliednn.tabular, name)), id=name) for name in names]


CLASSIFIERS = {
    "bagging": lambda e: BaggingClassifier(e, 2, random_state=0),
    "boosting": lambda e: AdaBoostClassifier(e, n_estimators=2, random_state=0),
    "voting": lambda e: VotingClassifier([("a", e), ("b", GaussianNB())], voting="soft"),
    "stacking": lambda e: StackingClassifier([("a", e), ("b", GaussianNB())], GaussianNB(), cv=2),
}
REGRESSORS = {
    "bagging": lambda e: BaggingRegressor(e, 2, random_state=0),
    "boosting": lambda e: AdaBoostRegressor(e, n_estimators=2, random_state=0),
    "voting": lambda e: VotingRegressor([("a", e), ("b", Ridge())]),
    "stacking": lambda e: StackingRegressor([("a", e), ("b", Ridge())], Ridge(), cv=2),
}


@pytest.mark.parametrize("ensemble", CLASSIFIERS)
@pytest.mark.parametrize("estimator", estimators("Classifier"))
def test_classifiers(estimator, ensemble, blobs):
    X, y = blobs
    labels = np.array(["no", "yes"])[y]
    model = CLASSIFIERS[ensemble](clone(estimator)).fit(X, labels)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert model.score(X, labels) > 0.75
    assert (model.classes_ == ["no", "yes"]).all()


@pytest.mark.parametrize("ensemble", REGRESSORS)
@pytest.mark.parametrize("estimator", estimators("Regressor"))
def test_regressors(estimator, ensemble, blobs):
    X, _ = blobs
    y = 3.0 * X[:, 0] - X[:, 2] + 5.0
    model = REGRESSORS[ensemble](clone(estimator)).fit(X, y)
    prediction = model.predict(X)
    assert prediction.shape == (300,)
    assert np.corrcoef(prediction, y)[0, 1] > 0.3
