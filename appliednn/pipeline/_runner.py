"""The run: a config in, a folder with model, metrics, gates and report out."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Any

from appliednn.core.errors import AppliedNNError, IntegrityError, UsageError
from appliednn.pipeline import _stages as stages
from appliednn.pipeline._agents import (
    agent_plan,
    agent_results_stage,
    agent_stage,
    audit_agent_stage,
)
from appliednn.pipeline._environment import prepare_environment
from appliednn.pipeline._in_use import in_use
from appliednn.pipeline._interrupt import InterruptWatch
from appliednn.pipeline._journal import Journal
from appliednn.pipeline._lock import (
    config_sha256,
    devices_in_use,
    file_sha256,
    make_lock,
    resolved_text,
)
from appliednn.pipeline._outcome import CONTRACT, INTERRUPTED, RunOutcome, verdict_lines
from appliednn.pipeline._plan import plan_lines
from appliednn.pipeline._prepare import prepare
from appliednn.pipeline._progress import StageProgress
from appliednn.pipeline._run_folder import (
    FAILED,
    FINISHED,
    LOCK_HASH,
    RUNNING,
    RunFolder,
    find_unfinished,
    read_json,
    write_atomic,
    write_json,
    writing_to,
)
from appliednn.pipeline.config._metrics import REINFORCEMENT

#: Files whose hashes the lock keeps; of an agent there is no contract, of rows no history.
_LOCKED = (
    "config.yaml",
    "resolved.yaml",
    "contract.json",
    "model.ann",
    "history.json",
    "metrics.json",
    "gates.json",
    "report.json",
    "report.html",
    "log.jsonl",
)


def run(
    loaded: Any,
    *,
    resume: str | os.PathLike | bool | None = None,
    dry_run: bool = False,
    out: str | os.PathLike | None = None,
) -> RunOutcome:
    """Train, audit and gate what a config describes.

    Parameters
    ----------
    loaded : LoadedConfig
        From :func:`appliednn.pipeline.config.load_config`.
    resume : path, "latest" or True, optional
        An unfinished run folder to go on with, or the newest one of this config.
    dry_run : bool
        Read and check everything, say what would be done, write nothing.
    out : path, optional
        Folder of run folders; default: the config's ``report.dir``.

    Returns
    -------
    RunOutcome
        ``exit_code`` 0 pass, 3 the rows after a split by time break the data contract, 4 a gate
        failed, 130 interrupted.

    Raises
    ------
    UsageError
        When data or config cannot be used.
    IntegrityError
        When a resumed run's config or data have changed.
    """
    root = Path(out) if out is not None else loaded.resolve(loaded.config.report.dir)
    progress = StageProgress(_n_stages(loaded.config))
    with InterruptWatch() as watch:
        try:
            data = _prepared(loaded, progress)
            for warning in data.warnings:
                progress.line(f"warning: {warning}")
            if dry_run:
                plan = agent_plan if is_agent(loaded.config) else plan_lines
                return RunOutcome(0, lines=plan(loaded, data, root))
            lock = make_lock(loaded, data)
            found = _unfinished(loaded, lock, root, resume) if resume else None
            folder = found or RunFolder.create(root, loaded.config.name)
            advice = f"make room or choose another --out; {folder.path} can then be resumed"
            with writing_to(folder.path, advice), in_use(folder.path):
                _open_folder(loaded, data, folder, lock, new=found is None)
                journal = Journal(folder / "journal", watch.check)
                state = stages.RunState(loaded, data, folder, journal)
                try:
                    return _carry_out(state, progress, watch)
                except KeyboardInterrupt:
                    return _interrupted(folder)
        except KeyboardInterrupt:
            return _interrupted(None)


def is_agent(config: Any) -> bool:
    """Whether a run is one in which an agent learns in an environment."""
    return config.task == REINFORCEMENT


def _n_stages(config: Any) -> int:
    if is_agent(config):
        return 4
    return 7 if config.search.type != "none" else 6


def _prepared(loaded: Any, progress: StageProgress) -> Any:
    """Return the rows or the environment of a run."""
    if is_agent(loaded.config):
        with progress.stage("making the environment"):
            return prepare_environment(loaded.config)
    with progress.stage("reading the data"):
        data = prepare(loaded.config, loaded.base_dir)
        stages.check_labels(loaded.config, data.y)
    return data


def _open_folder(
    loaded: Any, data: Any, folder: RunFolder, lock: dict[str, Any], *, new: bool
) -> None:
    """Write what a new run starts with, or clear up what a killed one left."""
    if new:
        lock["base_dir"] = _relative(loaded.base_dir, folder.path)
        write_atomic(folder / "config.yaml", loaded.text)
        write_atomic(folder / "resolved.yaml", resolved_text(loaded))
        write_json(folder / "lock.json", lock)
    elif folder.status == FINISHED:  # by another process, while this one read the data
        raise UsageError(f"the run in {folder.path} is finished: nothing to resume")
    else:
        folder.sweep()
    folder.set_status(RUNNING)
    folder.point_latest()
    for warning in data.warnings:
        folder.log("warning", message=warning)


def _unfinished(loaded: Any, lock: dict[str, Any], root: Path, resume: Any) -> RunFolder:
    """Return the run folder to go on with, or say why it cannot be."""
    if resume is True or str(resume) in ("", "latest"):
        folder = find_unfinished(root, loaded.config.name, config_sha256(loaded))
    else:
        folder = RunFolder(Path(resume))
        if folder.status == FINISHED:
            raise UsageError(f"the run in {folder.path} is finished: nothing to resume")
    before = read_json(folder / "lock.json")
    changed = [
        f"{what}: was {before[what]['sha256'][:12]}, is {lock[what]['sha256'][:12]}"
        for what in ("config", "data")
        if before[what]["sha256"] != lock[what]["sha256"]
    ]
    if changed:
        raise IntegrityError(
            f"{folder.path} cannot be resumed, since something changed ({'; '.join(changed)}); "
            "start a new run without --resume"
        )
    return folder


def _carry_out(
    state: stages.RunState, progress: StageProgress, watch: InterruptWatch
) -> RunOutcome:
    """Run the stages; whatever ends them early is noted in STATUS."""
    folder, done = state.folder, False
    try:
        outcome = _run_stages(state, progress, watch)
        done = True
        return outcome
    except KeyboardInterrupt:
        done = True  # noted by the caller
        raise
    except AppliedNNError as error:
        done = True
        folder.set_status(FAILED, str(error).splitlines()[0])
        folder.log("failed", message=str(error))
        raise
    finally:
        if not done:
            with contextlib.suppress(OSError):  # a full disk may have stopped it
                folder.set_status(FAILED, "stopped by an error")


def _run_stages(
    state: stages.RunState, progress: StageProgress, watch: InterruptWatch
) -> RunOutcome:
    def stage(title: str, work: Any, *arguments: Any) -> Any:
        state.folder.log("stage", title=title)
        with progress.stage(title):
            result = work(state, *arguments)
        watch.check()
        return result

    if is_agent(state.config):
        agent = stage("training the agent", agent_stage)
        report = stage("auditing in the environment", audit_agent_stage, agent)
        stage("writing the results", agent_results_stage, report, agent)
        return _finish(state, report, [])
    broken = stage("learning the data contract", stages.contract_stage)
    for message in broken:
        progress.line(f"contract: {message}")
    search = None
    if state.config.search.type != "none":
        search = stage("searching parameters", stages.search_stage)
    model = stage("training the model", stages.fit_stage, search)
    model, chosen = stage("calibration and threshold", stages.decide_stage, search, model)
    report = stage("auditing on the test rows", stages.audit_stage, model)
    stage("writing the results", stages.results_stage, report, search, chosen, broken)
    return _finish(state, report, broken)


def _finish(state: stages.RunState, report: Any, broken: list[str]) -> RunOutcome:
    """Complete the lock, set STATUS, and say how it went."""
    folder, verdict = state.folder, str(report.verdict)
    # Only rows from later than the training rows are a later data set; a random draw of the same
    # table that holds one outlier is worth a line, not a failed run. Values that no training row
    # had are what a detector looks for.
    exit_code = report.exit_code
    if broken and state.config.split.type == "time" and state.config.task != "anomaly":
        exit_code = CONTRACT
    folder.log("finished", verdict=verdict, exit_code=exit_code)
    lock = read_json(folder / "lock.json")
    lock["device"] = devices_in_use()  # known now: training has loaded what it needs
    lock["files"] = {
        name: file_sha256(folder / name) for name in _LOCKED if (folder / name).is_file()
    }
    write_json(folder / "lock.json", lock)
    folder.set_status(FINISHED, f"{verdict}\n{LOCK_HASH}{file_sha256(folder / 'lock.json')}")
    shutil.rmtree(folder / "journal", ignore_errors=True)  # its models are not the final one
    lines = verdict_lines(report)
    if broken:
        places = "1 place" if len(broken) == 1 else f"{len(broken)} places"
        lines.append(f"The test rows break the data contract in {places}:")
        lines += [f"  {message}" for message in broken]
    lines.append(f"report: {folder / 'report.html'}")
    return RunOutcome(exit_code, verdict, folder.path, lines)


def _interrupted(folder: RunFolder | None) -> RunOutcome:
    """Note the interrupt; finished stages stay finished."""
    if folder is None:
        return RunOutcome(INTERRUPTED, lines=["interrupted before any work was done"])
    from appliednn.pipeline._run_folder import INTERRUPTED as STATUS

    folder.set_status(STATUS)
    folder.log("interrupted")
    lines = [f"interrupted; go on with --resume {folder.path}"]
    return RunOutcome(INTERRUPTED, None, folder.path, lines)


def _relative(base_dir: Path, folder: Path) -> str:
    """Return the config's folder as seen from the run folder, so that both can move together."""
    try:
        return Path(os.path.relpath(base_dir.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return str(base_dir.resolve())
