"""Every check of scikit-learn on every ensemble, without an expected failure."""

import pytest
from sklearn.linear_model import LinearRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from appliednn import MLPClassifier, MLPRegressor
from appliednn.ensemble import (
    BaggedClassifier,
    BaggedRegressor,
    SnapshotClassifier,
    SnapshotRegressor,
    WeightedEnsembleClassifier,
    WeightedEnsembleRegressor,
)

# Integer weights equal repeated rows to the last digit only in full batches of doubles.
EXACT = {"epochs": 20, "learning_rate": 0.05, "batch_size": "full", "random_state": 0}
EXACT |= {"precision": "float64", "early_stopping": False}


@parametrize_with_checks(
    [
        BaggedClassifier(GaussianNB(), n_bags=3),
        BaggedClassifier(GaussianNB(), n_bags=2, n_repeats=2, calibrate=True),
        BaggedRegressor(LinearRegression(), n_bags=3, stratify=True),
        WeightedEnsembleClassifier([GaussianNB(), DecisionTreeClassifier(max_depth=3)], [2, 1]),
        WeightedEnsembleRegressor([LinearRegression(), LinearRegression(fit_intercept=False)]),
        SnapshotClassifier(MLPClassifier((8,), **EXACT), n_snapshots=2),
    ],
    expected_failed_checks=lambda estimator: {},
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow  # every check compiles a network of its own shape
@parametrize_with_checks(
    [SnapshotRegressor(MLPRegressor((8,), **EXACT), n_snapshots=2)],
    expected_failed_checks=lambda estimator: {},
)
def test_scikit_learn_checks_of_the_other_snapshots(estimator, check):
    check(estimator)
