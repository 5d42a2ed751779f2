"""Coverage and false alarms by simulation; bounds against scipy and closed forms."""

import numpy as np
import pytest
from scipy import stats

from appliednn.core.statistics import newcombe_interval, wilson_interval
from appliednn.fairness import (
    _errors,
    calibration_gap,
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
    group_errors,
    group_metrics,
)
from appliednn.fairness._calibration import draw_ece_rows, draw_ece_sums, score_bins
from appliednn.fairness._errors import welch_interval
from appliednn.fairness._intervals import (
    gap_interval,
    null_shares,
    ratio_interval,
    smallest_ratio_interval,
)


def simulate(shares, sizes, interval, truth, n_sets=600, seed=0):
    """Return how often the interval holds the truth, and how often it lies above it."""
    rng = np.random.default_rng(seed)
    counts = rng.binomial(sizes, shares, (n_sets, len(sizes)))
    bounds = np.array([interval(k, sizes) for k in counts])
    inside = (bounds[:, 0] <= truth + 1e-12) & (truth - 1e-12 <= bounds[:, 1])
    return inside.mean(), (bounds[:, 0] > truth + 1e-12).mean()


@pytest.mark.parametrize(
    ("shares", "sizes"),
    [
        ([0.3, 0.3], [200, 60]),
        ([0.3, 0.3, 0.3, 0.3], [400, 100, 50, 40]),
        ([0.1, 0.25, 0.2], [300, 80, 150]),
    ],
)
def test_the_gap_of_shares_is_covered(shares, sizes):
    covered, above = simulate(shares, sizes, gap_interval, np.ptp(shares))
    assert covered >= 0.935  # 0.95 less two standard errors of 600 draws
    assert above <= 0.06


def test_the_smallest_ratio_is_covered():
    for shares in ([0.3, 0.3, 0.3], [0.4, 0.3, 0.25]):
        sizes = [200, 120, 60]
        truth = min(shares) / max(shares)
        covered, _ = simulate(shares, sizes, smallest_ratio_interval, truth, n_sets=400)
        assert covered >= 0.93


def test_two_groups_give_newcombe_on_the_absolute_difference():
    low, high = newcombe_interval(48, 80, 56, 70)
    assert gap_interval([48, 56], [80, 70]) == pytest.approx((-high, -low))
    assert gap_interval([30, 31], [100, 100])[0] == 0.0


def test_ratio_interval_meets_the_log_interval_on_large_samples():
    k1, n1, k2, n2 = 4000, 10_000, 6000, 10_000
    error = np.sqrt(1 / k1 - 1 / n1 + 1 / k2 - 1 / n2)
    katz = np.exp(np.log(2 / 3) + np.array([-1.96, 1.96]) * error)
    np.testing.assert_allclose(ratio_interval(k1, n1, k2, n2), katz, rtol=1e-3)
    assert ratio_interval(0, 50, 10, 50)[0] == 0.0
    assert ratio_interval(10, 50, 0, 50)[1] == np.inf


def test_wilson_intervals_of_a_group_are_those_of_scipy():
    group = group_metrics([1] * 40 + [0] * 60, [1] * 30 + [0] * 70, ["a"] * 100).groups["group"][0]
    expected = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert group.rates["tpr"].ci == pytest.approx((expected.low, expected.high))
    assert group.rates["tpr"].ci == pytest.approx(wilson_interval(30, 40))


def test_the_null_is_the_permutation_distribution():
    rng = np.random.default_rng(0)
    sizes = np.array([40, 25])
    drawn = np.ptp(null_shares([12, 9], sizes, rng, 4000), axis=1)
    cases = np.repeat([1, 0], [21, 44])
    permuted = []
    for _ in range(4000):
        order = rng.permutation(cases)
        permuted.append(abs(order[:40].mean() - order[40:].mean()))
    assert np.mean(drawn) == pytest.approx(np.mean(permuted), abs=0.006)
    exact = stats.hypergeom(65, 21, 40)
    k = np.arange(0, 22)
    expected = np.sum(exact.pmf(k) * np.abs(k / 40 - (21 - k) / 25))
    assert np.mean(drawn) == pytest.approx(expected, abs=0.004)


def test_groups_that_do_not_differ_seldom_fail_a_gate():
    rng = np.random.default_rng(3)
    alarms = np.zeros(3)
    for seed in range(100):
        g = rng.choice(list("abcd"), 400, p=[0.5, 0.3, 0.1, 0.1])
        y = (rng.random(400) < 0.35).astype(int)
        pred = np.where(rng.random(400) < 0.75, y, 1 - y)
        parity = demographic_parity_difference(y, pred, g, seed=seed)
        odds = equalized_odds_difference(y, pred, g, seed=seed)
        alarms += (parity.estimate.ci[0] > 0, odds.estimate.ci[0] > 0, parity.beyond_chance)
        assert parity.estimate.value > 0  # a percentile bootstrap of it would not reach zero
    # 5 % of 100 is 5 with a standard error of 2.2.
    assert (alarms <= 10).all()


def test_a_predictor_that_hardly_selects_has_a_ratio_all_the_same():
    y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    result = demographic_parity_ratio(y, None, g, expected=[0.001] * 80)
    assert result.estimate.value == pytest.approx(1.0)
    assert result.estimate.ci[1] == 1.0


def test_interval_and_test_agree_on_no_difference():
    rng = np.random.default_rng(10)
    for seed in range(60):
        g = np.repeat(["a", "b"], [60, 45])
        pred = (rng.random(105) < np.where(g == "a", 0.6, 0.4)).astype(int)
        result = demographic_parity_difference(np.tile([0, 1, 1], 35), pred, g, seed=seed)
        assert result.beyond_chance or result.estimate.ci[0] == 0.0


def test_a_real_difference_is_found_and_bounded():
    rng = np.random.default_rng(4)
    g = np.repeat(["a", "b", "c"], 700)
    pred = (rng.random(2100) < np.repeat([0.3, 0.5, 0.35], 700)).astype(int)
    result = demographic_parity_difference(np.tile([0, 1, 1], 700), pred, g)
    assert result.beyond_chance and result.estimate.ci[0] > 0.1
    assert (result.lowest, result.highest) == ("a", "b")
    assert result.null_limit < result.estimate.value
    assert result.estimate.method == "newcombe, all 3 pairs at once"


def test_calibration_gap_allows_for_the_noise_of_small_groups():
    rng = np.random.default_rng(5)
    alarms = [0, 0]
    for seed in range(40):
        g = np.repeat(["large", "small"], [600, 60])
        score = rng.beta(2, 3, 660)
        y = (rng.random(660) < score).astype(int)
        y[0] = 1
        result = calibration_gap(y, score, g, seed=seed)
        alarms[0] += result.estimate.ci[0] > 0
        alarms[1] += result.beyond_chance
        assert result.highest == "small" or result.estimate.value < 0.05
    assert max(alarms) <= 5
    y = (rng.random(660) < np.where(g == "large", score, np.minimum(score + 0.4, 1))).astype(int)
    result = calibration_gap(y, score, g)
    assert result.estimate.ci[0] > 0.05 and result.beyond_chance and result.highest == "small"


def test_ece_of_a_group_is_the_textbook_sum():
    score = np.repeat([0.1, 0.3, 0.9], [20, 30, 50])
    y = np.concatenate([np.arange(20) < 4, np.arange(30) < 9, np.arange(50) < 40]).astype(int)
    group = group_metrics(y, y, ["a"] * 100, score=score).groups["group"][0]
    expected = 0.2 * 0.1 + 0.3 * 0.0 + 0.5 * 0.1
    assert group.calibration.ece.value == pytest.approx(expected)
    parts = [20 * 0.09, 30 * 0.21, 50 * 0.09]
    floor = np.sqrt(2 / np.pi) * np.sqrt(parts).sum() / 100
    assert group.calibration.floor == pytest.approx(floor)


def test_normal_shortcuts_agree_with_resampling():
    rng = np.random.default_rng(9)
    score = rng.beta(2, 3, 3000)
    rest = (rng.random(3000) < score) - score
    bins = score_bins(score)
    rows, sums = draw_ece_rows(rest, bins, rng), draw_ece_sums(rest, bins, rng)
    assert rows.mean() == pytest.approx(sums.mean(), rel=0.05)
    assert rows.std() == pytest.approx(sums.std(), rel=0.15)
    error = rng.exponential(size=1800)
    parts = [error[:600], error[600:1200], error[1200:]]
    normal = _errors._null_gaps(parts, rng)
    dealt = [np.ptp(rng.permutation(error).reshape(3, 600).mean(axis=1)) for _ in range(2000)]
    assert np.quantile(normal, 0.95) == pytest.approx(np.quantile(dealt, 0.95), rel=0.06)
    large = rng.exponential(size=6000)
    group = group_errors(large, np.zeros(6000), ["a"] * 6000).groups["group"][0]
    expected = stats.norm.interval(0.95, large.mean(), stats.sem(large))
    assert group.measures["mae"].ci == pytest.approx(expected, rel=1e-4)


def test_welch_interval_is_that_of_scipy():
    rng = np.random.default_rng(6)
    a, b = rng.normal(0, 1, 40), rng.normal(1, 3, 25)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert welch_interval(a, b) == pytest.approx((expected.low, expected.high))


def test_regression_errors_per_group():
    rng = np.random.default_rng(7)
    g = np.repeat(["a", "b"], [300, 200])
    residual = rng.normal(np.where(g == "a", 0.0, 1.0), 1.0)
    table = group_errors(residual + 5, np.full(500, 5.0), g)
    a, b = table.groups["group"]
    assert a.measures["mae"].value == pytest.approx(np.abs(residual[:300]).mean())
    assert b.measures["mean_residual"].value == pytest.approx(residual[300:].mean())
    low, high = b.measures["mean_residual"].ci
    student = stats.t.interval(0.95, 199, residual[300:].mean(), stats.sem(residual[300:]))
    assert (low, high) == pytest.approx(student, abs=0.03)
    difference = table.differences["mean_residual", "group"]
    assert difference.beyond_chance and difference.estimate.ci[0] > 0.5
    assert (difference.lowest, difference.highest) == ("a", "b")


def test_regression_without_a_difference_seldom_alarms():
    rng = np.random.default_rng(8)
    alarms = 0
    for seed in range(25):
        g = rng.choice(list("abc"), 150)
        table = group_errors(rng.normal(size=150), np.zeros(150), g, seed=seed)
        alarms += table.differences["mae", "group"].estimate.ci[0] > 0
    assert alarms <= 4
    with pytest.raises(ValueError, match="finite"):
        group_errors([np.nan], [1.0], ["a"])
