"""Permutation importance against scikit-learn's and against closed forms."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.inspection import permutation_importance as reference
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from appliednn.explain import permutation_importance


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    n = 600
    return pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.normal(size=n),
            "city": rng.choice(["u", "v", "w"], n),
            "flat": 1.0,
        }
    )


def test_a_linear_models_importance_is_twice_its_variance(frame):
    X = frame[["a", "b"]]
    y = 3 * X["a"] - X["b"]
    found = permutation_importance(LinearRegression().fit(X, y), X, y, n_repeats=20)
    expected = [2 * w**2 * X[c].var(ddof=0) for c, w in (("a", 3), ("b", -1))]
    np.testing.assert_allclose(found.values, expected, rtol=0.05)
    for estimate, truth in zip(found.estimates().values(), expected, strict=True):
        assert estimate.ci[0] < truth < estimate.ci[1]
        assert estimate.n == 600


def test_log_loss_matches_scikit_learn_and_categories_move_whole(frame):
    y = np.where(frame["a"] + 2 * (frame["city"] == "u") > 0.8, "yes", "no")
    encode = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(frame, y)
    found = permutation_importance(model, frame, y, n_repeats=10, random_state=1)
    theirs = reference(model, frame, y, scoring="neg_log_loss", n_repeats=10, random_state=2)
    assert found.metric == "log loss"
    np.testing.assert_allclose(found.values, theirs.importances_mean, atol=0.03)
    assert found.names[int(np.argmax(found.values))] in ("a", "city")
    assert found.values[3] == 0
    assert found.estimates()["flat"].ci == (0, 0)


def test_intervals_cover_the_truth_as_often_as_they_say(frame):
    rng = np.random.default_rng(5)
    model = LinearRegression().fit(frame[["a"]], 2 * frame["a"])
    hits = 0
    for seed in range(60):
        X = pd.DataFrame({"a": rng.normal(size=150)})
        y = 2 * X["a"] + rng.normal(size=150)
        found = permutation_importance(model, X, y, random_state=seed)
        low, high = found.estimates()["a"].ci
        hits += low < 8 < high  # 2 w² var = 8
    assert hits >= 53


def test_labels_alone_are_scored_by_errors_and_unknown_labels_are_errors(frame):
    X = frame[["a", "b"]]
    y = (X["a"] > 0).astype(int).to_numpy()
    model = RidgeClassifier().fit(X, y)
    found = permutation_importance(model, X, y, n_repeats=10)
    assert found.metric == "error rate"
    assert found.values[0] == pytest.approx(0.5, abs=0.05)
    strange = y.copy()
    strange[:3] = 7
    both = LogisticRegression().fit(X, y)
    assert permutation_importance(both, X, strange).metric == "error rate"


def test_one_call_a_feature_and_rows_keep_their_types(frame):
    asked = []

    class Spy(LinearRegression):
        def predict(self, X):
            asked.append(X)
            return super().predict(X[["a", "b"]])

    X = frame.assign(city=frame["city"].astype("category"), day=pd.Timestamp("2024-01-01"))
    model = Spy().fit(frame[["a", "b"]], frame["a"])
    permutation_importance(model, X, frame["a"], n_repeats=4)
    assert len(asked) == 1 + X.shape[1]
    assert all((seen.dtypes == X.dtypes).all() for seen in asked)
    shuffled = asked[1]["a"].to_numpy().reshape(4, -1)
    assert all(sorted(r) == sorted(frame["a"]) for r in shuffled)
    np.testing.assert_array_equal(asked[1]["b"].to_numpy().reshape(4, -1)[2], frame["b"])
