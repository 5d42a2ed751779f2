"""The model beside cheap ones: differences against scikit-learn, signs, hard inputs."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from appliednn.audit import Gate, NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._baseline_models import fit_baseline
from appliednn.audit.checks.baselines import Baselines
from appliednn.core.errors import UsageError
from appliednn.core.statistics import bootstrap_interval

COLUMNS = list("abcd")


def numbers(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=COLUMNS)
    p = 1 / (1 + np.exp(-2 * X["a"] - X["b"]))
    return X, np.where(rng.random(n) < p, "yes", "no")


def split(model, n=300, **kw):
    (X, y), (X_test, y_test) = numbers(n, 1), numbers(n, 2)
    return AuditContext(model.fit(X, y), X_test, y_test, X_train=X, y_train=y, **kw)


def test_gains_equal_differences_of_scikit_learns_scores():
    context = split(LogisticRegression(C=0.01))
    made = Baselines().run(context).estimates
    y, p = context.y_test, context.score_positive
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        context.X_train, context.y_train
    )
    q = linear.predict_proba(context.X_test)
    auc = metrics.roc_auc_score(y, p) - metrics.roc_auc_score(y, q[:, 1])
    loss = metrics.log_loss(y, q) - metrics.log_loss(y, context.proba)
    assert made["roc_auc_vs_linear"].value == pytest.approx(auc)
    assert made["log_loss_vs_linear"].value == pytest.approx(loss)
    base = np.mean(context.y_train == "yes")
    dummy = metrics.log_loss(y, np.tile([1 - base, base], (len(y), 1)))
    assert made["log_loss_vs_dummy"].value == pytest.approx(
        dummy - metrics.log_loss(y, context.proba)
    )
    assert made["roc_auc_vs_dummy"].value == pytest.approx(metrics.roc_auc_score(y, p) - 0.5)


def test_gains_are_paired():
    context = split(LogisticRegression(C=0.01))
    made = Baselines().run(context).estimates["accuracy_vs_linear"]
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        context.X_train, context.y_train
    )
    right = (context.y_pred == context.y_test).astype(float)
    other = (linear.predict(context.X_test) == context.y_test).astype(float)
    paired = bootstrap_interval(lambda a, b: float((a - b).mean()), right, other, n_boot=2000)
    np.testing.assert_allclose(made.ci, paired, atol=0.007)


def test_regression_gains_are_positive_when_the_model_is_better():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.uniform(-2, 2, 300), "b": rng.choice(["u", "v"], 300)})
    y = X["a"] ** 2 + rng.normal(0, 0.1, 300)

    class Square:
        def predict(self, X):
            return X["a"].to_numpy() ** 2

    context = AuditContext(Square(), X[150:], y[150:], X_train=X[:150], y_train=y[:150])
    result = Baselines().run(context)
    made = result.estimates
    assert all(made[f"rmse_vs_{k}"].ci[0] > 0 for k in ("dummy", "linear", "boosting"))
    dummy = np.full(150, y[:150].mean())
    assert made["rmse_vs_dummy"].value == pytest.approx(
        metrics.root_mean_squared_error(y[150:], dummy)
        - metrics.root_mean_squared_error(y[150:], X["a"][150:] ** 2)
    )
    assert not result.findings


def test_a_better_baseline_is_a_finding():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(-2, 2, (800, 2)), columns=["a", "b"])
    y = (X["a"] * X["b"] + rng.normal(0, 0.3, 800) > 0).astype(int)
    model = LogisticRegression().fit(X[:400], y[:400])
    result = Baselines().run(
        AuditContext(model, X[400:], y[400:], X_train=X[:400], y_train=y[:400])
    )
    titles = {f.title: f for f in result.findings}
    assert titles["Gradient boosting does better"].severity == "medium"
    assert titles["Not surely better than a guess"].severity == "high"


def test_a_guess_is_not_surely_better_than_a_guess():
    result = Baselines().run(split(DummyClassifier()))
    assert result.findings[0].id == "ANN211.1"
    made = result.estimates["roc_auc_vs_dummy"]
    assert made.value is None and "as the guess does" in made.reason
    assert Gate("roc_auc_vs_dummy", ">=", 0.0).status(made) == "INCONCLUSIVE"


def test_equal_models_raise_no_alarm():
    """Findings of a better baseline on 20 data sets where the model is the linear baseline."""
    alarms = 0
    for seed in range(20):
        (X, y), (X_test, y_test) = numbers(150, 100 + seed), numbers(150, 200 + seed)
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        context = AuditContext(model, X_test, y_test, X_train=X, y_train=y)
        found = Baselines().run(context).findings
        alarms += any(f.severity in ("high", "medium") for f in found)
    assert alarms <= 1


def test_mixed_columns_with_gaps_unknown_categories_and_odd_numbers(mixed_frame):
    X, y = mixed_frame
    X = X.copy()
    X["leer"], X["immer"] = np.nan, 1
    X["riesig"] = 1e200
    X.loc[3, "riesig"] = np.inf
    train, test = X[:160], X[160:].reset_index(drop=True)
    test.loc[0, "city"] = "Ōsaka"
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model.fit(train[["city"]], y[:160])

    class Cities:
        classes_ = model.classes_

        def predict(self, X):
            return model.predict(X[["city"]])

        def predict_proba(self, X):
            return model.predict_proba(X[["city"]])

    context = AuditContext(Cities(), test, y[160:], X_train=train, y_train=y[:160])
    context.options = {"baselines": {"names": ["RandomForestClassifier", "LogisticRegression"]}}
    made = Baselines().run(context).estimates
    assert {k.split("_vs_")[1] for k in made} == {"dummy", "linear", "boosting", "forest"}
    assert made["roc_auc_vs_dummy"].value > 0.1


def test_probabilities_of_several_classes_line_up():
    rng = np.random.default_rng(0)
    y = np.array(["b", "a", "c"])[rng.integers(0, 3, 400)]
    X = pd.DataFrame({"x": (y == "a") + 2.0 * (y == "b") + rng.normal(0, 0.2, 400)})
    model = HistGradientBoostingClassifier(max_iter=5).fit(X[:200], y[:200])
    rare = y[:200].copy()
    rare[rare == "c"] = "a"  # a class of the model that the training rows at hand lack
    context = AuditContext(model, X[200:], y[200:], X_train=X[:200], y_train=y[:200])
    assert Baselines().run(context).estimates["accuracy_vs_dummy"].value > 0.5
    context = AuditContext(model, X[200:], y[200:], X_train=X[:200], y_train=rare)
    assert Baselines().run(context).estimates["log_loss_vs_dummy"].value > 0


def test_without_probabilities_shares_are_compared():
    context = split(LinearSVC())
    made = Baselines().run(context).estimates
    assert "predict_proba" in made["log_loss_vs_dummy"].reason
    assert made["roc_auc_vs_dummy"].value > 0.2


def test_too_little_data_says_why():
    context = split(LogisticRegression())
    with pytest.raises(NotApplicable, match="training"):
        Baselines().run(AuditContext(context.model, context.X_test, context.y_test))
    few = AuditContext(
        context.model,
        context.X_test[:5],
        context.y_test[:5],
        X_train=context.X_train,
        y_train=context.y_train,
    )
    assert "too few" in Baselines().run(few).estimates["log_loss_vs_dummy"].reason
    one = AuditContext(
        context.model,
        context.X_test,
        context.y_test,
        X_train=context.X_train,
        y_train=np.repeat("no", 300),
    )
    result = Baselines().run(one)
    assert "one class" in result.tables[0].note
    assert {k.split("_vs_")[1] for k in result.estimates} == {"dummy"}


def test_an_unknown_name_is_refused():
    context = split(LogisticRegression(), options={"baselines": {"names": ["Xgboost"]}})
    with pytest.raises(UsageError, match="Xgboost"):
        Baselines().run(context)


def test_linear_baseline_equals_ridge_on_plain_numbers():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(60, 3)), columns=list("abc"))
    y = X["a"].to_numpy() + rng.normal(size=60)
    made = fit_baseline("linear", X, y, classify=False, seed=0)
    peer = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    np.testing.assert_allclose(made.predict(X), peer.predict(X))
    dummy = fit_baseline("dummy", X, y, classify=False, seed=0)
    np.testing.assert_allclose(dummy.predict(X), DummyRegressor().fit(X, y).predict(X))


def test_extreme_regressors_say_why():
    X = pd.DataFrame({"a": np.arange(40.0)})
    model = LinearRegression().fit(X, X["a"])

    class Broken:
        def predict(self, X):
            return np.full(len(X), np.nan)

    for broken in (Broken(),):
        with pytest.raises(NotApplicable, match="NaN"):
            Baselines().run(AuditContext(broken, X, X["a"], X_train=X, y_train=X["a"]))
    result = Baselines().run(AuditContext(model, X, X["a"], X_train=X, y_train=X["a"]))
    assert result.estimates["rmse_vs_dummy"].ci[0] > 0
