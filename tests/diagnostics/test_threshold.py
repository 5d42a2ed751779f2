"""Thresholds against closed forms, brute force and scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.base import is_classifier
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV

from appliednn.diagnostics._threshold import ThresholdClassifier, choose_threshold

SCORES = {
    "f1": metrics.f1_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "mcc": metrics.matthews_corrcoef,
    "accuracy": metrics.accuracy_score,
    "youden": lambda y, p: 2 * metrics.balanced_accuracy_score(y, p) - 1,
}


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    proba = np.round(rng.uniform(0.02, 0.98, 200), 2)  # with ties
    return rng.uniform(size=200) < proba**2, proba


@pytest.mark.parametrize("metric", SCORES)
def test_metric_is_scikit_learns_best_over_all_thresholds(scores, metric):
    y, proba = scores
    chosen = choose_threshold(y, proba, {"type": "metric", "metric": metric})
    best = max(SCORES[metric](y, proba >= t) for t in np.linspace(0, 1, 201))
    assert chosen.value == pytest.approx(SCORES[metric](y, proba >= chosen.threshold))
    assert chosen.value == pytest.approx(best)


@pytest.mark.parametrize(("cost_fp", "cost_fn"), [(1, 1), (1, 5), (4, 1)])
def test_cost_of_calibrated_scores_meets_the_closed_form(cost_fp, cost_fn):
    rng = np.random.default_rng(1)
    proba = rng.uniform(size=400_000)
    y = rng.uniform(size=len(proba)) < proba
    rule = {"type": "cost", "false_positive": cost_fp, "false_negative": cost_fn}
    chosen = choose_threshold(y, proba, rule)
    assert chosen.threshold == pytest.approx(cost_fp / (cost_fp + cost_fn), abs=0.02)
    # The expected cost of calibrated uniform scores at the best threshold t is c_fp c_fn / 2(sum).
    assert chosen.value == pytest.approx(cost_fp * cost_fn / (2 * (cost_fp + cost_fn)), rel=0.01)


def test_weights_act_like_repeated_rows(scores):
    y, proba = scores
    weight = np.where(y, 3, 1)
    rule = {"type": "cost", "false_positive": 1, "false_negative": 1}
    weighted = choose_threshold(y, proba, rule, sample_weight=weight)
    repeated = choose_threshold(np.repeat(y, weight), np.repeat(proba, weight), rule)
    assert weighted.threshold == repeated.threshold
    assert weighted.value == pytest.approx(repeated.value)


def test_is_at_least_as_good_as_scikit_learns_tuned_threshold():
    X, y = make_classification(500, weights=[0.85], flip_y=0.1, random_state=0)
    inner = LogisticRegression().fit(X[:250], y[:250])
    proba = inner.predict_proba(X[250:])[:, 1]
    ours = choose_threshold(y[250:], proba, {"type": "metric", "metric": "f1"})
    tuned = TunedThresholdClassifierCV(
        FrozenEstimator(inner), scoring="f1", cv="prefit", refit=False, thresholds=500
    ).fit(X[250:], y[250:])
    assert ours.value >= tuned.best_score_ - 1e-12
    assert ours.value == pytest.approx(tuned.best_score_, abs=0.02)


def test_ties_go_to_the_threshold_nearest_the_ideal():
    y, proba = [0, 0, 1], [0.1, 0.2, 0.9]
    rule = {"type": "cost", "false_positive": 0, "false_negative": 1}
    assert choose_threshold(y, proba, rule).threshold == 0.0
    assert choose_threshold([0, 0], [0.1, 0.9], rule).threshold == 0.0
    rule = {"type": "cost", "false_positive": 1, "false_negative": 0}
    assert choose_threshold([1, 1], [0.1, 0.9], rule).value == 0.0


@pytest.mark.parametrize(
    ("y", "proba", "rule", "message"),
    [
        ([1, 1], [0.1, 0.2], {"type": "metric", "metric": "f1"}, "rows of both classes"),
        ([0, 1], [0.1, 1.2], {"type": "default"}, r"must lie in \[0, 1\]"),
        ([0, 1], [0.1], {"type": "default"}, "one value a row"),
        ([0, 1], [0.1, 0.2], {"type": "metric", "metric": "auc"}, "metrics: f1"),
        (
            [0, 1],
            [0.1, 0.2],
            {"type": "cost", "false_positive": 0, "false_negative": 0},
            "not both 0",
        ),
    ],
)
def test_says_what_is_wrong(y, proba, rule, message):
    with pytest.raises(ValueError, match=message):
        choose_threshold(y, proba, rule)


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_wrapper_equals_scikit_learns_fixed_threshold(positive):
    X, y = make_classification(200, random_state=0)
    inner = LogisticRegression().fit(X, np.array(["no", "yes"])[y])
    ours = ThresholdClassifier(inner, 0.3, positive).fit()
    theirs = FixedThresholdClassifier(
        FrozenEstimator(inner), threshold=0.3, pos_label=positive, response_method="predict_proba"
    ).fit(X, y)
    assert ours.predict(X).tolist() == theirs.predict(X).tolist()
    assert is_classifier(ours)
    assert ours.estimator_ is inner
    with pytest.raises(ValueError, match="not among the classes"):
        ThresholdClassifier(inner, positive="maybe").fit()


def test_needs_two_classes():
    X, y = make_classification(90, n_informative=4, n_classes=3, random_state=0)
    with pytest.raises(ValueError, match="the model has 3"):
        ThresholdClassifier(LogisticRegression(max_iter=500).fit(X, y)).fit()
