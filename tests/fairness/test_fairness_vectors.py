"""The published counts (n = 2000) and what aif360 and the textbook formulas give for them."""

import numpy as np
import pytest

from appliednn.fairness import (
    between_group_generalized_entropy,
    bias_amplification,
    coefficient_of_variation,
    demographic_parity_difference,
    demographic_parity_ratio,
    differential_fairness,
    equal_opportunity_difference,
    equalized_odds_difference,
    generalized_entropy,
    group_metrics,
    inequality_indices,
    predictive_equality_difference,
    predictive_parity_difference,
    reweighing_weights,
    theil_index,
)


@pytest.fixture(scope="module")
def rows():
    """Group, truth, prediction: group 0 is (347, 146, 102, 238) in TN, FP, FN, TP."""
    draw = np.random.RandomState(1)  # noqa: NPY002  (the vectors were made with it)
    group = draw.binomial(1, 0.6, 2000)
    score = draw.rand(2000) + 0.15 * group
    truth = (draw.rand(2000) < score / 1.3).astype(int)
    return group, truth, (score > 0.55).astype(int)


def test_the_rows_are_the_counts_of_the_vectors(rows):
    group, y, pred = rows
    cells = [((group == g) & (y == a) & (pred == b)).sum() for g in (0, 1) for a, b in _CELLS]
    assert cells == [347, 146, 102, 238, 375, 243, 128, 421]


_CELLS = [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_differences_between_the_two_groups(rows):
    group, y, pred = rows
    value = {
        function: function(y, pred, group).estimate.value
        for function in (
            demographic_parity_difference,
            demographic_parity_ratio,
            equal_opportunity_difference,
            predictive_equality_difference,
            equalized_odds_difference,
            predictive_parity_difference,
        )
    }
    assert value[demographic_parity_difference] == pytest.approx(0.107996, abs=5e-7)
    assert value[demographic_parity_ratio] == pytest.approx(0.810194, abs=5e-7)
    assert value[equal_opportunity_difference] == pytest.approx(0.066849, abs=5e-7)
    assert value[predictive_equality_difference] == pytest.approx(0.393204 - 0.296146, abs=1e-6)
    assert value[equalized_odds_difference] == pytest.approx(0.097058, abs=5e-7)
    assert value[predictive_parity_difference] == pytest.approx(0.014244, abs=5e-7)
    mean = equalized_odds_difference(y, pred, group, agg="mean").estimate.value
    assert mean == pytest.approx(0.081953, abs=1e-6)


def test_rates_of_each_group(rows):
    group, y, pred = rows
    low, high = group_metrics(y, pred, group).groups["group"]
    assert (low.name, high.name) == ("0", "1")
    assert low.rates["tpr"].value == pytest.approx(0.7, abs=5e-7)
    assert high.rates["tpr"].value == pytest.approx(0.766849, abs=5e-7)
    assert low.rates["fpr"].value == pytest.approx(0.296146, abs=5e-7)
    assert high.rates["fpr"].value == pytest.approx(0.393204, abs=5e-7)
    assert (low.rates["tpr"].n, low.rates["fpr"].n) == (340, 493)


def test_entropy_indices(rows):
    group, y, pred = rows
    assert generalized_entropy(y, pred) == pytest.approx(0.130084, abs=5e-7)
    assert theil_index(y, pred) == pytest.approx(0.173279, abs=5e-7)
    assert generalized_entropy(y, pred, alpha=1) == theil_index(y, pred)
    assert generalized_entropy(y, pred, alpha=1 + 1e-6) == pytest.approx(0.173279, abs=2e-6)
    assert coefficient_of_variation(y, pred) == pytest.approx(0.510067, abs=5e-7)
    between = between_group_generalized_entropy(y, pred, group)
    assert between == pytest.approx(0.000217989, abs=5e-10)


def test_differential_fairness_of_predictions_and_of_labels(rows):
    group, y, pred = rows
    assert differential_fairness(pred, group) == pytest.approx(0.223367, abs=5e-7)
    assert differential_fairness(y, group) == pytest.approx(0.141779, abs=5e-7)
    assert bias_amplification(y, pred, group) == pytest.approx(0.0816, abs=5e-5)


def test_indices_with_intervals_hold_the_vectors(rows):
    group, y, pred = rows
    found = inequality_indices(y, pred, group, seed=1)
    values = [0.130084, 0.173279, 0.510067, 0.000217989, 0.223367, 0.141779]
    assert [e.value for e in found] == pytest.approx(values, rel=4e-6)
    assert all(e.ci[0] < e.value < e.ci[1] for e in found)
    assert inequality_indices([1, 1], [0, 0], ["a", "b"]) == []


def test_reweighing_weights(rows):
    group, y, _ = rows
    weights = reweighing_weights(y, group)
    cells = [weights[(group == g) & (y == label)] for g in (0, 1) for label in (0, 1)]
    assert all(np.ptp(cell) == 0 for cell in cells)
    assert [round(c[0], 4) for c in cells] == [0.9386, 1.0890, 1.0490, 0.9449]
    shares = [np.average(y[group == g], weights=weights[group == g]) for g in (0, 1)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-12)


def test_entropy_of_a_predictor_that_denies_every_positive_is_refused():
    with pytest.raises(ValueError, match="every row's benefit is zero"):
        generalized_entropy([1, 1], [0, 0])
    with pytest.raises(ValueError, match="alpha=0 needs benefits above zero"):
        generalized_entropy([1, 0], [0, 0], alpha=0)
