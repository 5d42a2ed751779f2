"""Networks side by side are the networks they would be alone."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from appliednn import MLPClassifier, MLPRegressor, RealMLPClassifier, RealMLPRegressor
from appliednn.core import backend
from appliednn.tabular import fit_side_by_side, stack_key

SMALL = {"hidden_layer_sizes": (12,), "epochs": 5, "random_state": 0}
REAL = {**SMALL, "dropout": 0.0, "n_iter_no_change": None}
LONE = {
    "MLPClassifier": MLPClassifier(**SMALL, learning_rate=0.01),
    "RealMLPClassifier": RealMLPClassifier(**REAL, calibrate=False),
    "MLPRegressor": MLPRegressor(**SMALL, learning_rate=0.01),
    "RealMLPRegressor": RealMLPRegressor(**REAL),
}


def table(model):
    load = load_diabetes if "Regressor" in type(model).__name__ else load_breast_cancer
    X, y = load(return_X_y=True)
    return X[:300], y[:300]


@pytest.mark.parametrize("name", LONE)
def test_the_first_of_an_ensemble_is_the_network_alone(name):
    X, y = table(LONE[name])
    alone = clone(LONE[name]).fit(X, y)
    three = clone(LONE[name]).set_params(n_ensemble=3).fit(X, y)
    Z = three.encode(X)
    members = three.network_.member_outputs(Z)
    assert members.shape[0] == 3
    np.testing.assert_allclose(members[0], alone.network_.forward(Z), atol=2e-5)
    assert np.abs(members[1] - members[0]).max() > 1e-3


def test_an_ensemble_answers_the_mean_of_its_members_probabilities():
    X, y = load_iris(return_X_y=True)
    model = RealMLPClassifier(**REAL, n_ensemble=4).fit(X, y)
    raw = model.network_.member_outputs(model.encode(X)).astype(float)
    powers = np.exp(raw - raw.max(axis=-1, keepdims=True))
    members = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), members.mean(axis=0), atol=1e-6)
    told = model.predict_uncertainty(X)
    np.testing.assert_allclose(told.std, members.std(axis=0), atol=1e-6)
    entropy = -(members.mean(axis=0) * np.log(members.mean(axis=0))).sum(axis=-1)
    np.testing.assert_allclose(told.total, entropy, atol=1e-5)
    assert (told.epistemic >= 0).all()


def test_a_regression_ensemble_answers_mean_and_spread():
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor(**SMALL, n_ensemble=3).fit(X, y)
    raw = model.network_.member_outputs(model.encode(X))[:, :, 0].astype(float)
    members = raw * y.std() + y.mean()
    held_out = model.predict_uncertainty(X)
    assert np.abs(held_out.mean - model.predict(X)).max() < 1e-3
    ratio = held_out.std / members.std(axis=0)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


@pytest.mark.parametrize("name", ["MLPClassifier", "RealMLPClassifier", "RealMLPRegressor"])
def test_estimators_in_one_program_equal_their_own_fits(name):
    X, y = table(LONE[name])
    models = [
        clone(LONE[name]).set_params(random_state=i, learning_rate=0.02 / (i + 1))
        for i in range(3)
    ]
    models[1].set_params(weight_decay=0.05)
    alone = [clone(m).set_params(early_stopping=False).fit(X, y) for m in models]
    for m in models:
        m.set_params(early_stopping=False)
    before = backend.n_traces()
    fit_side_by_side(models, X, y)
    assert backend.n_traces() - before <= 1
    for together, lone in zip(models, alone, strict=True):
        Z = lone.encode(X)
        np.testing.assert_allclose(
            together.network_.forward(Z), lone.network_.forward(Z), atol=3e-5
        )


def test_each_estimator_keeps_to_its_own_rows():
    X, y = load_breast_cancer(return_X_y=True)
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    models = [RealMLPClassifier(**{**REAL, "random_state": i}) for i in range(3)]
    y_wrong = y.copy()
    y_wrong[folds[0][1]] = 1 - y_wrong[folds[0][1]]
    train, held = [a for a, _ in folds], [b for _, b in folds]
    fit_side_by_side(models, X, y_wrong, train_rows=train)
    unseen = models[0].predict(X[held[0]])
    assert (unseen == y[held[0]]).mean() > 0.85  # trained without the wrong labels
    again = [clone(m) for m in models]
    fit_side_by_side(again, X, y_wrong, train_rows=train, held_rows=held)
    assert [m.best_epoch_ for m in again] != [4, 4, 4] or again[0].temperature_ > 1


def test_a_stopped_member_keeps_its_best_epoch():
    X, y = load_breast_cancer(return_X_y=True)
    models = [RealMLPClassifier(**{**REAL, "random_state": i}) for i in range(2)]
    seen = []

    def stop_the_first(epoch, scores):
        seen.append(scores.copy())
        return np.array([epoch >= 1, False])

    fit_side_by_side(models, X, y, on_epoch=stop_the_first)
    assert models[0].best_epoch_ <= 1
    assert len(seen) == 5
    assert seen[0].shape == (2,)


def test_other_shapes_are_not_stacked():
    a, b = MLPClassifier((8,)), MLPClassifier((9,))
    assert stack_key(a) != stack_key(b)
    assert stack_key(MLPClassifier((8,), learning_rate=0.5)) == stack_key(a)
    assert stack_key(MLPClassifier((8,), optimizer="sgd")) is None
    assert stack_key(object()) is None


def test_an_ensemble_refuses_what_its_members_cannot_share():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="normalization=None"):
        MLPClassifier((8,), n_ensemble=2, normalization="batch").fit(X, y)


def test_the_temperature_lowers_the_held_out_loss():
    X, y = load_breast_cancer(return_X_y=True)
    settings = {**REAL, "epochs": 30, "random_state": 1}
    held = slice(300, 450)
    given = {"X_val": X[held], "y_val": y[held]}
    plain = RealMLPClassifier(**settings, calibrate=False).fit(X[:300], y[:300], **given)
    warm = RealMLPClassifier(**settings).fit(X[:300], y[:300], **given)
    losses = [log_loss(y[held], m.predict_proba(X[held])) for m in (plain, warm)]
    assert losses[1] <= losses[0]
    np.testing.assert_allclose(
        warm.network_.forward(warm.encode(X)) * warm.temperature_,
        plain.network_.forward(plain.encode(X)),
        rtol=1e-4, atol=1e-5,
    )  # fmt: skip
