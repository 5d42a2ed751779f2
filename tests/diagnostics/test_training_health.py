"""Curves, fit and layers judged on runs whose state is known."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier
from sklearn.metrics import log_loss, mean_absolute_error
from sklearn.neural_network import MLPClassifier as SklearnMLP
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from appliednn import MLPClassifier, RealMLPClassifier
from appliednn.core import Network
from appliednn.diagnostics import (
    Curves,
    fit_gap,
    layer_health,
    read_curves,
    row_losses,
    training_health,
)
from appliednn.diagnostics._layers import activations_of, unit_health


def kinds(history, **given):
    return [r.kind for r in training_health(history, **given).remarks]


def falling(n=50, rate=0.1):
    return (0.2 + np.exp(-rate * np.arange(n))).tolist()


def test_a_settled_run_needs_no_remark():
    history = {"loss": falling(rate=0.2), "val_loss": falling(rate=0.2), "lr": [0.1] * 50}
    health = training_health(history, best_epoch=49, stop_reason="epochs")
    assert health.remarks == ()
    assert health.verdict.startswith("The validation loss was best at the end")
    assert health.curves.stop_reason == "all epochs were run"
    assert health.curves.rates[0] == 0.1


def test_a_validation_loss_that_rises_counts_only_if_its_best_state_was_not_kept():
    validation = [1.0 - 0.05 * i for i in range(10)] + [0.55 + 0.03 * i for i in range(10)]
    history = {"loss": falling(20), "val_loss": validation}
    assert kinds(history) == ["overtrained"]
    assert kinds(history, best_epoch=9, stop_reason="early_stopping") == []
    verdict = training_health(history, best_epoch=9).verdict
    assert "best in epoch 10 of 20 (0.55) and ended at 0.82; the model keeps epoch 10" in verdict


def test_a_run_cut_off_while_it_improves():
    line = np.linspace(1.0, 0.0, 40).tolist()
    assert kinds({"loss": line}, stop_reason="epochs") == ["stopped-short"]
    assert kinds({"loss": line}, stop_reason="early_stopping") == []
    assert (
        "last tenth still brought 10%"
        in training_health({"loss": line}, stop_reason="epochs").remarks[0].text
    )


def test_a_loss_that_is_not_finite():
    health = training_health({"loss": [1.0, 5.0, np.nan]}, stop_reason="diverged")
    assert (health.remarks[0].kind, health.remarks[0].severity) == ("diverged", "high")
    assert "epoch 3 of 3" in health.remarks[0].text


def test_neither_history_nor_fit_is_refused():
    with pytest.raises(ValueError, match="needs a history, or a fit"):
        training_health(None)
    with pytest.raises(ValueError, match=r"needs a list 'loss', got the keys \['val_loss'\]"):
        training_health({"val_loss": [1.0]})


def test_a_score_is_best_where_it_is_largest():
    history = {"loss": falling(6), "val_loss": falling(6), "val_roc_auc": [0.5] * 6}
    assert training_health(history).curves.validation_name == "validation loss"
    del history["val_loss"]
    history["val_roc_auc"] = [0.5, 0.8, 0.7, 0.7, 0.7, 0.7]
    curves = training_health(history).curves
    assert (curves.validation_name, curves.best) == ("validation roc_auc", 1)


def test_curves_of_scikit_learns_mlp_inside_a_pipeline():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = (X[:, 0] > 0).astype(int)
    mlp = SklearnMLP((4,), max_iter=30, early_stopping=True, n_iter_no_change=3, random_state=0)
    model = make_pipeline(StandardScaler(), mlp).fit(X, y)
    curves = read_curves(model)
    assert curves.train == tuple(mlp.loss_curve_)
    assert curves.validation == tuple(mlp.validation_scores_)
    assert curves.validation[curves.kept] == mlp.best_validation_score_
    assert not curves.lower_is_better
    assert curves.complete == (mlp.n_iter_ == 30)


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_curves_of_histogram_boosting(scoring):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    model = HistGradientBoostingClassifier(
        max_iter=8, early_stopping=True, scoring=scoring, random_state=0
    ).fit(X, y)
    curves = read_curves(model)
    sign = -1 if scoring == "loss" else 1
    assert curves.validation == tuple(sign * model.validation_score_)
    assert curves.train[-1] < curves.train[0]
    assert (curves.unit, curves.lower_is_better) == ("iteration", scoring == "loss")
    plain = HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    assert read_curves(plain) is None


def test_curves_of_gradient_boosting():
    X = np.linspace(0, 1, 60)[:, None]
    model = GradientBoostingRegressor(n_estimators=5).fit(X, X[:, 0])
    curves = read_curves(model)
    assert curves.train == tuple(model.train_score_)
    assert curves.complete and curves.best is None


def test_row_losses_average_to_scikit_learns_losses():
    rng = np.random.default_rng(1)
    y = rng.choice(["a", "b", "c"], 60)
    proba = rng.dirichlet(np.ones(3), 60)
    losses = row_losses(y, None, proba, ["a", "b", "c"])
    assert losses.mean() == pytest.approx(log_loss(y, proba, labels=["a", "b", "c"]))
    target, predicted = rng.normal(size=60), rng.normal(size=60)
    losses = row_losses(target, predicted)
    assert losses.mean() == pytest.approx(mean_absolute_error(target, predicted))


def test_the_guess_is_scikit_learns_dummy():
    rng = np.random.default_rng(2)
    y_train, y_test = rng.choice(["a", "b"], 90, p=[0.7, 0.3]), rng.choice(["a", "b"], 50)
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((90, 1)), y_train)
    proba = [dummy.predict_proba(np.zeros((n, 1))) for n in (90, 50)]
    gap = fit_gap((y_train, None, proba[0]), (y_test, None, proba[1]), dummy.classes_)
    assert gap.guess == pytest.approx(log_loss(y_test, proba[1], labels=["a", "b"]))
    assert gap.train_skill.value == pytest.approx(0, abs=1e-12)
    assert gap.gap.value == pytest.approx(0, abs=1e-12)
    target, new = rng.normal(size=90), rng.normal(size=50)
    median = DummyRegressor(strategy="median").fit(np.zeros((90, 1)), target)
    predicted = [median.predict(np.zeros((n, 1))) for n in (90, 50)]
    gap = fit_gap((target, predicted[0]), (new, predicted[1]))
    assert gap.guess == pytest.approx(mean_absolute_error(new, predicted[1]))
    assert gap.test_skill.value == pytest.approx(0, abs=1e-12)


def made_fit(train_skill, test_skill, n=400, seed=3):
    """Return the fit of a regressor with the given shares of the target's spread explained."""
    rng = np.random.default_rng(seed)
    parts = []
    for skill in (train_skill, test_skill):
        y = rng.normal(size=n)
        parts.append((y, y - (1 - skill) * rng.normal(size=n)))
    return fit_gap(*parts)


def test_overfitting_underfitting_and_neither_are_said():
    over = training_health(None, fit=made_fit(0.9, 0.4))
    assert over.verdict.startswith("Overfitting: the absolute error is 0.0")
    assert [(r.kind, r.severity) for r in over.remarks] == [("overfit", "low")]
    under = training_health(None, fit=made_fit(-0.3, -0.3))
    assert under.verdict.startswith("Underfitting:")
    assert [(r.kind, r.severity) for r in under.remarks] == [("underfit", "medium")]
    fine = training_health(None, fit=made_fit(0.6, 0.57))
    assert fine.verdict.startswith("No sign of over- or underfitting:")
    assert fine.remarks == ()
    worthless = training_health(None, fit=made_fit(0.9, -0.6))
    assert [(r.kind, r.severity) for r in worthless.remarks] == [("overfit", "high")]


def test_a_still_falling_training_loss_is_no_advice_where_the_model_overfits():
    line = np.linspace(1.0, 0.0, 40).tolist()
    assert kinds({"loss": line}, stop_reason="epochs", fit=made_fit(0.9, 0.4)) == ["overfit"]


def test_the_interval_of_the_gap_is_that_of_two_independent_means():
    fit = made_fit(0.8, 0.5, n=600)
    fits = [made_fit(0.8, 0.5, n=600, seed=s).gap.value for s in range(100, 140)]
    width = fit.gap.ci[1] - fit.gap.ci[0]
    assert width == pytest.approx(2 * 1.96 * np.std(fits), rel=0.3)
    assert fit.gap.ci[0] < 0.3 < fit.gap.ci[1]


def test_dead_and_saturated_units_are_counted():
    outputs = np.array([[0.0, 0.0, 1.0], [0.0, 3.0, 1.0], [0.0, 0.0, 1.0]])
    relu = unit_health("a", outputs, "relu")
    assert (relu.width, relu.dead, relu.saturated, relu.dead_share) == (3, 1, None, 1 / 3)
    tanh = unit_health("a", np.tanh([[9.0, 0.1, -9.0], [-9.0, 0.3, -9.0]]), "tanh")
    assert (tanh.dead, tanh.saturated) == (0, 2)
    sigmoid = unit_health("a", np.array([[0.5, 0.999], [0.4, 0.001]]), "sigmoid")
    assert (sigmoid.dead, sigmoid.saturated) == (0, 1)
    channels = unit_health("a", np.zeros((2, 4, 4, 3)), "relu")
    assert (channels.width, channels.dead, channels.n_rows) == (3, 3, 2)


class FakeNetwork:
    """A network of known outputs and gradients."""

    def __init__(self, outputs=None, now=None, start=None):
        params = {"activation": "relu", "hidden_layer_sizes": [4]}
        self.architecture = SimpleNamespace(name="mlp", params=params)
        self.outputs, self.now, self.start = outputs or {}, now or {}, start or {}

    def layer_outputs(self, Z):
        return self.outputs

    def weight_gradient_norms(self, Z, y):
        return self.now

    def randomized(self, seed):
        return FakeNetwork(now=self.start)


def test_layers_in_trouble_are_named():
    Z, y = np.zeros((3, 2), np.float32), np.zeros(3, np.float32)
    dead = np.zeros((3, 4))
    dead[:, 0] = 1.0
    network = FakeNetwork({"activation_0": dead}, {"d0": 1.0, "out": 1.0}, {"d0": 1.0, "out": 1.0})
    health = layer_health(network, Z, y)
    assert [(r.kind, r.severity) for r in health.remarks] == [("dead", "medium")]
    assert health.remarks[0].text.startswith("3 of 4 units of activation_0 give zero")
    for start, kind in [
        ({"d0": 1e-6, "d1": 1e-3, "out": 1.0}, "vanishing"),
        ({"d0": 1e5, "d1": 10.0, "out": 1.0}, "exploding"),
        ({"d0": np.inf, "out": 1.0}, "exploding"),
    ]:
        health = layer_health(FakeNetwork(now={"d0": 1.0, "out": 1.0}, start=start), Z, y)
        assert [r.kind for r in health.remarks] == [kind]
    lost = layer_health(FakeNetwork(now={"d0": np.nan}), Z, y)
    assert (lost.remarks[0].kind, lost.remarks[0].severity) == ("exploding", "high")
    assert layer_health(network, Z, None).gradients == {}


def test_a_last_layer_that_starts_at_zero_is_no_vanishing_gradient():
    Z = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    y = (Z[:, 0] > 0).astype(int)
    model = RealMLPClassifier("td-s", hidden_layer_sizes=(8, 8), epochs=2, random_state=0)
    health = layer_health(model.fit(Z, y).network_, model.encode(Z), model.encode_target(y))
    assert set(health.gradients_at_start) == {"dense_0", "dense_1", "output"}
    assert all(norm > 0 for norm in health.gradients_at_start.values())
    assert health.remarks == ()


def test_units_of_every_member_are_counted():
    Z = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    y = (Z[:, 0] > 0).astype(int)
    model = MLPClassifier((8,), epochs=1, n_ensemble=2, random_state=0).fit(Z, y)
    network, encoded = model.network_, model.encode(Z)
    lone = [w[1] for w in network.weights]
    hidden = np.maximum(encoded @ lone[0] + lone[1].reshape(-1), 0)
    outputs = network.layer_outputs(encoded)["activation_0"]
    assert outputs.shape == (60, 16)
    np.testing.assert_allclose(outputs[:, 8:], hidden, atol=1e-5)
    weights = [w.copy() for w in network.weights]
    weights[1][1, ..., 0] = -1e6  # the first unit of the second network alone
    dead = Network(
        network.architecture, weights, network.loss, network.n_outputs, network.input_shape
    )
    (units,) = layer_health(dead, encoded, None).units
    assert (units.width, units.n_rows) == (16, 60)
    assert units.dead == 1 + int((outputs == 0).all(axis=0).sum())


def test_members_that_keep_epochs_of_their_own_are_told_together():
    history = {"loss": falling(20), "val_loss": falling(20)}
    health = training_health(history, best_epoch=np.array([4, 19, 12]))
    assert (health.curves.kept, health.curves.kept_by_member) == (12, (4, 19, 12))
    assert health.verdict.endswith("its 3 members keep epochs 5 to 20.")
    same = training_health(history, best_epoch=[6, 6])
    assert same.verdict.endswith("its 2 members keep epoch 7.")


def test_an_epoch_that_a_score_picked_is_not_held_against_the_loss():
    rising = [1.0 - 0.05 * i for i in range(10)] + [0.55 + 0.03 * i for i in range(10)]
    score = np.linspace(0.5, 0.9, 20).tolist()
    history = {"loss": falling(20), "val_loss": rising, "val_roc_auc": score}
    model = SimpleNamespace(history_=history, best_epoch_=19, scoring="roc_auc")
    health = training_health(read_curves(model))
    assert health.remarks == ()
    assert health.verdict.endswith("the model keeps epoch 20 (by roc_auc).")
    model.scoring = "loss"
    assert [r.kind for r in training_health(read_curves(model)).remarks] == ["overtrained"]


def test_activations_are_read_from_a_keras_configuration():
    config = (
        '{"class_name": "Sequential", "config": {"name": "s", "layers": ['
        '{"class_name": "Dense", "config": {"name": "d1", "activation": "tanh"}},'
        '{"class_name": "ReLU", "config": {"name": "r1"}},'
        '{"class_name": "Dense", "config": {"name": "d2", "activation": {"class_name": "function",'
        ' "config": "sigmoid"}}}]}}'
    )
    network = SimpleNamespace(name="keras", params={"config": config})
    assert activations_of(network) == {"d1": "tanh", "r1": "relu", "d2": "sigmoid"}
    assert activations_of(SimpleNamespace(name="other", params={})) == {}


def test_curves_take_a_validation_that_is_never_finite():
    curves = Curves(train=(1.0, 0.5), validation=(np.nan, np.nan), kept=1)
    health = training_health(curves)
    assert health.verdict.startswith("The training loss went from 1 to 0.5 in 2 epochs")
