"""Thresholds and ranks of anomaly scores."""

import numpy as np
import pytest

from appliednn.anomaly._threshold import ScoreDistribution, outlier_threshold
from appliednn.anomaly._trim import most_normal

rng = np.random.default_rng(5)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.123, 0.5])
def test_the_share_above_the_threshold_is_the_contamination(share):
    scores = rng.lognormal(size=1000)
    flagged = (scores > outlier_threshold(scores, np.ones(1000), share)).sum()
    assert flagged == int(share * 1000)


@pytest.mark.parametrize("contamination", [0.1, 0.2, "auto"])
def test_integer_weights_equal_repeated_rows(contamination):
    scores, weights = rng.lognormal(size=50), rng.integers(1, 4, 50)
    repeated = np.repeat(scores, weights)
    assert outlier_threshold(scores, weights, contamination) == pytest.approx(
        outlier_threshold(repeated, np.ones(len(repeated)), contamination)
    )
    grid = rng.lognormal(size=9)
    np.testing.assert_allclose(
        ScoreDistribution(scores, weights).share_below(grid),
        ScoreDistribution(repeated, np.ones(len(repeated))).share_below(grid),
    )


def test_the_automatic_fence_is_tukeys():
    """A far cluster is flagged; where there is none, one row in a hundred."""
    scores = rng.lognormal(size=200_000)
    share = (scores > outlier_threshold(scores, np.ones(200_000), "auto")).mean()
    assert share == 0.01
    both = np.concatenate([scores[:1000], scores[:30] * 1e4])
    above = both > outlier_threshold(both, np.ones(1030), "auto")
    assert above[1000:].mean() > 0.9
    assert above[:1000].mean() < 0.02
    heavy = np.exp(scores[:10_000])
    low, high = np.quantile(scores[:10_000], [0.25, 0.75], method="inverted_cdf")
    fence = outlier_threshold(heavy, np.ones(10_000), "auto")
    assert np.log(fence) == pytest.approx(high + 1.5 * (high - low))


def test_scores_below_zero_are_not_logged():
    scores = rng.normal(size=10_000)
    low, high = np.quantile(scores, [0.25, 0.75], method="inverted_cdf")
    expected = min(high + 1.5 * (high - low), np.quantile(scores, 0.99))
    assert outlier_threshold(scores, np.ones(10_000), "auto") == pytest.approx(expected, abs=0.02)


def test_ties_and_single_rows():
    assert 1.0 < outlier_threshold(np.ones(5), np.ones(5), 0.2) < 1.0001
    assert 3.0 < outlier_threshold(np.array([3.0]), np.ones(1), 0.1) < 3.001
    for score in rng.lognormal(size=50):
        assert outlier_threshold(np.full(3, score), np.ones(3), "auto") > score


def test_at_least_one_row_is_left():
    np.testing.assert_array_equal(most_normal(np.array([2.0, 1.0]), np.ones(2), 0.99), [1])
    np.testing.assert_array_equal(most_normal(np.arange(10.0), np.ones(10), 0.3), np.arange(7))
