"""RealMLP trains as pytabkit 1.7.3 does, from the same weights on the same batches.

Recorded from pytabkit 1.7.3 and torch 2.13.0 by ``python benchmarks/realmlp_parity.py --record
tests/tabular/realmlp_parity.npz``: small networks, 101 training and 40 held-out rows, 50 steps,
without dropout.
"""

import functools
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from appliednn.core._architecture import stack_weights
from appliednn.core._batches import EpochBatches
from appliednn.core._trainer import Rows, Trainer, TrainingHooks
from appliednn.tabular import RealMLPClassifier, RealMLPRegressor
from appliednn.tabular.networks import _realmlp_numpy

RECORDED = np.load(Path(__file__).with_name("realmlp_parity.npz"))
CASES = ["td multiclass", "td binary", "td regression", "td-s multiclass", "td-s regression"]
TRAIN, KEPT = 101, (2, 10, 50)
# The regressor of preset "td" learns at a rate of 0.2, which lets rounding grow.
TOLERANCES = {case: 1e-3 if case == "td regression" else 5e-5 for case in CASES}


def recorded(case, prefix=""):
    start = f"{case}|{prefix}"
    names = [name for name in RECORDED.files if name.startswith(start)]
    return {name.removeprefix(start): RECORDED[name] for name in names}


def table():
    X = pd.DataFrame(recorded("table"))
    return X.replace({"four": {"": None}})


def estimator_of(case):
    """Return ours as pytabkit trains: smoothed labels, no column that tells of missing values."""
    preset, kind = case.split()
    same = {"hidden_layer_sizes": [16] * 3, "batch_size": 20, "epochs": 10, "dropout": 0.0}
    same["missing"] = "median"
    if kind == "regression":
        return RealMLPRegressor(preset, **same)
    return RealMLPClassifier(preset, label_smoothing=0.1, **same)


def one_logit(value, shape):
    """Two logits train as one that is their difference."""
    return value if value.shape == shape else (value[..., 1] - value[..., 0]).reshape(shape)


def names_of(model):
    return [f"{layer.name}/{v.name}" for layer in model.layers for v in layer.variables]


class Replay:
    """Our network, made by the estimator, with pytabkit's first weights and batches."""

    has_short_batch, size, steps_per_epoch = False, 20, 5

    def __init__(self, case):
        self.case, self.seen = case, recorded(case)
        self.estimator = e = estimator_of(case)
        y, X = self.seen["y"], table()
        e._target = e._learn_target(y[:TRAIN], np.ones(TRAIN), None)
        e.encoder_ = e._make_encoder().fit(X[:TRAIN])
        self.x = e.encoder_.transform(X)
        self.every = Rows(self.x, e._target.encode(y), np.ones(len(y), np.float32))
        self.train, self.held = (
            Rows(*(part[cut] for part in self.every)) for cut in (slice(TRAIN), slice(TRAIN, None))
        )
        e._input_shape = self.x.shape[1:]
        self.architecture, loss, optimizer, hyper = e._make_program(0)
        self.program = e._program(self.architecture, loss, optimizer)
        self.names = names_of(self.program.model)
        drawn = self.program.initial_weights(0)
        fitted = e._fitted_weights(self.architecture, drawn, self.train, 0)
        self.start = [
            one_logit(self.seen.get(f"first|{name}", value), value.shape)
            for name, value in zip(self.names, fitted, strict=True)
        ]
        self.plan = e._plan(hyper, [0, 0, 0, 0], partial=False, early=True, n_rows=TRAIN)
        self.trainer = Trainer(self.program, self.plan, self.train)

    def steps(self):
        """Run all steps; return their losses and the weights after some."""
        numbers = self.trainer._step_numbers(50)
        self.program.start(self.plan.hyper, self.start, 0)
        losses, weights = [], {}
        for first, last in pairwise((0, *KEPT)):
            batches = [part[self.seen["rows"][first:last]] for part in self.every]
            losses.append(self.program.run(*batches, numbers[first:last]))
            weights[last] = dict(zip(self.names, self.program.get_weights(), strict=True))
        return np.concatenate(losses), weights

    def epoch(self):
        """Give the trainer the batches that pytabkit had."""
        return EpochBatches(next(self._epochs), None, None)

    def fit(self):
        """Run the trainer with held-out rows; return its result."""
        self._epochs = iter(self.seen["rows"].reshape(10, 5, 20))
        hooks = TrainingHooks(score=self.score)
        trainer = Trainer(
            self.program, self.plan, self.train, self.held, hooks, (self.start, None)
        )
        trainer.batches = self
        return trainer.fit()

    def score(self, raw):
        y = self.seen["y"][TRAIN:]
        if "regression" in self.case:
            values = self.estimator._target.decode(raw).ravel()
            return -np.sqrt(np.mean((values - y) ** 2))
        return np.mean((raw.argmax(axis=1) if raw.shape[1] > 1 else raw[:, 0] > 0) == y)


@functools.cache
def replay(case):
    return Replay(case)


@pytest.mark.parametrize("case", CASES)
def test_rows_are_encoded_as_the_reference_encodes_them(case):
    ours = replay(case)
    assert ours.x.shape == ours.seen["x"].shape
    np.testing.assert_allclose(ours.x, ours.seen["x"], atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_learning_rates_and_decays_are_those_of_the_reference(case):
    ours = replay(case)
    numbers = ours.trainer._step_numbers(50)
    assert numbers[0, 0] == 0.0
    np.testing.assert_allclose(numbers[:, 0], ours.seen["rate"], rtol=1e-5, atol=1e-8)
    decays = numbers[:, 1] * ours.plan.hyper["weight_decay"]
    np.testing.assert_allclose(decays, ours.seen["decay"], rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("case", ["td multiclass", "td regression"])
def test_first_weights_follow_from_the_data_as_in_the_reference(case, monkeypatch):
    """Kernels are given as they were drawn; the draws of the biases are replayed."""
    ours, draws = replay(case), recorded(case, "draw|")
    order = np.argsort(np.lexsort(ours.train.x.T[::-1]))  # our rows are sorted first
    layers = iter(["dense_0", "dense_1", "dense_2", "output"] * 2)

    class Drawn:
        def random(self, shape):
            self.layer = next(layers)
            return (order[draws[f"{self.layer}/rows"].T] + 0.5) / TRAIN

        def exponential(self, size):
            return draws[f"{self.layer}/shares"].T.astype(float)

    monkeypatch.setattr(_realmlp_numpy.np.random, "default_rng", lambda seed: Drawn())
    weights = [draws.get(name, value) for name, value in zip(ours.names, ours.start, strict=True)]
    params = ours.architecture.params
    fitted = _realmlp_numpy.data_driven_weights(
        params, weights, ours.train.x, ours.train.w, seed=0
    )
    named = dict(zip(ours.names, fitted, strict=True))
    for layer in ("dense_0", "dense_1", "dense_2", "output"):
        for name in (f"{layer}/kernel", f"{layer}/bias"):
            expected = ours.seen[f"first|{name}"]
            assert not np.allclose(draws.get(name, 0.0), expected, atol=1e-2)
            np.testing.assert_allclose(named[name], expected, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("case", CASES)
def test_fifty_steps_are_those_of_the_reference(case):
    ours, tolerance = replay(case), TOLERANCES[case]
    losses, weights = ours.steps()
    np.testing.assert_allclose(losses, ours.seen["loss"], rtol=tolerance)
    for step in KEPT:
        after = recorded(case, f"after {step}|")
        assert {n for n in ours.names if n.split("/")[1] not in ("low", "high")} == set(after)
        for name, value in after.items():
            own = weights[step][name]
            difference = np.abs(own - one_logit(value, own.shape)).max()
            assert difference <= tolerance * np.abs(value).max(), (step, name)
    raw = ours.program.evaluate(*ours.held)[1]
    if "regression" in case:
        raw = ours.estimator._target.decode(raw)
    raw = raw.reshape(len(raw), -1)
    expected = one_logit(ours.seen["held_raw"], raw.shape)
    np.testing.assert_allclose(raw, expected, atol=tolerance * np.abs(expected).max())


def test_predictions_stay_within_the_targets_seen_in_training():
    """The simple variant has no bounds, neither here nor there."""
    ours, free = replay("td regression"), replay("td-s regression")
    high = ours.seen["y"][:TRAIN].max()
    bounded = np.isclose(ours.seen["held_raw"].ravel(), high, rtol=1e-6)
    assert 0 < bounded.sum() < len(bounded)
    assert free.seen["held_raw"].max() > high + 1.0
    for one, largest in ((ours, high), (free, free.seen["held_raw"].max())):
        one.steps()
        raw = one.program.evaluate(*one.held)[1]
        values = one.estimator._target.decode(raw).ravel()
        assert values.max() == pytest.approx(largest, rel=1e-4)
    assert ours.architecture.params["clamp"] and not free.architecture.params["clamp"]


def test_networks_side_by_side_each_train_as_the_reference():
    """Two members from the same weights, on the same batches."""
    alone = replay("td multiclass")
    e = estimator_of("td multiclass").set_params(n_ensemble=2)
    e._target, e.encoder_ = alone.estimator._target, alone.estimator.encoder_
    e._input_shape = alone.estimator._input_shape
    architecture, loss, optimizer, hyper = e._make_program(0)
    program = e._program(architecture, loss, optimizer)
    program.start(hyper, stack_weights([alone.start] * 2, program.shapes), 0)
    rows = np.repeat(alone.seen["rows"][..., None], 2, axis=-1)
    batches = (part[rows] for part in alone.every)
    losses = program.run(*batches, alone.trainer._step_numbers(50))
    np.testing.assert_allclose(losses, np.stack([alone.seen["loss"]] * 2, axis=1), rtol=5e-5)
    raw = program.evaluate(*alone.held)[1]
    np.testing.assert_allclose(raw[:, 1], alone.seen["held_raw"], atol=1e-4)


@pytest.mark.parametrize("case", CASES)
def test_the_epoch_is_chosen_as_the_reference_chooses_it(case):
    """Each epoch has its metric, and of equally good epochs the latest is kept."""
    ours = replay(case)
    result = ours.fit()
    scores = np.array(result.history["val_score"])
    errors = -scores if "regression" in case else 1.0 - scores
    np.testing.assert_allclose(errors, ours.seen["error"], rtol=1e-4, atol=1e-6)
    assert result.best_epoch + 1 == ours.seen["best_epoch"]
    assert result.n_steps == 50
