"""Networks put side by side give the mean of the networks alone."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import KFold

from appliednn import MLPClassifier, MLPRegressor, RealMLPClassifier, RealMLPRegressor
from appliednn.core._network_stack import stack_networks
from appliednn.ensemble import (
    BaggedClassifier,
    BaggedRegressor,
    SnapshotClassifier,
    WeightedEnsembleClassifier,
    WeightedEnsembleRegressor,
)
from appliednn.explain import NetworkPool, make_pool, shap_values
from appliednn.robustness import encoded_view
from appliednn.tabular import ResNetClassifier, TabMClassifier

SMALL = {"hidden_layer_sizes": (8, 6), "epochs": 3, "learning_rate": 0.02, "random_state": 0}
REAL = {**SMALL, "hidden_layer_sizes": (8,), "n_iter_no_change": None}
CLASSIFIERS = {
    "perceptron": MLPClassifier(**SMALL, dropout=0.1, residual=True),
    "real": RealMLPClassifier(**REAL),
}


def separate(model, X, y, seeds=(0, 1, 2)):
    """Networks trained one by one without a holdout: their encoders are equal, not one."""
    members = [clone(model).set_params(random_state=s, early_stopping=False) for s in seeds]
    for member in members:
        member.fit(X, y)
        member.encoder_ = members[0].encoder_
    return members


@pytest.mark.parametrize(
    ("name", "load"), [("perceptron", load_breast_cancer), ("real", load_iris)]
)
def test_the_stacked_network_gives_the_mean_probability(name, load):
    X, y = load(return_X_y=True)
    X, y = X[::3], y[::3]
    members = separate(CLASSIFIERS[name], X, y)
    kind = members[0]._target.kind
    stacked = stack_networks([m.network_ for m in members], kind)
    assert stacked.n_members == 3
    mean = np.mean([m.predict_proba(X) for m in members], axis=0)
    front = clone(members[0])
    vars(front).update(vars(members[0]))
    front.network_ = stacked
    np.testing.assert_allclose(front.predict_proba(X), mean, atol=2e-6)
    many = np.tile(X, (200, 1))  # beyond what the NumPy pass takes
    np.testing.assert_allclose(front.predict_proba(many)[: len(X)], mean, atol=2e-6)


def test_numbers_in_different_units_have_one_mean():
    X, y = load_diabetes(return_X_y=True)
    for model in (MLPRegressor(**SMALL), RealMLPRegressor(**REAL)):
        members = separate(model, X, y, seeds=(0, 1))
        other = clone(model).set_params(random_state=5, early_stopping=False).fit(X, 3 * y + 40)
        other.encoder_ = members[0].encoder_
        members.append(other)
        ensemble = WeightedEnsembleRegressor(members, prefit=True).fit()
        assert "network_" in vars(ensemble)
        expected = np.mean([m.predict(X) for m in members], axis=0)
        np.testing.assert_allclose(ensemble.predict(X), expected, rtol=1e-5)
        Z = ensemble.encode(X)
        np.testing.assert_allclose(ensemble.predict_encoded(Z), expected, rtol=1e-5)


@pytest.mark.parametrize("network", [ResNetClassifier, TabMClassifier])
def test_every_architecture_answers_the_members_mean(network, mixed_frame):
    """Side by side or, where weights are shared among members (TabM), one by one."""
    X, y = mixed_frame
    tiny = {"n_blocks": 1, "width": 8, "hidden_width": 8, "n_members": 2, "epochs": 2}
    known = network().get_params()
    settings = {name: value for name, value in tiny.items() if name in known}
    model = BaggedClassifier(network(**settings), 2, random_state=0).fit(X, y)
    assert ("network_" in vars(model)) == (network is not TabMClassifier)
    mean = np.mean([m.predict_proba(X) for m in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean, atol=2e-6)


def test_networks_of_networks_count_by_member():
    X, y = load_iris(return_X_y=True)
    members = separate(MLPClassifier(**SMALL, n_ensemble=2), X, y)
    stacked = stack_networks([m.network_ for m in members], "multiclass")
    assert stacked.n_members == 6
    raw = stacked.forward(members[0].encode(X)).astype(float)
    mean = np.mean([m.predict_proba(X) for m in members], axis=0)
    np.testing.assert_allclose(np.exp(raw), mean, atol=2e-6)


def test_several_labels_have_the_mean_probability_of_each():
    X, y = load_iris(return_X_y=True)
    labels = np.column_stack([y == 0, y > 0]).astype(int)
    members = separate(MLPClassifier(**SMALL), X, labels)
    ensemble = WeightedEnsembleClassifier(members, prefit=True).fit()
    assert "network_" in vars(ensemble)
    mean = np.mean([m.predict_proba(X) for m in members], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), mean, atol=2e-6)


def test_what_cannot_stand_side_by_side_is_not_stacked():
    X, y = load_iris(return_X_y=True)
    two = separate(MLPClassifier(**SMALL), X, y, seeds=(0, 1))
    normed = separate(MLPClassifier(**SMALL, normalization="batch"), X, y, seeds=(0, 1))
    other = separate(MLPClassifier(**{**SMALL, "hidden_layer_sizes": (7,)}), X, y, seeds=(0,))
    stack = lambda *models: stack_networks([m.network_ for m in models], "multiclass")  # noqa: E731
    assert stack(*two) is not None
    assert stack(two[0]) is None
    assert stack(*normed) is None
    assert stack(two[0], other[0]) is None


def test_an_ensemble_has_a_network_only_where_one_stands_for_all():
    X, y = load_iris(return_X_y=True)
    two = separate(MLPClassifier(**SMALL), X, y, seeds=(0, 1))
    assert "network_" in vars(WeightedEnsembleClassifier(two, prefit=True).fit())
    assert "network_" not in vars(WeightedEnsembleClassifier(two, [2, 1], prefit=True).fit())
    apart = [clone(m).fit(X, y) for m in two]
    mean = WeightedEnsembleClassifier(apart, prefit=True).fit()
    assert not hasattr(mean, "network_")
    assert not hasattr(mean, "logits")
    poisson = separate(MLPRegressor(**SMALL, loss="poisson"), X, y, seeds=(0, 1))
    rates = WeightedEnsembleRegressor(poisson, prefit=True).fit()
    assert "network_" not in vars(rates)
    expected = np.mean([m.predict(X) for m in poisson], axis=0)
    np.testing.assert_allclose(rates.predict(X), expected)


@pytest.fixture(scope="module")
def bagged():
    X, y = load_breast_cancer(return_X_y=True)
    X, y = X[:240, :8], np.array(["bad", "good"])[y[:240]]
    splits = list(KFold(3).split(X))
    model = BaggedClassifier(MLPClassifier(**SMALL), cv=splits, calibrate=True, random_state=0)
    return model.fit(X, y), X, y


def test_the_common_network_carries_the_temperature(bagged):
    model, X, y = bagged
    assert model.temperature_ != 1.0
    proba = np.stack([m.predict_proba(X).astype(float) for m in model.estimators_])
    powers = proba ** (1 / model.temperature_)
    expected = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
    Z = model.encode(X)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=2e-6)
    np.testing.assert_allclose(model.predict_encoded(Z), expected, atol=2e-6)
    logits = model.logits(Z)
    np.testing.assert_allclose(logits[:, 0], 0)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits[:, 1])), expected[:, 1], atol=2e-6)
    assert model.encode_target(y[:3]).tolist() == [float(label == "good") for label in y[:3]]


def test_attacks_and_explanations_take_the_common_network(bagged):
    model, X, y = bagged
    view = encoded_view(model, X[:40])
    assert view.estimator is model
    target = model.encode_target(y[:40])
    attacked = model.network_.projected_gradient(view.Z, target, eps=0.2, n_steps=5)
    clean, hurt = (model.predict_encoded(Z)[np.arange(40), target.astype(int)]
                   for Z in (view.Z, attacked))  # fmt: skip
    assert (hurt <= clean + 1e-6).all()
    assert hurt.mean() < clean.mean()
    pool = make_pool(model, pd.DataFrame(X[:60]), convert=lambda rows: rows.to_numpy())
    assert isinstance(pool, NetworkPool)
    found = shap_values(pool, np.arange(4), np.arange(4, 40), np.ones(4, int))
    assert found.values.shape == (4, 8)
    assert found.completeness_gap() < 0.05


def test_explanations_take_the_common_network_of_a_regressor():
    X, y = load_diabetes(return_X_y=True)
    model = BaggedRegressor(MLPRegressor(**SMALL), 2, random_state=0).fit(X, y)
    assert model.network_.n_members == 2
    slope = model.network_.output_gradient(model.encode(X[:5]), 0)
    assert slope.shape == (5, 10)
    assert np.abs(slope).max() > 0


def test_snapshots_of_a_perceptron_are_one_network(blobs):
    X, y = blobs
    model = SnapshotClassifier(MLPClassifier(**SMALL), n_snapshots=3, random_state=0).fit(X, y)
    assert model.network_.n_members == 3
    mean = np.mean([m.predict_proba(X) for m in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean, atol=2e-6)
