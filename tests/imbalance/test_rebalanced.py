"""Resampling and weighting of training rows, and the way back to honest probabilities."""

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler, TomekLinks
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from appliednn.core.errors import UsageError
from appliednn.imbalance import PriorCorrection, RebalancedClassifier, resample, sampler_problems


@pytest.fixture(scope="module")
def mixed():
    rng = np.random.default_rng(0)
    n = 300
    X = pd.DataFrame(
        {
            "income": rng.normal(size=n),
            "rooms": rng.integers(1, 6, n),
            "job": pd.Categorical(rng.choice(["cook", "nurse"], n)),
            "town": rng.choice(["A", "B", "C"], n),
            "owner": rng.uniform(size=n) > 0.5,
        },
        index=np.arange(1000, 1000 + n),
    )
    y = np.where(rng.uniform(size=n) < 0.15, "late", "paid")
    return X, y


def test_smotenc_finds_the_categories_and_keeps_dtypes(mixed):
    X, y = mixed
    made, labels = resample(SMOTENC(categorical_features="auto", random_state=0), X, y)
    expected, expected_labels = SMOTENC(
        categorical_features=["job", "town", "owner"], random_state=0
    ).fit_resample(X, y)
    pd.testing.assert_frame_equal(made, expected)
    assert labels.tolist() == expected_labels.tolist()
    assert made.dtypes.to_dict() == X.dtypes.to_dict()
    assert np.mean(labels == "late") == 0.5
    assert set(made["town"]) <= set(X["town"])


@pytest.mark.parametrize("sampler", [RandomOverSampler, RandomUnderSampler])
def test_random_samplers_take_any_column_with_gaps(mixed, sampler):
    X, y = mixed
    X = X.assign(income=X["income"].mask(X["rooms"] == 2), when=pd.Timestamp("2024-01-01"))
    made, labels = resample(sampler(random_state=0), X, y)
    assert np.mean(labels == "late") == 0.5
    assert made.dtypes.to_dict() == X.dtypes.to_dict()
    assert made["income"].isna().any()
    original = set(map(tuple, X.fillna(-9.0).to_numpy().tolist()))
    assert set(map(tuple, made.fillna(-9.0).to_numpy().tolist())) <= original


def test_every_reason_is_named_at_once(mixed):
    X, y = mixed
    X = X.assign(income=X["income"].mask(X["rooms"] == 2))
    problems = sampler_problems(SMOTE(), X)
    assert len(problems) == 2
    assert "missing values (income)" in problems[0]
    assert "use SMOTENC" in problems[1]
    with pytest.raises(UsageError, match="SMOTE cannot work with missing values"):
        resample(SMOTE(), X, y)
    assert sampler_problems(SMOTENC("auto"), X[["income"]], filled=True) == [
        "SMOTENC needs at least one column of categories; use SMOTE"
    ]
    assert "use SMOTEN" in sampler_problems(SMOTENC("auto"), X[["town"]])[0]


def test_too_few_rows_for_neighbours_is_said_with_counts(mixed):
    X, y = mixed
    y = np.array(["paid"] * len(y), dtype="<U4")
    y[:3] = "late"
    with pytest.raises(UsageError, match=r"rows by class: {'late': 3, 'paid': 297}"):
        resample(SMOTE(random_state=0), X[["income", "rooms"]], y)


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(6000, 2)), columns=["a", "b"])
    y = (rng.uniform(size=6000) < expit(1.5 * X["a"] - 3.5)).astype(int).to_numpy()
    return X, y


@pytest.mark.parametrize(
    "how",
    [
        {"class_weight": "balanced"},
        {"sampler": RandomOverSampler(random_state=0)},
        {"sampler": RandomUnderSampler(random_state=0)},
        {"sampler": SMOTE(random_state=0)},
        {"class_weight": {0: 1, 1: 30}},
    ],
    ids=["weights", "over", "under", "smote", "dict"],
)
def test_probabilities_are_those_of_the_rows_as_they_are(rare, how):
    X, y = rare
    model = RebalancedClassifier(make_pipeline(StandardScaler(), LogisticRegression()), **how)
    model.fit(X, y)
    raw = model.estimator_.predict_proba(X)[:, 1].mean()
    assert raw > 5 * y.mean()
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.15)
    kept = model.corrected()
    assert isinstance(kept, PriorCorrection)
    np.testing.assert_allclose(kept.predict_proba(X), model.predict_proba(X), rtol=1e-12)


def test_weights_reach_a_classifier_without_class_weight(rare):
    X, y = rare
    model = RebalancedClassifier(GaussianNB(), class_weight={0: 1.0, 1: 4.0}).fit(X, y)
    expected = GaussianNB().fit(X, y, sample_weight=np.where(y == 1, 4.0, 1.0))
    np.testing.assert_allclose(model.estimator_.theta_, expected.theta_)
    share = 4 * y.sum() / (4 * y.sum() + (1 - y).sum())
    assert model.train_prior_[1] == pytest.approx(share)


def test_nothing_is_corrected_when_the_shares_stay(rare):
    X, y = rare
    model = RebalancedClassifier(GaussianNB(), class_weight={0: 2.0, 1: 2.0}).fit(X, y)
    assert model.corrected() is model.estimator_
    uncorrected = RebalancedClassifier(GaussianNB(), sampler=TomekLinks(), correct_prior=False)
    assert uncorrected.fit(X, y).corrected() is uncorrected.estimator_
