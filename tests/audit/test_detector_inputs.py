"""What an audit of a detector takes, refuses and leaves out."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import OneClassSVM

from appliednn.audit import audit, default_gates, report_schema
from appliednn.audit._context import AuditContext, is_detector
from appliednn.audit._labels import anomaly_labels
from appliednn.core.errors import UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = (np.arange(120) % 15 == 0).astype(int)
X[Y == 1] += 4
DETECTOR = OneClassSVM().fit(X)
QUICK = ["ANN901", "ANN902"]


class FixedDetector(OutlierMixin, BaseEstimator):
    """Answers what it is told; its scores are the first column."""

    def __init__(self, answer=1, score=0.0):
        self.answer = answer
        self.score = score

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.full(len(X), self.answer)

    def score_samples(self, X):
        return np.full(len(X), self.score)


@pytest.mark.parametrize(
    "labels",
    [Y, Y == 1, np.where(Y == 1, -1, 1), Y.astype(float), (Y == 1).astype(object), pd.Series(Y)],
    ids=["0/1", "bool", "-1/1", "float", "object", "series"],
)
def test_labels_of_anomalies_may_be_written_in_three_ways(labels):
    np.testing.assert_array_equal(anomaly_labels(np.asarray(labels), "y"), Y)
    context = AuditContext(DETECTOR, X, labels)
    assert context.task == "anomaly"
    np.testing.assert_array_equal(context.y_test, Y)


def test_labels_of_one_kind_are_read_where_they_are_clear():
    assert anomaly_labels(np.zeros(3), "y").tolist() == [0, 0, 0]
    assert anomaly_labels(np.full(3, -1), "y").tolist() == [1, 1, 1]
    assert anomaly_labels(np.array([True, True]), "y").tolist() == [1, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones(120), "y_test holds 1 alone, .* give booleans"),
        (np.where(Y == 1, "bad", "good"), "must say which rows are anomalies: .* found 'bad'"),
        (np.arange(120), "must say which rows are anomalies: .* found 0, 1, 2, 3, 4"),
        (np.where(Y == 1, np.nan, 0.0), "y_test has 8 missing values"),
        (Y[:-1], "X_test has 120 rows and y_test 119"),
    ],
)
def test_other_labels_are_refused(labels, message):
    with pytest.raises(UsageError, match=message):
        audit(DETECTOR, X, labels, checks=QUICK)


def test_only_detectors_do_without_labels():
    with pytest.raises(UsageError, match="LogisticRegression is no outlier detector"):
        audit(LogisticRegression().fit(X, Y), X)
    with pytest.raises(UsageError, match="y_train was given without X_train"):
        audit(DETECTOR, X, y_train=Y)
    with pytest.raises(UsageError, match="positive is for classifiers; this model is an anomaly"):
        audit(DETECTOR, X, Y, positive=1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (FixedDetector(answer=0), "FixedDetector must predict 1 or -1 for each row, got 0"),
        (FixedDetector(score=np.nan), "gave 120 of 120 rows an anomaly score that is not finite"),
    ],
)
def test_answers_that_are_no_detector_s_are_refused(model, message):
    with pytest.raises(UsageError, match=message):
        audit(model.fit(X), X, checks=QUICK)


def test_what_counts_as_a_detector():
    piped = make_pipeline(StandardScaler(), IsolationForest(n_estimators=5))
    assert is_detector(piped) and is_detector(LocalOutlierFactor(novelty=True))
    assert not is_detector(LogisticRegression()) and not is_detector(object())


def test_scores_are_higher_for_anomalies():
    context = AuditContext(DETECTOR, X, Y)
    np.testing.assert_allclose(context.scores, -DETECTOR.score_samples(X))
    np.testing.assert_array_equal(context.flagged, DETECTOR.predict(X) == -1)


def test_training_scores_of_a_local_outlier_factor_leave_the_row_itself_out():
    lof = LocalOutlierFactor(novelty=True).fit(X)
    context = AuditContext(lof, X[:50], None, X_train=X)
    np.testing.assert_allclose(context.train_scores, -lof.negative_outlier_factor_)


def test_checks_of_other_models_say_why_they_do_not_apply():
    report = audit(DETECTOR, X, Y, checks=["ANN201", "calibration", *QUICK], gates=[])
    assert [r.id for r in report.sections["detection"]] == QUICK
    reasons = {n.id: n.reason for n in report.not_checked}
    assert reasons["ANN201"].startswith("how well a detector finds anomalies is asked by ANN901")
    assert reasons["ANN221"] == "an anomaly score ranks rows and promises no probability"
    assert not any(n.failed for n in report.not_checked)


def test_checks_of_detectors_stay_out_of_other_reports():
    model = LogisticRegression().fit(X, Y)
    report = audit(model, X, Y, checks=["ANN201"], gates=[])
    assert not [n for n in report.not_checked if n.section == "detection"]
    with pytest.raises(UsageError, match=r"none of the checks asked for \(ANN901, ANN902\)"):
        audit(model, X, Y, checks=QUICK)


def test_gates_are_on_metrics_of_the_task():
    with pytest.raises(UsageError, match="unknown metric 'ece'"):
        audit(DETECTOR, X, Y, gates=[{"metric": "ece", "op": "<=", "threshold": 0.1}])
    gates = [{"metric": "average_precision", "op": ">=", "threshold": 0.2}]
    report = audit(DETECTOR, X, gates=gates, checks=QUICK)
    assert report.gates[0].reason.startswith("ANN901 (Labelled anomalies) gave nothing: no labels")
    assert report.verdict == "INCONCLUSIVE"


def test_default_gates_ask_for_labels_only_where_there_are_some():
    without = [gate.metric for gate in default_gates("anomaly", labels=False)]
    assert without == ["injected_roc_auc[5 sd]", "alert_rate", "seed_stability"]
    assert [gate.metric for gate in default_gates("anomaly")] == ["roc_auc", *without]


def test_the_report_of_a_detector_keeps_the_published_schema():
    jsonschema = pytest.importorskip("jsonschema")
    report = audit(DETECTOR, X[:60], Y[:60], X_train=X[60:], checks=[*QUICK, "data"])
    data = report.to_dict()
    jsonschema.validate(data, report_schema())
    json.dumps(data, allow_nan=False)
    assert data["task"] == "anomaly"
    assert "anomaly detection" in report.to_html()


def test_data_checks_work_with_and_without_labels():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.loc[::7, "a"] = np.nan
    model = make_pipeline(StandardScaler(), IsolationForest(n_estimators=5, random_state=0))
    model.fit(frame[60:])
    for y, y_train in ((None, None), (Y[:60], None), (Y[:60], Y[60:])):
        report = audit(
            model, frame[:60], y, X_train=frame[60:], y_train=y_train, checks=["data"], gates=[]
        )
        assert [r.id for r in report.sections["data"]] == ["ANN101", "ANN102", "ANN103", "ANN105"]
        overview = report.sections["data"][0].result
        shares = {k: e.value for k, e in overview.estimates.items() if k.startswith("class")}
        expected = {"class_share[normal]": 56 / 60, "class_share[anomaly]": 4 / 60}
        assert shares == ({} if y is None else pytest.approx(expected))


def test_groups_are_compared_where_there_are_labels():
    group = pd.DataFrame({"group": np.where(np.arange(120) < 60, "u", "v")})
    report = audit(DETECTOR, X, Y, sensitive=group, checks=["fairness"], gates=[])
    rates = report.sections["fairness"][0].result.tables[0]
    flagged = DETECTOR.predict(X) == -1
    assert any(f"{flagged[:60].mean():.3f}" in str(row) for row in _numbers(rates))
    report = audit(DETECTOR, X, sensitive=group, checks=[*QUICK, "fairness"], gates=[])
    assert "needs labels (y_test)" in {n.id: n.reason for n in report.not_checked}["ANN601"]


def _numbers(table):
    for row in table.rows:
        yield [f"{c.value:.3f}" for c in row if getattr(c, "value", None) is not None]


@pytest.mark.parametrize("n_test", [1, 5, 60])
def test_columns_of_any_dtype_and_a_handful_of_rows(n_test):
    rng, n = np.random.default_rng(0), 160
    frame = pd.DataFrame(
        {
            "größe": rng.normal(size=n),
            "日本": rng.choice(["x", "y", None], n),
            "ja": rng.random(n) < 0.5,
            "seit": pd.Timestamp("2020-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, 99, n), "D"),
            "zahl": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "leer": np.nan,
            "gemischt": [1 if k % 2 else "eins" for k in range(n)],
            "weit": np.where(np.arange(n) % 50 == 0, np.inf, rng.normal(size=n)),
        }
    )
    frame.loc[::11, "zahl"] = pd.NA
    columns = make_column_transformer(("passthrough", ["größe"]))
    model = make_pipeline(columns, IsolationForest(n_estimators=5, random_state=0))
    model.fit(frame[:100])
    report = audit(
        model,
        frame[-n_test:],
        X_train=frame[:100],
        checks=["detection", "data"],
        options={"detection": {"n_refits": 3}},
    )
    assert not [n for n in report.not_checked if n.failed]
    json.dumps(report.to_dict(), allow_nan=False)
    assert report.verdict != "FAIL"
    ran = {r.id for r in report.sections["detection"]}
    assert {"ANN902", "ANN904", "ANN905", "ANN907"} <= ran


def test_a_table_without_numbers_leaves_the_gate_on_moved_numbers_open():
    frame = pd.DataFrame({"city": RNG.choice(["x", "y", "z"], 80)})
    encode = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encode, IsolationForest(n_estimators=5, random_state=0)).fit(frame)
    report = audit(model, frame, checks=["ANN904"])
    assert report.gates[0].status == "INCONCLUSIVE"
    assert report.gates[0].reason == "Not estimable: no column is continuous."
