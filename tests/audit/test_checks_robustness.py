import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, root_mean_squared_error
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks import robustness
from appliednn.audit.checks.robustness import (
    Adversarial,
    BlackBoxSearch,
    MissingFeature,
    NoiseCurve,
)
from appliednn.core.errors import UsageError
from appliednn.core.statistics import wilson_interval
from appliednn.robustness import fgsm, pgd, robust_scale

CHECKS = tuple(
    check for check in robustness.CHECKS if "binary" in check.tasks
)  # agents have their own

_PATH = Path(__file__).parents[1] / "robustness" / "reference_network.py"
_SPEC = importlib.util.spec_from_file_location("reference_network", _PATH)
reference = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)

FEW = {"robustness": {"eps": [0.05, 0.2], "n_steps": 10, "n_restarts": 3, "max_rows": 120}}


@pytest.fixture(scope="module")
def loans():
    X, y = make_classification(300, 4, n_redundant=0, random_state=0)
    frame = pd.DataFrame(X * [1, 5, 50, 1] + 3, columns=["age", "income", "debt", "noise"])
    frame["home"] = np.where(np.arange(300) % 3 == 0, "rent", "own")
    frame.loc[::11, "debt"] = np.nan
    labels = np.where(y == 1, "good", "bad")
    model = reference.ReferenceClassifier(max_iter=15).fit(frame[:150], labels[:150])
    return model, frame, labels


@pytest.fixture(scope="module")
def attacked(loans):
    model, frame, y = loans
    context = AuditContext(model, frame[150:], y[150:], X_train=frame[:150], options=FEW)
    return context, Adversarial().run(context)


def plain(frame, y):
    encode = make_column_transformer((OneHotEncoder(), ["home"]), remainder=StandardScaler())
    rows = frame.fillna(frame.median(numeric_only=True))
    return make_pipeline(encode, LogisticRegression()).fit(rows[:150], y[:150]), rows


def test_adversarial_accuracy_is_that_of_the_attacked_rows(attacked):
    context, result = attacked
    assert set(result.estimates) == {
        f"accuracy_{a}[{e}]" for a in ("fgsm", "pgd") for e in ("0.05", "0.2")
    }
    pgd_one = result.estimates["accuracy_pgd[0.2]"]
    assert pgd_one.n == 120
    assert pgd_one.method == "wilson"
    assert pgd_one.ci == wilson_interval(round(pgd_one.value * 120), 120)
    rows = np.sort(context.rng("robustness").choice(150, 120, replace=False))
    est, X, y = context.model, context.X_test.iloc[rows], context.y_test[rows]
    Z = est.encode(X)
    train = est.encode(context.X_train)
    bounds = {
        "lower": np.minimum(Z.min(axis=0), train.min(axis=0)),
        "upper": np.maximum(Z.max(axis=0), train.max(axis=0)),
    }
    mask = np.broadcast_to(est.encoder_.numeric_mask_, Z.shape).copy()
    mask[X["debt"].isna().to_numpy(), 2] = False  # a missing debt is no number to move
    points = fgsm(est, Z, y, 0.2, mask=mask, **bounds)
    labels = est.classes_[est.predict_encoded(points).argmax(axis=1)]
    assert result.estimates["accuracy_fgsm[0.2]"].value == accuracy_score(y, labels)
    points = pgd(est, Z, y, 0.2, mask=mask, n_steps=10, n_restarts=3, random_state=1, **bounds)
    labels = est.classes_[est.predict_encoded(points).argmax(axis=1)]
    assert pgd_one.value == pytest.approx(accuracy_score(y, labels), abs=0.02)


def test_attacks_are_ordered_and_every_sanity_check_is_shown(attacked):
    _, result = attacked
    value = {k: e.value for k, e in result.estimates.items()}
    assert value["accuracy_pgd[0.2]"] < value["accuracy_pgd[0.05]"]
    assert value["accuracy_pgd[0.2]"] <= value["accuracy_fgsm[0.2]"]
    sanity = result.tables[1].rows
    assert len(sanity) == 8
    assert [row[1] for row in sanity] == ["pass"] * 8
    assert result.findings == []  # at eps 0.05 less than ten points are lost for certain
    assert "fgsm" in result.figures[0].alt.lower()
    attack = result.tables[0]
    assert attack.columns[-1] == "median margin under PGD"
    margins = [row[-1] for row in attack.rows]
    assert margins == sorted(margins, reverse=True)
    assert "3 of" in attack.note or "4 of" in attack.note


def test_a_fragile_model_is_told_with_the_constant_that_beats_it(loans):
    model, frame, y = loans
    options = {"robustness": {"eps": [0.8], "n_steps": 10, "n_restarts": 2}}
    result = Adversarial().run(AuditContext(model, frame[150:], y[150:], options=options))
    (finding,) = result.findings
    assert (finding.id, finding.severity) == ("ANN702.1", "low")
    assert "Changes of at most 0.8" in finding.text
    assert "A constant prediction" in finding.text


def test_wrong_gradients_are_noticed(loans):
    model, frame, y = loans
    broken = reference.ReferenceClassifier()
    broken.__dict__.update(model.__dict__)
    net = reference.NumpyNetwork(model.network_.kernels, model.network_.biases, "bce")
    net.loss_gradient = lambda Z, y: -model.network_.loss_gradient(Z, y)
    exact = model.network_.output_gradient
    net.output_gradient = lambda Z, k: exact(Z, k)[:, ::-1]
    broken.network_ = net
    result = Adversarial().run(AuditContext(broken, frame[150:], y[150:], options=FEW))
    failed = {row[0] for row in result.tables[1].rows if row[1] == "FAIL"}
    assert "gradients agree with finite differences" in failed
    assert "random search is no stronger than PGD" in failed
    assert "ANN702.2" in [f.id for f in result.findings]


def test_a_moved_threshold_is_scored_as_deployed(loans):
    model, frame, y = loans
    wrapped = FixedThresholdClassifier(model, threshold=0.8, pos_label="good")
    wrapped.fit(frame[:150], y[:150])
    assert hasattr(wrapped.estimator_, "network_")
    context = AuditContext(wrapped, frame[150:], y[150:], options=FEW)
    result = Adversarial().run(context)
    rows = np.sort(context.rng("robustness").choice(150, 120, replace=False))
    clean = accuracy_score(y[150:][rows], wrapped.predict(frame[150:].iloc[rows]))
    assert result.tables[0].rows[0][1].value == clean
    deployed = [r for r in result.tables[1].rows if "deployed" in r[0]][0]
    assert deployed[1] == "pass"
    assert "threshold 0." in deployed[2]


def test_models_without_a_network_get_the_black_box_search_only(loans):
    _, frame, y = loans
    for model, rows in (
        plain(frame, y),
        (HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=4), frame[["age", "debt"]]),
    ):
        if not hasattr(model, "steps"):
            model.fit(rows[:150], y[:150])
        context = AuditContext(model, rows[150:], y[150:], options=FEW)
        with pytest.raises(NotApplicable, match="ANN704"):
            Adversarial().run(context)
        result = BlackBoxSearch().run(context)
        values = [result.estimates[f"accuracy_blackbox[{e}]"].value for e in ("0.05", "0.2")]
        clean = result.tables[0].rows[0][1].value
        assert clean >= values[0] >= values[1]
        assert "gradients would" in result.tables[0].note


def test_black_box_search_reaches_the_closed_form_of_a_linear_model(loans):
    _, frame, y = loans
    model, rows = plain(frame, y)
    test = rows[150:].reset_index(drop=True)
    options = {"robustness": {"eps": [0.2], "blackbox_tries": 80}}
    context = AuditContext(model, test, y[150:], X_train=rows[:150], options=options)
    found = BlackBoxSearch().run(context).estimates["accuracy_blackbox[0.2]"].value
    names = [n.split("__")[1] for n in model[0].get_feature_names_out()]
    scale, unit = robust_scale(rows[:150]), model[0].named_transformers_["remainder"].scale_
    w = dict(zip(names, model[1].coef_[0], strict=True))
    numbers = ["age", "income", "debt", "noise"]
    reach = sum(abs(w[c]) * 0.2 * scale[c] / u for c, u in zip(numbers, unit, strict=True))
    margin = model.decision_function(test) * np.where(y[150:] == "good", 1, -1)
    assert found == pytest.approx((margin > reach).mean(), abs=1e-9)


def test_distances_to_another_label_are_given_on_request(loans):
    _, frame, y = loans
    model, rows = plain(frame, y)
    options = {"robustness": {"eps": [0.1], "max_rows": 50, "hop_skip_jump_rows": 2}}
    result = BlackBoxSearch().run(AuditContext(model, rows[150:], y[150:], options=options))
    distance = result.estimates["boundary_distance"]
    assert distance.n == 2
    assert 0 < distance.ci[0] <= distance.value <= distance.ci[1]


def test_noise_moves_a_threshold_rule_by_the_normal_distribution():
    from scipy.stats import norm

    class Sign(LogisticRegression):
        def predict(self, X):
            return (np.asarray(X)[:, 0] > 0).astype(int)

    x = np.random.default_rng(0).normal(size=(2000, 1))
    y = (x[:, 0] > 0).astype(int)
    model = Sign().fit(x, y)
    options = {"robustness": {"noise": [0.5, 1.0], "max_rows": 2000}}
    result = NoiseCurve().run(AuditContext(model, x, y, options=options))
    scale = robust_scale(pd.DataFrame(x, columns=["x0"]))["x0"]
    for level in (0.5, 1.0):
        expected = norm.cdf(np.abs(x[:, 0]) / (level * scale)).mean()
        assert result.estimates[f"accuracy_noise[{level:g}]"].value == pytest.approx(
            expected, abs=0.01
        )
    assert [f.id for f in result.findings] == ["ANN701.1"]


def test_the_feature_a_model_lives_on_is_named():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["much", "little", "none"])
    frame["kind"] = "u"
    y = (frame["much"] + 0.2 * frame["little"] > 0).astype(int).to_numpy()
    encode = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(frame, y)
    result = MissingFeature().run(AuditContext(model, frame, y))
    rows = {row[0]: row for row in result.tables[0].rows}
    assert list(rows)[0] == "much"
    filled = frame.assign(much=frame["much"].median())
    assert rows["much"][2].value == accuracy_score(y, model.predict(filled))
    assert rows["much"][1].startswith("filled with ")
    assert rows["none"][3].value == pytest.approx(0, abs=0.02)
    assert [f.id for f in result.findings] == ["ANN703.1"]
    assert "much" in result.findings[0].text
    tolerant = HistGradientBoostingClassifier(max_iter=5).fit(frame[["much"]], y)
    result = MissingFeature().run(AuditContext(tolerant, frame[["much"]], y))
    assert result.tables[0].rows[0][1] == "missing"


def test_regression_reports_rmse_and_the_shift_of_predictions():
    X, y = make_regression(200, 4, noise=5, random_state=0)
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = reference.ReferenceRegressor(max_iter=20).fit(frame, y)
    context = AuditContext(model, frame, y, options=FEW)
    result = Adversarial().run(context)
    keys = [f"{k}_pgd[{e}]" for k in ("rmse", "prediction_shift") for e in ("0.05", "0.2")]
    small, large, near, far = (result.estimates[k].value for k in keys)
    clean = result.tables[0].rows[0][1].value
    rows = np.sort(context.rng("robustness").choice(200, 120, replace=False))
    assert clean == pytest.approx(
        root_mean_squared_error(y[rows], model.predict(frame.iloc[rows])), rel=1e-6
    )
    assert clean < small < large
    assert near < far
    assert [row[1] for row in result.tables[1].rows] == ["pass"] * 8
    linear = LinearRegression().fit(frame, y)
    context = AuditContext(
        linear, frame, y, options={"robustness": {"eps": [0.1], "max_rows": 80}}
    )
    black = BlackBoxSearch().run(context)
    scale = robust_scale(frame)
    reach = 0.1 * sum(abs(w) * scale[c] for c, w in zip("abcd", linear.coef_, strict=True))
    rows = np.sort(context.rng("robustness").choice(200, 80, replace=False))
    error = np.abs(linear.predict(frame.iloc[rows]) - y[rows]) + reach
    limit = np.sqrt((error**2).mean())
    assert 0.8 * limit < black.estimates["rmse_blackbox[0.1]"].value <= limit * 1.0001
    noise = NoiseCurve().run(context)
    expected = np.sqrt(
        ((linear.predict(frame.iloc[rows]) - y[rows]) ** 2).mean()
        + sum((w * scale[c]) ** 2 for c, w in zip("abcd", linear.coef_, strict=True))
    )
    assert noise.estimates["rmse_noise[1]"].value == pytest.approx(expected, rel=0.1)


def test_equal_seeds_give_equal_results(loans):
    model, frame, y = loans
    for check in CHECKS:
        first, second = (
            check().run(AuditContext(model, frame[150:], y[150:], options=FEW, random_state=3))
            for _ in range(2)
        )
        assert first.to_dict() == second.to_dict()
        assert {k.split("[")[0] for k in first.estimates} <= set(check.keys)


def test_bad_options_and_missing_subjects_are_told(loans):
    model, frame, y = loans
    bad = [("eps", [-1]), ("eps", "much"), ("n_steps", 0), ("max_rows", 1.5)]
    for key, value in bad:
        context = AuditContext(model, frame, y, options={"robustness": {key: value}})
        with pytest.raises(UsageError, match=f"robustness.{key}"):
            Adversarial().run(context)
    words = frame[["home"]].assign(flag=[0, 1] * 150)
    encode = make_column_transformer((OneHotEncoder(), ["home"]), remainder="passthrough")
    model = make_pipeline(encode, LogisticRegression()).fit(words, y)
    for check in (NoiseCurve, BlackBoxSearch):
        with pytest.raises(NotApplicable, match="no continuous feature"):
            check().run(AuditContext(model, words, y))
