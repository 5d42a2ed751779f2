"""Baselines named in a config, against scikit-learn's metrics."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

from appliednn.audit._context import AuditContext
from appliednn.pipeline._model import named_estimator
from appliednn.pipeline._named_baselines import CHECK_ID, baseline_check
from appliednn.pipeline.registry import estimator


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
    X["job"] = rng.choice(["x", "y"], 400)
    return X, X["a"] * (X["job"] == "x") + rng.normal(size=400)


def context(model, X, y):
    model.fit(X[:250], y[:250])
    return AuditContext(model, X[250:], y[250:], X_train=X[:250], y_train=y[:250])


def fitted(name, audited):
    seed = audited.seed(f"{CHECK_ID}/{name}")
    model, _ = named_estimator(estimator(name).load(), {}, seed)
    return model.fit(audited.X_train, audited.y_train)


def named(name):
    return named_estimator(estimator(name).load(), {}, 0)[0]


def test_advantage_of_a_classifier_is_scikit_learns_difference(rows):
    X, score = rows
    y = np.where(score > 0.7, "bad", "good")
    audited = context(named("LogisticRegression"), X, y)
    result = baseline_check(["RandomForestClassifier", "DummyClassifier"])().run(audited)
    for name in ("RandomForestClassifier", "DummyClassifier"):
        theirs = fitted(name, audited).predict_proba(audited.X_test)
        loss = result.estimates[f"log_loss_vs_{name}"]
        ours = log_loss(audited.y_test, audited.proba)
        assert loss.value == pytest.approx(log_loss(audited.y_test, theirs) - ours)
        assert loss.ci[0] <= loss.value <= loss.ci[1]
        area = result.estimates[f"roc_auc_vs_{name}"]
        truth = audited.y_test == "good"
        expected = roc_auc_score(truth, audited.proba[:, 1]) - roc_auc_score(truth, theirs[:, 1])
        assert area.value == pytest.approx(expected)
    better = {f.title for f in result.findings}
    assert "DummyClassifier is better" not in better
    worse = context(named("DummyClassifier"), X, y)
    found = baseline_check(["LogisticRegression"])().run(worse).findings
    assert {f.title for f in found} == {"LogisticRegression is better"}


def test_advantage_of_a_regressor_is_in_rmse(rows):
    X, y = rows
    audited = context(named("Ridge"), X, y.to_numpy())
    found = baseline_check(["RandomForestRegressor"])().run(audited)
    theirs = fitted("RandomForestRegressor", audited).predict(audited.X_test)
    expected = root_mean_squared_error(audited.y_test, theirs) - root_mean_squared_error(
        audited.y_test, audited.y_pred
    )
    assert found.estimates["rmse_vs_RandomForestRegressor"].value == pytest.approx(expected)


def test_three_classes_are_compared_by_log_loss(rows):
    X, score = rows
    y = np.digitize(score, [-0.5, 0.5])
    audited = context(named("LogisticRegression"), X, y)
    found = baseline_check(["DummyClassifier"])().run(audited)
    assert list(found.estimates) == ["log_loss_vs_DummyClassifier"]
    assert found.estimates["log_loss_vs_DummyClassifier"].value > 0
