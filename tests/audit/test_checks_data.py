"""Data checks: planted defects are found, sound data left alone, numbers match references."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import r2_score, roc_auc_score

from appliednn.audit import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.data import CHECKS, Drift, Duplicates, Leakage, Missingness, Overview
from appliednn.core.statistics import newcombe_interval, wilson_interval
from appliednn.diagnostics import _drift as drift
from appliednn.diagnostics import _one_feature as one_feature
from appliednn.diagnostics._duplicates import chance_of_twins, row_hashes
from appliednn.diagnostics._missing import missing_difference_p, missing_target_p


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "alter": rng.normal(40, 10, n),
            "stadt": rng.choice(["Zürich", "東京", "São Paulo"], n),
            "kinder": rng.integers(0, 5, n),
            "seit": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "mitglied": rng.random(n) < 0.5,
        }
    )
    frame.loc[rng.random(n) < 0.1, "alter"] = np.nan
    y = np.where(frame["kinder"] + rng.normal(0, 2, n) > 2, "ja", "nein")
    return frame, y


def context(train, test, y_train, y_test, regression=False):
    model = (DummyRegressor if regression else DummyClassifier)().fit(train, y_train)
    return AuditContext(model, test, y_test, X_train=train, y_train=y_train)


@pytest.fixture
def sound():
    (train, y_train), (test, y_test) = table(400, 1), table(200, 2)
    return context(train, test, y_train, y_test)


def ids(result):
    return {f.id for f in result.findings}


def test_sound_data_have_no_finding(sound):
    results = [check().run(sound) for check in CHECKS]
    assert not [f for r in results for f in r.findings]


def test_overview_names_constant_empty_and_id_columns(sound):
    sound.X_train["leer"] = np.nan
    sound.X_train["immer"] = "x"
    sound.X_train["nummer"] = np.arange(400) * 7
    sound.X_train["schlüssel"] = [f"k{i}" for i in range(400)]
    for c in ("leer", "immer", "nummer", "schlüssel"):
        sound.X_test[c] = sound.X_train[c].iloc[:200].to_numpy()
    result = Overview().run(sound)
    texts = {f.id: f.text for f in result.findings}
    assert "leer" in texts["ANN101.1"] and "immer" in texts["ANN101.2"]
    assert "nummer, schlüssel" in texts["ANN101.3"] and "alter" not in texts["ANN101.3"]
    assert result.estimates["constant_columns"].value == 2
    k = int((sound.y_test == "ja").sum())
    assert result.estimates["class_share[ja]"].ci == pytest.approx(wilson_interval(k, 200))


def test_missing_shares_have_intervals_and_a_shift_is_found(sound):
    sound.X_test.loc[:80, "alter"] = np.nan
    result = Missingness().run(sound)
    k1, k2 = int(sound.X_test["alter"].isna().sum()), int(sound.X_train["alter"].isna().sum())
    made = result.estimates["missing_share_difference[alter]"]
    assert made.value == pytest.approx(k1 / 200 - k2 / 400)
    assert made.ci == pytest.approx(newcombe_interval(k1, 200, k2, 400))
    assert result.estimates["missing_share[alter]"].ci == pytest.approx(wilson_interval(k1, 200))
    assert ids(result) == {"ANN102.1"}


def test_a_gap_that_tells_of_the_target_is_a_hint(sound):
    sound.X_train.loc[sound.y_train == "ja", "alter"] = np.nan
    sound.X_test.loc[sound.y_test == "ja", "alter"] = np.nan
    found = Missingness().run(sound).findings
    assert [f.severity for f in found if f.id == "ANN102.2"] == ["info"]


def test_gap_tests_equal_scipy():
    rng = np.random.default_rng(0)
    gone, y = rng.random(300) < 0.2, rng.integers(0, 3, 300)
    crossed = pd.crosstab(gone, y)
    assert missing_target_p(gone, y, classify=True) == pytest.approx(
        stats.chi2_contingency(crossed).pvalue
    )
    assert missing_target_p(gone, y > 0, classify=True) == pytest.approx(
        stats.fisher_exact(pd.crosstab(gone, y > 0)).pvalue
    )
    value = rng.normal(size=300)
    assert missing_target_p(gone, value, classify=False) == pytest.approx(
        stats.mannwhitneyu(value[gone], value[~gone]).pvalue
    )
    other = rng.random(100) < 0.3
    pair = [[gone.sum(), (~gone).sum()], [other.sum(), (~other).sum()]]
    assert missing_difference_p(gone, other) == pytest.approx(stats.fisher_exact(pair).pvalue)


def test_copied_rows_are_counted(sound):
    sound.X_test.iloc[:30] = sound.X_train.iloc[:30].to_numpy()
    result = Duplicates().run(sound)
    made = result.estimates["duplicate_share_train_test"]
    assert made.value == pytest.approx(30 / 200)
    assert made.ci == pytest.approx(wilson_interval(30, 200))
    assert [f.severity for f in result.findings if f.id == "ANN103.1"] == ["high"]


def test_rows_compare_equal_across_dtypes_and_missing_values():
    a = pd.DataFrame({"x": [1, 2, 3], "c": pd.Categorical(["u", None, "v"])})
    b = pd.DataFrame({"x": [2.0, 1.0, np.nan], "c": [np.nan, "v", "u"]})
    h, g = row_hashes(a, b)
    assert np.isin(g, h).tolist() == [True, False, False]


def test_repeats_by_chance_are_a_hint_only():
    rng = np.random.default_rng(0)
    train = pd.DataFrame(rng.integers(0, 2, (300, 3)), columns=list("abc"))
    test = pd.DataFrame(rng.integers(0, 2, (200, 3)), columns=list("abc"))
    y = rng.integers(0, 2, 500)
    result = Duplicates().run(context(train, test, y[:300], y[300:]))
    assert result.estimates["duplicate_share_train_test"].value == 1
    beyond = result.estimates["duplicate_share_beyond_chance"]
    assert beyond.value < 0.1  # rows of two columns of few values repeat by themselves
    assert [f.severity for f in result.findings if f.id == "ANN103.1"] == ["info"]
    assert result.estimates["contradicting_share"].value == 1


def test_chance_of_twins_equals_simulation():
    rng = np.random.default_rng(0)
    train, test = (pd.DataFrame(rng.integers(0, 6, (n, 4))) for n in (400, 3000))
    seen = {tuple(r) for r in train.to_numpy()}
    simulated = np.mean([tuple(r) in seen for r in test.to_numpy()])
    assert chance_of_twins(train, test) == pytest.approx(simulated, abs=0.03)


def test_a_leaking_feature_is_found_whatever_its_shape(sound):
    y = sound.y_train == "ja"
    rng = np.random.default_rng(0)
    shapes = {
        "number": np.where(y, rng.uniform(1, 2, 400), rng.uniform(3, 4, 400)),
        "middle": np.where(y, rng.uniform(-1, 1, 400), rng.choice([-3.0, 3.0], 400)),
        "text": np.where(y, rng.choice(["a", "b"], 400), "c"),
        "gap": np.where(y, np.nan, rng.normal(size=400)),
    }
    for name, column in shapes.items():
        sound.X_train["leak"], sound.X_test["leak"] = column, column[:200]
        result = Leakage().run(sound)
        assert result.estimates["max_single_feature_auc"].value > 0.99, name
        assert "leak" in result.findings[0].text, name


def test_single_feature_scores_equal_scikit_learn(sound):
    y = (sound.y_train == "ja").astype(int)
    for one in one_feature.one_feature_scores(sound.X_train, y, classify=True, seed=0):
        assert one.score == pytest.approx(roc_auc_score(y, one.predicted[:, 1]))
    number = sound.X_train["kinder"] + np.random.default_rng(0).normal(size=400)
    for one in one_feature.one_feature_scores(
        sound.X_train, number.to_numpy(), classify=False, seed=0
    ):
        assert one.score == pytest.approx(r2_score(number, one.predicted[:, 0]))


def test_leakage_of_several_classes_and_of_a_number():
    train, _ = table(300, 3)
    y = train["kinder"].to_numpy()
    result = Leakage().run(context(train, train, y, y))
    assert result.estimates["max_single_feature_auc"].value == 1
    assert result.estimates["max_single_feature_auc"].ci[0] < 0.999
    number = train["kinder"] * 1e9 + 1e12
    result = Leakage().run(context(train, train, number, number, regression=True))
    assert result.estimates["max_single_feature_r2"].value > 0.999


def test_an_id_does_not_look_like_a_leak(sound):
    sound.X_train["id"] = [f"k{i}" for i in range(400)]
    sound.X_test["id"] = [f"m{i}" for i in range(200)]
    names = [row[0] for row in Leakage().run(sound).tables[0].rows]
    assert names[0] == "kinder"


def test_leakage_without_training_rows_and_with_too_few(sound):
    alone = AuditContext(sound.model, sound.X_test, sound.y_test)
    assert "test rows" in Leakage().run(alone).tables[0].note
    few = AuditContext(sound.model, sound.X_test[:5], sound.y_test[:5])
    with pytest.raises(NotApplicable, match="fewer than two classes"):
        Leakage().run(few)


def test_wide_tables_are_screened_first(monkeypatch):
    monkeypatch.setattr(one_feature, "MAX_COLUMNS", 20)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 260)), columns=[f"c{j}" for j in range(260)])
    X["odd"] = rng.choice(["a", "b", "c"], 120)
    y = (X["c200"].abs() > 0.7).astype(int).to_numpy()
    found = one_feature.one_feature_scores(X, y, classify=True, seed=0)
    assert len(found) == 20 and found[0].column == "c200"


def test_drift_statistics_equal_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=300), rng.normal(0.2, 1, 200)
    made = drift.numeric_drift(a, b)
    peer = stats.ks_2samp(a, b)
    assert made.statistic == pytest.approx(peer.statistic)
    assert made.p_value == pytest.approx(peer.pvalue, abs=0.02)
    c, d = rng.choice(list("abc"), 300), rng.choice(list("abcc"), 200)
    made = drift.category_drift(c, d)
    crossed = pd.crosstab(np.repeat([0, 1], [300, 200]), np.concatenate([c, d]))
    assert made.p_value == pytest.approx(stats.chi2_contingency(crossed).pvalue)
    assert made.statistic == pytest.approx(stats.contingency.association(crossed, "cramer"))


def test_drift_is_found_in_numbers_categories_and_target(sound):
    for column, value in (("alter", sound.X_test["alter"] + 15), ("stadt", "Zürich")):
        moved = sound.X_test.assign(**{column: value})
        made = context(sound.X_train, moved, sound.y_train, sound.y_test)
        result = Drift().run(made)
        assert result.estimates["drifted_columns"].value == 1
        assert column in result.findings[0].text
    made = context(sound.X_train, sound.X_test, sound.y_train, np.repeat("ja", 200))
    assert "(target)" in Drift().run(made).findings[0].text


def test_drift_cries_wolf_rarely():
    alarms = 0
    for seed in range(40):
        (train, y_train), (test, y_test) = table(120, 2 * seed), table(60, 2 * seed + 1)
        alarms += bool(Drift().run(context(train, test, y_train, y_test)).findings)
    assert alarms <= 2


def test_checks_that_need_training_rows_say_so(sound):
    alone = AuditContext(sound.model, sound.X_test, sound.y_test)
    with pytest.raises(NotApplicable, match="training"):
        Drift().run(alone)
    assert "duplicate_share_train_test" not in Duplicates().run(alone).estimates
    assert Missingness().run(alone).estimates["rows_with_missing"].n == 200
    assert "n_train" not in Overview().run(alone).estimates


def test_five_rows_work(sound):
    few = context(sound.X_train, sound.X_test[:5], sound.y_train, sound.y_test[:5])
    for check in CHECKS:
        assert check().run(few).summary


def test_all_missing_and_single_category_columns_work(sound):
    for frame in (sound.X_train, sound.X_test):
        frame["leer"], frame["eins"] = np.nan, "x"
    results = [check().run(sound) for check in CHECKS]
    assert ids(results[0]) == {"ANN101.1", "ANN101.2"}
    assert not any(r.findings for r in results[1:])
