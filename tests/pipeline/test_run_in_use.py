"""A run folder belongs to one process at a time."""

import os
import signal
import subprocess
import sys

import pytest
from run_toys import fewer_checks, write_toy

from appliednn.core.errors import IntegrityError
from appliednn.pipeline._in_use import NAME, in_use
from appliednn.pipeline._run_folder import RunFolder
from appliednn.pipeline._runner import run
from appliednn.pipeline.config import load_config

HOLDER = """
import sys
from pathlib import Path
from appliednn.pipeline._in_use import in_use
with in_use(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_told_who_holds_the_folder(holder, tmp_path):
    message = f"in use by process {holder.pid};"
    with pytest.raises(IntegrityError, match=message), in_use(tmp_path):
        raise AssertionError("entered")
    assert holder.poll() is None
    assert (tmp_path / NAME).read_text() == f"{holder.pid}\n"


def test_a_killed_process_holds_nothing(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / NAME).exists()
    with in_use(tmp_path):
        assert (tmp_path / NAME).read_text() == f"{os.getpid()}\n"
    assert not (tmp_path / NAME).exists()


def test_two_resumes_do_not_write_into_one_folder(tmp_path, monkeypatch):
    fewer_checks(monkeypatch)
    loaded = load_config(write_toy(tmp_path), ["search={type: none}"])
    folder = run(loaded).folder
    assert not (folder / NAME).exists()
    RunFolder(folder).set_status("running")
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    with in_use(folder), pytest.raises(IntegrityError, match=f"process {os.getpid()}"):
        run(loaded, resume=folder)
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before
    assert run(loaded, resume=folder).exit_code == 0
