"""The whole audit on each kind of model it must take: every check runs or says why not."""

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from appliednn import MLPClassifier, MLPRegressor
from appliednn.audit import audit, report_schema
from appliednn.audit._gates import stem
from appliednn.audit.checks import all_checks

SMALL = {
    "robustness": {"max_rows": 30, "n_steps": 5, "blackbox_tries": 4},
    "explanations": {"max_rows": 6, "lime_rows": 2, "importance_rows": 40, "n_repeats": 2},
}
# Explanations ask the model most often; two kinds of it are enough here.
QUICK = {**SMALL, "skip": ["explanations"]}


def _table(n=260, seed=0):
    """Return rows with numbers, gaps, categories and a signal."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "größe": rng.normal(size=n),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "job": rng.choice(["clerk", "cook", "<b>smith</b>"], size=n),
            "sex": rng.choice(["f", "m"], size=n),
        }
    )
    score = X["größe"] + (X["job"] == "cook") + 0.5 * rng.normal(size=n)
    return X, score.to_numpy()


def _columns():
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((numbers, ["größe", "income"]), (texts, ["job", "sex"]))


def _lightgbm():
    package = pytest.importorskip("lightgbm")
    trees = package.LGBMClassifier(n_estimators=10, num_leaves=4, verbose=-1)
    return make_pipeline(_columns().set_output(transform="pandas"), trees)


def _network():
    return MLPClassifier(hidden_layer_sizes=(8,), epochs=5, random_state=0)


CLASSIFIERS = {
    "pipeline": lambda: make_pipeline(_columns(), LogisticRegression()),
    "boosting": lambda: make_pipeline(_columns(), HistGradientBoostingClassifier(max_iter=10)),
    "decisions only": lambda: make_pipeline(_columns(), RidgeClassifier()),
    "lightgbm": _lightgbm,
    "network": _network,
}


def _audited(model, X, y, half=130, options=QUICK):
    model.fit(X[:half], y[:half])
    return audit(
        model,
        X[half:],
        y[half:],
        X_train=X[:half],
        y_train=y[:half],
        sensitive=["sex"],
        options=options,
    )


def _is_whole(report):
    """Check what holds for every report, whatever the model."""
    broken = [(n.id, n.reason) for n in report.not_checked if n.failed]
    assert broken == []
    assert all(n.reason for n in report.not_checked)
    data = report.to_dict()
    jsonschema.validate(data, report_schema())
    page = report.to_html()
    assert len(page.encode()) < 1_000_000
    assert "<b>smith" not in page
    keys = {check.id: check.keys for check in all_checks()}
    for records in report.sections.values():
        for record in records:
            # A gate can name only what a check declares.
            assert {stem(k) for k in record.result.estimates} <= set(keys[record.id]), record.id
            for key, estimate in record.result.estimates.items():
                assert estimate.name and estimate.n >= 0, key
                assert (estimate.value is not None) or estimate.reason, key


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_binary_model_of_any_kind_is_audited_whole(name):
    X, score = _table()
    y = np.where(score > 0, "yes", "no")
    explained = name in ("pipeline", "network")
    report = _audited(CLASSIFIERS[name](), X, y, options=SMALL if explained else QUICK)
    _is_whole(report)
    assert ("explanations" in report.sections) == explained
    assert report.verdict in ("PASS", "INCONCLUSIVE")
    assert {"performance", "baselines", "fairness", "robustness", "data"} <= set(report.sections)


def test_three_classes_are_audited_whole():
    X, score = _table()
    labels = np.digitize(score, [-0.5, 1.0])
    report = _audited(CLASSIFIERS["pipeline"](), X, labels)
    _is_whole(report)
    assert report.task == "multiclass"


@pytest.mark.parametrize("kind", ["boosting", "network"])
def test_a_regressor_is_audited_whole(kind):
    X, score = _table()
    trees = make_pipeline(_columns(), HistGradientBoostingRegressor(max_iter=10))
    network = MLPRegressor(hidden_layer_sizes=(8,), epochs=5, random_state=0)
    report = _audited(trees if kind == "boosting" else network, X, score)
    _is_whole(report)
    assert report.task == "regression"


def test_a_model_without_training_rows_is_audited_with_what_there_is():
    X, score = _table()
    y = np.where(score > 0, "yes", "no")
    model = CLASSIFIERS["pipeline"]().fit(X, y)
    report = audit(model, X, y, options=QUICK)
    _is_whole(report)
    assert "baselines" not in report.sections
    assert report.verdict == "INCONCLUSIVE"


def _failed(model, X_train, y_train, X_test, y_test):
    """Return the metrics of the default gates that fail."""
    report = audit(
        model, X_test, y_test, X_train=X_train, y_train=y_train, checks=["data", "baselines"]
    )
    return [g.gate.metric for g in report.gates if g.fails]


def test_a_leak_fails_by_default():
    X, score = _table(2400)
    y = np.where(score > 0, "yes", "no")
    leaking = X[["größe"]].assign(answer=(y == "yes").astype(float))
    model = LogisticRegression().fit(leaking[:1200], y[:1200])
    parts = (leaking[:1200], y[:1200], leaking[1200:], y[1200:])
    assert _failed(model, *parts) == ["max_single_feature_auc"]


def test_a_leak_in_regression_fails_by_default():
    X, score = _table(2400)
    leaking = X[["größe"]].assign(answer=score)
    model = LinearRegression().fit(leaking[:1200], score[:1200])
    parts = (leaking[:1200], score[:1200], leaking[1200:], score[1200:])
    assert _failed(model, *parts) == ["max_single_feature_r2"]


def test_test_rows_that_were_trained_on_fail_by_default():
    X, score = _table()
    y = np.where(score > 0, "yes", "no")
    model = CLASSIFIERS["pipeline"]().fit(X, y)
    assert _failed(model, X, y, X[130:], y[130:]) == ["duplicate_share_beyond_chance"]


def test_a_model_worse_than_a_guess_fails_by_default():
    X, score = _table()
    y = np.where(score > 0, "yes", "no")
    backwards = CLASSIFIERS["pipeline"]().fit(X[:130], np.where(y == "yes", "no", "yes")[:130])
    assert _failed(backwards, X[:130], y[:130], X[130:], y[130:]) == ["roc_auc_vs_dummy"]
