"""Scores of many resamples against scikit-learn on each resampled set."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from appliednn.diagnostics import _confusion as confusion
from appliednn.diagnostics._ranking import RankedScores
from appliednn.diagnostics._resampling import bootstrap_draws, percentile_interval, resample_counts


@pytest.mark.parametrize("ties", [False, True])
def test_areas_equal_scikit_learn_on_every_resample(ties):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    score = rng.normal(size=120) + y
    score = score.round(0) if ties else score
    counts = next(resample_counts(120, 20, seed=3))
    ranked = RankedScores(y == 1, score)
    for got, reference in (
        (ranked.roc_auc(counts), metrics.roc_auc_score),
        (ranked.average_precision(counts), metrics.average_precision_score),
    ):
        expected = [reference(y, score, sample_weight=c) for c in counts]
        np.testing.assert_allclose(got, expected, atol=1e-12)
    assert ranked.roc_auc() == pytest.approx(metrics.roc_auc_score(y, score))


def test_areas_of_one_class_are_not_a_number():
    ranked = RankedScores([True, True], [0.2, 0.7])
    assert np.isnan(ranked.roc_auc())
    assert np.isnan(RankedScores([False, False], [0.2, 0.7]).average_precision())


@pytest.mark.parametrize("n_labels", [2, 4])
def test_confusion_scores_equal_scikit_learn(n_labels):
    rng = np.random.default_rng(1)
    y = rng.integers(0, n_labels, 90)
    predicted = np.where(rng.random(90) < 0.6, y, rng.integers(0, n_labels, 90))
    counts = next(resample_counts(90, 6, seed=0))
    matrices = confusion.confusions(y, predicted, n_labels, counts)
    for i, c in enumerate(counts):
        rows = np.repeat(np.arange(90), c.astype(int))
        a, b = y[rows], predicted[rows]
        np.testing.assert_array_equal(
            matrices[i], metrics.confusion_matrix(a, b, labels=range(n_labels))
        )
        assert confusion.accuracy(matrices)[i] == pytest.approx(metrics.accuracy_score(a, b))
        assert confusion.balanced_accuracy(matrices)[i] == pytest.approx(
            metrics.balanced_accuracy_score(a, b)
        )
        assert confusion.mcc(matrices)[i] == pytest.approx(metrics.matthews_corrcoef(a, b))
        for average, got in (("macro", confusion.macro(matrices)), (None, None)):
            if got is None:
                got, k = confusion.of_label(matrices, 1), 1
            expected = metrics.precision_recall_fscore_support(
                a, b, average=average, labels=range(n_labels)
            )
            for name, value in zip(("precision", "recall", "f1"), expected, strict=False):
                value = value if average else value[k]
                assert got[name][i] == pytest.approx(value)


def test_labels_that_neither_occur_nor_are_predicted_do_not_count():
    y, predicted = np.array([0, 0, 2, 2]), np.array([0, 2, 2, 2])
    matrices = confusion.confusions(y, predicted, 4, np.ones((1, 4)))
    expected = metrics.f1_score(y, predicted, average="macro")
    assert confusion.macro(matrices)["f1"][0] == pytest.approx(expected)


def test_rates_without_rows_are_not_a_number():
    matrices = confusion.confusions(np.zeros(5, int), np.zeros(5, int), 2, np.ones((1, 5)))
    assert np.isnan(confusion.mcc(matrices)[0])
    assert np.isnan(confusion.balanced_accuracy(matrices)[0])
    assert np.isnan(list(confusion.of_label(matrices, 1).values())).all()


def test_bootstrap_interval_agrees_with_scipy():
    x = np.random.default_rng(5).exponential(size=80)
    draws = bootstrap_draws(lambda c: {"m": c @ x / 80}, 80, 4000, seed=0)["m"]
    ours = percentile_interval(draws)
    peer = stats.bootstrap(
        (x,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    np.testing.assert_allclose(ours, peer, atol=0.02)


def test_interval_needs_half_of_the_draws():
    assert np.isnan(percentile_interval(np.array([1.0, np.nan, np.nan]))).all()
