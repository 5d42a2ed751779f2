"""Whether a run folder is still what its lock says, and could be repeated here."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

from appliednn.core.errors import AppliedNNError, UsageError
from appliednn.pipeline._artifacts import load_model
from appliednn.pipeline._lock import MAIN_PACKAGES, file_sha256, installed_packages
from appliednn.pipeline._outcome import RunOutcome
from appliednn.pipeline._run_folder import FINISHED, LOCK_HASH, RunFolder, read_json

MISMATCH = 5


def verify_folder(folder: str | Path) -> RunOutcome:
    """Check a finished run: files, config, data, model, versions.

    Parameters
    ----------
    folder : path
        Run folder.

    Returns
    -------
    RunOutcome
        ``exit_code`` 5 with every mismatch in ``lines``, 0 when there is none. Another platform
        is a note, not a mismatch.

    Raises
    ------
    UsageError
        When it is no run folder.
    """
    run = RunFolder(Path(folder))
    wrong = _status(run)
    try:
        lock = read_json(run / "lock.json")
        wrong += [w for question in _QUESTIONS for w in question(run, lock)]
    except UsageError as error:
        if not (run / "lock.json").is_file():
            raise
        wrong.append(f"lock.json: damaged: {error}")
    except (KeyError, TypeError, AttributeError) as error:
        wrong.append(f"lock.json: damaged: {error!r}")
    if wrong:
        n = "1 mismatch" if len(wrong) == 1 else f"{len(wrong)} mismatches"
        lines = [f"{n} in {run.path}:", *(f"  {w}" for w in wrong)]
        return RunOutcome(MISMATCH, None, run.path, lines)
    notes = []
    if lock["platform"] != platform.platform():
        notes.append(f"note: made on {lock['platform']}, this is {platform.platform()}")
    n = len(lock["files"])
    return RunOutcome(
        0,
        None,
        run.path,
        [*notes, f"{run.path}: {n} files, config, data, model and versions match"],
    )


def _status(run: RunFolder) -> list[str]:
    """Return what is wrong with STATUS, and with the lock whose hash it has."""
    if run.status != FINISHED:
        return [f"STATUS: the run is not finished ({run.status or 'no STATUS'})"]
    first, *others = (run / "STATUS").read_text(encoding="utf-8", errors="replace").splitlines()
    digest = next((o.removeprefix(LOCK_HASH) for o in others if o.startswith(LOCK_HASH)), None)
    wrong = []
    if (run / "lock.json").is_file() and digest != file_sha256(run / "lock.json"):
        wrong.append("lock.json: its sha256 is not the one in STATUS")
    try:
        verdict = str(read_json(run / "gates.json")["status"])
    except (UsageError, KeyError, TypeError):
        return wrong  # gates.json has a line of its own
    if first != f"{FINISHED}: {verdict}":
        wrong.append(f"STATUS: says {first!r}, the verdict in gates.json is {verdict}")
    return wrong


def _files(run: RunFolder, lock: dict[str, Any]) -> list[str]:
    """Return what is wrong with the files whose hashes the lock has."""
    wrong = []
    for name, digest in lock.get("files", {}).items():
        path = run / name
        if not path.is_file():
            wrong.append(f"{name}: missing")
        elif file_sha256(path) != digest:
            wrong.append(f"{name}: changed since the run")
    return wrong


def _config(run: RunFolder, lock: dict[str, Any]) -> list[str]:
    """Return what is wrong between the config's two files and the lock."""
    wrong = []
    for name, key in (("resolved.yaml", "sha256"), ("config.yaml", "file_sha256")):
        path = run / name
        if path.is_file() and file_sha256(path) != lock["config"][key]:
            wrong.append(f"{name}: is not the config of the lock")
    return wrong


def _data(run: RunFolder, lock: dict[str, Any]) -> list[str]:
    """Return what is wrong with the data as they are now."""
    from pydantic import ValidationError

    try:
        config = _stored_config(run / "resolved.yaml")
        now = _fingerprint(config, (run.path / lock["base_dir"]).resolve())
    except ValidationError:
        return ["data: not read, since resolved.yaml is no config"]
    except AppliedNNError as error:
        return [f"data: cannot be read again: {error}"]
    if now != lock["data"]["sha256"]:
        return [f"data: changed since the run (was {lock['data']['sha256'][:12]}, is {now[:12]})"]
    return []


def _fingerprint(config: Any, base_dir: Path) -> str:
    """Return the fingerprint of a config's rows, or of its environment."""
    if config.reads == "environment":
        from appliednn.pipeline._environment import prepare_environment

        return prepare_environment(config).sha256
    from appliednn.datasets import fingerprint
    from appliednn.pipeline._prepare import read_data

    return fingerprint(read_data(config, base_dir))


def _stored_config(path: Path) -> Any:
    """Return the config of a run folder; its paths start where the config lay, not here."""
    from appliednn.pipeline.config._agent_schema import root_model
    from appliednn.pipeline.config._document import read, substitute

    _, document = read(path)
    values, _ = substitute(document, os.environ)
    if document.problems:
        raise UsageError("; ".join(p.message for p in document.problems))
    return root_model(values).model_validate(values)


def _model(run: RunFolder, lock: dict[str, Any]) -> list[str]:
    """Return why the model does not load."""
    try:
        load_model(run / "model.ann")
    except (AppliedNNError, OSError) as error:
        return [f"model.ann: does not load: {error}"]
    return []


def _versions(run: RunFolder, lock: dict[str, Any]) -> list[str]:
    """Return the main packages whose version differs; the patch release of Python does not."""
    now, then = installed_packages(), lock["packages"]
    wrong = [
        f"package {name}: was {then[name]}, is {now.get(name, 'not installed')}"
        for name in MAIN_PACKAGES
        if name in then and then[name] != now.get(name)
    ]
    minor = [v.rpartition(".")[0] for v in (lock["python"], platform.python_version())]
    if minor[0] != minor[1]:
        wrong.append(f"python: was {lock['python']}, is {platform.python_version()}")
    return wrong


_QUESTIONS = (_files, _config, _data, _model, _versions)
