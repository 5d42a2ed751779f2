"""Rows of a config with ``task: anomaly``: marks, split, training rows, what is predicted."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from run_toys import machine_frame
from sklearn.base import clone
from sklearn.ensemble import IsolationForest

from appliednn.anomaly import AutoencoderDetector
from appliednn.core.errors import DataContractError, UsageError
from appliednn.datasets import DataContract, check_usable
from appliednn.pipeline._anomalies import anomaly_labels, detections, is_detector
from appliednn.pipeline._artifacts import save_model
from appliednn.pipeline._files import check_contract
from appliednn.pipeline._model import build_recipe
from appliednn.pipeline._plan import plan_lines
from appliednn.pipeline._prepare import prepare
from appliednn.pipeline._train import fit_model, training_rows
from appliednn.pipeline.config import RunConfig
from appliednn.pipeline.registry import ESTIMATORS, parameters


def make_config(target="state", positive=("leak", "burst"), drop=(), **sections):
    data = {"source": {"type": "csv", "path": "m.csv"}, "target": target, "drop": [*drop]}
    if positive is not None:
        data["positive"] = [*positive]
    sections = {"model": {"type": "IsolationForest"}, **sections}
    given = {"version": 1, "name": "m", "task": "anomaly", "data": data}
    return RunConfig.model_validate({**given, **sections})


@pytest.fixture
def folder(tmp_path):
    machine_frame().to_csv(tmp_path / "m.csv", index=False)
    return tmp_path


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([0, 1, 1], None, [0, 1, 1]),
        ([0.0, 1.0], None, [0, 1]),
        ([True, False], None, [1, 0]),
        ([1, -1], None, [0, 1]),
        (["ok", "bad"], "bad", [0, 1]),
        ([1, 2, 5], [2, 5], [0, 1, 1]),
        ([1.0, 2.0], "2", [0, 1]),
        ([0, 1], 0, [1, 0]),
        ([0, 0], None, [0, 0]),
    ],
)
def test_what_marks_an_anomaly(values, positive, expected):
    found = anomaly_labels(pd.Series(values, name="y"), positive)
    assert found.tolist() == expected and found.dtype.kind == "i"


@pytest.mark.parametrize(
    ("values", "positive", "words"),
    [
        (["ok", "bad"], None, "name what marks an anomaly in data.positive"),
        ([1, 2], None, "expected 0 and 1"),
        (["ok", "bad"], ["bed", "bad"], r"no row has the label 'bed'; labels of 'y': bad, ok"),
        ([1, 1], None, "marks every row as an anomaly"),
    ],
)
def test_marks_that_cannot_be_read(values, positive, words):
    with pytest.raises(UsageError, match=words):
        anomaly_labels(pd.Series(values, name="y"), positive)


def test_marks_are_spread_evenly_and_never_features(folder):
    data = prepare(make_config(split={"type": "stratified", "test_size": 0.2}), folder)
    assert list(data.X) == ["load", "heat", "mode"]
    assert (data.y.sum(), data.y[data.test].sum(), len(data.test)) == (15, 3, 60)


def test_rows_without_marks_are_split_at_random(folder):
    config = make_config(None, None, drop=["state"])
    data = prepare(config, folder)
    assert data.y is None and list(data.X) == ["load", "heat", "mode"]
    assert (len(data.train), len(data.test)) == (225, 75)
    lines = plan_lines(SimpleNamespace(config=config), data, folder)
    assert "target: none, so no label judges the detector" in lines


def test_rows_in_order_of_time_need_no_column(folder):
    data = prepare(make_config(split={"type": "time", "test_size": 0.4}), folder)
    assert data.train.tolist() == list(range(180))
    assert data.test.tolist() == list(range(180, 300))


def test_labels_never_reach_the_detector(folder):
    for train, n in (("keep", 225), ("drop", 214)):
        config = make_config(anomalies={"train": train}, missing={"type": "simple"})
        data = prepare(config, folder)
        rows = training_rows(config, data.X.iloc[data.train], data.y[data.train], None)
        assert (len(rows.X), rows.y, rows.X_held) == (n, None, None)
        model = fit_model(build_recipe(config), rows)
        assert model.steps[-1][1].n_features_in_ == 4  # two numbers, two levels of the mode
        assert is_detector(model)


def test_what_is_doubtful_is_said(folder):
    config = make_config(model={"type": "AutoencoderDetector", "novelty": True})
    assert any("anomalies: {train: drop}" in w for w in prepare(config, folder).warnings)
    frame = machine_frame()
    order = np.argsort(frame["state"] == "fine", kind="stable")
    frame.iloc[order].to_csv(folder / "m.csv", index=False)
    config = make_config(split={"type": "time"})
    assert any("no test row is marked" in w for w in prepare(config, folder).warnings)
    with pytest.raises(UsageError, match="name what marks an anomaly"):
        prepare(make_config(positive=None), folder)


def test_data_without_a_target_are_checked_too():
    frame = pd.DataFrame({"a": range(30), "b": [1.0] * 30})
    assert [p.rule for p in check_usable(frame, None, "anomaly")] == ["constant_feature"]
    assert any(p.fatal for p in check_usable(frame.iloc[:5], None, "anomaly"))
    with pytest.raises(UsageError, match="is not known"):
        check_usable(frame, None, "anomalies")


def test_a_local_outlier_factor_is_fitted_for_new_rows(folder):
    config = make_config(model={"type": "LocalOutlierFactor", "n_neighbors": 5})
    recipe = build_recipe(config)
    assert recipe.model.get_params()["model__novelty"] is True


TABLES = [n for n, e in ESTIMATORS.items() if "anomaly" in e.tasks and not e.series]


@pytest.mark.parametrize("name", TABLES)
def test_every_detector_is_fitted_kept_and_asked(folder, name):
    small = {"hidden_layer_sizes": [4], "epochs": 2, "n_estimators": 10}
    given = {k: v for k, v in small.items() if k in parameters(name)}
    config = make_config(model={"type": name, **given}, missing={"type": "simple"})
    data = prepare(config, folder)
    rows = training_rows(config, data.X.iloc[data.train], data.y[data.train], None)
    model = fit_model(build_recipe(config), rows)
    kept = save_model(model, folder / "m.ann")
    said = detections(kept, data.X)
    np.testing.assert_allclose(said["score"], -model.score_samples(data.X), rtol=1e-6)
    assert said["score"].nunique() > 100
    assert 0 < said["flag"].mean() < 0.5


def test_a_detector_that_learns_from_marks_is_told_of_them(folder):
    model = {"type": "DeepSADDetector", "hidden_layer_sizes": [8], "epochs": 10}
    config = make_config(model=model, missing={"type": "simple"})
    data = prepare(config, folder)
    X, y = data.X.iloc[data.train], data.y[data.train]
    told = fit_model(build_recipe(config), training_rows(config, X, y, None))
    direct = clone(build_recipe(config).model.steps[-1][1])
    direct.fit(X, labels=np.where(y == 1, -1, 0))
    np.testing.assert_allclose(told.score_samples(X), direct.score_samples(X), rtol=1e-6)
    untold = clone(direct).fit(X)
    assert np.abs(untold.score_samples(X) - direct.score_samples(X)).max() > 1e-3


def test_a_series_is_read_in_order_and_said_to_be_unusable_where_it_is(tmp_path):
    t = np.arange(600)
    frame = pd.DataFrame({"a": np.sin(t / 5), "b": np.cos(t / 5), "time": t[::-1], "label": 0})
    frame.loc[100:110, "label"] = 1  # near the end, by the column time
    frame.loc[100:110, "a"] = 0.0
    frame.to_csv(tmp_path / "m.csv", index=False)
    model = {"type": "WindowedPCADetector", "window": 16, "novelty": True}
    split = {"type": "time", "column": "time", "test_size": 0.5}
    config = make_config("label", None, model=model, split=split)
    data = prepare(config, tmp_path)
    assert list(data.X) == ["a", "b"] and data.y[data.train].sum() == 0
    assert (np.diff(data.frame["time"].iloc[data.test]) == 1).all()
    rows = training_rows(config, data.X.iloc[data.train], data.y[data.train], None)
    detector = fit_model(build_recipe(config), rows)
    said = detections(detector, data.X.iloc[data.test])
    assert len(said) == 300
    assert data.y[data.test][said["score"].argmax()] == 1
    with pytest.raises(UsageError, match="the series cannot be used: a series of 5 time points"):
        detections(detector, data.X.iloc[:5])
    frame.assign(b="text").to_csv(tmp_path / "m.csv", index=False)
    data = prepare(config, tmp_path)
    rows = training_rows(config, data.X.iloc[data.train], data.y[data.train], None)
    with pytest.raises(UsageError, match="'b'"):
        fit_model(build_recipe(config), rows)


def test_detections_agree_with_scikit_learn_and_name_the_column_at_fault():
    frame = machine_frame(n_bad=0).drop(columns="state")
    X = frame[["load", "heat"]]
    forest = IsolationForest(random_state=0).fit(X)
    said = detections(forest, X)
    assert list(said) == ["score", "flag"]
    np.testing.assert_array_equal(said["score"], -forest.score_samples(X))
    np.testing.assert_array_equal(said["flag"] == 1, forest.predict(X) == -1)

    detector = AutoencoderDetector([8], epochs=30, novelty=True, random_state=0).fit(frame)
    odd = frame.assign(load=0.0, heat=0.0)
    odd.loc[:9, "heat"] = 8.0
    said = detections(detector, odd)
    assert list(said)[2:] == [f"{w}_{k}" for k in (1, 2, 3) for w in ("reason", "contribution")]
    assert (said["flag"][:10] == 1).all()
    assert set(said["reason_1"][:10]) <= {"heat", "load"}
    np.testing.assert_array_equal(said["score"], detector.anomaly_score(odd))
    first = detector.explain(odd.iloc[:1])[0]
    assert said["contribution_1"][0] == pytest.approx(first.max())
    assert said.loc[said["flag"] == 0, "reason_1"].isna().all()


def test_reasons_go_by_the_columns_behind_an_imputer(folder):
    config = make_config(
        missing={"type": "simple"},
        model={"type": "AutoencoderDetector", "hidden_layer_sizes": [8], "epochs": 5},
    )
    data = prepare(config, folder)
    rows = training_rows(config, data.X.iloc[data.train], data.y[data.train], None)
    said = detections(fit_model(build_recipe(config), rows), data.X)
    named = set(said["reason_1"].dropna())
    assert named and named <= {"load", "heat", "mode"}


def test_unknown_values_are_notes_for_a_detector_and_errors_for_others(tmp_path):
    frame = pd.DataFrame({"a": np.arange(100.0), "b": ["x", "y"] * 50})
    DataContract.learn(frame).save(tmp_path / "contract.json")
    later = pd.DataFrame({"a": [1e9, 3.0], "b": ["x", "y"]})
    with pytest.raises(DataContractError):
        check_contract(tmp_path / "model.ann", later, with_target=False)
    notes = check_contract(tmp_path / "model.ann", later, with_target=False, values=False)
    assert len(notes) == 1 and notes[0].startswith("note: a:")
    with pytest.raises(DataContractError, match="the column is not there"):
        check_contract(tmp_path / "model.ann", later[["b"]], with_target=False, values=False)
