"""Short epochs in one call give what epoch by epoch gives."""

import numpy as np
import pytest
from test_training_program import W, X, Y, program_and_plan

from appliednn import MLPClassifier
from appliednn.core import _epoch_groups
from appliednn.core._best_weights import BestWeights
from appliednn.core._trainer import Rows, Trainer

ROWS, HELD = Rows(X[:70], Y[:70], W[:70]), Rows(X[70:], Y[70:], W[70:])
SETTINGS = {"epochs": 60, "restore_best": True, "patience": 7, "shuffle": True, "batch_size": 16}


def fit(monkeypatch, group_steps, rows=ROWS, held=HELD, **settings):
    """Train with groups of so many steps; return the result and the calls that ran groups."""
    monkeypatch.setattr(_epoch_groups, "_GROUP_STEPS", group_steps)
    program, plan = program_and_plan(**{**SETTINGS, **settings})
    calls = []
    run = type(program).run_epochs

    def counted(self, *args, **options):
        calls.append(args[4])
        return run(self, *args, **options)

    monkeypatch.setattr(type(program), "run_epochs", counted)
    result = Trainer(program, plan, rows, held).fit()
    monkeypatch.setattr(type(program), "run_epochs", run)
    return result, calls


@pytest.mark.parametrize("settings", [
    {"learning_rate": 0.1},
    {"learning_rate": 0.1, "xla": True},
    {"learning_rate": 0.3, "patience_factor": 1.5},
    {"patience": None, "epochs": 21},
    {"net": {"dropout": True}, "learning_rate": 0.1},
    {"last_batch": "drop", "learning_rate": 0.1},
])  # fmt: skip
def test_groups_of_epochs_give_the_epochs_one_by_one(monkeypatch, settings):
    alone, none = fit(monkeypatch, 1, **settings)
    together, calls = fit(monkeypatch, 32, **settings)
    assert none == []
    assert max(calls) > 1
    assert sum(calls) == together.n_epochs == alone.n_epochs
    assert together.n_steps == alone.n_steps
    assert together.best_epoch == alone.best_epoch
    assert together.stop_reason == alone.stop_reason
    for name in ("loss", "val_loss", "lr"):
        np.testing.assert_allclose(together.history[name], alone.history[name], rtol=2e-5)
    for parts in ("weights", "optimizer_state"):
        for a, b in zip(getattr(together, parts), getattr(alone, parts), strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-6)


def test_training_never_goes_past_the_epoch_that_stops_it(monkeypatch):
    """Patience ends training at the epoch it names, however many fit into a call."""
    result, calls = fit(monkeypatch, 32, learning_rate=1.0)
    assert result.stop_reason == "early_stopping"
    assert result.n_epochs == result.best_epoch + 1 + SETTINGS["patience"]
    assert result.n_steps == result.n_epochs * 5
    assert len(calls) < result.n_epochs


@pytest.mark.parametrize("hooks", ["epoch_begin", "epoch_end", "members_end", "measure"])
def test_epochs_that_somebody_follows_run_one_by_one(monkeypatch, hooks):
    from appliednn.core._trainer import TrainingHooks

    monkeypatch.setattr(_epoch_groups, "_GROUP_STEPS", 32)
    program, plan = program_and_plan(**SETTINGS)
    told = {"measure": lambda *_: {"mean": 0.5}}.get(hooks, lambda *_: None)
    trainer = Trainer(program, plan, ROWS, HELD, TrainingHooks(**{hooks: told}))
    assert _epoch_groups.EpochGroups.suiting(trainer, 256) is None
    assert _epoch_groups.EpochGroups.suiting(Trainer(program, plan, ROWS, HELD), 256).most == 6


def test_folds_of_other_sizes_use_the_same_program(monkeypatch):
    from appliednn.core.backend import n_traces

    settings = {"net": {"activation": "elu"}, "epochs": 9}
    fit(monkeypatch, 32, **settings)
    before = n_traces()
    for n in (60, 65, 77):
        rows, held = Rows(X[:n], Y[:n], W[:n]), Rows(X[n:], Y[n:], W[n:])
        result, calls = fit(monkeypatch, 32, rows, held, **settings)
        assert max(calls) > 1
        assert np.isfinite(result.history["val_loss"]).all()
    assert n_traces() == before


def test_members_side_by_side_keep_their_own_epochs(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    y = x[:, 0] + rng.normal(size=120) > 0
    results = []
    for steps in (1, 32):
        monkeypatch.setattr(_epoch_groups, "_GROUP_STEPS", steps)
        model = MLPClassifier(
            (6,), n_ensemble=3, early_stopping=True, epochs=40, batch_size=24, random_state=0,
            learning_rate=0.05, n_iter_no_change=5,
        )  # fmt: skip
        results.append(model.fit(x, y))
    alone, together = results
    assert len(set(together.best_epoch_)) > 1
    np.testing.assert_array_equal(together.best_epoch_, alone.best_epoch_)
    np.testing.assert_allclose(
        together.predict_proba(x), alone.predict_proba(x), rtol=1e-4, atol=1e-6
    )


def test_the_soonest_stop_counts_from_the_last_better_epoch():
    best = BestWeights(0, keep=False, patience=5)
    assert best.epochs_to_stop(0) == 5
    best.offer(np.float64(1.0), 0, list)
    best.offer(np.float64(2.0), 1, list)
    assert best.epochs_to_stop(2) == 4
    factor = BestWeights(0, keep=False, patience=4, patience_factor=2.0)
    for epoch, value in enumerate([3.0, 2.0, 1.0, 4.0]):
        factor.offer(np.float64(value), epoch, list)
    left = int(factor.epochs_to_stop(4))
    for epoch in range(4, 4 + left):  # done after epoch 9, the first above 2 * 2 + 4
        assert not factor.done
        factor.offer(np.float64(5.0), epoch, list)
    assert factor.done
    assert epoch == 9
