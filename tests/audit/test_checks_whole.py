"""Data, performance, baselines, calibration, threshold, slices and resources on awkward inputs."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from appliednn.audit import audit
from appliednn.audit.checks import resources

SECTIONS = ["data", "performance", "baselines", "calibration", "threshold", "slices", "resources"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(resources, "_BUDGET", 0.02)


def table(n=240, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "größe": rng.normal(size=n),
            "日本": rng.choice(["x", "y", None], n),
            "sorte": pd.Categorical(rng.choice(list("uvw"), n)),
            "ja": rng.random(n) < 0.5,
            "seit": pd.Timestamp("2020-01-01", tz="UTC")
            + pd.to_timedelta(rng.integers(0, 99, n), "D"),
            "dauer": pd.to_timedelta(rng.integers(0, 99, n), "h"),
            "zahl": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "leer": np.nan,
            "gemischt": [1 if k % 2 else "eins" for k in range(n)],
            "weit": np.where(np.arange(n) % 50 == 0, np.inf, rng.normal(size=n)),
        }
    )
    frame.loc[::11, "zahl"] = pd.NA
    return frame, frame["größe"].to_numpy() + rng.normal(size=n)


def checked(model, X, y, X_test, y_test, **kw):
    report = audit(
        model, X_test, y_test, X_train=X, y_train=y, checks=SECTIONS, progress=False, **kw
    )
    assert not [n for n in report.not_checked if n.failed]
    json.dumps(report.to_dict(), allow_nan=False)
    return report


def first_column(estimator):
    return make_pipeline(make_column_transformer(("passthrough", ["größe"])), estimator)


@pytest.mark.parametrize(
    "classes", [[False, True], [-1, 1], ["né", "日"], [1.0, 2.0], ["a", "b", "c"]], ids=str
)
def test_labels_of_any_dtype_and_columns_of_any_dtype(classes):
    X, value = table()
    codes = np.digitize(value, np.quantile(value, np.arange(1, len(classes)) / len(classes)))
    y = np.asarray(classes)[codes]
    model = first_column(LogisticRegression()).fit(X[:140], y[:140])
    report = checked(model, X[:140], y[:140], X[140:], y[140:])
    assert "ANN101.1" in {f.id for f in report.findings}
    assert report.sections["performance"][0].result.estimates["roc_auc"].value > 0.6


def test_regression_with_columns_of_any_dtype():
    X, y = table()
    report = checked(
        first_column(Ridge()).fit(X[:140], y[:140]), X[:140], y[:140], X[140:], y[140:]
    )
    assert {n.id for n in report.not_checked if "not asked" not in n.reason} == {"ANN231"}


@pytest.mark.parametrize("n_test", [1, 5])
def test_a_handful_of_test_rows(n_test):
    X, value = table()
    y = np.where(value > 0, "ja", "nein")
    model = first_column(LogisticRegression()).fit(X[:140], y[:140])
    assert checked(model, X[:140], y[:140], X[-n_test:], y[-n_test:]).verdict == "INCONCLUSIVE"
    model = first_column(Ridge()).fit(X[:140], value[:140])
    checked(model, X[:140], value[:140], X[-n_test:], value[-n_test:])


def test_constant_predictions_never_pass():
    X, value = table()
    y = value > 0
    guess = first_column(DummyClassifier()).fit(X[:140], y[:140])
    assert checked(guess, X[:140], y[:140], X[140:], y[140:]).verdict != "PASS"
    mean = first_column(DummyRegressor()).fit(X[:140], value[:140])
    assert checked(mean, X[:140], value[:140], X[140:], value[140:]).verdict != "PASS"


def test_labels_unseen_in_training_and_one_class():
    X, value = table()
    y = np.where(value > 0, "ja", "nein").astype(object)
    y[150:160] = "weiß nicht"
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["日本", "sorte"]))
    model = make_pipeline(encode, LogisticRegression()).fit(X[:140], y[:140])
    report = checked(model, X[:140], y[:140], X[140:], y[140:])
    assert "ANN201.3" in {f.id for f in report.findings}
    one = np.flatnonzero(y == "ja")
    one = one[one >= 160]
    report = checked(model, X[:140], y[:140], X.iloc[one], y[one])
    assert "ANN201.5" in {f.id for f in report.findings}


def test_arrays_and_gradient_boosting():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = (np.nan_to_num(X[:, 0]) + 0.5 * rng.normal(size=300) > 0).astype(int)
    model = HistGradientBoostingClassifier(max_iter=10).fit(X[:180], y[:180])
    report = checked(model, X[:180], y[:180], X[180:], y[180:])
    assert report.verdict == "PASS"


def test_one_seed_gives_one_result():
    X, value = table()
    y = value > 0
    model = first_column(LogisticRegression()).fit(X[:140], y[:140])
    made = [
        audit(
            model,
            X[140:],
            y[140:],
            X_train=X[:140],
            y_train=y[:140],
            checks=SECTIONS[:-1],
            random_state=seed,
            progress=False,
        )
        for seed in (3, 3, 4)
    ]
    first, second, other = (
        {r.id: r.result.to_dict(figures=True) for rs in m.sections.values() for r in rs}
        for m in made
    )
    assert first == second
    assert first != other
