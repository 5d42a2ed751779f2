"""Detectors of series: stretches in place of rows, volumes, anomalies put into time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, roc_auc_score

from appliednn.anomaly import WindowedPCADetector
from appliednn.audit import audit
from appliednn.audit._context import AuditContext
from appliednn.audit.checks import _cheap_series, _inject_series, resources
from appliednn.audit.checks._detection_series import max_buffer, resampled_series
from appliednn.audit.checks._detector import Resampling, block_length, normal_rows, some_rows
from appliednn.core.errors import UsageError
from appliednn.diagnostics import affiliation_f1, vus_pr, vus_roc


class Change(OutlierMixin, BaseEstimator):
    """Scores a time point by how far it is from the one before it, all channels together."""

    reads_series = True

    def __init__(self, limit=1.0):
        self.limit = limit

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        self.window_, self.smoothing_ = 2, 1
        return self

    def score_samples(self, X):
        values = np.asarray(X, dtype=float)
        return -np.abs(np.diff(values, axis=0, prepend=values[:1])).sum(axis=1)

    def predict(self, X):
        return np.where(self.score_samples(X) < -self.limit, -1, 1)


def series(n=1600, seed=0):
    rng, t = np.random.default_rng(seed), np.arange(n)
    X = pd.DataFrame({"u": np.sin(t / 5), "v": np.cos(t / 5)}) + 0.05 * rng.normal(size=(n, 2))
    y = np.zeros(n, dtype=int)
    for start in range(n // 2 + 60, n - 40, 140):
        y[start : start + 15] = 1
        X.loc[start : start + 14, "u"] += rng.normal(size=15)
    half = n // 2
    return X[:half], X[half:], y[:half], y[half:]


X, X_TEST, Y, Y_TEST = series()
MODEL = Change().fit(X)


def results(checks, model=MODEL, y_test=Y_TEST, **kw):
    report = audit(model, X_TEST, y_test, X_train=X, checks=checks, gates=[], **kw)
    assert not [n for n in report.not_checked if n.failed]
    return {r.id: r.result for rs in report.sections.values() for r in rs}, report


def test_scores_of_a_series_are_those_of_the_diagnostics():
    made = results(["ANN901"])[0]["ANN901"].estimates
    scores, flagged = -MODEL.score_samples(X_TEST), MODEL.predict(X_TEST) == -1
    assert made["roc_auc"].value == pytest.approx(roc_auc_score(Y_TEST, scores))
    expected = average_precision_score(Y_TEST, scores)
    assert made["average_precision"].value == pytest.approx(expected)
    assert made["vus_pr"].value == pytest.approx(vus_pr(Y_TEST, scores, 2))
    assert made["vus_roc"].value == pytest.approx(vus_roc(Y_TEST, scores, 2))
    assert made["affiliation_f1"].value == pytest.approx(affiliation_f1(Y_TEST, flagged))
    assert all(made[k].ci[0] < made[k].value for k in ("vus_pr", "vus_roc", "recall"))
    assert not [key for key in made if key.startswith("precision_at")]


def test_intervals_come_from_stretches():
    context = AuditContext(MODEL, X_TEST, Y_TEST)
    assert (context.reads_series, max_buffer(context)) == (True, 2)
    assert block_length(context, 800) == 9  # the cube root; twice the window is 4
    rows = next(resampled_series(Resampling(90, 0, block=9)))
    steps = np.diff(rows) % 90
    assert len(rows) == 90 and (steps == 1).sum() >= 80
    chosen = some_rows(context, 800, 100, "x")
    assert (np.diff(chosen) == 1).all() and len(chosen) == 100


def test_windows_that_touch_an_anomaly_are_not_called_normal():
    context = AuditContext(MODEL, X_TEST, Y_TEST)
    y = np.zeros(60, dtype=int)
    y[30] = 1
    assert np.flatnonzero(~normal_rows(context, y, 60)).tolist() == [28, 29, 30, 31, 32]


def test_injected_anomalies_of_a_series():
    made = results(["ANN904"])[0]["ANN904"]
    areas = {k: e.value for k, e in made.estimates.items() if k.startswith("injected_roc_auc")}
    sizes = [areas[f"injected_roc_auc[{d} sd]"] for d in (1, 2, 3, 5)]
    assert sizes == sorted(sizes) and sizes[-1] == 1.0
    assert areas["injected_roc_auc[level shift 5 sd]"] == 1.0
    # A held value is a change of its own only where it ends.
    assert 0.5 < areas["injected_roc_auc[frozen]"] < 0.9
    assert made.tables[0].rows[0][0] == "untouched"


def test_an_anomaly_is_put_where_it_is_said_to_be():
    stretch = np.arange(8.0)
    _inject_series._put(stretch, "3 sd", -2.0)
    assert stretch.tolist() == [0, 1, 2, 3, -2, 5, 6, 7]
    _inject_series._put(stretch, "level shift 2 sd", 0.5)
    assert stretch.tolist() == [1, 2, 3, 4, -1, 6, 7, 8]
    _inject_series._put(stretch, "frozen", 9.9)
    assert stretch.tolist() == [1] * 8


def test_a_series_too_short_for_stretches_says_how_long_it_must_be():
    report = audit(MODEL, X_TEST[:40], X_train=X, checks=["ANN902", "ANN904"], gates=[])
    reason = {n.id: n.reason for n in report.not_checked}["ANN904"]
    # Anomalies of 2 points reach over 4 with windows of 2: 11 times 4 points for 10 stretches.
    assert "has 40 time points; 44 are needed for 10 stretches" in reason


def test_windows_and_their_means_over_time():
    Z = np.arange(6.0).reshape(3, 2)
    assert _cheap_series.windows(Z, 2).tolist() == [[0, 1, 2, 3], [2, 3, 4, 5]]
    assert _cheap_series.over_points(np.array([1.0, 3.0, 5.0]), 2).tolist() == [1, 2, 4, 5]


def test_cheap_detectors_read_windows():
    made, _ = results(["ANN905"])
    estimates = made["ANN905"].estimates
    assert {"vus_pr_vs_pca", "vus_pr_vs_lof", "roc_auc_vs_iforest"} <= set(estimates)
    context = AuditContext(MODEL, X_TEST, Y_TEST)
    theirs = _cheap_series.fit_cheap_series(context, X, X_TEST, 0)["pca"]
    scale = (X.to_numpy() - X.to_numpy().mean(0)) / X.to_numpy().std(0)
    test = (X_TEST.to_numpy() - X.to_numpy().mean(0)) / X.to_numpy().std(0)
    W, W_test = _cheap_series.windows(scale, 2), _cheap_series.windows(test, 2)
    pca = PCA(0.9, svd_solver="full").fit(W)
    errors = ((W_test - pca.inverse_transform(pca.transform(W_test))) ** 2).mean(1)
    np.testing.assert_allclose(theirs, _cheap_series.over_points(errors, 2), rtol=1e-4)
    ours = -MODEL.score_samples(X_TEST)
    gain = vus_pr(Y_TEST, ours, 2) - vus_pr(Y_TEST, theirs, 2)
    assert estimates["vus_pr_vs_pca"].value == pytest.approx(gain, abs=1e-3)


def test_a_whole_audit_of_a_series(monkeypatch):
    monkeypatch.setattr(resources, "_BUDGET", 0.02)
    model = WindowedPCADetector(window=16).fit(X)
    skip, quick = ["ANN901", "ANN905"], {"n_refits": 2}
    sections = ["detection", "data", "training", "resources"]
    made, report = results(sections, model, options={"skip": skip, "detection": quick})
    assert {"ANN902", "ANN903", "ANN904", "ANN906", "ANN907"} <= set(made)
    reasons = {n.id: n.reason for n in report.not_checked}
    assert reasons["ANN103"] == "time points of a series may repeat each other"
    assert "p-values would be far too small" in reasons["ANN105"]
    assert set(made["ANN906"].estimates) >= {"top_contribution_share[u]", "injected_column_found"}
    assert made["ANN906"].estimates["top_contribution_share[u]"].value > 0.8
    assert "latency_ms_p50[800]" in made["ANN801"].estimates


def test_an_array_is_refused_for_its_axes():
    with pytest.raises(UsageError, match="DataFrame whose rows are time points"):
        audit(MODEL, X_TEST.to_numpy())
