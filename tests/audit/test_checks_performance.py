"""Headline scores against scikit-learn, intervals against simulation, and hard inputs."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor
from sklearn.svm import LinearSVC

from appliednn.audit import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.performance import Detail, Headline
from appliednn.core.statistics import wilson_interval


def binary(n=400, seed=0, labels=("no", "yes")):
    X, y = make_classification(2 * n, 5, flip_y=0.15, weights=[0.7], random_state=seed)
    X = pd.DataFrame(X, columns=list("abcde"))
    y = np.asarray(labels)[y]
    model = LogisticRegression().fit(X[:n], y[:n])
    return AuditContext(model, X[n:], y[n:]), X[:n], y[:n]


def values(result):
    return {key: e.value for key, e in result.estimates.items()}


def test_binary_scores_equal_scikit_learn():
    context, *_ = binary()
    got = values(Headline().run(context))
    y, p = context.y_test, context.y_pred
    s = context.score_positive
    kw = {"pos_label": "yes"}
    expected = {
        "accuracy": metrics.accuracy_score(y, p),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, p),
        "precision": metrics.precision_score(y, p, **kw),
        "recall": metrics.recall_score(y, p, **kw),
        "f1": metrics.f1_score(y, p, **kw),
        "mcc": metrics.matthews_corrcoef(y, p),
        "roc_auc": metrics.roc_auc_score(y, s),
        "pr_auc": metrics.average_precision_score(y, s, **kw),
        "log_loss": metrics.log_loss(y, context.proba),
        "brier": metrics.brier_score_loss(y, s, **kw),
    }
    assert got == pytest.approx(expected)


def test_the_positive_class_is_the_one_asked_for():
    context, X, y = binary()
    other = AuditContext(context.model, context.X_test, context.y_test, positive="no")
    got = values(Headline().run(other))
    assert got["recall"] == pytest.approx(
        metrics.recall_score(context.y_test, context.y_pred, pos_label="no")
    )
    assert got["pr_auc"] == pytest.approx(
        metrics.average_precision_score(context.y_test, 1 - context.score_positive, pos_label="no")
    )
    assert got["brier"] == pytest.approx(values(Headline().run(context))["brier"])


def test_multiclass_scores_equal_scikit_learn():
    X, y = load_iris(return_X_y=True)
    y = np.array(["setosa", "versicolor", "virginica"])[y]
    keep = np.random.default_rng(0).permutation(150)
    model = LogisticRegression(C=0.01).fit(X[keep[:75]], y[keep[:75]])
    context = AuditContext(model, X[keep[75:]], y[keep[75:]])
    got = values(Headline().run(context))
    y, p, proba = context.y_test, context.y_pred, context.proba
    onehot = y[:, None] == context.classes
    expected = {
        "accuracy": metrics.accuracy_score(y, p),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, p),
        "precision": metrics.precision_score(y, p, average="macro"),
        "recall": metrics.recall_score(y, p, average="macro"),
        "f1": metrics.f1_score(y, p, average="macro"),
        "mcc": metrics.matthews_corrcoef(y, p),
        "roc_auc": metrics.roc_auc_score(y, proba, multi_class="ovr"),
        "pr_auc": metrics.average_precision_score(onehot, proba),
        "log_loss": metrics.log_loss(y, proba),
        "brier": metrics.brier_score_loss(y, proba),
    }
    assert got == pytest.approx(expected)


def test_regression_scores_equal_scikit_learn():
    X, y = make_regression(300, 4, noise=20, random_state=0)
    y = y + 1000
    context = AuditContext(LinearRegression().fit(X[:150], y[:150]), X[150:], y[150:])
    result = Headline().run(context)
    y, p = context.y_test, context.y_pred
    expected = {
        "r2": metrics.r2_score(y, p),
        "rmse": metrics.root_mean_squared_error(y, p),
        "mae": metrics.mean_absolute_error(y, p),
        "mape": metrics.mean_absolute_percentage_error(y, p),
        "pinball": metrics.mean_pinball_loss(y, p, alpha=0.5),
        **{f"pinball[{q}]": metrics.mean_pinball_loss(y, p, alpha=q) for q in (0.1, 0.5, 0.9)},
    }
    assert values(result) == pytest.approx(expected)
    assert all(e.ci[0] < e.value < e.ci[1] for e in result.estimates.values())


def test_pinball_is_scored_at_the_quantile_the_model_was_fitted_for():
    X, y = make_regression(80, 2, noise=20, random_state=0)
    context = AuditContext(QuantileRegressor(quantile=0.9, alpha=0).fit(X, y), X, y)
    got = values(Headline().run(context))
    assert got["pinball"] == got["pinball[0.9]"] != got["pinball[0.5]"]


def test_shares_have_wilson_intervals():
    context, *_ = binary()
    made = Headline().run(context).estimates["recall"]
    k = int(context.y_pred_binary[context.y_true_binary == 1].sum())
    assert made.ci == pytest.approx(wilson_interval(k, int(context.y_true_binary.sum())))
    assert made.n == context.y_true_binary.sum()


def test_bootstrap_intervals_cover_the_true_value():
    """95 % intervals of AUC and log loss cover the population's value in 88 to 100 % of draws."""
    rng = np.random.default_rng(0)

    def draw(n):
        p = rng.beta(2, 2, n)
        return p, (rng.random(n) < p).astype(int)

    p, y = draw(200_000)
    truth = {"roc_auc": metrics.roc_auc_score(y, p), "log_loss": metrics.log_loss(y, p)}
    covered = {"roc_auc": 0, "log_loss": 0}
    for _ in range(60):
        p, y = draw(200)
        made = Headline().run(AuditContext(Fixed(p), np.zeros((200, 1)), y)).estimates
        for key in covered:
            covered[key] += made[key].ci[0] <= truth[key] <= made[key].ci[1]
    assert min(covered.values()) >= 53


def test_two_thousand_rows_take_under_three_seconds():
    context, *_ = binary(2000)
    _ = context.proba, context.y_pred
    started = time.perf_counter()
    Headline().run(context)
    assert time.perf_counter() - started < 3


class Fixed:
    """A classifier that gives the probabilities it was made with."""

    def __init__(self, proba, classes=(0, 1)):
        self.classes_ = np.asarray(classes)
        proba = np.asarray(proba, dtype=float)
        self.proba = np.column_stack([1 - proba, proba]) if proba.ndim == 1 else proba

    def predict(self, X):
        return self.classes_[self.proba[: len(X)].argmax(1)]

    def predict_proba(self, X):
        return self.proba[: len(X)]


def test_without_probabilities_ranking_uses_the_decision_function():
    context, X, y = binary()
    model = LinearSVC().fit(X, y)
    for positive in ("yes", "no"):
        made = Headline().run(
            AuditContext(model, context.X_test, context.y_test, positive=positive)
        )
        sign = 1 if positive == "yes" else -1
        expected = metrics.roc_auc_score(
            context.y_test == positive, sign * model.decision_function(context.X_test)
        )
        assert made.estimates["roc_auc"].value == pytest.approx(expected)
        assert "predict_proba" in made.estimates["log_loss"].reason
        assert made.estimates["accuracy"].value is not None


def test_one_class_test_set_says_what_cannot_be_estimated():
    context, X, y = binary()
    only = context.y_test == "no"
    result = Headline().run(
        AuditContext(context.model, context.X_test[only], context.y_test[only])
    )
    made = result.estimates
    assert "n_pos = 0" in made["recall"].reason
    assert {k for k, e in made.items() if e.value is None} >= {"roc_auc", "mcc", "recall", "f1"}
    assert made["log_loss"].value > 0
    assert "ANN201.5" in {f.id for f in result.findings}


def test_five_rows_give_shares_and_reasons():
    context, *_ = binary()
    result = Headline().run(AuditContext(context.model, context.X_test[:5], context.y_test[:5]))
    low, high = result.estimates["accuracy"].ci
    assert high - low > 0.4
    assert "too few" in result.estimates["log_loss"].reason
    assert "ANN201.6" in {f.id for f in result.findings}


def test_constant_predictions_are_said():
    context, X, y = binary()
    model = DummyClassifier().fit(X, y)
    result = Headline().run(AuditContext(model, context.X_test, context.y_test))
    assert result.estimates["roc_auc"].value == 0.5
    assert result.estimates["mcc"].value == 0
    assert "no row was predicted" in result.estimates["precision"].reason
    assert "ANN201.2" in {f.id for f in result.findings}


def test_a_perfect_score_is_not_certain():
    y = np.arange(20) % 2
    made = Headline().run(AuditContext(Fixed(y * 0.9 + 0.05), np.zeros((20, 1)), y)).estimates
    assert made["roc_auc"].value == 1
    assert made["roc_auc"].ci[0] == pytest.approx(wilson_interval(10, 10)[0])


def test_unknown_test_labels_count_as_wrong_and_are_named():
    context, *_ = binary()
    y = context.y_test.astype(object).copy()
    y[:7] = "maybe"
    result = Headline().run(AuditContext(context.model, context.X_test, y))
    assert result.estimates["accuracy"].value == pytest.approx(np.mean(y == context.y_pred))
    assert result.estimates["log_loss"].value == pytest.approx(
        metrics.log_loss(context.y_test[7:], context.proba[7:])
    )
    found = next(f for f in result.findings if f.id == "ANN201.3")
    assert "maybe" in found.text and "7 of 400" in found.text


def test_infinite_predictions_are_a_finding():
    class Diverged:
        def predict(self, X):
            return np.where(np.arange(len(X)) < 2, np.nan, 1.0)

    result = Headline().run(AuditContext(Diverged(), np.zeros((40, 1)), np.arange(40.0)))
    assert "NaN" in result.estimates["rmse"].reason
    assert result.findings[0].severity == "high"
    proba = np.full(40, 0.5)
    proba[0] = np.nan
    result = Headline().run(AuditContext(Fixed(proba), np.zeros((40, 1)), np.arange(40) % 2))
    assert "NaN" in result.estimates["log_loss"].reason


def test_percentage_error_is_refused_where_the_target_is_zero():
    X = np.arange(30.0)[:, None]
    context = AuditContext(LinearRegression().fit(X, X[:, 0]), X, X[:, 0])
    assert "target is 0" in Headline().run(context).estimates["mape"].reason


def test_per_class_table_has_counts_and_wilson_intervals():
    context, *_ = binary(labels=("né", "はい"))
    result = Detail().run(context)
    report = metrics.classification_report(context.y_test, context.y_pred, output_dict=True)
    for row in result.tables[0].rows:
        name, n, _, precision, recall, f1 = row
        assert n == report[name]["support"]
        assert precision.value == pytest.approx(report[name]["precision"])
        assert recall.value == pytest.approx(report[name]["recall"])
        assert f1 == pytest.approx(report[name]["f1-score"])
        assert recall.ci == pytest.approx(wilson_interval(round(recall.value * n), n))
    assert len(result.figures) == 3
    assert f"class_recall[{context.classes[0]}]" in result.estimates


def test_many_classes_fit_into_table_and_figure():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 40, 800)
    proba = rng.dirichlet(np.ones(40), 800)
    result = Detail().run(AuditContext(Fixed(proba, np.arange(40)), np.zeros((800, 1)), y))
    assert len(result.tables[0].rows) == 30
    assert "others" in result.figures[0].svg


def test_confusion_matrix_names_true_and_predicted_classes_alike():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), 600)
    y = rng.integers(7, 10, 600)
    result = Detail().run(AuditContext(Fixed(proba, [7, 8, 9]), np.zeros((600, 1)), y))
    words = re.findall(r">([^<>]+)</text>", result.figures[0].svg)
    assert [words.count(label) for label in "789"] == [2] * 3
    assert words.index("7") < words.index("8") < words.index("9")


def test_classes_never_predicted_are_named():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [100, 100, 30])
    proba = np.eye(3)[np.where(y == 2, rng.integers(0, 2, 230), y)]
    result = Detail().run(AuditContext(Fixed(proba, [0, 1, 2]), np.zeros((230, 1)), y))
    assert [f.id for f in result.findings] == ["ANN202.1"]
    assert "30 of 230" in result.findings[0].text


def test_residuals_by_tenths_find_a_bend():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.uniform(-2, 2, 600)})
    y = X["x"] ** 2 + rng.normal(0, 0.3, 600)
    bent = Detail().run(AuditContext(LinearRegression().fit(X, y), X, y))
    assert [f.id for f in bent.findings] == ["ANN202.1"]
    straight = Detail().run(
        AuditContext(LinearRegression().fit(X, X["x"]), X, X["x"] + rng.normal(0, 0.3, 600))
    )
    assert not straight.findings
    n, mean = straight.estimates["mean_residual"].n, straight.estimates["mean_residual"]
    assert n == 600 and mean.ci[0] < 0 < mean.ci[1]
    assert len(straight.figures) == 2


def test_residuals_of_few_or_infinite_predictions_say_why():
    X = np.arange(30.0)[:, None]
    model = LinearRegression().fit(X, X[:, 0])
    with pytest.raises(NotApplicable, match="5 rows are too few"):
        Detail().run(AuditContext(model, X[:5], X[:5, 0]))

    class Diverged:
        def predict(self, X):
            return np.full(len(X), np.inf)

    with pytest.raises(NotApplicable, match="infinite"):
        Detail().run(AuditContext(Diverged(), X, X[:, 0]))
