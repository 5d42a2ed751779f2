"""The audit's checks of explanations, on models with and without a network."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import appliednn
from appliednn.audit import NotApplicable, audit
from appliednn.audit._context import AuditContext
from appliednn.audit.checks import _explained, explanations
from appliednn.audit.checks.explanations import (
    Agreement,
    Faithful,
    Importance,
    Lime,
    Shap,
)
from appliednn.core.errors import UsageError

CHECKS = tuple(
    check for check in explanations.CHECKS if "binary" in check.tasks
)  # agents have their own

FEW = {"explanations": {"max_rows": 25, "lime_rows": 12}}


@pytest.fixture(scope="module")
def loans():
    """Labels from age, debt and home; values that no report may show."""
    rng = np.random.default_rng(0)
    n = 300
    frame = pd.DataFrame(
        {
            "age": rng.normal(40.777, 10, n),
            "debt": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(9, 1, n)),
            "home": rng.choice(["secretplace", "hiddenville", "elsewhere"], n),
            "noise": rng.normal(size=n),
        }
    )
    signal = (frame["age"] - 40) / 5 - np.log(frame["debt"].fillna(8000) / 8000)
    signal += 2 * (frame["home"] == "secretplace") + 0.5 * rng.normal(size=n)
    return frame, np.where(signal > 0.5, "good", "bad")


@pytest.fixture(scope="module")
def network(loans):
    frame, y = loans
    model = appliednn.MLPClassifier(
        (16,), epochs=25, batch_size=16, learning_rate=0.01, random_state=0
    )
    return model.fit(frame[:150], y[:150])


def context(model, loans, **more):
    frame, y = loans
    more.setdefault("options", FEW)
    return AuditContext(model, frame[150:], y[150:], X_train=frame[:150], **more)


def linear(loans):
    frame, y = loans
    frame = frame.fillna({"debt": 8000})
    encode = make_column_transformer(
        (OneHotEncoder(), ["home"]), (StandardScaler(), ["age", "debt", "noise"])
    )
    model = make_pipeline(encode, LogisticRegression()).fit(frame[:150], y[:150])
    return model, (frame, y)


def test_a_networks_explanations_find_what_made_the_labels(network, loans):
    shared = context(network, loans)
    results = {check.id: check().run(shared) for check in CHECKS}
    for key in ("permutation_importance", "shap_importance"):
        values = {
            k: e.value
            for r in results.values()
            for k, e in r.estimates.items()
            if k[: len(key)] == key
        }
        assert len(values) == 4
        assert max(values, key=values.get) == f"{key}[age]"
    idle = results["ANN501"].estimates["permutation_importance[noise]"]
    assert idle.ci[0] < 0.02 < results["ANN501"].estimates["permutation_importance[age]"].ci[0]
    assert results["ANN504"].estimates["shap_lime_rank_correlation"].n == 12
    assert results["ANN505"].summary == "SHAP: reliable; LIME: reliable."
    assert "25 test rows explained" in results["ANN502"].tables[0].note
    assert all(r.findings == [] for i, r in results.items() if i in ("ANN502", "ANN505"))
    for check, result in zip(CHECKS, results.values(), strict=True):
        assert {k.split("[")[0] for k in result.estimates} <= set(check.keys)
    keys = {k for check in CHECKS for k in check.keys}
    assert keys == {k.split("[")[0] for r in results.values() for k in r.estimates}


def test_no_value_of_any_row_is_shown(network, loans):
    report = audit(
        network, loans[0][150:], loans[1][150:], checks=["explanations"], gates=[], options=FEW
    )
    text = json.dumps(report.to_dict())
    assert not any(word in text for word in ("secretplace", "hiddenville", "elsewhere"))
    shared = context(network, loans)
    shown = [t for t in Shap().run(shared).tables + Lime().run(shared).tables if "rows" in t.title]
    assert len(shown) == 2
    for table in shown:
        assert table.columns[0] == "feature"
        assert [c.split(":")[0] for c in table.columns[1:3]] == ["typical 1", "typical 2"]
        assert {row[0] for row in table.rows} == set(loans[0].columns)


def test_chosen_rows_are_what_they_are_called(network, loans):
    shared = context(network, loans)
    proba, y = shared.proba.max(axis=1), shared.y_test
    frame = shared.X_test
    work = _explained.explained(shared)
    for case in work.cases:
        row = work.pool.frame.iloc[case.row]
        place = int(np.flatnonzero(frame["noise"] == row["noise"])[0])
        assert (shared.y_pred[place] != y[place]) == case.wrong
        assert repr(str(shared.y_pred[place])) in case.label
        if case.label.startswith("wrong 1"):
            assert proba[place] == proba[shared.y_pred != y].max()


def test_shap_of_a_linear_pipeline_is_its_closed_form(loans):
    model, data = linear(loans)
    shared = context(model, data)
    Shap().run(shared)
    work, found = _explained.explained(shared), _explained.explained(shared).shap
    names = ["age", "debt", "noise"]
    scaled = model[0].named_transformers_["standardscaler"]
    weights = model[1].coef_[0][-3:] / scaled.scale_
    rows = np.concatenate([work.sample, work.case_rows])
    x = work.pool.frame.iloc[rows][names].to_numpy()
    sign = np.where(found.target == 1, 1, -1)
    slopes = found.values[:, [0, 1, 3]] * sign[:, None]
    # phi = w (x - mean): the unknown background mean drops out of differences between rows.
    np.testing.assert_allclose(slopes - slopes[0], weights * (x - x[0]), atol=1e-9)


def test_an_explanation_that_is_noise_is_stamped(loans, monkeypatch):
    model, data = linear(loans)

    def noise(*args, seed=0, **kwargs):
        made = real(*args, seed=seed, **kwargs)
        return replace(made, values=np.random.default_rng(seed).normal(size=made.values.shape))

    real = _explained.shap_values
    monkeypatch.setattr(_explained, "shap_values", noise)
    shared = context(model, data)
    result = Faithful().run(shared)
    assert result.summary.startswith("SHAP: do not rely on this; LIME: reliable")
    (finding,) = result.findings
    assert (finding.id, finding.severity) == ("ANN505.1", "medium")
    assert finding.title == "SHAP: do not rely on this"
    assert "Rank correlation of two seeds" in finding.text
    assert Shap().run(shared).summary.startswith("Do not rely on this")


def test_several_classes_and_arrays(loans):
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    X, y = X[order], y[order]
    model = LogisticRegression(max_iter=500).fit(X[:75], y[:75])
    shared = AuditContext(model, X[75:], y[75:], options=FEW)
    for check in CHECKS:
        result = check().run(shared)
        assert result.summary
    assert list(Shap().run(shared).tables[1].columns[1:4]) == [
        f"typical {i}: {k}" for i, k in enumerate(pick(shared), start=1)
    ]


def pick(shared):
    """Classes by how many rows were rightly given to them."""
    right = shared.y_pred == shared.y_test
    counts = [int((right & (shared.y_pred == k)).sum()) for k in range(3)]
    return sorted(range(3), key=lambda k: -counts[k])


def test_regression(loans):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X["flat"] = 1.0
    model = LinearRegression().fit(X[:300], y[:300])
    shared = AuditContext(model, X[300:], y[300:], X_train=X[:300], options=FEW)
    results = [check().run(shared) for check in CHECKS]
    assert results[0].estimates["permutation_importance[flat]"].value == 0
    assert results[4].estimates["shap_completeness_gap"].value < 1e-9
    assert results[4].summary.startswith("SHAP: reliable")
    error = np.abs(shared.y_pred - shared.y_test)
    work = _explained.explained(shared)
    wrong = [c.row for c in work.cases if c.wrong][0]
    worst = shared.X_test.iloc[int(np.argmax(error))]
    pd.testing.assert_series_equal(work.pool.frame.iloc[wrong], worst, check_names=False)


def test_what_cannot_be_explained_says_why(loans):
    X = loans[0][["age", "noise"]]
    y = loans[1]
    constant = AuditContext(DummyClassifier().fit(X, y), X, y, options=FEW)
    with pytest.raises(NotApplicable, match="same score"):
        Shap().run(constant)
    assert Importance().run(constant).findings[0].id == "ANN501.1"
    both = np.column_stack([X, X])
    several = AuditContext(LinearRegression().fit(X, both), X, both, options=FEW)
    with pytest.raises(NotApplicable, match="one target"):
        Importance().run(several)
    margin = AuditContext(RidgeClassifier().fit(X, y), X, y, options=FEW)
    assert "decision function" in Shap().run(margin).tables[0].note

    class Labels(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            return np.where(np.asarray(X)[:, 0] > 40, "good", "bad")

    silent = AuditContext(Labels().fit(X, y), X, y, options=FEW)
    for check in (Shap, Lime, Agreement, Faithful):
        with pytest.raises(NotApplicable, match="gives labels only"):
            check().run(silent)
    assert "error rate" in Importance().run(silent).summary
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 201)))
    context = AuditContext(LogisticRegression().fit(wide, y[:40]), wide, y[:40], options=FEW)
    with pytest.raises(NotApplicable, match="201 features"):
        Lime().run(context)


def test_one_feature(loans):
    X, y = loans[0][["age"]], loans[1]
    shared = AuditContext(LogisticRegression().fit(X, y), X, y, options=FEW)
    assert Shap().run(shared).estimates["shap_importance[age]"].value > 0
    assert Lime().run(shared).tables
    with pytest.raises(NotApplicable, match="too few to compare"):
        Agreement().run(shared)
    assert Faithful().run(shared).summary == "SHAP: not tested; LIME: not tested."


def test_equal_seeds_give_equal_results_in_any_order(loans):
    model, data = linear(loans)
    first, second = context(model, data), context(model, data)
    forward = {c.id: c().run(first).to_dict() for c in CHECKS}
    backward = {c.id: c().run(second).to_dict() for c in reversed(CHECKS)}
    assert forward == backward


def test_bad_options_are_refused(loans):
    model, data = linear(loans)
    for value in (0, "many", True):
        shared = context(model, data, options={"explanations": {"max_rows": value}})
        with pytest.raises(UsageError, match="explanations.max_rows"):
            Shap().run(shared)
