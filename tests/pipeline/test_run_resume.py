"""A run that is killed or interrupted at any stage ends, resumed, as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from run_toys import fewer_checks, toy_frame, write_toy

from appliednn.core.errors import IntegrityError, UsageError
from appliednn.pipeline._run_folder import RunFolder
from appliednn.pipeline._runner import run
from appliednn.pipeline.config import load_config

# Runs once to the end (so that everything is imported), then forks a run for each line of stdin
# ("<out> <signal> <what to wait for>"), sends the signal when that file appears (or after so many
# seconds), and prints how the run ended.
DRIVER = """
import glob, os, sys, time
sys.path.insert(0, sys.argv[2])
from run_toys import fewer_checks
from appliednn.pipeline._runner import run
from appliednn.pipeline.config import load_config
fewer_checks()
loaded = load_config(sys.argv[1])
print(run(loaded, out=sys.argv[3]).folder, flush=True)
for line in sys.stdin:
    out, number, what = line.split()
    pid = os.fork()
    if pid == 0:
        os._exit(run(loaded, out=out).exit_code)
    wait = None if not what.replace(".", "").isdigit() else time.monotonic() + float(what)
    status = (0, 0)
    while status[0] == 0:
        if time.monotonic() > wait if wait else glob.glob(f"{out}/toy-*/{what}"):
            os.kill(pid, int(number))
            status = os.waitpid(pid, 0)
            break
        time.sleep(0.001)
        status = os.waitpid(pid, os.WNOHANG)
    print(os.waitstatus_to_exitcode(status[1]), flush=True)
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The config, the folder of an uninterrupted run, and the driver."""
    folder = tmp_path_factory.mktemp("toy")
    path = write_toy(folder)
    here = str(Path(__file__).parent)
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(path), here, str(folder / "whole")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield path, Path(driver.stdout.readline().strip()), driver
    driver.stdin.close()
    driver.wait(timeout=60)
    driver.stdout.close()


def start_and_stop(driver, out, number, what):
    driver.stdin.write(f"{out} {int(number)} {what}\n")
    driver.stdin.flush()
    return int(driver.stdout.readline())


def stable(folder):
    """Metrics and gates without times; the report without what differs between any two runs."""
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics.pop("resources")
    return metrics, json.loads((folder / "gates.json").read_text())


def assert_whole(folder):
    """Every file that is there can be read: nothing is half written."""
    for path in folder.rglob("*.json"):
        if not path.name.startswith("."):
            json.loads(path.read_text())
    if (folder / "log.jsonl").exists():
        for line in (folder / "log.jsonl").read_text().splitlines():
            json.loads(line)


STOPS = [
    "lock.json",
    "contract.json",
    "journal/search.*",
    "journal/fitted.ann",
    "journal/ANN*",
    "metrics.json",
]


@pytest.mark.parametrize("what", STOPS)
def test_sigkill_at_a_stage_then_resume_gives_the_same_metrics(toy, tmp_path, monkeypatch, what):
    path, whole, driver = toy
    fewer_checks(monkeypatch)
    assert start_and_stop(driver, tmp_path, signal.SIGKILL, what) in (-signal.SIGKILL, 0)
    (folder,) = tmp_path.glob("toy-*")
    assert_whole(folder)
    if RunFolder(folder).status == "finished":
        pytest.skip("the run was faster than the kill")
    outcome = run(load_config(path), resume=True, out=tmp_path)
    assert outcome.folder == folder
    assert outcome.exit_code == 0
    assert stable(folder) == stable(whole)
    assert RunFolder(folder).status == "finished"
    assert not [p for p in folder.rglob("*") if p.name.startswith(".")]


def test_ctrl_c_ends_with_130_and_can_be_resumed(toy, tmp_path, monkeypatch):
    path, whole, driver = toy
    fewer_checks(monkeypatch)
    assert start_and_stop(driver, tmp_path, signal.SIGINT, "contract.json") == 130
    (folder,) = tmp_path.glob("toy-*")
    assert RunFolder(folder).status == "interrupted"
    run(load_config(path), resume=folder, out=tmp_path)
    assert stable(folder) == stable(whole)


@pytest.mark.slow
def test_sigkill_at_random_moments(toy, tmp_path, monkeypatch):
    path, whole, driver = toy
    fewer_checks(monkeypatch)
    moments = random.Random(0)
    for i in range(25):
        out = tmp_path / str(i)
        start_and_stop(driver, out, signal.SIGKILL, f"{moments.uniform(0.02, 2.5):.3f}")
        folders = list(out.glob("toy-*"))
        if not folders or not (folders[0] / "lock.json").exists():
            continue
        assert_whole(folders[0])
        if RunFolder(folders[0]).status != "finished":
            run(load_config(path), resume=True, out=out)
        assert stable(folders[0]) == stable(whole)


@pytest.fixture
def stopped(toy, tmp_path):
    """A run killed after its contract, in a folder of its own."""
    path, _, driver = toy
    start_and_stop(driver, tmp_path / "out", signal.SIGKILL, "contract.json")
    (folder,) = (tmp_path / "out").glob("toy-*")
    return path, folder


def test_changed_data_refuse_to_resume(stopped, tmp_path):
    path, folder = stopped
    changed = toy_frame()
    changed.loc[5, "income"] = 9.0
    other = write_toy(tmp_path, frame=changed)
    with pytest.raises(IntegrityError, match=r"something changed \(data: was \w+, is \w+\)") as e:
        run(load_config(other), resume=folder)
    assert e.value.exit_code == 5


def test_changed_config_refuses_to_resume(stopped):
    path, folder = stopped
    loaded = load_config(path, ["model.C=0.1"])
    with pytest.raises(IntegrityError, match="config: was"):
        run(loaded, resume=folder)
    with pytest.raises(UsageError, match="1 of another version of the config"):
        run(loaded, resume=True, out=folder.parent)


def test_nothing_to_resume_is_said(toy, tmp_path):
    path, whole, _ = toy
    with pytest.raises(UsageError, match="no unfinished run of 'toy'"):
        run(load_config(path), resume=True, out=tmp_path)
    with pytest.raises(UsageError, match="is finished: nothing to resume"):
        run(load_config(path), resume=whole)
    with pytest.raises(UsageError, match="a run folder"):
        run(load_config(path), resume=tmp_path)
    assert os.listdir(tmp_path) == []
