"""From config to trained model: recipe, search, calibration rows, threshold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold, TimeSeriesSplit

from appliednn.core.errors import UsageError
from appliednn.diagnostics._threshold import ThresholdClassifier
from appliednn.imbalance import PriorCorrection
from appliednn.pipeline._model import build_recipe, kept_model
from appliednn.pipeline._search import make_folds, search_parameters
from appliednn.pipeline._train import (
    calibrate,
    fit_model,
    set_threshold,
    training_rows,
)
from appliednn.pipeline.config import RunConfig
from appliednn.uncertainty import CalibratedModel


def make_config(**sections):
    return RunConfig.model_validate(
        {
            "version": 1,
            "name": "toy",
            "task": "classification",
            "data": {"source": {"type": "csv", "path": "toy.csv"}, "target": "y"},
            "model": {"type": "LogisticRegression"},
            **sections,
        }
    )


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    n = 400
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "b": rng.normal(size=n),
            "job": rng.choice(["cook", "nurse", "smith"], n),
        }
    )
    y = np.where(X["a"] + (X["job"] == "cook") + rng.logistic(size=n) > 2, "bad", "good")
    return X.mask(rng.uniform(size=X.shape) < 0.1), y


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"missing": {"type": "knn"}},
        {"imbalance": {"type": "class_weight"}},
        {
            "missing": {"type": "simple"},
            "imbalance": {"type": "sampler", "name": "SMOTENC"},
        },
        {"model": {"type": "MLPClassifier"}, "missing": {"type": "iterative"}},
        {"model": {"type": "MLPClassifier"}, "imbalance": {"type": "class_weight"}},
        {"model": {"type": "RealMLPClassifier", "n_bags": 3}, "missing": {"type": "simple"}},
    ],
    ids=["plain", "imputed", "weighted", "sampled", "network", "weighted-network", "bagged"],
)
def test_prefix_leads_to_the_named_estimator(sections):
    config = make_config(**sections)
    recipe = build_recipe(config)
    known = recipe.model.get_params()
    name = "C" if config.model.type == "LogisticRegression" else "learning_rate"
    assert recipe.prefix + name in known
    assert isinstance(known[recipe.prefix + "random_state"], int)
    found = build_recipe(config, {name: 0.25})
    assert found.model.get_params()[recipe.prefix + name] == 0.25


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"missing": {"type": "simple"}},
        {"imbalance": {"type": "class_weight"}},
        {"missing": {"type": "knn"}, "imbalance": {"type": "sampler", "name": "SMOTENC"}},
    ],
    ids=["plain", "imputed", "weighted", "sampled"],
)
def test_kept_model_predicts_as_the_whole_did(rows, sections):
    X, y = rows
    whole = build_recipe(make_config(**sections)).model.fit(X, y)
    kept = kept_model(whole)
    np.testing.assert_allclose(kept.predict_proba(X), whole.predict_proba(X), rtol=1e-9)
    assert kept.feature_names_in_.tolist() == ["a", "b", "job"]
    inner = kept.estimator_ if isinstance(kept, PriorCorrection) else kept
    assert isinstance(inner.steps[-1][1], LogisticRegression)
    assert not any(hasattr(step, "steps") for _, step in inner.steps)


def test_calibration_rows_are_held_out_and_keep_their_gaps(rows):
    X, y = rows
    config = make_config(
        calibration={"type": "sigmoid", "fraction": 0.25}, missing={"type": "drop_rows"}
    )
    made = training_rows(config, X, y, None)
    assert len(made.X_held) == 100
    assert not set(made.X.index) & set(made.X_held.index)
    assert made.X.notna().all(axis=None)
    assert made.X_held.isna().any(axis=None)
    assert np.mean(made.y_held == "bad") == pytest.approx(np.mean(y == "bad"), abs=0.01)


def test_held_out_rows_follow_the_split(rows):
    X, y = rows
    groups = np.arange(400) // 8
    calibration = {"type": "temperature"}
    config = make_config(calibration=calibration, split={"type": "grouped", "column": "g"})
    made = training_rows(config, X, y, groups)
    assert not set(made.groups) & set(groups[made.X_held.index])
    config = make_config(calibration=calibration, split={"type": "time", "column": "t"})
    made = training_rows(config, X, y, None)
    assert made.X_held.index.tolist() == list(range(320, 400))


def test_drop_rows_that_leaves_nothing_is_refused(rows):
    X, y = rows
    empty = X.assign(a=np.where(np.arange(400) < 5, 1.0, np.nan))
    with pytest.raises(UsageError, match="drop_rows leaves"):
        training_rows(make_config(missing={"type": "drop_rows"}), empty, y, None)


def test_calibration_and_threshold_wrap_the_model(rows):
    X, y = rows
    config = make_config(
        data={"source": {"type": "csv", "path": "t.csv"}, "target": "y", "positive": "bad"},
        calibration={"type": "temperature"},
        threshold={"type": "cost", "false_positive": 1, "false_negative": 4},
        imbalance={"type": "class_weight"},
    )
    part = training_rows(config, X, y, None)
    recipe = build_recipe(config)
    model = calibrate(config, fit_model(recipe, part), part)
    final, chosen = set_threshold(config, recipe, model, part)
    assert isinstance(final, ThresholdClassifier)
    assert isinstance(final.estimator_, CalibratedModel)
    assert isinstance(final.estimator_.estimator_, PriorCorrection)
    assert chosen.n == len(part.y_held) and chosen.n_positive == np.sum(part.y_held == "bad")
    assert final.predict_proba(X)[:, 0].mean() == pytest.approx(np.mean(y == "bad"), abs=0.05)
    expected = np.where(final.predict_proba(X)[:, 0] >= chosen.threshold, "bad", "good")
    assert final.predict(X).tolist() == expected.tolist()


def test_threshold_without_held_out_rows_uses_out_of_fold_predictions(rows):
    X, y = rows
    config = make_config(threshold={"type": "metric", "metric": "f1"})
    part = training_rows(config, X, y, None)
    recipe = build_recipe(config)
    _, chosen = set_threshold(config, recipe, fit_model(recipe, part), part)
    assert chosen.n == 400
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_predict

    from appliednn.diagnostics._threshold import choose_threshold

    proba = cross_val_predict(
        clone(recipe.model), X, y, cv=make_folds(config, 5), method="predict_proba"
    )
    rule = {"type": "metric", "metric": "f1"}
    assert choose_threshold(y == "good", proba[:, 1], rule).threshold == chosen.threshold


def test_prior_correction_moves_probabilities_to_the_share_in_use(rows):
    X, y = rows
    config = make_config(
        data={"source": {"type": "csv", "path": "t.csv"}, "target": "y", "positive": "bad"},
        imbalance={"type": "prior_correction", "target_prior": 0.02},
    )
    part = training_rows(config, X, y, None)
    model = calibrate(config, fit_model(build_recipe(config), part), part)
    assert model.target_prior_.tolist() == [0.02, 0.98]
    before, after = (m.predict_proba(X)[:, 0] for m in (model.estimator_, model))
    share = np.mean(y == "bad")
    shift = np.log(0.02 / 0.98) - np.log(share / (1 - share))
    moved = np.log(after / (1 - after)) - np.log(before / (1 - before))
    np.testing.assert_allclose(moved, shift)


def test_random_search_over_a_list_is_the_grid(rows):
    X, y = rows
    values = [0.001, 0.1, 1.0]
    config = make_config(
        search={
            "type": "random",
            "n_candidates": 10,
            "cv": 3,
            "scoring": "roc_auc",
            "space": {"C": {"values": values}},
        }
    )
    recipe = build_recipe(config)
    found = search_parameters(config, recipe, X, y, None)
    grid = GridSearchCV(
        recipe.model, {"model__C": values}, scoring="roc_auc", cv=make_folds(config, 3)
    ).fit(X, y)
    assert found["best"] == {"C": grid.best_params_["model__C"]}
    assert found["score"] == pytest.approx(grid.best_score_)
    assert len(found["candidates"]) == 3


def test_halving_search_stays_in_its_ranges(rows):
    X, y = rows
    config = make_config(
        search={
            "type": "halving",
            "n_candidates": 6,
            "cv": 2,
            "space": {
                "C": {"low": 0.001, "high": 10.0, "log": True},
                "max_iter": {"low": 200, "high": 300},
            },
        },
    )
    found = search_parameters(config, build_recipe(make_config()), X, y, None)
    again = search_parameters(config, build_recipe(make_config()), X, y, None)
    assert found == again
    assert 0.001 <= found["best"]["C"] <= 10
    assert 200 <= found["best"]["max_iter"] <= 300 and isinstance(found["best"]["max_iter"], int)


def test_folds_are_cut_as_the_split_is():
    assert isinstance(make_folds(make_config(), 3), StratifiedKFold)
    timed = make_config(split={"type": "time", "column": "t"})
    assert isinstance(make_folds(timed, 3), TimeSeriesSplit)
    grouped = make_config(
        task="regression",
        model={"type": "Ridge"},
        split={"type": "grouped", "column": "g"},
    )
    assert isinstance(make_folds(grouped, 3), GroupKFold)


def test_bags_are_kept_without_predictions_for_training_rows(rows):
    X, y = rows
    network = {"type": "MLPClassifier", "hidden_layer_sizes": [4], "epochs": 1, "n_bags": 2}
    config = make_config(model=network, imbalance={"type": "class_weight"})
    fitted = build_recipe(config).model.fit(X, y)
    bagged = fitted.estimator_
    assert [m.hidden_layer_sizes for m in bagged.estimators_] == [(4,), (4,)]
    assert bagged.oof_prediction_.shape == (len(y), 2)
    before = fitted.predict_proba(X)
    kept = kept_model(fitted)
    assert not hasattr(kept.estimator_, "oof_prediction_")
    np.testing.assert_array_equal(kept.predict_proba(X), before)
