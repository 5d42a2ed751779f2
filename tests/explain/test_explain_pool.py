"""Which score of a model is explained, and mixtures of rows."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import appliednn
from appliednn.explain import FramePool, NetworkPool, make_pool, rank_correlation, top_overlap


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(150, 3)), columns=list("abc"))
    return X, np.where(X["a"] + X["b"] > 0, "yes", "no"), np.digitize(X["a"], [-0.5, 0.5])


def test_the_margin_comes_first_then_probabilities(data):
    X, two, three = data
    whole = np.repeat(np.arange(5)[:, None], 3, axis=1)
    linear = LogisticRegression().fit(X, two)
    margin = linear.decision_function(X[:5])
    found = make_pool(linear, X).scores(whole)
    np.testing.assert_allclose(found, np.column_stack([-margin, margin]))
    forest = RandomForestClassifier(5, random_state=0).fit(X, three)
    np.testing.assert_allclose(make_pool(forest, X).scores(whole), forest.predict_proba(X[:5]))
    machine = SVC().fit(X, three)
    np.testing.assert_allclose(
        make_pool(machine, X).scores(whole), machine.decision_function(X[:5])
    )
    assert make_pool(RidgeClassifier().fit(X, two), X).unit == "decision function"


def test_labels_alone_and_several_targets_are_refused(data):
    X, two, _ = data

    class Labels(LogisticRegression):
        decision_function = predict_proba = property(lambda self: self.absent)

    with pytest.raises(ValueError, match="gives labels only"):
        make_pool(Labels().fit(X, two), X)
    with pytest.raises(ValueError, match="2 scores a row; expected 1"):
        make_pool(LinearRegression().fit(X, X[["a", "b"]]), X)


def test_networks_are_found_in_wrappers_that_follow_them(data):
    X, two, _ = data
    net = appliednn.MLPClassifier((8,), epochs=4, random_state=0).fit(X, two)
    search = GridSearchCV(
        appliednn.MLPClassifier((8,), epochs=2, random_state=0), {"learning_rate": [0.01]}, cv=2
    ).fit(X, two)
    for model in (net, FrozenEstimator(net), make_pipeline(net), search):
        assert isinstance(make_pool(model, X), NetworkPool)
    scaled = make_pipeline(StandardScaler(), appliednn.MLPClassifier((8,), epochs=2)).fit(X, two)
    assert isinstance(make_pool(scaled, X), FramePool)
    refitted = CalibratedClassifierCV(net, cv=2).fit(X, two)  # holds other networks than this one
    assert isinstance(make_pool(refitted, X), FramePool)


def test_fresh_weights_reach_a_network_behind_a_wrapper(data):
    X, two, _ = data
    net = appliednn.MLPClassifier((8,), epochs=4, random_state=0).fit(X, two)
    pool = make_pool(FrozenEstimator(net), X)
    index = pool.whole(np.arange(30))
    before, fresh = pool.scores(index), pool.randomized(3).scores(index)
    assert np.abs(before - fresh).mean() > 0.05
    np.testing.assert_array_equal(pool.scores(index), before)
    np.testing.assert_array_equal(pool.randomized(3).scores(index), fresh)


def test_regressors_are_explained_in_units_of_the_target(data):
    X, _, _ = data
    y = 100 + 20 * X["a"]
    net = appliednn.MLPRegressor((8,), epochs=4, random_state=0).fit(X, y)
    pool = make_pool(net, X)
    assert pool.unit == "units of the target"
    np.testing.assert_allclose(
        pool.scores(pool.whole(np.arange(9)))[:, 0], net.predict(X[:9]), rtol=1e-4
    )
    counts = appliednn.MLPRegressor((8,), epochs=4, loss="poisson", random_state=0)
    pool = make_pool(counts.fit(X, np.exp(X["a"])), X)
    assert pool.unit.startswith("raw output")


def test_codes_are_values_again(data):
    frame = pd.DataFrame({"t": ["x", None, "x", "y"], "n": [1.0, np.nan, np.nan, 2.0]})
    pool = FramePool(frame, lambda X: np.zeros(len(X)), "nothing")
    back = pool.index_of_codes(pool.codes)
    for j, column in enumerate(frame):
        values = frame[column].to_numpy()
        pd.testing.assert_series_equal(pd.Series(values[back[:, j]]), pd.Series(values))


def test_rank_correlation_is_spearmans():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, (2, 40))
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert np.isnan(rank_correlation(np.ones(4), np.arange(4.0)))
    assert top_overlap(np.array([[5.0, 4, 3, 0]]), np.array([[0.0, 4, -9, 1]]), 2)[0] == 0.5
