"""Configs with ``task: anomaly``: what they take, and what they refuse and why."""

import json

import pytest

from appliednn.pipeline.config import ConfigError, describe, json_schema, load_config
from appliednn.pipeline.config._template import write_template
from appliednn.pipeline.registry import ESTIMATORS, estimator

DETECT = """\
version: 1
name: a
task: anomaly
data:
  source: {type: dataset, name: page_blocks}
  target: label
model: {type: AutoencoderDetector}
"""
UNLABELLED = DETECT.replace("  target: label\n", "")


@pytest.fixture
def load(tmp_path):
    def load(text, *overrides):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return load_config(path, overrides, {}).config

    return load


@pytest.fixture
def one(load):
    def one(text, *overrides):
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides)
        assert len(caught.value.problems) == 1, str(caught.value)
        return caught.value.problems[0]

    return one


def test_split_follows_the_marks(load):
    assert load(DETECT).split.type == "stratified"
    assert load(DETECT).anomalies.train == "keep"
    config = load(UNLABELLED)
    assert (config.split.type, config.data.target) == ("random", None)


@pytest.mark.parametrize("name", [n for n, e in ESTIMATORS.items() if "anomaly" in e.tasks])
def test_every_detector_can_be_named_with_its_defaults(load, name):
    from sklearn.base import is_outlier_detector

    split = "split: {type: time}\n" if ESTIMATORS[name].series else ""
    config = load(DETECT.replace("AutoencoderDetector", name) + split)
    cls = estimator(name).load()
    assert config.model.type == name == cls.__name__
    assert is_outlier_detector(cls())
    assert getattr(cls, "reads_series", False) == ESTIMATORS[name].series


@pytest.mark.parametrize(
    ("line", "path", "words"),
    [
        ("imbalance: {type: class_weight}", "imbalance", "classification only"),
        ("calibration: {type: temperature}", "calibration", "the task is anomaly"),
        ("threshold: {type: cost}", "threshold", "expected {type: default}"),
        (
            "search: {type: random, space: {epochs: {values: [5]}}}",
            "search",
            "expected {type: none}",
        ),
        ("baselines: [IsolationForest]", "baselines", "beside every detector; expected []"),
    ],
)
def test_sections_that_need_labels_while_training(one, line, path, words):
    problem = one(DETECT + line + "\n")
    assert (problem.path, problem.line) == (path, 8)
    assert words in problem.message


@pytest.mark.parametrize(
    ("line", "path", "words"),
    [
        ("split: {type: stratified}", "split", "expected {type: random}"),
        ("anomalies: {train: drop}", "anomalies.train", "name the column in data.target"),
    ],
)
def test_what_needs_marks(one, line, path, words):
    problem = one(UNLABELLED + line + "\n")
    assert problem.path == path and words in problem.message
    positive = UNLABELLED.replace("model:", "  positive: 1\nmodel:")
    assert one(positive).path == "data.positive"


def test_a_series_keeps_its_order(load, one):
    text = DETECT.replace("Autoencoder", "WindowedPCA").replace("page_blocks", "bleeding")
    problem = one(text)
    assert problem.path == "split" and "expected {type: time}" in problem.message
    timed = text + "split: {type: time}\n"
    assert load(timed).split.column is None
    assert one(timed + "missing: {type: drop_rows}\n").path == "missing"
    assert "expected keep" in one(timed + "anomalies: {train: drop}\n").message


def test_what_learns_from_marks_needs_them(load, one):
    text = DETECT.replace("Autoencoder", "DeepSAD")
    assert load(text).model.type == "DeepSADDetector"
    assert one(text.replace("  target: label\n", "")).path == "model.type"
    assert one(text + "anomalies: {train: drop}\n").path == "anomalies.train"


def test_groups_are_compared_where_anomalies_are_marked(load, one):
    text = DETECT.replace("model:", "  sensitive: [height]\nmodel:")
    gates = "gates: [{metric: 'KEY[height]', op: '<=', threshold: 0.2}]\n"
    load(text + gates.replace("KEY", "equal_opportunity_difference"))
    assert one(text + gates.replace("KEY", "calibration_gap")).path == "gates.0.metric"
    assert one(text.replace("  target: label\n", "")).path == "data.sensitive"
    problem = one(text + "fairness: {metric: mae_difference}\n")
    assert "mae_difference is not for anomaly" in problem.message


def test_gates_name_what_the_audit_of_a_detector_gives(load, one):
    gate = "gates: [{metric: KEY, op: '>=', threshold: 0.5}]\n"
    for key in ("roc_auc", "seed_stability", "'injected_roc_auc[5 sd]'", "alert_rate_ratio"):
        load(DETECT + gate.replace("KEY", key))
    assert "ece is for classification" in one(DETECT + gate.replace("KEY", "ece")).message
    assert one(DETECT + gate.replace("KEY", "seed_stabilty")).suggestion == "seed_stability"


def test_other_tasks_still_need_a_target_and_one_label(one, load):
    text = DETECT.replace("anomaly", "classification").replace("Autoencoder", "MLP")
    text = text.replace("Detector", "Classifier")
    assert load(text).task == "classification"
    problem = one(text.replace("  target: label\n", ""))
    assert (problem.path, problem.line) == ("data.target", 4)
    assert problem.message.startswith("is required")
    assert one(text, "data.positive=[0, 1]").message.startswith("expected one label")
    assert one(text, "anomalies.train=drop").path == "anomalies.train"
    assert load(DETECT, "data.positive=[0, 1]").data.positive == [0, 1]


def test_the_schema_for_editors_asks_for_a_target_where_there_must_be_one():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema()
    given = {
        "version": 1,
        "name": "a",
        "task": "anomaly",
        "data": {"source": {"type": "csv", "path": "a.csv"}},
        "model": {"type": "IsolationForest", "n_estimators": 50},
    }
    jsonschema.validate(given, schema)
    wrong = {**given, "task": "regression", "model": {"type": "Ridge"}}
    with pytest.raises(jsonschema.ValidationError, match="'target' is a required property"):
        jsonschema.validate(wrong, schema)
    assert "novelty" not in json.dumps(describe("model.LocalOutlierFactor"))


def test_init_writes_a_detector(tmp_path, load):
    import pandas as pd

    frame = pd.DataFrame({"a": range(60), "b": [0.5, 1.5] * 30, "Outlier": [0] * 58 + [1] * 2})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    source = str(tmp_path / "rows.csv")
    path, notes = write_template(source, out=tmp_path / "a.yaml", task="anomaly")
    config = load_config(path).config
    assert (config.task, config.data.target, config.data.positive) == ("anomaly", "Outlier", None)
    assert config.split.type == "stratified"
    assert any("Outlier" in note for note in notes)
    frame.drop(columns="Outlier").to_csv(source, index=False)
    path, _ = write_template(source, out=tmp_path / "b.yaml", task="anomaly")
    config = load_config(path).config
    assert (config.data.target, config.split.type) == (None, "random")
    with pytest.raises(ValueError, match="expected one of classification, regression, anomaly"):
        write_template(source, out=tmp_path / "c.yaml", task="outliers")


def test_init_of_a_data_set_knows_its_task(tmp_path):
    path, _ = write_template("page_blocks", out=tmp_path / "p.yaml")
    assert load_config(path).config.model.type == "AutoencoderDetector"
