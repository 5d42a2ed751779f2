"""A run with ``task: anomaly`` from end to end, and what the verbs do with its folder."""

import json

import numpy as np
import pandas as pd
import pytest
from run_toys import machine_frame
from sklearn.metrics import average_precision_score, roc_auc_score

from appliednn.audit import diff_reports
from appliednn.cli import main
from appliednn.core.errors import DataContractError, UsageError
from appliednn.core.persistence import load
from appliednn.pipeline._audit_file import audit_file
from appliednn.pipeline._predict import predict_file
from appliednn.pipeline._runner import run
from appliednn.pipeline._verify import verify_folder
from appliednn.pipeline.config import load_config

CONFIG = """
version: 1
name: machine
task: anomaly
seed: 1
data:
  source: {type: csv, path: m.csv}
  target: state
  positive: [leak, burst]
missing: {type: simple}
anomalies: {train: drop}
model:
  type: AutoencoderDetector
  hidden_layer_sizes: [8]
  n_components: 2
  epochs: 30
  batch_size: 16
  learning_rate: 0.01
  novelty: true
gates:
  - {metric: roc_auc, op: ">=", threshold: 0.6}
  - {metric: "injected_roc_auc[5 sd]", op: ">=", threshold: 0.6}
report: {dir: reports}
"""


def write(folder, config=CONFIG, frame=None):
    (machine_frame(n_bad=30) if frame is None else frame).to_csv(folder / "m.csv", index=False)
    path = folder / "m.yaml"
    path.write_text(config, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run and the folder of its config."""
    folder = tmp_path_factory.mktemp("machine")
    return run(load_config(write(folder))), folder


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_the_run_passes_and_says_what_scikit_learn_says(done):
    outcome, folder = done
    assert (outcome.exit_code, outcome.verdict) == (0, "PASS"), outcome.lines
    metrics = read(outcome.folder, "metrics.json")
    assert (metrics["task"], metrics["n_train"], metrics["n_test"]) == ("anomaly", 225, 75)
    frame = pd.read_csv(folder / "m.csv")
    from appliednn.pipeline._prepare import prepare

    data = prepare(load_config(folder / "m.yaml").config, folder)
    truth = frame["state"].iloc[data.test] != "fine"
    scores = -load(outcome.folder / "model.ann").score_samples(data.X.iloc[data.test])
    said = metrics["metrics"]
    assert said["roc_auc"]["value"] == pytest.approx(roc_auc_score(truth, scores))
    assert said["average_precision"]["value"] == pytest.approx(
        average_precision_score(truth, scores)
    )
    # The detector and everything beside it saw the unmarked rows only: 225 less 22.
    assert said["n_train"]["value"] == 203


def test_report_and_folder_hold_no_label_of_a_row(done):
    outcome, _ = done
    assert "state" not in [c["name"] for c in read(outcome.folder, "contract.json")["columns"]]
    assert verify_folder(outcome.folder).exit_code == 0
    page = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert "anomal" in page and "<script src" not in page


def test_a_second_run_agrees_and_diff_says_so(done, tmp_path):
    outcome, folder = done
    again = run(load_config(folder / "m.yaml"), out=tmp_path)
    comparison = diff_reports(outcome.folder / "report.json", again.folder / "report.json")
    assert comparison.exit_code == 0
    first, second = (read(o.folder, "metrics.json")["metrics"] for o in (outcome, again))
    assert first["roc_auc"] == second["roc_auc"]


def test_an_interrupted_run_is_resumed(tmp_path, monkeypatch):
    from appliednn.pipeline import _stages

    path = write(tmp_path)
    audit_options = _stages.audit_options

    def few(config):
        return {**audit_options(config), "skip": ["data", "training", "resources", "ANN903"]}

    def stop(config):
        raise KeyboardInterrupt

    monkeypatch.setattr(_stages, "audit_options", stop)
    broken = run(load_config(path))
    assert broken.exit_code == 130
    monkeypatch.setattr(_stages, "audit_options", few)
    monkeypatch.setattr(_stages, "fit_model", None)  # the fit is not repeated
    resumed = run(load_config(path), resume=True)
    assert resumed.folder == broken.folder
    assert resumed.exit_code == 0


def test_predict_writes_scores_flags_and_reasons(done, tmp_path):
    outcome, _ = done
    rows = machine_frame(n=40, n_bad=0, seed=9).drop(columns="state")
    rows.loc[3, "heat"] = 40.0  # far outside of what the data contract knows
    rows.loc[7, "heat"] = rows.loc[7, "load"] + 5.0
    rows.loc[5, "load"] = np.nan
    rows.to_csv(tmp_path / "new.csv", index=False)
    said = predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "out.csv")
    written = pd.read_csv(tmp_path / "out.csv")
    assert list(written)[:4] == ["score", "flag", "reason_1", "contribution_1"]
    assert written["score"].idxmax() == 3
    assert written["flag"][3] == written["flag"][7] == 1
    assert written["reason_1"][7] in ("heat", "load")
    assert written.loc[written["flag"] == 0, "reason_1"].isna().all()
    assert any(line.startswith("note: heat:") for line in said.lines)
    assert said.lines[-1].startswith(f"{written['flag'].sum()} of 40 rows flagged")
    rows.drop(columns="heat").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataContractError, match="heat"):
        predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "out.csv")


def test_audit_of_a_saved_detector_with_and_without_labels(done, tmp_path, monkeypatch):
    outcome, _ = done
    from appliednn import audit as room

    whole = room.audit
    monkeypatch.setattr(
        room, "audit", lambda *a, **k: whole(*a, checks=["ANN901", "ANN902", "ANN904"], **k)
    )
    machine_frame(seed=7).to_csv(tmp_path / "later.csv", index=False)
    model = outcome.folder / "model.ann"
    labelled = audit_file(model, tmp_path / "later.csv", "state", out=tmp_path)
    gates = {g["metric"] for g in read(labelled.folder, "gates.json")["gates"]}
    assert "roc_auc" in gates
    blind = audit_file(model, tmp_path / "later.csv", out=tmp_path)
    gates = {g["metric"] for g in read(blind.folder, "gates.json")["gates"]}
    assert "roc_auc" not in gates and gates


def test_a_classifier_cannot_be_audited_without_its_target(tmp_path):
    from sklearn.linear_model import LogisticRegression

    from appliednn.core.persistence import save

    X = machine_frame()[["load", "heat"]]
    save(LogisticRegression().fit(X, X["load"] > 0), tmp_path / "c.ann")
    X.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(UsageError, match="--target is needed"):
        audit_file(tmp_path / "c.ann", tmp_path / "x.csv")


def test_a_run_without_labels_on_scikit_learns_forest(tmp_path, capsys):
    frame = machine_frame().drop(columns="state")
    text = CONFIG.split("model:")[0].replace("  target: state\n  positive: [leak, burst]\n", "")
    text = text.replace("anomalies: {train: drop}\n", "")
    text += "model: {type: IsolationForest, n_estimators: 20}\nreport: {dir: reports}\n"
    path = write(tmp_path, text, frame)
    assert main(["run", str(path), "--dry-run"]) == 0
    assert "target: none, so no label judges the detector" in capsys.readouterr().out
    outcome = run(load_config(path))
    metrics = read(outcome.folder, "metrics.json")["metrics"]
    assert "roc_auc" not in metrics and metrics["alert_rate"]["n"] == 75
    assert outcome.exit_code in (0, 4)
