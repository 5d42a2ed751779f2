"""Every model a config can describe is saved and comes back with equal predictions."""

import numpy as np
import pandas as pd
import pytest

from appliednn.impute import make_imputer
from appliednn.pipeline._artifacts import load_model, save_model
from appliednn.pipeline._model import build_recipe
from appliednn.pipeline._train import calibrate, fit_model, set_threshold, training_rows
from appliednn.pipeline.config import RunConfig


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    n = 240
    X = pd.DataFrame(
        {
            "a": rng.normal(size=n),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, n), "D"),
            "job": pd.Categorical(rng.choice(["cook", "nurse"], n)),
            "owner": rng.uniform(size=n) > 0.5,
        }
    )
    X["count"] = rng.integers(0, 9, n)
    y = np.where(X["a"] + rng.logistic(size=n) > 1, "bad", "good")
    X["a"] = X["a"].mask(rng.uniform(size=n) < 0.2)
    X["when"] = X["when"].mask(rng.uniform(size=n) < 0.2)
    return X, y


@pytest.mark.parametrize("calibration", ["none", "temperature", "sigmoid", "isotonic"])
@pytest.mark.parametrize(
    "model",
    [
        {"type": "LogisticRegression"},
        {"type": "HistGradientBoostingClassifier", "max_iter": 5, "max_leaf_nodes": 4},
    ],
    ids=["linear", "trees"],
)
def test_wrapped_classifiers_come_back(rows, tmp_path, model, calibration):
    X, y = rows
    config = RunConfig.model_validate(
        {
            "version": 1,
            "name": "toy",
            "task": "classification",
            "data": {
                "source": {"type": "csv", "path": "t.csv"},
                "target": "y",
                "positive": "bad",
            },
            "model": model,
            "missing": {"type": "iterative" if calibration == "none" else "knn"},
            "imbalance": {"type": "class_weight"},
            "calibration": {"type": calibration},
            "threshold": {"type": "cost", "false_negative": 3},
        }
    )
    part = training_rows(config, X, y, None)
    recipe = build_recipe(config)
    fitted = calibrate(config, fit_model(recipe, part), part)
    fitted, chosen = set_threshold(config, recipe, fitted, part)
    loaded = save_model(fitted, tmp_path / "model.ann")
    assert type(loaded) is type(fitted)
    assert loaded.threshold == chosen.threshold
    assert np.array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert loaded.predict(X).tolist() == fitted.predict(X).tolist()
    assert loaded.feature_names_in_.tolist() == list(X.columns)
    again = load_model(tmp_path / "model.ann")
    assert np.array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert loaded.estimator_ is loaded.estimator


@pytest.mark.parametrize("method", ["simple", "knn", "iterative"])
def test_imputers_come_back(rows, tmp_path, method):
    X, _ = rows
    X = X.assign(empty=np.nan)
    imputer = make_imputer(method).fit(X)
    loaded = save_model(imputer, tmp_path / "i.ann")
    pd.testing.assert_frame_equal(loaded.transform(X), imputer.transform(X))
