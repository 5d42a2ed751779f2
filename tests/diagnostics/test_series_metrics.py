"""Volumes and affiliation against other implementations, closed forms and scikit-learn."""

import time

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score, roc_auc_score

from appliednn.diagnostics import (
    affiliation_f1,
    affiliation_precision_recall,
    range_auc_pr,
    range_auc_roc,
    vus_pr,
    vus_roc,
)

VOLUMES = (vus_roc, vus_pr, range_auc_roc, range_auc_pr)
# Segments at both ends of the series, neighbours whose buffers meet, ties.
EDGES = (
    np.array([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]),
    np.array([2, 1, 3, 0, 0, 1, 1, 5, 4, 0, 2, 0, 0, 0, 1, 0, 0, 6, 2, 3.0]),
)


def made(seed, n, n_segments, digits=6):
    rng = np.random.default_rng(seed)
    y = np.zeros(n, int)
    for start in rng.integers(0, n, n_segments):
        y[start : start + rng.integers(1, n // 10)] = 1
    return y, np.round(np.convolve(rng.normal(size=n) + 0.5 * y, np.ones(5) / 5, "same"), digits)


# TSB-AD 1.5 (generate_curve, pr_from_events); vus 0.0.6 and tsadmetrics 1.0.16 agree to 1e-12.
REFERENCE = [
    # case, buffer, quantile, VUS-ROC, VUS-PR, affiliation precision, recall, F
    ((0, 200, 3), 20, 0.9, 0.783982105, 0.291451251, 0.621312522, 0.863904836, 0.722796417),
    ((1, 400, 6, 1), 50, 0.8, 0.894922371, 0.787699886, 0.869874361, 0.958238424, 0.9119208),
    ((2, 60, 2), 7, 0.95, 0.766922207, 0.257381649, 0.562376795, 0.615038017, 0.58752974),
    ((3, 1000, 12, 2), 100, 0.85, 0.893674134, 0.827622138, 0.828641808, 0.923298156, 0.873412867),
]


@pytest.mark.parametrize("reference", REFERENCE)
def test_metrics_have_the_values_of_tsb_ad(reference):
    case, buffer, quantile, roc, pr, precision, recall, f1 = reference
    y, score = made(*case)
    flagged = score > np.quantile(score, quantile)
    assert vus_roc(y, score, buffer) == pytest.approx(roc, abs=1e-8)
    assert vus_pr(y, score, buffer) == pytest.approx(pr, abs=1e-8)
    found = affiliation_precision_recall(y, flagged)
    assert found == pytest.approx((precision, recall), abs=1e-8)
    assert affiliation_f1(y, flagged) == pytest.approx(f1, abs=1e-8)


def test_segments_at_the_ends_and_ties_have_the_values_of_tsb_ad():
    y, score = EDGES
    assert vus_roc(y, score, 9) == pytest.approx(0.9168198490215234, abs=1e-12)
    assert vus_pr(y, score, 9) == pytest.approx(0.8271262315190085, abs=1e-12)
    # The second zone has no prediction: it counts for recall alone.
    precision, recall = affiliation_precision_recall(y, score >= 2)
    assert precision == pytest.approx(0.7408424908424909, abs=1e-12)
    assert recall == pytest.approx(0.7321428571428572, abs=1e-12)


@pytest.mark.parametrize("digits", [6, 1])
def test_one_segment_without_buffer_is_scikit_learns(digits):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 0], [90, 30, 100])
    score = np.round(rng.normal(size=220) + y, digits)
    assert range_auc_roc(y, score) == pytest.approx(roc_auc_score(y, score))
    assert range_auc_pr(y, score) == pytest.approx(average_precision_score(y, score))


def test_a_threshold_that_misses_segments_counts_less():
    # From the top: half of the points in one of two segments, 1/2 * 1/2; a false alarm; the rest.
    y, score = [1, 0, 1, 0], [3, 2, 1, 0]
    assert range_auc_roc(y, score) == pytest.approx(0.25 * 0.5 + 1 * 0.5)
    assert range_auc_pr(y, score) == pytest.approx(0.25 * 1 + 0.75 * 2 / 3)
    assert roc_auc_score(y, score) == pytest.approx(0.75)


@pytest.mark.parametrize("metric", VOLUMES)
def test_the_labels_themselves_are_a_perfect_score(metric):
    assert metric(EDGES[0], EDGES[0], 9) == pytest.approx(1.0)


@pytest.mark.parametrize("buffer", [0, 1, 2, 5])
def test_constant_score_of_one_segment_has_the_closed_form(buffer):
    n, start, stop = 40, 15, 20
    y = np.zeros(n)
    y[start:stop] = 1
    beside = sum(2 * np.sqrt(1 - d / buffer) for d in range(1, buffer // 2 + 1))
    positive = stop - start + beside / 2
    fpr = (n - (stop - start) - beside) / (n - positive)
    assert range_auc_roc(y, np.zeros(n), buffer) == pytest.approx(1 - fpr / 2)
    assert range_auc_pr(y, np.zeros(n), buffer) == pytest.approx((stop - start + beside) / n)


def test_volume_is_the_mean_of_the_areas_of_all_buffers():
    y, score = made(4, 300, 5)
    for volume, area in ((vus_roc, range_auc_roc), (vus_pr, range_auc_pr)):
        areas = [area(y, score, buffer) for buffer in range(13)]
        assert volume(y, score, 12) == pytest.approx(np.mean(areas))


def test_volume_depends_on_ranks_only():
    y, score = made(5, 300, 4)
    assert vus_pr(y, score, 10) == vus_pr(y, np.exp(3 * score), 10)


def test_twenty_thousand_points_take_well_under_a_second():
    rng = np.random.default_rng(0)
    y = rng.uniform(size=20_000) < 0.05  # some thousand segments
    began = time.process_time()
    vus_pr(y, rng.normal(size=20_000) + y, 100)
    affiliation_f1(y, rng.uniform(size=20_000) < 0.05)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(("start", "stop"), [(4, 6), (0, 3), (7, 10), (0, 10)])
def test_affiliation_of_random_points_is_near_a_half(start, stop):
    # Predicting each point in turn, or all at once, averages over the zone.
    y, r = np.zeros(10, int), (stop - start) / 10
    y[start:stop] = 1
    alone = [affiliation_precision_recall(y, np.eye(10, dtype=int)[i])[0] for i in range(10)]
    assert np.mean(alone) == pytest.approx((1 + r**2) / 2)
    assert affiliation_precision_recall(y, np.ones(10)) == pytest.approx(((1 + r**2) / 2, 1.0))


def test_affiliation_rewards_nearness():
    y = np.zeros(100, int)
    y[50:55] = 1
    scores = []
    for late in (0, 2, 5, 15, 40):
        scores.append(affiliation_f1(y, np.roll(y, late)))
    assert scores[0] == 1.0
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.25


def test_no_prediction_has_no_precision_and_no_recall():
    precision, recall = affiliation_precision_recall([0, 1, 0], [0, 0, 0])
    assert np.isnan(precision)
    assert recall == 0.0
    assert affiliation_f1([0, 1, 0], [0, 0, 0]) == 0.0


@pytest.mark.parametrize("metric", [*VOLUMES, affiliation_precision_recall, affiliation_f1])
def test_without_anomalies_the_metric_is_nan_with_a_warning(metric):
    with pytest.warns(UndefinedMetricWarning, match="y_true holds no anomalous points"):
        assert np.isnan(metric([0, 0, 0], [0, 1, 0])).all()


def test_with_anomalies_only_there_is_no_roc_curve_but_precision_is_one():
    with pytest.warns(UndefinedMetricWarning, match="no normal points"):
        assert np.isnan(vus_roc([1, 1, 1], [0.1, 0.3, 0.2]))
    assert vus_pr([1, 1, 1], [0.1, 0.3, 0.2]) == average_precision_score([1, 1, 1], [3, 1, 2])


@pytest.mark.parametrize(
    ("y", "score", "more", "words"),
    [
        ([0, 1], [0.1, 0.2, 0.3], {}, r"y_true has 2 points and y_score has shape \(3,\)"),
        ([0, 1], [0.1, np.nan], {}, "1 values that are NaN or infinite, the first at point 1"),
        ([0, -1], [0.1, 0.2], {}, r"y_true holds -1; expected 0 or 1 .*predict\(X\) == -1"),
        ([[0, 1]], [[0.1, 0.2]], {}, r"y_true has shape \(1, 2\)"),
        ([], [], {}, r"y_true has shape \(0,\)"),
        ([0, 1], [0.1, 0.2], {"max_buffer": -1}, "max_buffer=-1; expected a whole number"),
        ([0, 1], [0.1, 0.2], {"max_buffer": 2.5}, "max_buffer=2.5; expected a whole number"),
        ([0, 1], [0.1, 0.2], {"n_thresholds": 1}, "n_thresholds=1; expected"),
    ],
)
def test_bad_input_is_named(y, score, more, words):
    with pytest.raises(ValueError, match=words):
        vus_pr(y, score, **more)


def test_affiliation_takes_labels_not_scores():
    with pytest.raises(ValueError, match=r"y_pred holds 0\.5; expected 0 or 1"):
        affiliation_f1([0, 1, 0], [0.5, 1, 0])
    with pytest.raises(ValueError, match=r"y_pred has shape \(2,\)"):
        affiliation_f1([0, 1, 0], [1, 0])
