"""Costs of decisions: against brute force, cross-fitting, hard inputs."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.svm import LinearSVC

from appliednn.audit import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.threshold import Threshold
from appliednn.core.errors import UsageError
from appliednn.diagnostics._costs import cost_curve, row_costs


class Decider:
    """Calls positive from a threshold on."""

    classes_ = np.array(["gut", "schlecht"])

    def __init__(self, proba, threshold=0.5):
        self.proba, self.threshold = proba, threshold

    def predict(self, X):
        return self.classes_[(self.proba >= self.threshold).astype(int)]

    def predict_proba(self, X):
        return np.column_stack([1 - self.proba, self.proba])


def case(n=600, threshold=0.5, seed=0, **options):
    rng = np.random.default_rng(seed)
    p = rng.beta(1.5, 3, n)
    y = Decider.classes_[(rng.random(n) < p).astype(int)]
    return AuditContext(Decider(p, threshold), np.zeros((n, 1)), y, options={"threshold": options})


def test_curve_equals_counting_at_each_threshold():
    rng = np.random.default_rng(0)
    p, y = rng.random(80).round(1), rng.random(80) < 0.4
    thresholds = np.linspace(0, 1.1, 12)
    made = cost_curve(y, p, 2, 7, thresholds)
    for t, cost in zip(thresholds, made.costs, strict=True):
        _, fp, fn, _ = confusion_matrix(y, p >= t).ravel()
        assert cost == pytest.approx((2 * fp + 7 * fn) / 80)
        assert row_costs(y, p >= t, 2, 7).mean() == pytest.approx(cost)


def test_cost_in_use_is_that_of_the_models_decisions():
    context = case(threshold=0.3, false_positive=1, false_negative=5)
    result = Threshold().run(context)
    _, fp, fn, _ = confusion_matrix(context.y_test, context.y_pred).ravel()
    made = result.estimates["cost_per_row"]
    assert made.value == pytest.approx((fp + 5 * fn) / 600)
    assert made.ci[0] < made.value < made.ci[1]
    points = {row[0]: row for row in result.tables[0].rows}
    assert points["in use"][1] == pytest.approx(0.3, abs=0.01)
    assert points["ideal if calibrated"][1] == pytest.approx(1 / 6)
    assert points["lowest on these rows"][2].value <= made.value
    assert "promises nothing" in result.tables[0].note


def test_a_bad_threshold_is_found_and_a_good_one_left_alone():
    bad = Threshold().run(case(threshold=0.6, false_positive=1, false_negative=5))
    assert [f.severity for f in bad.findings] == ["medium"]
    assert bad.estimates["cost_saved_by_threshold"].ci[0] > 0
    good = Threshold().run(case(threshold=1 / 6, false_positive=1, false_negative=5))
    assert not good.findings


def test_assumed_costs_give_a_hint_only():
    assert [f.severity for f in Threshold().run(case(threshold=0.95)).findings] in ([], ["info"])
    found = Threshold().run(case(threshold=0.05)).findings
    assert [f.severity for f in found] == ["info"] and "assumed" in found[0].text


def test_ideal_decisions_raise_no_alarm():
    alarms = sum(bool(Threshold().run(case(n=200, seed=s)).findings) for s in range(60))
    assert alarms <= 3


def test_what_cannot_be_judged_says_why():
    X = np.arange(40.0)[:, None]
    y = X[:, 0] > 20
    for context, why in (
        (AuditContext(LinearRegression().fit(X, y), X, y), "regression"),
        (AuditContext(LinearSVC().fit(X, y), X, y), "predict_proba"),
        (AuditContext(LogisticRegression().fit(X, y), X[:15], y[:15]), "one class"),
        (AuditContext(LogisticRegression().fit(X, y), X[18:23], y[18:23]), "too few"),
    ):
        with pytest.raises(NotApplicable, match=why):
            Threshold().run(context)
    with pytest.raises(UsageError, match="false_negative must be a positive number"):
        Threshold().run(case(false_negative=-1))
