"""Prior correction against closed forms and against a model trained without rebalancing."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression

from appliednn.imbalance import PriorCorrection, class_shares, resolve_class_weight, shift_prior


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8000, 3))
    y = np.where(rng.uniform(size=8000) < expit(X[:, 0] * 1.5 - 3.5), "bad", "good")
    return X, y


def test_shift_is_the_published_log_odds_formula():
    p, pi, q = np.linspace(0.01, 0.99, 50), 0.03, 0.5
    shifted = shift_prior(
        np.column_stack([1 - p, p]), np.array([1 - q, q]), np.array([1 - pi, pi])
    )
    expected = expit(logit(p) + logit(pi) - logit(q))
    np.testing.assert_allclose(shifted[:, 1], expected, rtol=1e-12)


def test_shift_of_gaussian_classes_is_bayes_rule():
    x = np.linspace(-4, 4, 41)
    density = np.exp(-0.5 * (x[:, None] - np.array([-1.0, 0.0, 2.0])) ** 2)
    before, after = np.array([0.2, 0.3, 0.5]), np.array([0.7, 0.2, 0.1])
    posterior = density * before / (density * before).sum(axis=1, keepdims=True)
    expected = density * after / (density * after).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shift_prior(posterior, before, after), expected, rtol=1e-12)


def test_corrected_weighted_model_is_the_unweighted_one(rare):
    X, y = rare
    plain = LogisticRegression(C=np.inf).fit(X, y)
    weights = resolve_class_weight("balanced", y)
    weighted = LogisticRegression(C=np.inf, class_weight=weights).fit(X, y)
    corrected = PriorCorrection(
        weighted, class_shares(y, plain.classes_, weights), class_shares(y, plain.classes_)
    ).fit()
    share = np.mean(y == "bad")
    assert weighted.predict_proba(X)[:, 0].mean() > 4 * share
    assert corrected.predict_proba(X)[:, 0].mean() == pytest.approx(share, rel=0.05)
    np.testing.assert_allclose(
        corrected.predict_proba(X)[:, 0], plain.predict_proba(X)[:, 0], atol=0.05
    )


def test_priors_may_be_given_in_three_ways(rare):
    X, y = rare
    inner = LogisticRegression().fit(X, y)
    as_number = PriorCorrection(inner, 0.5, 0.9).fit()
    as_mapping = PriorCorrection(inner, {"good": 0.5, "bad": 0.5}, {"bad": 0.1, "good": 0.9}).fit()
    as_array = PriorCorrection(inner, [0.5, 0.5], [0.1, 0.9]).fit()
    expected = as_array.predict_proba(X)
    for model in (as_number, as_mapping):
        np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-12)
    log_odds = np.log(expected[:, 1] / expected[:, 0])
    np.testing.assert_allclose(as_number.decision_function(X), log_odds, rtol=1e-9)
    assert is_classifier(as_array)


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"bad": 1.0}, "the classes are"),
        ([0.0, 1.0], "share above 0"),
        ([0.6, 0.6], "summing to 1"),
        ([0.2, 0.3, 0.5], "a share above 0 for each"),
    ],
)
def test_refuses_shares_that_are_none(rare, prior, message):
    X, y = rare
    with pytest.raises(ValueError, match=message):
        PriorCorrection(LogisticRegression().fit(X, y), 0.5, prior).fit()
