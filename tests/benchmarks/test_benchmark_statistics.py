"""What the reports of the benchmarks compute, against scipy and published values."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))

from _anomaly_sets import split  # noqa: E402
from _runner import fits_by_key, read_lines  # noqa: E402
from _tabular_statistics import duel, holm, mean_interval, ratio  # noqa: E402


def test_holm_gives_the_values_of_r():
    # p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") and a shuffled case with a cap of 1
    given = pd.Series([0.01, 0.02, 0.03, 0.04, 0.05])
    assert holm(given).tolist() == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm(pd.Series([0.6, 0.001, 0.4])).tolist() == pytest.approx([0.8, 0.003, 0.8])


def test_holm_leaves_out_what_was_not_tested():
    corrected = holm(pd.Series([0.02, np.nan, 0.01]))
    assert corrected[[0, 2]].tolist() == pytest.approx([0.02, 0.02])
    assert np.isnan(corrected[1])


def test_the_interval_of_a_mean_is_scipys_percentile_bootstrap():
    values = np.random.default_rng(1).normal(size=19)
    mean, low, high = mean_interval(values)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=5000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    assert mean == pytest.approx(values.mean())
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.03)


def test_a_ratio_is_the_geometric_mean_with_the_interval_of_its_logarithm():
    ours, peer = pd.Series([1.0, 3.0, np.nan, 8.0]), pd.Series([2.0, 2.0, 1.0, 1.0])
    middle, low, high, n = ratio(ours, peer)
    assert (middle, n) == (pytest.approx(stats.gmean([0.5, 1.5, 8.0])), 3)
    logs = mean_interval(np.log([0.5, 1.5, 8.0]))
    assert (low, high) == pytest.approx(tuple(np.exp(logs[1:])))
    assert np.isnan(ratio(ours[:1], peer[:1])[1])
    assert ratio(ours[:0], peer[:0])[3] == 0


def test_a_duel_is_scipys_signed_rank_test_of_the_sets_that_both_have():
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.uniform(0.5, 1, size=(15, 2)), columns=["a", "b"])
    table.loc[0, "a"] = np.nan
    found = duel(table, "a", "b")
    pairs = table.dropna()
    assert found.p_value == pytest.approx(stats.wilcoxon(pairs["a"], pairs["b"]).pvalue)
    assert found.win + found.tie + found.loss == 14
    assert found.win == int((pairs["a"] > pairs["b"] + 0.01).sum())


def test_a_line_left_half_by_a_kill_is_passed_over_and_the_later_fit_counts(tmp_path):
    file = tmp_path / "fits.jsonl"
    first, later = '{"set": "a", "seed": 0, "x": 1}', '{"set": "a", "seed": 0, "x": 2}'
    file.write_text('{"machine": {}}\n' + first + '\n{"set": "a", "se\n' + later + "\n")
    fits = fits_by_key(read_lines([file]), ("set", "seed"))
    assert fits == {("a", 0): {"set": "a", "seed": 0, "x": 2}}


def test_both_protocols_are_tested_on_the_same_rows_and_clean_training_has_no_anomaly():
    X = np.arange(400.0)[:, None]
    y = (np.arange(400) % 10 == 0).astype(int)
    dirty, test, truth = split(X, y, 0, "contaminated")
    clean, same_test, _ = split(X, y, 0, "clean")
    np.testing.assert_array_equal(test, same_test)
    assert (len(dirty.X), len(test), int(truth.sum())) == (280, 120, 12)
    assert not (clean.X % 10 == 0).any() and len(clean.X) == 252
    assert not np.isin(test, dirty.X).any()


def test_labelled_rows_are_anomalies_of_the_training_part_and_not_among_the_others():
    X = np.arange(400.0)[:, None]
    y = (np.arange(400) % 10 == 0).astype(int)
    for protocol, n_others in (("contaminated", 270), ("clean", 252)):
        part, test, _ = split(X, y, 1, protocol)
        assert len(part.labelled) == 10 and (part.labelled % 10 == 0).all()
        assert not np.isin(part.labelled, np.vstack([test, part.others])).any()
        assert len(part.others) == n_others
