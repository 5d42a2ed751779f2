"""A run of an agent from end to end, the verbs on its folder, and a run that is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from appliednn.cli import main
from appliednn.core.errors import UsageError
from appliednn.core.persistence import load
from appliednn.pipeline._audit_file import audit_file
from appliednn.pipeline._environment import MadeFromId, prepare_environment
from appliednn.pipeline._predict import predict_file
from appliednn.pipeline._runner import run
from appliednn.pipeline._verify import verify_folder
from appliednn.pipeline.config import load_config

CONFIG = """
version: 1
name: pole
task: reinforcement
seed: 1
env: {id: CartPole-v1, max_episode_steps: 60}
model: {type: PPOAgent, total_timesteps: 1500, hidden_layer_sizes: [16], n_eval_episodes: 2}
evaluation: {n_episodes: 12}
curves: {n_seeds: 2, total_timesteps: 600, max_seconds: 60}
robustness: {noise: [0.5], eps: [0.3], dynamics: {length: [2.0]}, n_episodes: 10}
explain: {max_depth: 2, max_rows: 20, n_episodes: 10}
gates:
  - {metric: return_vs_constant, op: ">=", threshold: 0}
  - {metric: "return_noise[0.5]", op: ">=", threshold: 1}
report: {dir: reports, title: A pole, intended_use: A test.}
"""


def write(folder, config=CONFIG):
    path = folder / "pole.yaml"
    path.write_text(config, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pole")
    return run(load_config(write(folder))), folder


def test_a_run_leaves_agent_metrics_gates_and_report(done):
    outcome, _ = done
    assert outcome.verdict == "PASS", outcome.lines
    report = json.loads((outcome.folder / "report.json").read_text())
    ran = {r["id"] for records in report["sections"].values() for r in records}
    idle = {entry["id"] for entry in report["not_checked"]}
    assert idle == {"ANN1102"} and ran == {f"ANN{1100 + k}" for k in range(1, 16)} - idle
    metrics = json.loads((outcome.folder / "metrics.json").read_text())
    assert metrics["task"] == "reinforcement" and metrics["n_episodes"] == 12
    assert metrics["metrics"]["return_mean"]["value"] > 20
    assert "model_bytes" in metrics["resources"]
    history = json.loads((outcome.folder / "history.json").read_text())["history"]
    assert history["n_steps"][-1] >= 1500 and "eval_return" in history


def test_the_lock_knows_the_environment_and_verify_finds_a_change(done):
    outcome, _ = done
    lock = json.loads((outcome.folder / "lock.json").read_text())
    assert lock["data"]["environment"]["id"] == "CartPole-v1"
    assert lock["data"]["environment"]["max_episode_steps"] == 60
    assert "gymnasium" in lock["packages"] and "history.json" in lock["files"]
    assert verify_folder(outcome.folder).exit_code == 0


def test_the_saved_agent_acts_as_the_audited_one(done):
    outcome, _ = done
    agent = load(outcome.folder / "model.ann")
    report = json.loads((outcome.folder / "report.json").read_text())
    returns = report["sections"]["performance"][0]["estimates"]["return_mean"]["value"]
    worst = report["sections"]["performance"][0]["tables"][1]["rows"][0]
    limited = MadeFromId("CartPole-v1", {}, 60)
    again = agent.evaluate(limited, seeds=[int(worst[0])])
    assert again.returns[0] == worst[1] <= returns


def test_actions_for_a_file_of_observations(done, tmp_path):
    outcome, _ = done
    agent = load(outcome.folder / "model.ann")
    rng = np.random.default_rng(0)
    names = ["pole angle", "pole velocity", "cart position", "cart velocity"]
    frame = pd.DataFrame(rng.normal(0, 0.1, (20, 4)), columns=names)
    frame.to_csv(tmp_path / "seen.csv", index=False)
    told = predict_file(outcome.folder / "model.ann", tmp_path / "seen.csv", tmp_path / "a.csv")
    made = pd.read_csv(tmp_path / "a.csv")
    in_order = frame[["cart position", "cart velocity", "pole angle", "pole velocity"]].to_numpy()
    np.testing.assert_array_equal(made["prediction"], agent.predict(in_order))
    assert made.filter(like="probability").sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-6)
    assert told.lines == ["note: columns were taken by name", f"20 actions: {tmp_path / 'a.csv'}"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.DataFrame(np.zeros((3, 2))), "2 columns and an observation 4 numbers"),
        (pd.DataFrame({"a": ["x"], "b": [1], "c": [1], "d": [1]}), "'a' must hold numbers"),
        (pd.DataFrame(np.full((2, 4), np.nan)), "lacks 8 values"),
    ],
)
def test_rows_that_are_no_observations_are_refused(done, tmp_path, frame, said):
    outcome, _ = done
    frame.to_csv(tmp_path / "seen.csv", index=False)
    with pytest.raises(UsageError, match=said):
        predict_file(outcome.folder / "model.ann", tmp_path / "seen.csv", tmp_path / "a.csv")


def test_rows_do_not_audit_an_agent(done, tmp_path):
    outcome, _ = done
    with pytest.raises(UsageError, match="judged in its environment"):
        audit_file(outcome.folder / "model.ann", tmp_path / "seen.csv", "0")


QUICK = ["robustness.enabled=false", "explain.enabled=false", "curves.n_seeds=0"]


def test_a_saved_agent_is_audited_in_its_own_environment_or_another(done, tmp_path, capsys):
    outcome, _ = done
    model = outcome.folder / "model.ann"
    gates = 'gates=[{metric: return_mean, op: "<=", threshold: 40}]'
    other = load_config(write(tmp_path), [*QUICK, "env.max_episode_steps=20", gates])
    short = audit_file(model, config=other, out=tmp_path)
    assert short.verdict == "PASS"
    report = json.loads((short.folder / "report.json").read_text())
    assert report["sections"]["performance"][0]["estimates"]["return_mean"]["value"] <= 20
    assert "max_episode_steps" in json.dumps(report["config"])
    pendulum = load_config(write(tmp_path), [*QUICK, gates, "env={id: Pendulum-v1}"])
    with pytest.raises(UsageError, match="the agent was trained on"):
        audit_file(model, config=pendulum, out=tmp_path)
    (tmp_path / "alone").mkdir()
    alone = shutil.copy(model, tmp_path / "alone" / "model.ann")
    assert main(["audit", str(alone)]) == 2
    assert "give --config" in capsys.readouterr().err


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(tmp_path, capsys):
    path = write(tmp_path)
    assert main(["run", str(path), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "environment: CartPole-v1" in said and "episodes: at most 60 steps" in said
    assert "stage: train PPOAgent for 1500 steps" in said
    assert "stage: audit on 12 episodes, 2 copies with other seeds" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pole.yaml"]


def test_a_gate_that_fails_ends_with_4(tmp_path):
    gates = 'gates=[{metric: return_mean, op: ">=", threshold: 1000}]'
    outcome = run(load_config(write(tmp_path), [*QUICK, gates, "model.total_timesteps=300"]))
    assert (outcome.exit_code, outcome.verdict) == (4, "FAIL")


def test_arguments_reach_the_environment_and_wrong_ones_are_refused(tmp_path):
    path = write(tmp_path)
    given = load_config(path, ["env.kwargs={sutton_barto_reward: true}"])
    prepared = prepare_environment(given.config)
    env = prepared.env()
    env.reset(seed=0)
    assert env.step(0)[1] == 0.0  # that variant pays nothing for standing
    wrong = load_config(path, ["env.kwargs={lenght: 2}"])
    with pytest.raises(UsageError, match="env.kwargs: CartPole-v1 refuses them"):
        prepare_environment(wrong.config)


def test_an_agent_that_cannot_learn_these_actions_is_refused_before_any_work(tmp_path):
    path = write(tmp_path)
    loaded = load_config(path, ["model={type: SACAgent, total_timesteps: 50}"])
    with pytest.raises(UsageError, match="model.type: SACAgent learns box actions"):
        run(loaded)


def test_a_run_killed_in_the_audit_goes_on_with_the_trained_agent(done, tmp_path):
    whole, _ = done
    path, out = write(tmp_path), tmp_path / "out"
    command = [sys.executable, "-m", "appliednn.cli", "run", str(path), "--out", str(out)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, **quiet)
    until = time.monotonic() + 120
    while process.poll() is None and not list(out.glob("pole-*/journal/ANN1101*")):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder,) = out.glob("pole-*")
    before = (folder / "model.ann").read_bytes()
    outcome = run(load_config(path), resume=True, out=out)
    assert outcome.folder == folder and outcome.exit_code == 0
    assert (folder / "model.ann").read_bytes() == before
    ours, theirs = (json.loads((f / "metrics.json").read_text()) for f in (folder, whole.folder))
    for metrics in (ours, theirs):
        metrics.pop("resources")
    assert ours == theirs


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["model={type: SACAgent}"], r"SACAgent learns box.*Discrete\(2\).*mean PPOAgent"),
        (["model={type: DQNAgent}", "env={id: Pendulum-v1}"],
         r"DQNAgent learns discrete.*mean SACAgent or PPOAgent"),
        (["robustness={dynamics: {lenght: [2.0]}}"], "'lenght' is no number of CartPole.*length"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_told_before_training(tmp_path, changes, said):
    loaded = load_config(write(tmp_path), [*QUICK, "gates=[]", *changes])
    with pytest.raises(UsageError, match=said):
        run(loaded, dry_run=True)
