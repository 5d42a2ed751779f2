"""Imputation against scikit-learn's imputers and by hand, with dtypes kept."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.preprocessing import StandardScaler

from appliednn.impute import complete_rows, make_imputer


@pytest.fixture
def numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)) * [1, 100, 0.01, 5]
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    return pd.DataFrame(X, columns=list("abcd"))


@pytest.mark.parametrize("strategy", ["median", "mean", "most_frequent"])
def test_simple_equals_scikit_learns(numbers, strategy):
    ours = make_imputer("simple", strategy=strategy).fit_transform(numbers)
    theirs = SimpleImputer(strategy=strategy).fit_transform(numbers.to_numpy())
    np.testing.assert_allclose(ours.to_numpy(), theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (make_imputer("knn", n_neighbors=3), KNNImputer(n_neighbors=3)),
        (
            make_imputer("iterative", max_iter=100, random_state=0),
            IterativeImputer(max_iter=100, random_state=0),
        ),
    ],
    ids=["knn", "iterative"],
)
def test_equals_scikit_learns_on_standardised_columns(numbers, ours, theirs):
    scaler = StandardScaler().fit(numbers.to_numpy())
    filled = theirs.fit_transform(scaler.transform(numbers.to_numpy()))
    expected = scaler.inverse_transform(filled)
    made = ours.fit_transform(numbers)
    np.testing.assert_allclose(made.to_numpy(), expected, rtol=1e-9)
    known = numbers.notna().to_numpy()
    assert np.array_equal(made.to_numpy()[known], numbers.to_numpy()[known])


def test_new_rows_are_filled_from_the_training_rows(numbers):
    imputer = make_imputer("simple").fit(numbers)
    row = pd.DataFrame([[np.nan] * 4], columns=list("abcd"), index=[77])
    made = imputer.transform(row)
    np.testing.assert_allclose(made.to_numpy()[0], numbers.median().to_numpy())
    assert made.index.tolist() == [77]


@pytest.fixture
def mixed():
    return pd.DataFrame(
        {
            "n": [1.0, np.nan, 3.0, 5.0],
            "whole": pd.array([1, None, 3, 4], dtype="Int64"),
            "count": [1, 2, 3, 4],
            "job": pd.Categorical(["x", None, "x", "y"]),
            "town": ["A", "B", None, "B"],
            "owner": pd.array([True, None, True, False], dtype="boolean"),
            "mixed": np.array([1, "a", None, "a"], dtype=object),
            "when": pd.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-02"]),
            "empty": [None] * 4,
        },
        index=[3, 1, 4, 2],
    )


@pytest.mark.parametrize("method", ["simple", "knn", "iterative"])
def test_mixed_columns_keep_names_index_and_dtypes(mixed, method):
    imputer = make_imputer(method)
    made = imputer.fit_transform(mixed)
    assert made.index.equals(mixed.index)
    assert imputer.get_feature_names_out().tolist() == list(mixed.columns)
    assert made.drop(columns=["empty"]).notna().all(axis=None)
    assert imputer.unknown_ == ["empty"]
    assert made["job"].tolist() == ["x", "x", "x", "y"]
    assert made["town"].tolist() == ["A", "B", "B", "B"]
    assert made["owner"].tolist() == [True, True, True, False]
    assert made["mixed"].tolist() == [1, "a", "a", "a"]
    assert made["when"].iloc[1] == pd.Timestamp("2024-01-02")
    kept = ["n", "count", "job", "town", "owner", "mixed", "when", "empty"]
    assert made[kept].dtypes.to_dict() == mixed[kept].dtypes.to_dict()


def test_whole_numbers_stay_whole_where_the_filling_is(mixed):
    assert make_imputer("simple").fit_transform(mixed)["whole"].dtype == "Int64"
    halves = mixed[["whole"]].iloc[[0, 1, 3]]  # median of 1 and 4 is 2.5
    assert make_imputer("simple").fit_transform(halves)["whole"].tolist() == [1, 2.5, 4]


def test_a_category_that_is_always_missing_later_is_filled(mixed):
    imputer = make_imputer("simple").fit(mixed)
    later = mixed.iloc[[0]].assign(job=pd.Categorical([None], categories=["x", "y"]), town=[None])
    made = imputer.transform(later)
    assert made[["job", "town"]].to_numpy().tolist() == [["x", "B"]]


def test_errors_say_what_is_wrong(mixed):
    with pytest.raises(TypeError, match="works on a DataFrame, got ndarray"):
        make_imputer("simple").fit(np.eye(2))
    with pytest.raises(ValueError, match="method='mice' is unknown"):
        make_imputer("mice").fit(mixed)
    imputer = clone(make_imputer("simple")).fit(mixed)
    with pytest.raises(ValueError, match="columns differ"):
        imputer.transform(mixed[["n"]])


def test_complete_rows_do_not_count_empty_columns(mixed):
    assert complete_rows(mixed).tolist() == [True, False, False, True]
