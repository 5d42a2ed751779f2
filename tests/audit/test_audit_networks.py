"""The audit on networks for tables and on ensembles: every check works or says why it cannot."""

import numpy as np
import pandas as pd
import pytest

from appliednn import (
    AutoTabularClassifier,
    BaggedClassifier,
    FTTransformerClassifier,
    MLPClassifier,
    MLPRegressor,
    RealMLPClassifier,
    RealMLPRegressor,
    ResNetRegressor,
    TabMClassifier,
    WeightedEnsembleRegressor,
)
from appliednn.audit import audit
from appliednn.core._inner import inner_estimator
from appliednn.robustness import encoded_view
from appliednn.search import TabularSearchCV

GRADIENTS = ("training", "ANN702")
SMALL = {
    "robustness": {"max_rows": 20, "n_steps": 3, "blackbox_tries": 3, "n_restarts": 1},
    "explanations": {"max_rows": 5, "lime_rows": 1, "importance_rows": 30, "n_repeats": 2},
}
QUICK = {"epochs": 3, "random_state": 0, "verbose": False, "xla": False}


def _table(n=200, seed=0):
    """Return rows with numbers, gaps, two, three and twelve levels, and a signal."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n),
            "income": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "sex": rng.choice(["f", "m"], size=n),
            "job": rng.choice(["clerk", "cook", "smith"], size=n),
            "city": rng.choice([f"c{i}" for i in range(12)], size=n),
        }
    )
    return X, (X["size"] + (X["job"] == "cook") + 0.5 * rng.normal(size=n)).to_numpy()


def _real(**given):
    return RealMLPClassifier(hidden_layer_sizes=(8,), embedding_hidden=2, **QUICK, **given)


def _weighted():
    networks = [MLPRegressor((8,), **QUICK), RealMLPRegressor(hidden_layer_sizes=(8,), **QUICK)]
    return WeightedEnsembleRegressor(networks, [2, 1])


# Name -> model, whether for classes, the checks it goes through.
MODELS = {
    "members": (lambda: _real(n_ensemble=2), True, (*GRADIENTS, "calibration", "explanations")),
    "bags": (lambda: BaggedClassifier(_real(), 2, random_state=0), True, GRADIENTS),
    "tabm": (
        lambda: TabMClassifier(n_members=2, hidden_layer_sizes=(8,), **QUICK),
        True,
        GRADIENTS,
    ),
    "attention": (
        lambda: FTTransformerClassifier(1, width=8, heads=2, hidden_width=8, **QUICK),
        True,
        GRADIENTS,
    ),
    "residual": (lambda: ResNetRegressor(1, width=8, hidden_width=8, **QUICK), False, GRADIENTS),
    "mixed": (_weighted, False, (*GRADIENTS, "resources", "missing")),
}


@pytest.mark.parametrize("name", MODELS)
def test_each_check_works_or_says_why_not(name):
    make, classes, checks = MODELS[name]
    X, score = _table()
    y = np.where(score > 0, "yes", "no") if classes else score
    model = make().fit(X[:120], y[:120])
    report = audit(
        model,
        X[120:],
        y[120:],
        X_train=X[:120],
        y_train=y[:120],
        checks=list(checks),
        options=SMALL,
        progress=False,
    )
    assert [(n.id, n.reason) for n in report.not_checked if n.failed] == []
    without = {n.id: n.reason for n in report.not_checked if "not asked for" not in n.reason}
    if name != "mixed":
        assert "ANN402" not in without and "ANN702" not in without
        assert _table_of(report, "ANN402", "Gradient norms")
        believed = {row[0]: row[1] for row in _table_of(report, "ANN702", "Is the attack to")}
        assert set(believed.values()) == {"pass"}, believed
    else:
        assert without["ANN402"].startswith("no appliednn network inside the model")
        assert "black-box search of ANN704 stands in" in without["ANN702"]
        assert report.metrics["latency_ms_p50[1]"] > 0


def _table_of(report, check, title):
    records = [r for section in report.sections.values() for r in section if r.id == check]
    (table,) = [t for r in records for t in r.result.tables if t.title.startswith(title)]
    return table.rows


def test_an_attack_moves_numbers_and_nothing_else():
    X, score = _table()
    model = _real().fit(X, (score > 0).astype(int))
    view = encoded_view(model, X)
    moves = view.mask.any(axis=0)
    kinds = model.encoder_.output_kinds_
    assert set(kinds) == {"value", "missing", "onehot", "code"}
    np.testing.assert_array_equal(moves, kinds == "value")
    gaps = X["income"].isna().to_numpy()
    assert not view.mask[gaps, 1].any() and view.mask[~gaps, 1].all()


def test_members_have_their_epochs_in_the_training_section():
    X, score = _table()
    model = _real(n_ensemble=2).fit(X, (score > 0).astype(int))
    model.best_epoch_ = np.array([0, 2])
    report = audit(model, X, (score > 0).astype(int), checks=["ANN401"], progress=False)
    rows = dict(_table_of(report, "ANN401", "Training run"))
    assert rows["epoch kept"] == "1 to 3"
    (record,) = report.sections["training"]
    assert "its 2 members keep epochs 1 to 3" in record.result.summary


def test_what_an_automatic_choice_tried_is_told():
    X, score = _table(120)
    y = (score > 0).astype(int)
    model = AutoTabularClassifier(30, models=["linear"], n_bags=2, random_state=0).fit(X, y)
    report = audit(model, X, y, X_train=X, y_train=y, checks=["training"], progress=False)
    rows = _table_of(report, "ANN401", "Candidates")
    assert [row[0] for row in rows] == [row["candidate"] for row in model.report_]
    assert rows[0][1] == pytest.approx(model.report_[0]["score"], rel=1e-4)
    assert sum(row[2] for row in rows) == pytest.approx(1.0, abs=0.01)
    (note,) = [n for n in report.not_checked if n.id == "ANN402"]
    assert note.reason.startswith("no appliednn network")


def test_a_search_is_audited_through_what_answers_for_it():
    X, score = _table(160)
    y = (score > 0).astype(int)
    space = {"learning_rate": [0.01, 0.05]}
    search = TabularSearchCV(MLPClassifier((8,), **QUICK), space, n_candidates=2, random_state=0)
    search.fit(X, y)
    search.uses_ensemble_ = True  # two networks of one shape, of unequal shares
    assert inner_estimator(search) is search.ensemble_
    search.uses_ensemble_ = False
    assert inner_estimator(search) is search.best_estimator_
    report = audit(search, X, y, X_train=X, y_train=y, checks=["training"], progress=False)
    assert report.not_checked and not any(n.failed for n in report.not_checked)
    rows = _table_of(report, "ANN401", "Candidates")
    assert max(search.cv_results_["mean_test_score"]) == pytest.approx(rows[0][1], rel=1e-4)
    assert _table_of(report, "ANN402", "Gradient norms")
