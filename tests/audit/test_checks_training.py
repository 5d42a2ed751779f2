"""The training checks on our own network, on other models, and where they do not apply."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks.training import Layers, TrainingCurves


def make_rows(n=300, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    return X, np.where(X["a"] + rng.normal(size=n) > 0, "yes", "no")


def make_context(model, n_train=200, **given):
    X, y = make_rows()
    model.fit(X[:n_train], y[:n_train])
    rows = {"X_train": X[:n_train], "y_train": y[:n_train], **given}
    return AuditContext(model, X[n_train:], y[n_train:], **rows)


@pytest.fixture(scope="module")
def network():
    from appliednn.tabular import MLPClassifier

    mlp = MLPClassifier(
        hidden_layer_sizes=(8, 8), epochs=4, early_stopping=True, xla=False, random_state=0
    )
    return make_context(make_pipeline(StandardScaler().set_output(transform="pandas"), mlp))


def test_our_networks_curves(network):
    result = TrainingCurves().run(network)
    mlp = network.network_model
    rows = dict(next(t for t in result.tables if t.title == "Training run").rows)
    assert rows["epochs run"] == len(mlp.history_["loss"])
    assert rows["epoch kept"] == mlp.best_epoch_ + 1
    assert rows["best validation loss"] == pytest.approx(min(mlp.history_["val_loss"]), abs=1e-6)
    assert [f.title for f in result.figures] == ["Learning curves"]
    assert "kept at" in result.figures[0].alt
    assert set(result.estimates) == set(TrainingCurves.keys)
    json.dumps(result.to_dict(figures=True))


def test_our_networks_layers_as_computed_by_hand(network):
    result = Layers().run(network)
    mlp, scaler = network.network_model, network.model.steps[0][1]
    Z = mlp.encode(scaler.transform(network.X_train))
    w0, b0, w1, b1 = mlp.network_.weights[:4]
    first = np.maximum(Z @ w0 + b0, 0)
    second = np.maximum(first @ w1 + b1, 0)
    units = next(t for t in result.tables if t.title == "Units").rows
    assert [row[:3] for row in units] == [["activation_0", "relu", 8], ["activation_1", "relu", 8]]
    assert [row[3] for row in units] == [int((h == 0).all(axis=0).sum()) for h in (first, second)]
    w2, b2 = mlp.network_.weights[4:]
    p = 1 / (1 + np.exp(-(second @ w2 + b2)[:, 0]))
    error = p - mlp.encode_target(network.y_train)
    expected = np.linalg.norm(second.T @ error[:, None] / len(Z))
    gradients = next(t for t in result.tables if t.title == "Gradient norms").rows
    assert gradients[-1][0] == "output"
    assert gradients[-1][2] == pytest.approx(expected, rel=1e-3)
    assert "Gradients neither vanish nor explode" in result.summary
    assert "on 200 training rows" in result.summary
    stems = {key.partition("[")[0] for key in result.estimates}
    assert stems == {"dead_unit_share"}
    assert Layers().run(network).to_dict(figures=True) == result.to_dict(figures=True)


def test_layers_on_test_rows_where_there_are_no_training_rows(network):
    X, y = make_rows()
    alone = AuditContext(network.model, X[200:], y[200:])
    assert "on 100 test rows" in Layers().run(alone).summary


def test_scikit_learns_mlp():
    model = SklearnMLP((4,), max_iter=20, early_stopping=True, n_iter_no_change=2, random_state=0)
    result = TrainingCurves().run(make_context(model))
    assert [f.title for f in result.figures] == ["Learning curves", "Validation accuracy"]
    rows = dict(next(t for t in result.tables if t.title == "Training run").rows)
    assert rows["best validation accuracy"] == pytest.approx(model.best_validation_score_)


def test_histogram_boosting_that_scores_with_r2():
    X, _ = make_rows()
    target = X["a"].to_numpy() * 3
    model = HistGradientBoostingRegressor(max_iter=5, early_stopping=True, scoring="r2")
    model.fit(X[:200], target[:200])
    context = AuditContext(model, X[200:], target[200:], X_train=X[:200], y_train=target[:200])
    result = TrainingCurves().run(context)
    assert [f.title for f in result.figures] == ["Learning curves", "Validation score"]
    assert "absolute error" in result.summary


def test_a_memorised_training_set_is_called_overfitting():
    result = TrainingCurves().run(make_context(DecisionTreeClassifier(random_state=0)))
    finding = result.findings[0]
    assert finding.id == "ANN401.overfit"
    assert finding.text.startswith("Overfitting: the log loss is")
    assert result.estimates["train_skill"].value == pytest.approx(1.0, abs=1e-6)
    assert "DecisionTreeClassifier recorded no learning curve" in result.summary


def test_a_linear_model_on_enough_rows_is_seldom_called_unfit():
    named = 0
    for seed in range(15):
        X, y = make_rows(800, seed)
        model = LogisticRegression().fit(X[:500], y[:500])
        context = AuditContext(model, X[500:], y[500:], X_train=X[:500], y_train=y[:500])
        named += bool(TrainingCurves().run(context).findings)
    assert named <= 1


def test_where_nothing_is_known_it_does_not_apply():
    context = make_context(LogisticRegression(), X_train=None, y_train=None)
    with pytest.raises(NotApplicable, match="recorded no learning curve and no training rows"):
        TrainingCurves().run(context)
    with pytest.raises(NotApplicable, match="no appliednn network inside the model"):
        Layers().run(context)


def test_curves_without_training_rows_leave_the_fit_open(network):
    X, y = make_rows()
    result = TrainingCurves().run(AuditContext(network.model, X[200:], y[200:]))
    assert "the fit is not judged" in result.summary
    assert result.estimates == {}
