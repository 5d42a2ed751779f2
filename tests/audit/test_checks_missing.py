import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from appliednn.audit._context import AuditContext
from appliednn.audit.checks.missing import MissingStress
from appliednn.core.errors import UsageError


@pytest.fixture
def rows():
    x = np.random.default_rng(0).normal(size=1000)
    return pd.DataFrame({"x": x}), (x > 0).astype(int)


def test_accuracy_falls_by_the_share_of_filled_rows(rows):
    X, y = rows
    model = LogisticRegression().fit(X, y)
    options = {"robustness": {"max_rows": 1000}}
    result = MissingStress().run(AuditContext(model, X, y, X_train=X, options=options))
    fill = int(model.predict(pd.DataFrame({"x": [X["x"].median()]}))[0])
    right = (model.predict(X) == y).mean()
    for share in (0.05, 0.1, 0.2, 0.4):
        expected = right * (1 - share) + share * (y == fill).mean()
        found = result.estimates[f"accuracy_missing[{share:g}]"]
        assert found.value == pytest.approx(expected, abs=0.015)
        assert found.ci[0] < expected < found.ci[1]
    ids = {f.id: f for f in result.findings}
    assert "NaN" in ids["ANN711.1"].text
    assert "filled with the median" in result.tables[0].note
    assert ids.keys() <= {"ANN711.1", "ANN711.2"}


def test_models_that_take_missing_values_get_them(rows):
    X, y = rows
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, y)
    result = MissingStress().run(AuditContext(model, X, y))
    assert "left missing" in result.tables[0].note
    assert "ANN711.1" not in [f.id for f in result.findings]
    values = [result.estimates[f"accuracy_missing[{s}]"].value for s in ("0.05", "0.1", "0.2")]
    assert values == sorted(values, reverse=True)


def test_categories_and_refused_columns_are_handled_column_by_column():
    frame = pd.DataFrame({"a": ["u", "v"] * 200, "b": pd.Categorical(["p", "p", "q", "q"] * 100)})
    y = np.array([0, 1] * 200)
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(frame, y)
    result = MissingStress().run(AuditContext(model, frame, y))
    assert any("features are missing" in f.text for f in result.findings)
    assert result.estimates["accuracy_missing[0.4]"].value == pytest.approx(0.8, abs=0.05)


def test_regression_gives_rmse_and_its_interval():
    x = np.random.default_rng(1).normal(size=(400, 2))
    y = 3 * x[:, 0] + x[:, 1]
    model = HistGradientBoostingRegressor(max_iter=30).fit(x, y)
    result = MissingStress().run(AuditContext(model, x, y))
    made = [result.estimates[f"rmse_missing[{s}]"] for s in ("0.05", "0.4")]
    assert made[0].value < made[1].value
    assert made[1].ci[0] < made[1].value < made[1].ci[1]
    assert [f.id for f in result.findings] == ["ANN711.2"]


def test_a_share_of_all_is_refused(rows):
    X, y = rows
    model = HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    context = AuditContext(model, X, y, options={"robustness": {"missing": [0.5, 1.0]}})
    with pytest.raises(UsageError, match="below 1"):
        MissingStress().run(context)
