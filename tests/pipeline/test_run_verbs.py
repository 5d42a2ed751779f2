"""A run from end to end, and what the verbs do with its folder: plan, verify, predict, audit."""

import hashlib
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from run_toys import fewer_checks, toy_frame, write_toy

from appliednn.core.errors import DataContractError, UsageError
from appliednn.core.persistence import load
from appliednn.pipeline._audit_file import audit_file
from appliednn.pipeline._predict import predict_file
from appliednn.pipeline._runner import run
from appliednn.pipeline._verify import verify_folder
from appliednn.pipeline.config import load_config


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished run and the folder of its config."""
    folder = tmp_path_factory.mktemp("done")
    path = write_toy(folder)
    with pytest.MonkeyPatch.context() as patch:
        fewer_checks(patch)
        loaded = load_config(path, ["search={type: none}", "report.dir=reports"])
        return run(loaded), folder


@pytest.fixture
def copied(done, tmp_path):
    """A copy of the run that a test may damage; data and config lie as they did."""
    outcome, folder = done
    shutil.copytree(folder, tmp_path / "all")
    return tmp_path / "all" / outcome.folder.relative_to(folder)


def read(folder, name):
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_the_run_folder_is_complete(done):
    outcome, folder = done
    assert outcome.folder.parent == folder / "reports"
    files = {p.name for p in outcome.folder.iterdir()}
    assert files == {
        "STATUS",
        "config.yaml",
        "contract.json",
        "gates.json",
        "lock.json",
        "log.jsonl",
        "metrics.json",
        "model.ann",
        "report.html",
        "report.json",
        "resolved.yaml",
    }
    lock = hashlib.sha256((outcome.folder / "lock.json").read_bytes()).hexdigest()
    status = f"finished: {outcome.verdict}\nlock.json sha256: {lock}\n"
    assert (outcome.folder / "STATUS").read_text() == status
    assert (folder / "reports" / "latest" / "model.ann").read_bytes() == (
        outcome.folder / "model.ann"
    ).read_bytes()
    assert outcome.lines[-1] == f"report: {outcome.folder / 'report.html'}"
    assert (outcome.folder / "config.yaml").read_bytes() == (folder / "toy.yaml").read_bytes()


def test_the_lock_holds_what_the_run_depended_on(done):
    outcome, folder = done
    lock = read(outcome.folder, "lock.json")
    assert lock["packages"]["numpy"] == np.__version__
    assert lock["data"]["rows"] == 320
    assert lock["data"]["rows_train"] + lock["data"]["rows_test"] == 320
    assert [c["name"] for c in lock["data"]["schema"]] == list(toy_frame().columns)
    model = (outcome.folder / "model.ann").read_bytes()
    assert lock["files"]["model.ann"] == hashlib.sha256(model).hexdigest()
    assert not os.path.isabs(lock["base_dir"])


def test_metrics_are_those_of_the_saved_model_on_the_test_rows(done):
    outcome, folder = done
    metrics = read(outcome.folder, "metrics.json")
    model = load(outcome.folder / "model.ann")
    assert metrics["threshold"]["threshold"] == model.threshold
    assert metrics["threshold"]["n"] == 60  # a quarter of the training rows, none of the test's
    assert metrics["n_train"] == 240
    assert list(model.feature_names_in_) == ["age", "sex", "income", "job"]
    estimates = metrics["metrics"]
    assert estimates["roc_auc"]["n"] == 80
    low, high = estimates["roc_auc"]["ci"]
    assert low < estimates["roc_auc"]["value"] < high
    assert any(key.endswith("[sex]") for key in estimates)


def test_dry_run_says_what_would_be_done_and_writes_nothing(tmp_path):
    path = write_toy(tmp_path)
    before = sorted(os.listdir(tmp_path))
    outcome = run(load_config(path), dry_run=True)
    assert outcome.exit_code == 0
    assert sorted(os.listdir(tmp_path)) == before
    text = "\n".join(outcome.lines)
    assert "data: 320 rows, 6 columns" in text
    assert "240 training and 80 test rows" in text
    assert "stage: random search, 3 candidates, 3 folds" in text
    assert "sensitive: age (3 groups), sex (2 groups)" in text


def test_verify_finds_nothing_wrong_with_a_finished_run(copied):
    outcome = verify_folder(copied)
    assert outcome.exit_code == 0, outcome.lines
    assert outcome.lines[-1].endswith("9 files, config, data, model and versions match")


def test_verify_lists_every_mismatch(copied):
    with open(copied / "report.html", "a") as file:
        file.write(" ")
    (copied / "contract.json").unlink()
    resolved = copied / "resolved.yaml"
    resolved.write_text(resolved.read_text().replace("seed: 3", "seed: 4"))
    data = copied.parent.parent / "toy.csv"
    data.write_text(data.read_text().replace("cook", "chef", 1))
    model = bytearray((copied / "model.ann").read_bytes())
    model[len(model) // 2] ^= 1
    (copied / "model.ann").write_bytes(model)
    lock = read(copied, "lock.json")
    lock["packages"]["numpy"] = "1.0"
    (copied / "lock.json").write_text(json.dumps(lock))
    outcome = verify_folder(copied)
    assert outcome.exit_code == 5
    text = "\n".join(outcome.lines)
    for said in (
        "report.html: changed since the run",
        "contract.json: missing",
        "resolved.yaml: is not the config of the lock",
        "data: changed since the run",
        "model.ann: changed since the run",
        "model.ann: does not load",
        f"package numpy: was 1.0, is {np.__version__}",
    ):
        assert said in text
    data.unlink()
    assert "data: cannot be read again" in "\n".join(verify_folder(copied).lines)


@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_verify_finds_a_changed_byte_in_every_file(copied, bit):
    for path in copied.iterdir():
        whole = path.read_bytes()
        for place in (len(whole) // 3, 2 * len(whole) // 3):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            outcome = verify_folder(copied)
            assert outcome.exit_code == 5, (path.name, place)
            assert path.name in "\n".join(outcome.lines)
        path.write_bytes(whole)
    assert verify_folder(copied).exit_code == 0


def test_verify_of_something_else_is_refused(tmp_path):
    with pytest.raises(UsageError, match="a run folder"):
        verify_folder(tmp_path)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "arrow"])
def test_predictions_are_the_models(done, tmp_path, suffix):
    outcome, _ = done
    frame = toy_frame(seed=1).drop(columns=["late", "id"])[["job", "income", "sex", "age"]]
    frame.to_parquet(tmp_path / "new.parquet")
    out = tmp_path / f"p.{suffix}"
    result = predict_file(outcome.folder / "model.ann", tmp_path / "new.parquet", out)
    assert result.exit_code == 0
    assert f"320 predictions: {out}" in result.lines
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "arrow": pd.read_feather}
    made = readers[suffix](out)
    model = load(outcome.folder / "model.ann")
    expected = model.predict_proba(frame[["age", "sex", "income", "job"]])
    assert list(made.columns) == ["prediction", "probability[no]", "probability[yes]"]
    np.testing.assert_allclose(made.iloc[:, 1:].to_numpy(), expected, rtol=1e-12)
    called = expected[:, 1] >= model.threshold
    assert made["prediction"].tolist() == np.where(called, "yes", "no").tolist()


def test_rows_that_break_the_contract_are_not_predicted(done, tmp_path):
    outcome, _ = done
    frame = toy_frame(seed=1).assign(age=900, job="pilot").drop(columns="sex")
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataContractError) as error:
        predict_file(outcome.folder / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")
    for column in ("age", "job", "sex"):
        assert f"  {column}:" in str(error.value)
    assert error.value.exit_code == 3
    assert not (tmp_path / "p.csv").exists()


def test_model_without_a_contract_still_checks_columns(done, tmp_path):
    outcome, _ = done
    shutil.copy(outcome.folder / "model.ann", tmp_path)
    toy_frame().to_csv(tmp_path / "new.csv", index=False)
    result = predict_file(tmp_path / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")
    assert "no contract.json beside model.ann" in result.lines[0]
    toy_frame().drop(columns=["job", "age"]).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(UsageError, match="lack 2 columns the model needs: age, job"):
        predict_file(tmp_path / "model.ann", tmp_path / "new.csv", tmp_path / "p.csv")
    with pytest.raises(UsageError, match="suffix must be one of"):
        predict_file(tmp_path / "model.ann", tmp_path / "new.csv", tmp_path / "p.xls")


def test_audit_of_new_rows(done, tmp_path, monkeypatch):
    outcome, folder = done
    fewer_checks(monkeypatch)
    toy_frame(seed=5).to_csv(tmp_path / "new.csv", index=False)
    gate = 'gates=[{metric: roc_auc, op: ">=", threshold: 0.99, inconclusive: fail}]'
    config = load_config(folder / "toy.yaml", [gate])
    model = outcome.folder / "model.ann"
    result = audit_file(
        model, tmp_path / "new.csv", "late", sensitive=["job"], config=config, out=tmp_path
    )
    assert (result.exit_code, result.verdict) == (4, "FAIL")
    report = read(result.folder, "report.json")
    keys = {k for s in report["sections"].values() for r in s for k in r["estimates"]}
    assert {"equal_opportunity_difference[job]", "equal_opportunity_difference[age]"} <= keys
    assert (result.folder / "report.html").is_file()
    with pytest.raises(UsageError, match="has no column 'lat'"):
        audit_file(model, tmp_path / "new.csv", "lat", out=tmp_path)


def test_audit_without_a_config_takes_the_positive_class_and_bins_of_the_run(
    copied, tmp_path, monkeypatch
):
    fewer_checks(monkeypatch)
    rows = toy_frame(seed=5)
    rows.to_csv(tmp_path / "new.csv", index=False)
    resolved = (copied / "resolved.yaml").read_text().replace("positive: yes", "positive: no")
    (copied / "resolved.yaml").write_text(resolved)
    result = audit_file(
        copied / "model.ann", tmp_path / "new.csv", "late", sensitive=["age"], out=tmp_path
    )
    assert "note: the positive class is no" in result.lines
    report = read(result.folder, "report.json")
    estimates = {
        k: e for s in report["sections"].values() for r in s for k, e in r["estimates"].items()
    }
    young = rows.loc[rows["age"] < 30, "late"] == "no"
    found = estimates["group_base_rate[age=below 30]"]
    assert found["value"] == pytest.approx(young.mean())
    assert not [k for k in estimates if k.startswith("group_base_rate[sex")]
