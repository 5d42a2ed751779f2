"""Weak slices: planted ones are found, chance finds none, numbers equal direct counts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from appliednn.audit import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.slices import WeakSlices
from appliednn.core.statistics import newcombe_interval
from appliednn.diagnostics import _slices as slices


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "alter": rng.normal(40, 10, n),
            "stadt": rng.choice(["Zürich", "東京", None], n),
            "kinder": rng.integers(0, 4, n),
            "seit": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
        }
    )
    frame.loc[rng.random(n) < 0.1, "alter"] = np.nan
    return frame


class Known:
    """Says 0 with a stated probability."""

    classes_ = np.array([0, 1])

    def __init__(self, error):
        self.error = error

    def predict(self, X):
        return np.zeros(len(X), int)

    def predict_proba(self, X):
        return np.column_stack([1 - self.error, self.error])


def halves(n, seed=0):
    order = np.random.default_rng(seed).permutation(n)
    return order[: n // 2], order[n // 2 :]


def audited(X, share, expected=None, seed=0):
    y = (np.random.default_rng(seed).random(len(X)) < share).astype(int)
    expected = np.full(len(X), 0.1) if expected is None else expected
    return AuditContext(Known(expected), X, y)


def test_a_weak_pair_is_found_and_measured_on_the_other_half():
    X = table(2000)
    weak = (X["stadt"] == "東京") & (X["kinder"] == 2)
    context = audited(X, np.where(weak, 0.6, 0.1))
    result = WeakSlices().run(context)
    found = result.findings[0]
    assert "東京" in found.text and "kinder = 2" in found.text
    assert found.severity == "medium" and "too sure" in found.text
    row = result.tables[0].rows[0]
    gap = result.estimates["worst_slice_gap"]
    assert gap.value == pytest.approx(row[2] - row[3])
    n1, n2 = row[1], 1000 - row[1]
    k1, k2 = row[2] * n1, row[3] * n2
    assert (round(k1) - k1, round(k2) - k2) == pytest.approx((0, 0), abs=1e-9)
    assert gap.ci == pytest.approx(newcombe_interval(k1, n1, k2, n2))
    assert gap.n == n1


def test_hard_rows_that_the_model_knows_of_are_a_lesser_finding():
    X = table(2000)
    share = np.where(X["kinder"] == 2, 0.45, 0.1)
    known = WeakSlices().run(audited(X, share, share))
    assert {f.severity for f in known.findings} == {"low"}
    blind = WeakSlices().run(audited(X, share))
    assert blind.findings[0].severity == "medium"


def test_missing_values_and_dates_can_make_a_slice():
    X = table(1600)
    gone = WeakSlices().run(audited(X, np.where(X["alter"].isna(), 0.6, 0.1)))
    assert "alter is missing" in gone.findings[0].text
    late = X["seit"] > "2021-11-01"
    dated = WeakSlices().run(audited(X, np.where(late, 0.5, 0.1)))
    assert "seit from 2021-" in dated.findings[0].text


def test_chance_finds_nothing():
    """Errors unrelated to the features: at most 5 % of data sets raise an alarm."""
    alarms = 0
    for seed in range(60):
        X = table(300, seed)
        loss = (np.random.default_rng(1000 + seed).random(300) < 0.15).astype(float)
        found = slices.find_slices(X, loss, halves(300, seed), least=15, seed=seed)
        alarms += any(s.adjusted_p < 0.05 for s in found)
    assert alarms <= 3


def test_p_values_equal_scipys_permutation_test():
    rng = np.random.default_rng(0)
    loss, mask = rng.exponential(size=90), np.arange(90) < 25
    loss[mask] += 0.3
    ours = slices._p_values(mask[None], loss, seed=0)[0]
    peer = stats.permutation_test(
        (loss[mask], loss[~mask]),
        lambda a, b: a.mean() - b.mean(),
        alternative="greater",
        n_resamples=5000,
        rng=np.random.default_rng(1),
    ).pvalue
    assert ours == pytest.approx(peer, abs=0.015)


def test_many_rows_use_the_normal_law_and_agree(monkeypatch):
    rng = np.random.default_rng(0)
    loss, masks = rng.exponential(size=3000), rng.random((3, 3000)) < [[0.1], [0.3], [0.5]]
    exact = slices._p_values(masks, loss, seed=0)
    monkeypatch.setattr(slices, "_MOST_PERMUTED", 10)
    np.testing.assert_allclose(slices._p_values(masks, loss, seed=0), exact, atol=0.03)


def test_regression_gap_is_a_share_of_the_mean_absolute_error():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=800), "b": rng.choice(["u", "v", "w"], 800)})
    y = X["a"] + rng.normal(size=800) * np.where(X["b"] == "w", 3.0, 0.5)

    class Line:
        def predict(self, X):
            return X["a"].to_numpy()

    result = WeakSlices().run(AuditContext(Line(), X, y))
    row = next(r for r in result.tables[0].rows if r[0] == "b = w")
    overall = (row[1] * row[2] + (400 - row[1]) * row[3]) / 400
    assert row[4].value == pytest.approx((row[2] - row[3]) / overall)
    assert "b = w" in result.findings[0].text


def test_welch_interval_equals_scipy():
    from appliednn.audit.checks.slices import welch_interval

    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 2, 30), rng.normal(0, 1, 80)
    peer = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose(welch_interval(a, b), peer)


def test_what_cannot_be_sliced_says_why():
    X = table(60)
    with pytest.raises(NotApplicable, match="60 test rows are too few"):
        WeakSlices().run(audited(X, 0.2, np.full(60, 0.2)))
    flat = pd.DataFrame({"a": np.ones(200)})
    made = WeakSlices().run(audited(flat, 0.2)).estimates["worst_slice_gap"]
    assert made.value is None and "no slice" in made.reason
    X = pd.DataFrame({"a": np.arange(200.0)})
    perfect = WeakSlices().run(AuditContext(LinearRegression().fit(X, X["a"]), X, X["a"]))
    assert not perfect.findings
