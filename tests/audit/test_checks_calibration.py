"""Calibration against scikit-learn, SciPy, identities and simulation."""

import numpy as np
import pytest
from scipy import optimize
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.svm import LinearSVC

from appliednn.audit import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._calibrated_mean import line_slope
from appliednn.audit.checks.calibration import Calibration
from appliednn.diagnostics import _calibration_metrics as cm
from appliednn.diagnostics._calibration_line import (
    calibration_intercept,
    calibration_slope,
    power_slope,
)
from appliednn.diagnostics._resampling import resample_counts


class Fixed:
    def __init__(self, proba):
        self.proba = np.column_stack([1 - proba, proba]) if proba.ndim == 1 else proba
        self.classes_ = np.arange(self.proba.shape[1])

    def predict(self, X):
        return self.proba.argmax(1)

    def predict_proba(self, X):
        return self.proba


def claims(n, slope=1.0, shift=0.0, seed=0):
    """Probabilities that are calibrated for slope 1 and shift 0."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 2, n)
    y = (rng.random(n) < p).astype(int)
    logit = np.log(p / (1 - p))
    return y, 1 / (1 + np.exp(-(logit * slope + shift)))


def audited(y, p):
    return Calibration().run(AuditContext(Fixed(p), np.zeros((len(y), 1)), y))


def test_bins_equal_scikit_learns():
    y, p = claims(900)
    made = cm.reliability(y, p, cm.equal_mass_bins(p, 15))
    observed, predicted = calibration_curve(y, p, n_bins=15, strategy="quantile")
    np.testing.assert_allclose(made.observed, observed)
    np.testing.assert_allclose(made.predicted, predicted)
    assert made.ece == pytest.approx(np.mean(np.abs(observed - predicted)))
    result = audited(y, p)
    assert result.estimates["ece"].value == pytest.approx(made.ece)


@pytest.mark.parametrize("grid", [False, True])
def test_brier_parts_sum_to_the_brier_score(grid):
    y, p = claims(500, slope=2)
    p = p.round(1) if grid else p
    bins = np.unique(p, return_inverse=True)[1] if grid else cm.equal_mass_bins(p, 15)
    parts = cm.brier_decomposition(y, p, bins)
    assert parts.brier == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)
    if grid:
        assert parts.within == pytest.approx(0, abs=1e-12)
    result = audited(y, p)
    total = result.tables[0].rows[-1][1]
    assert total == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)


def test_resampled_parts_equal_those_of_resampled_rows():
    y, p = claims(150)
    bins = cm.equal_mass_bins(p, 5)
    counts = next(resample_counts(150, 4, seed=0))
    got = cm.resampled_parts(y, p, bins, counts)
    for b, c in enumerate(counts):
        rows = np.repeat(np.arange(150), c.astype(int))
        made = cm.reliability(y[rows], p[rows], bins[rows])
        parts = cm.brier_decomposition(y[rows], p[rows], bins[rows])
        assert got["ece"][b] == pytest.approx(made.ece)
        assert got["reliability"][b] == pytest.approx(parts.reliability)
        assert got["resolution"][b] == pytest.approx(parts.resolution)
        assert got["uncertainty"][b] == pytest.approx(parts.uncertainty)


def test_noise_floor_is_the_error_of_a_calibrated_model():
    seen, floors = [], []
    for seed in range(100):
        y, p = claims(300, seed=seed)
        made = cm.reliability(y, p, cm.equal_mass_bins(p, 15))
        seen.append(made.ece)
        floors.append(made.noise_floor)
    assert np.mean(seen) == pytest.approx(np.mean(floors), rel=0.05)


@pytest.mark.parametrize("slope", [1.0, 1.5, 2.5])
def test_ece_interval_covers_the_true_error(slope):
    y, p = claims(300_000, slope, seed=1000)
    truth = cm.reliability(y, p, cm.equal_mass_bins(p, 15)).ece
    covered = 0
    for seed in range(50):
        low, high = audited(*claims(300, slope, seed=seed)).estimates["ece"].ci
        covered += low <= truth <= high
    assert covered >= 45


def test_slope_equals_scikit_learns_unpenalised_fit():
    y, p = claims(400, slope=2, shift=0.5)
    logit = np.log(p / (1 - p))[:, None]
    peer = LogisticRegression(C=np.inf, tol=1e-8).fit(logit, y)
    assert calibration_slope(y, p)[0] == pytest.approx(peer.coef_[0, 0], rel=1e-4)
    shift = optimize.brentq(lambda a: np.sum(1 / (1 + np.exp(-(logit + a)))) - y.sum(), -9, 9)
    assert calibration_intercept(y, p)[0] == pytest.approx(shift, rel=1e-6)


def test_power_equals_the_best_temperature():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(500, 3))
    true = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    y = np.array([rng.choice(3, p=p) for p in true])
    sharp = np.exp(3 * scores) / np.exp(3 * scores).sum(1, keepdims=True)

    def loss(power):
        q = sharp**power
        return log_loss(y, q / q.sum(1, keepdims=True))

    best = optimize.minimize_scalar(
        loss, bounds=(0.05, 3), method="bounded", options={"xatol": 1e-8}
    )
    value, se = power_slope(y, sharp)
    assert value == pytest.approx(best.x, rel=1e-4)
    assert abs(value - 1 / 3) < 3 * se
    result = Calibration().run(AuditContext(Fixed(sharp), np.zeros((500, 1)), y))
    assert {"ANN221.1", "ANN221.2"} <= {f.id for f in result.findings}
    assert "too extreme" in result.findings[1].title
    assert len(result.tables[2].rows) == 3


def test_slope_intervals_cover():
    covered = 0
    for seed in range(60):
        low, high = audited(*claims(250, seed=seed)).estimates["calibration_slope"].ci
        covered += low <= 1 <= high
    assert covered >= 53


def test_calibrated_probabilities_raise_no_alarm_and_bad_ones_do():
    alarms = sum(bool(audited(*claims(300, seed=s)).findings) for s in range(40))
    assert alarms <= 3
    ids = {f.id for f in audited(*claims(2000, slope=3, shift=1)).findings}
    assert ids == {"ANN221.1", "ANN221.2", "ANN221.3"}


def test_certain_and_right_on_few_rows_is_not_proven():
    y = np.arange(20) % 2
    made = audited(y, np.where(y, 0.999, 0.001)).estimates
    assert made["ece"].ci[1] > 0.05
    assert "without overlap" in made["calibration_slope"].reason


def test_constant_probabilities_work():
    y = np.arange(100) % 4 == 0
    made = audited(y.astype(int), np.full(100, 0.25)).estimates
    assert made["ece"].value == pytest.approx(0)
    assert made["brier_uncertainty"].value == pytest.approx(0.25 * 0.75)
    assert made["calibration_slope"].value is None
    assert made["calibration_intercept"].value == pytest.approx(0, abs=1e-9)


def test_one_class_and_few_rows_say_why():
    p = claims(60)[1]
    made = audited(np.zeros(60, int), p).estimates
    assert made["calibration_slope"].value is None and made["ece"].value > 0.3
    with pytest.raises(NotApplicable, match="5 rows are too few"):
        audited(np.array([0, 1, 0, 1, 0]), p[:5])


def test_a_model_without_probabilities_is_not_applicable():
    X = np.arange(40.0)[:, None]
    model = LinearSVC().fit(X, X[:, 0] > 20)
    with pytest.raises(NotApplicable, match="predict_proba"):
        Calibration().run(AuditContext(model, X, X[:, 0] > 20))


def test_regression_slope_equals_a_line_through_the_predictions():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 1))
    y = X[:, 0] + rng.normal(0, 0.5, 300)

    class Wide:
        def predict(self, X):
            return 2 * X[:, 0] + 1

    result = Calibration().run(AuditContext(Wide(), X, y))
    peer = LinearRegression().fit(2 * X + 1, y).coef_[0]
    made = result.estimates["calibration_slope"]
    assert made.value == pytest.approx(peer)
    assert made.ci[0] < 0.5 < made.ci[1]
    assert "too spread out" in result.findings[0].title
    assert len(result.tables[0].rows) == 10


def test_robust_slope_interval_covers_with_unequal_spread():
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=80)
        low, high = line_slope(x, x + x**2 * rng.normal(size=80)).ci
        covered += low <= 1 <= high
    assert covered >= 180
