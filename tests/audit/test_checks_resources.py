"""Latency and size: intervals against theory, counts against the model's own arrays."""

import pickle

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from appliednn.audit._context import AuditContext
from appliednn.audit.checks import resources
from appliednn.audit.checks.resources import Resources, quantile_estimate


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(resources, "_BUDGET", 0.02)


def test_times_sizes_and_parameters(blobs):
    X, y = blobs
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    result = Resources().run(AuditContext(model, X, y))
    made = result.estimates
    for size in (1, 1000):
        p50, p95 = made[f"latency_ms_p50[{size}]"], made[f"latency_ms_p95[{size}]"]
        assert 0 < p50.value <= p95.value and p50.n >= 5
        assert p50.ci[0] <= p50.value <= p50.ci[1]
    assert made["n_parameters"].value == X.shape[1] + 1
    assert made["model_bytes"].value == len(pickle.dumps(model, protocol=5))


def test_parameters_of_trees_are_not_estimable(blobs):
    X, y = blobs
    model = HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    made = Resources().run(AuditContext(model, X[:3], y[:3])).estimates
    assert "does not say" in made["n_parameters"].reason


def test_a_model_that_cannot_be_pickled_is_said(blobs):
    X, y = blobs

    class Local:
        classes_ = np.array([0, 1])

        def predict(self, X):
            return np.zeros(len(X), int)

    result = Resources().run(AuditContext(Local(), X, y))
    assert result.estimates["model_bytes"].value is None
    assert [f.id for f in result.findings] == ["ANN801.1"]


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_quantile_interval_covers(q):
    truth = -np.log(1 - q)
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        low, high = quantile_estimate("q", rng.exponential(size=100), q).ci
        covered += low <= truth <= high
    n = np.arange(101)
    low, high = binom.ppf(0.025, 100, q), binom.ppf(0.975, 100, q) + 1
    exact = binom.pmf(n[(n >= low) & (n < high)], 100, q).sum()
    assert covered / 400 == pytest.approx(exact, abs=0.03)
    assert exact >= 0.95
