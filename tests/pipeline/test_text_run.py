"""A run on texts from end to end, and what the verbs do with its folder."""

import json

import numpy as np
import pandas as pd
import pytest

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
name: notes
task: text-classification
seed: 1
data:
  source: {type: csv, path: notes.csv}
  text: note
  target: kind
  positive: urgent
  sensitive: [team]
split: {type: grouped, column: writer, test_size: 0.3}
model: {type: TextClassifier, epochs: 4, embedding_dim: 8, char_ngrams: null}
calibration: {type: temperature, fraction: 0.2}
threshold: {type: metric, metric: f1}
robustness: {max_rows: 40}
explain: {max_rows: 12}
gates:
  - {metric: roc_auc, op: ">=", threshold: 0.6}
  - {metric: near_duplicate_share_train_test, op: "<=", threshold: 0.2}
report: {dir: reports}
"""
URGENT = "urgent broken leaking stopped now alarm".split()  # noqa: SIM905
CALM = "fine later routine cleaned weekly checked".split()  # noqa: SIM905
WORDS = [
    a + b + c for a in "bdkrt" for b in ("olo", "ina") for c in "smnl"
] + "the a is on pump valve and it was".split()  # noqa: SIM905


def notes(n=260, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        urgent = rng.random() < 0.4
        words = [*rng.choice(WORDS, 8), *rng.choice(URGENT if urgent else CALM, 2)]
        rng.shuffle(words)
        rows.append(
            {
                "note": " ".join(words),
                "kind": "urgent" if urgent else "calm",
                "team": str(rng.choice(["north", "south"])),
                "writer": int(rng.integers(0, 40)),
            }
        )
    return pd.DataFrame(rows)


def write(folder, config=CONFIG, frame=None):
    (notes() if frame is None else frame).to_csv(folder / "notes.csv", index=False)
    path = folder / "notes.yaml"
    path.write_text(config, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notes")
    return run(load_config(write(folder))), folder


def test_a_run_on_texts_passes_its_gates_and_asks_what_texts_are_asked(done):
    outcome, _ = done
    assert outcome.verdict == "PASS", outcome.lines
    report = json.loads((outcome.folder / "report.json").read_text())
    ran = {record["id"] for records in report["sections"].values() for record in records}
    assert {"ANN1001", "ANN1011", "ANN1012", "ANN1014", "ANN1021", "ANN1031", "ANN601"} <= ran
    assert not [n for n in report["not_checked"] if n["failed"]]
    assert verify_folder(outcome.folder).exit_code == 0


def test_only_the_text_is_read(done):
    outcome, _ = done
    contract = json.loads((outcome.folder / "contract.json").read_text())
    assert [c["name"] for c in contract["columns"]] == ["note", "kind"]


def test_predictions_of_a_file_are_the_model_s_and_name_the_words(done, tmp_path):
    outcome, _ = done
    frame = notes(30, seed=5)
    frame.to_csv(tmp_path / "new.csv", index=False)
    out = tmp_path / "p.csv"
    predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", out, reasons=True)
    made = pd.read_csv(out)
    model = load(outcome.folder / "model.ann")
    np.testing.assert_array_equal(made["prediction"], model.predict(frame[["note"]]))
    np.testing.assert_allclose(
        made["probability[urgent]"], model.predict_proba(frame[["note"]])[:, 1], atol=1e-6
    )
    urgent = made["prediction"] == "urgent"
    assert made.loc[urgent, "reason_1"].isin(URGENT).mean() > 0.8
    assert made.loc[~urgent, "reason_1"].isin(CALM).mean() > 0.8
    assert (made["contribution_1"].dropna() > 0).all()


def test_missing_texts_are_read_as_empty_and_a_note_says_so(done, tmp_path):
    outcome, _ = done
    frame = notes(5, seed=6)
    frame.loc[2, "note"] = None
    frame.to_csv(tmp_path / "new.csv", index=False)
    told = predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")
    assert "note: 1 text is missing and read as empty" in told.lines
    model = load(outcome.folder / "model.ann")
    made = pd.read_csv(tmp_path / "p.csv")["probability[urgent]"]
    np.testing.assert_allclose(made[2], model.predict_proba([""])[0, 1], atol=1e-6)


def test_a_file_without_the_column_of_the_texts_is_refused(done, tmp_path):
    outcome, _ = done
    notes(20).rename(columns={"note": "remark"}).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataContractError, match="note"):
        predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")


def test_reasons_are_for_texts_alone(done, tmp_path):
    outcome, _ = done
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "model.ann").write_bytes((outcome.folder / "model.ann").read_bytes())
    notes(10).to_csv(alone / "wide.csv", index=False)
    with pytest.raises(UsageError, match="names the column"):
        predict_file(alone / "model.ann", alone / "wide.csv", alone / "p.csv")
    notes(10)[["note"]].to_csv(alone / "one.csv", index=False)
    assert predict_file(alone / "model.ann", alone / "one.csv", alone / "p.csv").exit_code == 0


def test_a_saved_model_is_audited_on_another_file(done, tmp_path):
    outcome, folder = done
    notes(80, seed=9).to_csv(tmp_path / "later.csv", index=False)
    found = audit_file(
        outcome.folder / "model.ann", tmp_path / "later.csv", "kind", folder / "notes.csv",
        config=load_config(folder / "notes.yaml", ("explain.enabled=false",)), out=tmp_path,
    )  # fmt: skip
    report = json.loads((found.folder / "report.json").read_text())
    reasons = {n["id"]: n["reason"] for n in report["not_checked"]}
    assert reasons["ANN1012"] == "skipped by the options"
    assert "text" in report["sections"]


def test_numbers_that_are_no_texts_are_named(tmp_path):
    frame = notes(60)
    frame["note"] = np.arange(60)
    path = write(tmp_path, frame=frame)
    with pytest.raises(UsageError, match="60 values that are no texts"):
        run(load_config(path), dry_run=True)


def test_a_run_of_numbers_from_texts(tmp_path, capsys):
    frame = notes(200)
    frame["hours"] = frame["note"].str.count("broken") * 3.0 + frame["note"].str.count("fine")
    config = (
        CONFIG.replace("text-classification", "text-regression")
        .replace("target: kind", "target: hours")
        .replace("  positive: urgent\n", "")
        .replace("TextClassifier", "TextRegressor")
        .replace("calibration: {type: temperature, fraction: 0.2}\n", "")
        .replace("threshold: {type: metric, metric: f1}\n", "")
        .replace("explain: {max_rows: 12}", "explain: {enabled: false}")
        .replace(
            'metric: roc_auc, op: ">=", threshold: 0.6', 'metric: r2, op: ">=", threshold: 0.1'
        )
    )
    path = write(tmp_path, config, frame)
    assert main(["run", str(path)]) == 0
    assert "PASS" in capsys.readouterr().out
