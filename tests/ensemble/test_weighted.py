"""Weighted means of models, fitted before or by the ensemble."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestClassifier, VotingClassifier, VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from appliednn import MLPClassifier
from appliednn.ensemble import (
    BaggedClassifier,
    WeightedEnsembleClassifier,
    WeightedEnsembleRegressor,
    greedy_selection,
)

TREE = DecisionTreeClassifier(max_depth=2, random_state=0)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["a", "b", "c"])[y]


def test_the_mean_equals_scikit_learns_soft_vote(iris):
    X, y = iris
    models = [GaussianNB(), TREE]
    ours = WeightedEnsembleClassifier(models, [1, 3]).fit(X, y)
    pairs = [("nb", GaussianNB()), ("tree", TREE)]
    theirs = VotingClassifier(pairs, voting="soft", weights=[1, 3]).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.weights_.tolist() == [0.25, 0.75]
    named = WeightedEnsembleClassifier(pairs, [1, 3]).fit(X, y)
    assert (named.predict_proba(X) == ours.predict_proba(X)).all()


def test_the_mean_equals_scikit_learns_voting_regressor():
    X, y = load_diabetes(return_X_y=True)
    models = [LinearRegression(), Ridge(10.0)]
    ours = WeightedEnsembleRegressor(models, [1, 2]).fit(X, y)
    theirs = VotingRegressor([("a", models[0]), ("b", models[1])], weights=[1, 2]).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X))


def test_fitted_models_are_taken_as_they_are(iris):
    X, y = iris
    models = [GaussianNB().fit(X, y), clone(TREE).fit(X, y)]
    mean = WeightedEnsembleClassifier(models, [1, 1], prefit=True).fit()
    assert mean.estimators_[0] is models[0]
    expected = (models[0].predict_proba(X) + models[1].predict_proba(X)) / 2
    np.testing.assert_allclose(mean.predict_proba(X), expected)
    assert mean.n_features_in_ == 4
    with pytest.raises(NotFittedError, match="GaussianNB"):
        WeightedEnsembleClassifier([GaussianNB()], prefit=True).fit()


def test_a_model_of_weight_zero_is_not_asked(iris):
    X, y = iris

    class Silent(GaussianNB):
        def predict_proba(self, X):
            raise AssertionError("asked")

    mean = WeightedEnsembleClassifier([Silent(), GaussianNB()], [0, 2]).fit(X, y)
    expected = GaussianNB().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(mean.predict_proba(X), expected)
    assert mean.predict_uncertainty(X).std.max() == 0
    assert len(mean.estimators_) == 2


def test_spread_is_weighted():
    models = [DummyRegressor(strategy="constant", constant=c) for c in (0.0, 4.0)]
    mean = WeightedEnsembleRegressor(models, [3, 1]).fit([[0.0], [1.0]], [0.0, 1.0])
    told = mean.predict_uncertainty([[0.0]])
    assert told.mean.tolist() == [1.0]
    # 3/4 * 1 ** 2 + 1/4 * 3 ** 2 = 3
    np.testing.assert_allclose(told.std, np.sqrt(3.0))


def test_models_that_know_different_classes_share_all_of_them(iris):
    X, y = iris
    few = GaussianNB().fit(X[y != "b"], y[y != "b"])
    other = GaussianNB().fit(X[y != "a"], y[y != "a"])
    mean = WeightedEnsembleClassifier([few, other], prefit=True).fit()
    assert mean.classes_.tolist() == ["a", "b", "c"]
    expected = np.zeros((150, 3))
    expected[:, [0, 2]] += few.predict_proba(X) / 2
    expected[:, [1, 2]] += other.predict_proba(X) / 2
    np.testing.assert_allclose(mean.predict_proba(X), expected)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3, random_state=0),
        OneVsRestClassifier(GaussianNB()),
        SklearnMLP((4,), max_iter=2000, tol=1e-2, random_state=0),
        make_pipeline(StandardScaler(), MLPClassifier((4,), epochs=2, random_state=0)),
        BaggedClassifier(RandomForestClassifier(2, random_state=0), 2, random_state=0),
    ],
    ids=["forest", "one against rest", "scikit-learn's", "pipeline", "bagged"],
)
def test_several_labels_of_fitted_models(model):
    X, y = make_multilabel_classification(80, n_classes=3, random_state=0)
    forest = RandomForestClassifier(4, random_state=1).fit(X, y)
    mean = WeightedEnsembleClassifier([model.fit(X, y), forest], prefit=True).fit()
    assert mean.predict(X).shape == (80, 3)
    first = model.predict_proba(X)
    first = np.column_stack([p[:, 1] for p in first]) if isinstance(first, list) else first
    second = np.column_stack([p[:, 1] for p in forest.predict_proba(X)])
    np.testing.assert_allclose(mean.predict_proba(X), (first + second) / 2, rtol=1e-5)
    single = GaussianNB().fit(X, y[:, 0])
    with pytest.raises(ValueError, match=r"have \[3, 0\] labels each"):
        WeightedEnsembleClassifier([forest, single], prefit=True).fit()


def test_selected_weights_make_a_better_model_than_the_best(iris):
    rng = np.random.default_rng(0)
    X, y = iris
    X = X + rng.normal(scale=0.7, size=X.shape)
    models = [GaussianNB(), KNeighborsClassifier(9), DecisionTreeClassifier(random_state=0)]
    bagged = [BaggedClassifier(m, 5, random_state=0).fit(X, y) for m in models]
    held = [b.oof_prediction_ for b in bagged]
    weights = greedy_selection(held, y)
    mean = WeightedEnsembleClassifier(bagged, weights, prefit=True).fit()
    losses = [log_loss(y, p) for p in held]
    assert log_loss(y, np.tensordot(weights, np.stack(held), 1)) <= min(losses)
    assert mean.score(X, y) > 0.8


def test_weight_zero_counts_as_removed(iris):
    X, y = iris
    w = (y != "b").astype(float)
    mean = WeightedEnsembleClassifier([GaussianNB(), TREE], random_state=0).fit(
        X, y, sample_weight=w
    )
    assert mean.classes_.tolist() == ["a", "c"]
    kept = w > 0
    removed = WeightedEnsembleClassifier([GaussianNB(), TREE], random_state=0).fit(
        X[kept], y[kept]
    )
    np.testing.assert_allclose(mean.predict_proba(X), removed.predict_proba(X))


@pytest.mark.parametrize(
    ("models", "weights", "message"),
    [
        ([], None, "estimators is empty"),
        ([GaussianNB()], [1, 2], "was given for 1 estimators; expected a number of at least 0"),
        ([GaussianNB()], [-1], "expected a number of at least 0 for each"),
        ([GaussianNB()] * 2, [0, 0], "one of them above 0"),
        ([GaussianNB()], [np.nan], "expected a number of at least 0"),
    ],
)
def test_weights_that_make_no_mean_are_refused(models, weights, message, iris):
    with pytest.raises(ValueError, match=message):
        WeightedEnsembleClassifier(models, weights).fit(*iris)
