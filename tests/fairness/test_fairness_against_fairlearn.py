"""Numbers equal fairlearn's wherever they are estimable; where fairlearn is silent, we are not."""

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from sklearn.metrics import accuracy_score, precision_score

from appliednn import fairness

PAIRS = [
    (fairness.demographic_parity_difference, fl.demographic_parity_difference),
    (fairness.demographic_parity_ratio, fl.demographic_parity_ratio),
    (fairness.equalized_odds_difference, fl.equalized_odds_difference),
    (fairness.equal_opportunity_difference, fl.equal_opportunity_difference),
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    groups = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 900), "age": rng.choice(["old", "mid", "young"], 900)}
    )
    y = (rng.random(900) < 0.4 + 0.1 * (groups["sex"] == "m")).astype(int).to_numpy()
    pred = np.where(rng.random(900) < 0.7, y, rng.integers(0, 2, 900))
    return y, pred, groups


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("columns", [["sex"], ["age"], ["sex", "age"]])
def test_same_value_as_fairlearn(data, ours, theirs, columns):
    y, pred, groups = data
    expected = theirs(y, pred, sensitive_features=groups[columns])
    assert ours(y, pred, groups[columns]).estimate.value == pytest.approx(expected, abs=1e-12)


def test_mean_of_the_odds_as_fairlearn(data):
    y, pred, groups = data
    expected = fl.equalized_odds_difference(y, pred, sensitive_features=groups["age"], agg="mean")
    ours = fairness.equalized_odds_difference(y, pred, groups["age"], agg="mean")
    assert ours.estimate.value == pytest.approx(expected, abs=1e-12)


def test_every_rate_of_every_group_as_metric_frame(data):
    y, pred, groups = data
    frame = fl.MetricFrame(
        metrics={
            "n": fl.count,
            "selection_rate": fl.selection_rate,
            "tpr": fl.true_positive_rate,
            "fpr": fl.false_positive_rate,
            "ppv": precision_score,
            "accuracy": accuracy_score,
            "base_rate": fl.mean_prediction,
        },
        y_true=y,
        y_pred=pred,
        sensitive_features=groups,
    ).by_group
    ours = fairness.group_metrics(y, pred, groups).to_frame().loc["sex & age"]
    ours.index = pd.MultiIndex.from_tuples([tuple(i.split(" & ")) for i in ours.index])
    for rate in ("n", "selection_rate", "tpr", "fpr", "ppv", "accuracy"):
        np.testing.assert_allclose(ours.loc[frame.index, rate], frame[rate], atol=1e-12)


def test_predictive_parity_as_metric_frame(data):
    y, pred, groups = data
    frame = fl.MetricFrame(
        metrics=precision_score, y_true=y, y_pred=pred, sensitive_features=groups["age"]
    )
    ours = fairness.predictive_parity_difference(y, pred, groups["age"])
    assert ours.estimate.value == pytest.approx(frame.difference(), abs=1e-12)
    assert ours.highest == frame.by_group.idxmax()
    assert ours.lowest == frame.by_group.idxmin()


def test_trap_string_labels_need_the_positive_one():
    y, pred, g = ["n", "y"] * 40, ["n", "n", "y", "y"] * 20, ["a"] * 40 + ["b"] * 40
    with pytest.raises(ValueError, match="say which one is positive"):
        fairness.demographic_parity_difference(y, pred, g)
    with pytest.raises(ValueError, match="'yes' never occurs in y_true"):
        fairness.demographic_parity_difference(y, pred, g, positive="yes")
    with pytest.raises(ValueError, match="1 never occurs in y_true, whose labels are 'n', 'y'"):
        fairness.demographic_parity_difference(y, pred, g, positive=1)
    numbers = [int(v == "y") for v in pred]
    with pytest.raises(ValueError, match="write both in the same labels"):
        fairness.demographic_parity_difference(y, numbers, g, positive="y")


def test_string_labels_with_a_positive_one_equal_their_numbers(data):
    y, pred, groups = data
    words = np.array(["no", "yes"])
    given = fairness.group_metrics(words[y], words[pred], groups, positive="yes").to_frame()
    pd.testing.assert_frame_equal(given, fairness.group_metrics(y, pred, groups).to_frame())


def test_trap_a_group_without_positives_is_not_estimable():
    y = np.array([0, 1] * 40 + [0] * 40)
    pred = np.array([0, 1] * 40 + [0] * 40)
    g = np.repeat(["a", "b", "c"], 40)
    assert fl.equal_opportunity_difference(y, pred, sensitive_features=g) == 1.0
    result = fairness.equal_opportunity_difference(y, pred, g)
    assert result.estimate.value == 0.0
    assert result.excluded == {"c": "n_pos=0 in this group"}
    group = fairness.group_metrics(y, pred, g).groups["group"][2]
    assert group.rates["tpr"].value is None and group.rates["ppv"].value is None
    assert group.rates["tpr"].method == "not estimable"
    two = g != "b"
    alone = fairness.equal_opportunity_difference(y[two], pred[two], g[two])
    assert alone.estimate.value is None
    assert "fewer than two groups" in alone.estimate.reason
    assert (alone.p_value, alone.null_limit, alone.beyond_chance) == (None, None, False)


def test_nobody_selected_has_no_ratio():
    y, g = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    result = fairness.demographic_parity_ratio(y, [0] * 80, g)
    assert result.estimate.value is None
    assert result.estimate.reason == "no row is selected in any group"
    assert fairness.demographic_parity_difference(y, [0] * 80, g).estimate.value == 0.0


def test_trap_expected_rates_do_not_depend_on_a_seed_shared_with_the_data():
    rng = np.random.RandomState(0)  # noqa: NPY002  (the collision needs this generator)
    g = (rng.rand(3000) < 0.4).astype(int)
    y = (np.random.default_rng(1).random(3000) < 0.5).astype(int)
    q = np.full(3000, 0.4)
    # One draw with the seed that drew the groups selects exactly one group.
    draw = (q > np.random.RandomState(0).rand(3000)).astype(int)  # noqa: NPY002
    assert fl.demographic_parity_difference(y, draw, sensitive_features=g) == 1.0
    result = fairness.demographic_parity_difference(y, None, g, expected=q)
    assert result.estimate.value == pytest.approx(0.0, abs=1e-12)
    assert result.p_value == pytest.approx(1.0)


def test_trap_missing_values_are_a_group(data):
    y, pred, groups = data
    holes = groups["sex"].where(np.arange(900) % 5 > 0)
    with pytest.raises(ValueError, match="missing values"):
        fl.demographic_parity_difference(y, pred, sensitive_features=holes)
    table = fairness.group_metrics(y, pred, holes)
    names = [g.name for g in table.groups["sex"]]
    assert names == ["f", "m", "missing"]
    assert table.groups["sex"][2].n == 180
    filled = holes.fillna("missing")
    expected = fl.demographic_parity_difference(y, pred, sensitive_features=filled)
    value = table.difference("demographic_parity_difference", "sex").estimate.value
    assert value == pytest.approx(expected, abs=1e-12)
