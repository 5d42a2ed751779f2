"""Run folders: whole files, statuses, finding the run to go on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliednn.core.errors import UsageError
from appliednn.pipeline._journal import Journal
from appliednn.pipeline._run_folder import (
    FINISHED,
    RUNNING,
    RunFolder,
    atomic_path,
    find_unfinished,
    read_json,
    write_atomic,
    write_json,
)


def test_a_failing_writer_leaves_the_old_file_and_nothing_else(tmp_path):
    target = write_atomic(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_json_is_strict_and_readable(tmp_path):
    path = write_json(tmp_path / "m.json", {"größe": 1.5})
    assert "größe" in path.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="Out of range float"):
        write_json(path, {"x": float("nan")})
    assert read_json(path) == {"größe": 1.5}
    path.write_text("{")
    with pytest.raises(UsageError, match="cannot be read as JSON"):
        read_json(path)
    with pytest.raises(UsageError, match="a run folder"):
        read_json(tmp_path / "none.json")


WRITER = """
import sys
from pathlib import Path
from appliednn.pipeline._run_folder import write_atomic
i = 0
while True:
    i += 1
    write_atomic(Path(sys.argv[1]) / "n.txt", str(i % 10) * 300_000)
"""


def test_sigkill_while_writing_never_leaves_half_a_file(tmp_path):
    for attempt in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
        deadline = time.monotonic() + 20
        while not (tmp_path / "n.txt").exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.03 + 0.013 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        text = (tmp_path / "n.txt").read_text()
        assert len(text) == 300_000
        assert len(set(text)) == 1


def _folder(root, config="c", status=RUNNING):
    folder = RunFolder.create(root, "credit")
    write_json(folder / "lock.json", {"config": {"sha256": config}})
    if status:
        folder.set_status(status)
    return folder


def test_two_runs_in_one_second_get_two_folders(tmp_path):
    paths = {RunFolder.create(tmp_path, "credit").path for _ in range(3)}
    assert len(paths) == 3


def test_the_newest_unfinished_run_of_the_config_is_found(tmp_path):
    with pytest.raises(UsageError, match="no unfinished run of 'credit'"):
        find_unfinished(tmp_path, "credit", "c")
    _folder(tmp_path, "other")
    _folder(tmp_path, status=FINISHED)
    with pytest.raises(UsageError, match="1 of another version of the config"):
        find_unfinished(tmp_path, "credit", "c")
    wanted = _folder(tmp_path, status="")  # killed before STATUS was written
    RunFolder.create(tmp_path, "credit")  # killed before the lock was: holds nothing
    assert find_unfinished(tmp_path, "credit", "c").path == wanted.path


def test_status_log_and_latest(tmp_path):
    folder = _folder(tmp_path)
    folder.set_status("finished", "PASS")
    assert folder.status == FINISHED
    folder.log("stage", title="fit")
    folder.log("finished", verdict="PASS")
    events = [
        json.loads(line)["event"] for line in (folder / "log.jsonl").read_text().splitlines()
    ]
    assert events == ["stage", "finished"]
    folder.point_latest()
    (folder / "a.txt").write_text("kept")
    assert (tmp_path / "latest" / "a.txt").read_text() == "kept"
    folder.point_latest()  # over a link that is there
    assert (tmp_path / "latest").resolve() == folder.path.resolve()
    assert not list(tmp_path.glob(".latest*"))


def test_latest_is_a_file_with_the_name_where_links_are_not_allowed(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("links are not allowed")

    folder = _folder(tmp_path)
    monkeypatch.setattr(Path, "symlink_to", refuse)
    folder.point_latest()
    assert (tmp_path / "latest").read_text().strip() == folder.path.name


def test_sweep_removes_only_temporary_files(tmp_path):
    folder = _folder(tmp_path)
    (folder.path / "journal").mkdir()
    for name in (".tmp-1-a-x.json", ".report.json.ab12.tmp", "journal/.tmp-1-b-fit"):
        (folder / name).write_text("half")
    folder.sweep()
    assert sorted(p.name for p in folder.path.rglob("*")) == ["STATUS", "journal", "lock.json"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be made"):
        RunFolder.create(tmp_path / "file", "credit")


def test_journal_gives_back_what_was_put_and_ignores_damage(tmp_path):
    journal = Journal(tmp_path)
    journal.put_json("search", {"score": 0.1 + 0.2})
    assert journal.get_json("search") == {"score": 0.30000000000000004}
    journal.put("ANN301/a", b"x")
    journal.put("ANN301_a", b"y")
    assert (journal.get("ANN301/a"), journal.get("ANN301_a")) == (b"x", b"y")
    (path,) = tmp_path.glob("search*")
    path.write_bytes(path.read_bytes()[:-1])
    assert journal.get("search") is None


def test_journal_guard_keeps_an_interrupted_result_out(tmp_path):
    def guard():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Journal(tmp_path, guard).put("fit", b"cut short")
    assert Journal(tmp_path).get("fit") is None
