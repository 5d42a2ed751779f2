"""RealMLP: its presets, what the original lacks, and odd tables."""

from itertools import count
from types import SimpleNamespace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.datasets import load_breast_cancer, load_diabetes, make_multilabel_classification
from sklearn.metrics import log_loss

from appliednn import RealMLPClassifier, RealMLPRegressor
from appliednn.core._schedules import Schedule, flat_cos
from appliednn.tabular.networks._realmlp_layers import activation_function

TINY = {"hidden_layer_sizes": (8,), "epochs": 4, "random_state": 0}


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=240),
            "constant": 1.0,
            "gap": np.where(rng.random(240) < 0.3, np.nan, rng.normal(size=240)),
            "few": rng.choice(["a", "b", "c", None], 240),
            "two": rng.choice(["left", "right"], 240),
            "many": rng.choice([f"city {i}" for i in range(30)], 240),
        }
    )
    return frame, np.where(frame["x"] + (frame["two"] == "left") > 0.5, "yes", "no")


def test_the_presets_are_the_published_ones():
    td, reg = RealMLPClassifier(), RealMLPRegressor()
    published = {"learning_rate": (0.04, 0.2), "dropout": (0.15, 0.15), "epochs": (256, 256)}
    published |= {"weight_decay": (0.02, 0.02), "activation": ("selu", "mish")}
    published |= {"batch_size": (256, 256), "schedule": ("coslog", "coslog")}
    for name, values in published.items():
        assert (td._setting(name), reg._setting(name)) == values
    simple = RealMLPRegressor("td-s")
    assert simple._setting("learning_rate") == 0.07
    assert simple._setting("dropout") == 0.0
    assert RealMLPRegressor("td-s", dropout=0.3)._setting("dropout") == 0.3


@pytest.mark.parametrize("name", ["selu", "mish"])
def test_activations_and_their_slopes_are_those_of_keras(name):
    x = tf.constant(np.linspace(-30, 30, 2000), tf.float32)
    values, slopes = [], []
    for function in (activation_function(name), keras.activations.get(name)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values.append(function(x))
        slopes.append(tape.gradient(values[-1], x))
    assert activation_function(name) is not keras.activations.get(name)
    np.testing.assert_allclose(*values, rtol=1e-5, atol=2e-7)
    np.testing.assert_allclose(*slopes, rtol=1e-5, atol=2e-6)


def test_the_rate_peaks_where_the_waves_do():
    course = Schedule("coslog", None, 1.0, n_epochs=1500, steps_per_epoch=10)
    rates = course.rates(0, 15_000)
    assert rates[0] == 0.0
    peaks = np.flatnonzero((rates[1:-1] > rates[:-2]) & (rates[1:-1] >= rates[2:])) + 1
    np.testing.assert_allclose(peaks, (2.0 ** np.array([0.5, 1.5, 2.5, 3.5]) - 1) * 1000, atol=2)
    assert flat_cos(np.array([0.5]))[0] == 1.0
    assert flat_cos(np.array([1.0]))[0] == pytest.approx(0.0)


def test_gaps_constants_and_unknown_categories_give_finite_answers(table):
    X, y = table
    model = RealMLPClassifier(**TINY).fit(X, y)
    assert model.encoder_.cardinalities_ == [31]
    odd = X.head(3).copy()
    odd["x"] = [np.nan, 1e30, -1e30]
    odd["few"], odd["many"], odd["two"] = "new", "nowhere", None
    p = model.predict_proba(odd)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-5)
    assert set(model.predict(odd)) <= {"yes", "no"}


def test_class_weights_move_the_probabilities(table):
    X, y = table
    settings = {**TINY, "epochs": 20, "calibrate": False}
    plain = RealMLPClassifier(**settings).fit(X, y).predict_proba(X)[:, 1].mean()
    heavy = RealMLPClassifier(**settings, class_weight={"no": 1, "yes": 20}).fit(X, y)
    assert heavy.predict_proba(X)[:, 1].mean() > plain + 0.05


def test_several_labels_and_several_numbers():
    X, Y = make_multilabel_classification(200, 6, n_classes=3, random_state=0)
    labels = RealMLPClassifier(**TINY).fit(X, Y)
    assert labels.predict_proba(X).shape == (200, 3)
    assert set(np.unique(labels.predict(X))) <= {0, 1}
    X, y = load_diabetes(return_X_y=True)
    numbers = RealMLPRegressor(**TINY, n_ensemble=2).fit(X, np.column_stack([y, -y]))
    assert numbers.predict(X).shape == (442, 2)


def test_predictions_stay_within_the_target_that_was_trained_on():
    X, y = load_diabetes(return_X_y=True)
    model = RealMLPRegressor(**TINY, early_stopping=False).fit(X[:200], y[:200])
    far = model.predict(X[200:] * 1000)
    assert far.min() >= y[:200].min() - 1e-3
    assert far.max() <= y[:200].max() + 1e-3
    free = RealMLPRegressor("td-s", **TINY, early_stopping=False).fit(X[:200], y[:200] + 1000)
    assert free.network_.architecture.params["clamp"] is False


def test_the_epoch_is_the_one_the_metric_chose():
    X, y = load_breast_cancer(return_X_y=True)
    model = RealMLPClassifier(**TINY, scoring="roc_auc", n_iter_no_change=None).fit(X, y)
    scores = np.array(model.history_["val_roc_auc"])
    assert len(scores) == 4
    assert model.best_epoch_ == np.flatnonzero(scores == scores.max())[-1]


def test_training_stops_after_twice_the_best_epoch():
    X, y = load_breast_cancer(return_X_y=True)
    model = RealMLPClassifier(hidden_layer_sizes=(8,), n_iter_no_change=2, random_state=0)
    model.fit(X, y)
    assert model.stop_reason_ == "early_stopping"
    assert model.n_epochs_ == 2 * model.best_epoch_ + 2 + 2


def test_training_goes_on_with_more_rows(table):
    X, y = table
    model = RealMLPClassifier(**TINY)
    model.partial_fit(X[:100], y[:100], classes=["no", "yes"])
    before = log_loss(y, model.predict_proba(X))
    for _ in range(15):
        model.partial_fit(X, y)
    assert log_loss(y, model.predict_proba(X)) < before
    assert model.n_epochs_ == 16


def test_a_time_limit_ends_the_schedule_too(table, monkeypatch):
    X, y = table
    ticks = count()  # a clock that goes on by 10 ms whenever it is read
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) * 0.01)
    monkeypatch.setattr("appliednn.core._trainer.time", clock)
    settings = {**TINY, "epochs": 1_000_000, "n_iter_no_change": None}
    model = RealMLPClassifier(**settings, max_seconds=3).fit(X, y)
    assert model.stop_reason_ == "max_seconds"
    assert 20 < model.n_epochs_ < 300
    assert model.history_["lr"][-1] < 0.01 < max(model.history_["lr"])
