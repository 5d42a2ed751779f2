"""Groups: names, missing values, products, cuts; labels; randomised models."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, ExponentiatedGradient
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import appliednn.fairness as fairness
from appliednn.fairness import (
    expected_rates,
    group_labels,
    group_metrics,
    prepare_attributes,
)


def test_groups_are_ordered_as_their_values():
    labels = group_labels({"n": [10, 9, 100], "b": [True, False, True], "f": [1.0, 2.5, 1.0]})
    assert list(labels["n"].categories) == ["9", "10", "100"]
    assert list(labels["b"].categories) == ["False", "True"]
    assert list(labels["f"].categories) == ["1", "2.5"]


def test_a_category_that_never_occurs_is_no_group():
    column = pd.Series(pd.Categorical(["lo", "hi"], categories=["lo", "mid", "hi"], ordered=True))
    assert list(group_labels(column.rename("x"))["x"].categories) == ["lo", "hi"]


@pytest.mark.parametrize("hole", [None, np.nan, pd.NA, pd.NaT])
def test_any_missing_value_is_the_group_missing(hole):
    labels = group_labels(pd.DataFrame({"x": pd.Series(["a", hole, "b"], dtype=object)}))["x"]
    assert list(labels.categories) == ["a", "b", "missing"]
    assert labels.codes.tolist() == [0, 2, 1]


def test_a_level_called_missing_is_kept_apart_from_missing_values():
    labels = group_labels({"x": ["missing", None]})["x"]
    assert list(labels.categories) == ["missing", "missing value"]


def test_values_that_read_alike_are_refused():
    with pytest.raises(ValueError, match="read alike"):
        group_labels({"x": pd.Series([1, "1"], dtype=object)})


def test_wrong_lengths_and_shapes_are_refused():
    with pytest.raises(ValueError, match="groups has 3 rows and the labels have 2"):
        group_metrics([0, 1], [0, 1], ["a", "b", "c"])
    with pytest.raises(ValueError, match="no attribute"):
        group_labels(pd.DataFrame(index=[0, 1]))
    with pytest.raises(ValueError, match="one or two dimensions"):
        group_labels(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="y_true has 2 rows and y_pred 3"):
        group_metrics([0, 1], [0, 1, 1], ["a", "b"])
    with pytest.raises(ValueError, match="1 missing label"):
        group_metrics([0.0, np.nan], [0, 1], ["a", "b"])
    with pytest.raises(ValueError, match="probabilities"):
        group_metrics([0, 1], [0, 1], ["a", "b"], score=[0.2, 1.2])
    with pytest.raises(ValueError, match="probabilities"):
        group_metrics([0, 1], None, ["a", "b"], expected=[0.2, -0.1])


def test_unknown_metric_or_attribute_is_named():
    table = group_metrics([0, 1], [0, 1], {"sex": ["a", "b"]}, min_group_size=1)
    with pytest.raises(ValueError, match=r"attribute 'age' is not in the table; it has sex"):
        table.difference("accuracy_difference", "age")
    with pytest.raises(ValueError, match="needs score"):
        table.difference("calibration_gap", "sex")


def test_products_of_two_and_three_attributes():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({c: rng.choice(["x", "y"], 200) for c in "abc"})
    y = rng.integers(0, 2, 200)
    assert group_metrics(y, y, frame).attributes == ("a", "b", "c", "a & b", "a & c", "b & c")
    assert group_metrics(y, y, frame, products=1).attributes == ("a", "b", "c")
    table = group_metrics(y, y, frame, products=3)
    counts = frame.value_counts()
    assert {g.name: g.n for g in table.groups["a & b & c"]} == {
        " & ".join(key): n for key, n in counts.items()
    }


def test_small_groups_are_shown_but_not_compared():
    y = np.array([0, 1] * 50)
    g = np.array(["a"] * 45 + ["b"] * 45 + ["c"] * 10)
    pred = np.where(g == "c", 1, y)
    table = group_metrics(y, pred, g)
    assert table.groups["group"][2].rates["selection_rate"].value == 1.0
    result = table.difference("demographic_parity_difference", "group")
    assert result.excluded == {"c": "n=10, fewer than 30 rows"}
    assert result.compared == ("a", "b")
    assert result.estimate.value == pytest.approx(abs(22 / 45 - 23 / 45))


def test_many_numbers_are_cut_at_their_quantiles():
    age = pd.Series([*range(20, 100), np.nan], name="age")
    frame, notes = prepare_attributes(age.to_frame())
    counts = frame["age"].value_counts(sort=False, dropna=False)
    assert counts.tolist() == [20, 20, 20, 20, 1]
    assert list(frame["age"].cat.categories)[0] == "below 39.75"
    assert notes[0].startswith("age has 80 different values and is cut into 4 groups")
    expected = pd.qcut(age, 4, labels=False)
    known = age.notna()
    assert (frame["age"].cat.codes[known].to_numpy() == expected[known].to_numpy()).all()


def test_few_numbers_and_text_stay_and_rare_text_is_joined():
    frame = pd.DataFrame({"n": [1, 2] * 30, "t": [f"v{i}" for i in range(60)]})
    frame.loc[:20, "t"] = "common"
    out, notes = prepare_attributes(frame, max_groups=3)
    assert out["n"].tolist() == frame["n"].tolist()
    assert out["t"].value_counts().to_dict()["common"] == 21
    assert out["t"].nunique() == 3
    assert len(notes) == 1 and "'all others'" in notes[0]


# fairlearn enlarges a float Series with booleans through .at, which pandas is about to refuse.
@pytest.mark.filterwarnings("ignore:Setting a value on a Series via .at")
@pytest.mark.filterwarnings("ignore:Setting an item of incompatible dtype")
def test_expected_rates_of_fairlearns_randomised_models():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(400, 3))
    g = (rng.random(400) < 0.5).astype(int)
    y = (X[:, 0] + 0.8 * g + rng.normal(size=400) > 0).astype(int)
    X = np.column_stack([X, g])
    fair = ExponentiatedGradient(LogisticRegression(), DemographicParity(), max_iter=5)
    fair.fit(X, y, sensitive_features=g)
    q = expected_rates(fair, X)
    draws = np.mean([fair.predict(X, random_state=s) for s in range(1000, 1200)], axis=0)
    assert np.abs(q - draws).max() < 0.15
    assert np.abs(q.mean() - draws.mean()) < 0.01
    optimizer = ThresholdOptimizer(
        estimator=LogisticRegression(), constraints="demographic_parity",
        predict_method="predict_proba",
    ).fit(X, y, sensitive_features=g)  # fmt: skip
    q = expected_rates(optimizer, X, g)
    gap = abs(q[g == 0].mean() - q[g == 1].mean())
    result = fairness.demographic_parity_difference(y, None, g, expected=q)
    assert result.estimate.value == pytest.approx(gap, abs=1e-12)
    with pytest.raises(ValueError, match="needs the sensitive attributes"):
        expected_rates(optimizer, X)


def test_a_model_that_always_answers_alike_has_no_expected_rates():
    X, y = np.arange(20.0)[:, None], np.tile([0, 1], 10)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    assert expected_rates(model, X) is None
    assert expected_rates(LogisticRegression().fit(X, y), X) is None


def test_public_names_resolve():
    for name in fairness.__all__:
        assert callable(getattr(fairness, name)) or name == "METRICS"
