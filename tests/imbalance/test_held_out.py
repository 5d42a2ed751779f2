"""Rows that a network watches while it trains on resampled ones are real and unseen."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from appliednn.imbalance import RebalancedClassifier
from appliednn.imbalance._held_out import repeated, resample_around


class Watching(ClassifierMixin, BaseEstimator):
    """Remembers what it was given, as a network that stops early asks for it."""

    def __init__(self, validation_fraction=0.2, random_state=0):
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def _wants_holdout(self, n_rows):
        return n_rows >= 100

    def fit(self, X, y, X_val=None, y_val=None):
        self.classes_ = np.unique(y)
        self.given_ = X, y, X_val, y_val
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    return X, np.repeat(["common", "rare"], [170, 30])


@pytest.mark.parametrize("sampler", [RandomOverSampler(random_state=0), SMOTE(random_state=0)])
def test_watched_rows_are_real_and_were_not_resampled(rows, sampler):
    X, y = rows
    model = RebalancedClassifier(Watching(), sampler=sampler).fit(X, y)
    made, labels, X_val, y_val = model.estimator_.given_
    given = {tuple(row): label for row, label in zip(X.to_numpy(), y, strict=True)}
    watched = list(map(tuple, X_val.to_numpy()))
    assert [given[row] for row in watched] == y_val.tolist()
    assert not set(watched) & set(map(tuple, made.to_numpy()))
    assert len(set(watched)) == 40 and sum(given[row] == "rare" for row in set(watched)) == 6
    assert np.mean(labels == "rare") == np.mean(y_val == "rare") == 0.5
    assert model.train_prior_.tolist() == [0.5, 0.5]
    assert model.target_prior_.tolist() == [0.85, 0.15]


def test_nothing_is_held_out_where_the_estimator_holds_nothing_out(rows):
    X, y = rows
    sampler = RandomOverSampler(random_state=0)
    for estimator in (LogisticRegression(), Watching()):
        few = slice(160, 176)  # ten and six rows: too few to stop early by
        made, labels, watched = resample_around(estimator, sampler, X[few], y[few])
        assert (len(made), len(labels), watched) == (20, 20, {})


def test_a_class_with_just_enough_neighbours_is_not_held_out_of(rows):
    X, y = rows
    X, y = X[:176], y[:176]
    made, labels, watched = resample_around(Watching(), SMOTE(random_state=0), X, y)
    assert (len(made), watched) == (340, {})


def test_repeated_rows_keep_every_row_and_reach_the_shares():
    y = np.array([0] * 7 + [1] * 2 + [2])
    X = pd.DataFrame({"i": np.arange(10)})
    out, labels = repeated(X, y, np.arange(3), np.array([0.4, 0.4, 0.2]))
    assert set(out["i"]) == set(range(10))
    assert np.bincount(labels).tolist() == [7, 7, 4]
    assert labels.tolist() == y[out["i"]].tolist()
