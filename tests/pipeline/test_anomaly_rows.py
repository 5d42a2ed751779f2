"""Rows of a config with ``task: anomaly``: marks, split, training rows, what is predicted."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from run_toys import machine_frame
from sklearn.ensemble import IsolationForest

from appliednn.anomaly import AutoencoderDetector
from appliednn.core.errors import DataContractError, UsageError
from appliednn.datasets import DataContract, check_usable
from appliednn.pipeline._anomalies import anomaly_labels, detections, is_detector
from appliednn.pipeline._files import check_contract
from appliednn.pipeline._model import build_recipe
from appliednn.pipeline._plan import plan_lines
from appliednn.pipeline._prepare import prepare
from appliednn.pipeline._train import fit_model, training_rows
from appliednn.pipeline.config import RunConfig


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
