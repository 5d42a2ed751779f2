"""The fairness checks: keys, sentences, what is left out, and how seldom they cry wolf."""

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from fairlearn.reductions import DemographicParity, ExponentiatedGradient
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression, LogisticRegression

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.fairness import CHECKS, GroupDifferences, GroupRates
from appliednn.core.errors import UsageError


def make_rows(n=900, shift=0.0, seed=0):
    """Return features, labels, attributes; ``shift`` moves the scores of men."""
    rng = np.random.default_rng(seed)
    groups = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], n), "region": rng.choice(["n", "s", "w"], n)}
    )
    a = rng.normal(size=n) + shift * (groups["sex"] == "m").to_numpy()
    X = pd.DataFrame({"a": a, "b": rng.normal(size=n)})
    y = np.where(a + rng.normal(size=n) > 0.3, "yes", "no")
    return X, y, groups


def make_context(shift=0.0, seed=0, n=900, **given):
    X, y, groups = make_rows(n, shift, seed)
    model = LogisticRegression().fit(X, y)
    given = {"sensitive": groups, "positive": "yes", **given}
    return AuditContext(model, X, y, **given)


@pytest.fixture(scope="module")
def unfair():
    options = {"fairness": {"reason": "a wrong refusal is the harm", "min_group_size": 20}}
    return make_context(1.0, options=options)


def test_estimates_equal_fairlearn_under_their_keys(unfair):
    found = GroupDifferences().run(unfair).estimates
    y, pred = unfair.y_true_binary, unfair.y_pred_binary
    for metric in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
        "equal_opportunity_difference",
    ):
        for name, columns in [("sex", ["sex"]), ("sex & region", ["sex", "region"])]:
            expected = getattr(fl, metric)(y, pred, sensitive_features=unfair.sensitive[columns])
            assert found[f"{metric}[{name}]"].value == pytest.approx(expected, abs=1e-12)
    stems = {key.partition("[")[0] for key in found}
    assert stems <= set(GroupDifferences.keys)
    assert {"predictive_parity_difference", "calibration_gap"} <= stems


def test_rates_of_groups_with_wilson_intervals(unfair):
    result = GroupRates().run(unfair)
    women = (unfair.sensitive["sex"] == "f").to_numpy()
    rate = result.estimates["group_selection_rate[sex=f]"]
    assert rate.value == pytest.approx(unfair.y_pred_binary[women].mean())
    assert (rate.n, rate.method) == (women.sum(), "wilson")
    assert {key.partition("[")[0] for key in result.estimates} <= set(GroupRates.keys)
    titles = [t.title for t in result.tables]
    assert titles == ["Groups of sex", "Groups of region", "Groups of sex & region"]
    assert [len(t.rows) for t in result.tables] == [2, 3, 6]
    assert all(len(row) == len(t.columns) for t in result.tables for row in t.rows)
    assert result.figures[0].title == "True positive rate by sex"
    assert "n = " in result.figures[0].alt


def test_an_unfair_model_is_said_to_be_in_a_sentence(unfair):
    result = GroupDifferences().run(unfair)
    first = result.findings[0]
    assert first.severity == "high"
    assert first.title == "Groups of sex are treated differently"
    assert first.text.startswith(
        "The equal opportunity difference of sex between 'f' and 'm' is 0."
    )
    assert "without any difference 95 % of such data sets would stay below" in first.text
    assert "(a wrong refusal is the harm)" in result.summary
    base = result.findings[-1]
    assert base.severity == "info"
    assert "calibration within groups and equalized odds cannot both hold" in base.text
    assert not any("region" in f.title for f in result.findings)


def test_results_are_ready_for_json_and_hold_no_rows(unfair):
    for check in CHECKS:
        result = check().run(unfair)
        data = json.dumps(result.to_dict(figures=True))
        assert len(data) < 60_000
        again = check().run(unfair)
        assert again.to_dict(figures=True) == result.to_dict(figures=True)


def test_a_model_without_unfairness_seldom_fails_a_gate():
    fails = beyond = named = 0
    for seed in range(30):
        context = make_context(seed=seed, n=500, options={"fairness": {"products": 1}})
        result = GroupDifferences().run(context)
        rates = [
            e
            for key, e in result.estimates.items()
            if not key.startswith("demographic_parity_ratio")
        ]
        fails += any(e.ci[0] > 0.1 for e in rates)
        beyond += result.estimates["demographic_parity_difference[sex]"].ci[0] > 0
        named += any(f.severity != "info" for f in result.findings)
    assert fails <= 2
    assert beyond <= 4
    assert named <= 4


def test_small_and_empty_groups_are_named_not_judged():
    X, y, groups = make_rows(400)
    groups.loc[:9, "sex"] = None
    y[(groups["region"] == "w").to_numpy()] = "no"
    model = LogisticRegression().fit(X, y)
    context = AuditContext(model, X, y, sensitive=groups, positive="yes")
    findings = GroupRates().run(context).findings
    assert findings[0].text.startswith("Fewer than 30 rows, shown but not compared: sex=missing")
    assert "true positive rate of region=w: n_pos=0 in this group" in findings[1].text
    assert {f.severity for f in findings} == {"info"}
    result = GroupDifferences().run(context)
    table = next(t for t in result.tables if t.title == "Differences by region")
    assert table.columns[-1] == "not estimable"
    row = next(r for r in table.rows if str(r[0]).startswith("equal opportunity"))
    assert "w: n_pos=0 in this group" in row[-1]
    assert result.estimates["equal_opportunity_difference[region]"].value < 1
    table = next(t for t in result.tables if t.title == "Differences by sex")
    assert "Too small to compare (fewer than 30 rows): missing (n = 10)." in table.note
    assert "not estimable" not in table.columns


def test_rates_of_a_handful_of_rows_are_not_shown():
    X, y, groups = make_rows(300)
    groups["region"] = groups["region"].where(np.arange(300) > 3, "tiny")
    context = AuditContext(
        LogisticRegression().fit(X, y), X, y, sensitive=groups[["region"]], positive="yes"
    )
    result = GroupRates().run(context)
    assert result.tables[0].note == "Groups of fewer than 5 rows, not shown: 1."
    assert not any("tiny" in str(row[0]) for row in result.tables[0].rows)
    assert not any("tiny" in key for key in result.estimates)
    assert "tiny" not in result.figures[0].svg
    assert "region=tiny (n = 4)" in result.findings[0].text


def test_a_column_of_many_numbers_is_cut_and_said_so():
    X, y, _ = make_rows(400)
    age = pd.DataFrame({"age": np.random.default_rng(0).integers(18, 80, 400)})
    context = AuditContext(LogisticRegression().fit(X, y), X, y, sensitive=age, positive="yes")
    result = GroupRates().run(context)
    assert "age has 62 different values and is cut into 4 groups" in result.summary
    assert len(result.tables[0].rows) == 4


def test_without_a_sensitive_attribute_it_does_not_apply():
    with pytest.raises(NotApplicable, match="no sensitive attribute was given"):
        GroupRates().run(make_context(sensitive=None))


def test_a_positive_class_that_is_not_in_the_test_rows_does_not_apply():
    X, y, groups = make_rows(200)
    model = LogisticRegression().fit(X, y)
    keep = y == "no"
    context = AuditContext(
        model, X[keep], y[keep], sensitive=groups[keep].reset_index(drop=True), positive="yes"
    )
    with pytest.raises(NotApplicable, match="'yes' never occurs in y_test"):
        GroupDifferences().run(context)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "equal_odds"}, "'equal_odds'; expected one of demographic_parity_difference"),
        ({"min_group_size": 0}, "must be a whole number of at least 1, got 0"),
        ({"tolerance": 2}, r"must be a number in \[0, 1\), got 2"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        GroupDifferences().run(make_context(options={"fairness": options}))


def test_several_classes_compare_accuracy_or_one_class_with_the_rest():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    y = np.digitize(X["a"] + rng.normal(size=300), [-0.5, 0.5])
    groups = pd.DataFrame({"g": rng.choice(["u", "v"], 300)})
    model = LogisticRegression().fit(X, y)
    context = AuditContext(model, X, y, sensitive=groups)
    result = GroupDifferences().run(context)
    right = pd.Series(context.y_pred == y).groupby(groups["g"]).mean()
    assert list(result.estimates) == ["accuracy_difference[g]"]
    assert result.estimates["accuracy_difference[g]"].value == pytest.approx(np.ptp(right))
    one = GroupDifferences().run(AuditContext(model, X, y, sensitive=groups, positive=2))
    expected = fl.equal_opportunity_difference(
        y == 2, context.y_pred == 2, sensitive_features=groups["g"]
    )
    value = one.estimates["equal_opportunity_difference[g]"].value
    assert value == pytest.approx(expected, abs=1e-12)


def test_regression_compares_errors_per_group():
    X, _, groups = make_rows(600)
    rng = np.random.default_rng(1)
    y = X["a"] + rng.normal(size=600) * np.where(groups["sex"] == "m", 3.0, 1.0)
    context = AuditContext(LinearRegression().fit(X, y), X, y, sensitive=groups)
    rates, result = GroupRates().run(context), GroupDifferences().run(context)
    error = np.abs(y - context.y_pred).groupby(groups["sex"]).mean()
    assert rates.estimates["group_mae[sex=m]"].value == pytest.approx(error["m"])
    assert result.estimates["mae_difference[sex]"].value == pytest.approx(error["m"] - error["f"])
    assert result.findings[0].title == "Groups of sex are treated differently"
    assert "mean absolute error difference" in result.summary


class Coin(ClassifierMixin, BaseEstimator):
    """Gives each row the positive class with probability 0.4, whatever its group."""

    classes_ = np.array([0, 1])

    def predict(self, X):
        return (np.random.RandomState(0).rand(len(X)) < 0.4).astype(int)  # noqa: NPY002

    def _pmf_predict(self, X):
        return np.tile([0.6, 0.4], (len(X), 1))


def test_a_randomised_model_is_judged_on_its_expected_rates():
    g = (np.random.RandomState(0).rand(800) < 0.4).astype(int)  # noqa: NPY002
    X = pd.DataFrame({"a": np.zeros(800)})
    y = np.random.default_rng(0).integers(0, 2, 800)
    context = AuditContext(Coin(), X, y, sensitive=pd.DataFrame({"g": g}))
    assert np.ptp(pd.Series(context.y_pred).groupby(g).mean()) == 1.0
    found = GroupDifferences().run(context).estimates
    assert found["demographic_parity_difference[g]"].value == pytest.approx(0, abs=1e-12)
    assert "expected rates" in GroupRates().run(context).summary


# fairlearn enlarges a float Series with booleans through .at, which pandas is about to refuse.
@pytest.mark.filterwarnings("ignore:Setting a value on a Series via .at")
@pytest.mark.filterwarnings("ignore:Setting an item of incompatible dtype")
def test_fairlearns_mitigated_model_is_compared_though_it_has_no_classes():
    X, y, groups = make_rows(300, 1.0)
    y = (y == "yes").astype(int)
    model = ExponentiatedGradient(LogisticRegression(), DemographicParity(), max_iter=3)
    model.fit(X, y, sensitive_features=groups["sex"])
    context = AuditContext(model, X, y, sensitive=groups[["sex"]])
    q = model._pmf_predict(X)[:, 1]
    women = (groups["sex"] == "f").to_numpy()
    found = GroupDifferences().run(context).estimates
    expected = abs(q[women].mean() - q[~women].mean())
    assert found["demographic_parity_difference[sex]"].value == pytest.approx(expected)
