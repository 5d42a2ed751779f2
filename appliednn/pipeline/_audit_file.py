"""An audit of a saved model on a file of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from appliednn.audit._reads import lists_of
from appliednn.core.errors import UsageError
from appliednn.pipeline._anomalies import anomaly_labels, is_detector
from appliednn.pipeline._artifacts import load_model
from appliednn.pipeline._files import check_contract, model_features, read_file
from appliednn.pipeline._lock import file_sha256
from appliednn.pipeline._observations import is_agent
from appliednn.pipeline._outcome import RunOutcome, verdict_lines
from appliednn.pipeline._prepare import target_values
from appliednn.pipeline._run_folder import FINISHED, RunFolder, write_json, writing_to
from appliednn.pipeline._sensitive import sensitive_frame
from appliednn.pipeline._sentences import file_sentences, is_tagger, run_config


def audit_file(
    model: str | Path,
    data: str | Path | None = None,
    target: str | None = None,
    train: str | Path | None = None,
    sensitive: Sequence[str] = (),
    config: Any = None,
    out: str | Path | None = None,
) -> RunOutcome:
    """Audit a model file on rows it has not seen.

    Parameters
    ----------
    model : path
        ``model.ann``; data are held to the ``contract.json`` beside it.
    data : path, optional
        CSV, Parquet or Arrow file with the target; an agent alone needs none.
    target : str, optional
        Its column; a detector is audited without labels where there is none. What marks an
        anomaly is read from ``config``, else 1 (or -1 beside 1) does.
    train : path, optional
        File of the training rows; checks that need them are listed as not checked without.
    sensitive : sequence of str
        Columns of ``data`` to compare groups by; added to those of ``config``.
    config : LoadedConfig or path, optional
        Gates, options of the audit, positive class, attributes, bins and card texts are taken
        from it. Without it the positive class, and the bins of what ``sensitive`` names, are those
        of the run that made the model, where its ``resolved.yaml`` lies beside it.
    out : path, optional
        Folder to make a new report folder in; default: beside the model.

    Returns
    -------
    RunOutcome
        ``exit_code`` 4 if a gate failed.

    Raises
    ------
    DataContractError
        With every violation; nothing is written then.
    """
    from appliednn.audit import audit
    from appliednn.pipeline._stages import audit_options, card_texts

    model_path = Path(model)
    fitted = load_model(model_path)
    if is_agent(fitted):
        return _audit_agent(fitted, model_path, data or target or train, config, out)
    if data is None:
        raise UsageError("--data is needed: the rows to judge the model on")
    frame = read_file(data)
    detector = is_detector(fitted)
    if target is None and not detector:
        raise UsageError("--target is needed: the column with the truth")
    _need_columns(frame, [*([] if target is None else [target]), *sensitive], data)
    notes = check_contract(model_path, frame, with_target=not detector, values=not detector)
    loaded = _loaded(config)
    run = run_config(model_path) if loaded is None else loaded.config
    if is_tagger(fitted):
        rows = file_sentences(run, frame, data, tagged=True)
    else:
        rows = _complete(frame, target, notes)
    chosen = (
        {}
        if loaded is None
        else {
            "gates": [g.model_dump() for g in loaded.config.gates] or None,
            "options": audit_options(loaded.config),
            "card": card_texts(loaded.config),
            "config": loaded.text,
        }
    )
    if train is not None:
        seen = read_file(train)
        if is_tagger(fitted):
            seen = file_sentences(run, seen, train, tagged=True)
        else:
            seen = _complete(seen, target, notes)
        chosen["X_train"] = _inputs(fitted, seen, model_path, run)
        chosen["y_train"] = _truth(fitted, seen, target, run)
    report = audit(
        fitted,
        _inputs(fitted, rows, model_path, run),
        _truth(fitted, rows, target, run),
        sensitive=_groups(rows, sensitive, run, data, all_of_them=loaded is not None),
        positive=_positive(fitted, run, notes),
        random_state=0 if loaded is None else loaded.config.seed,
        **chosen,
    )
    root = model_path.parent if out is None else Path(out)
    return _write(report, RunFolder.create(root, "audit"), model_path, notes)


def _audit_agent(
    agent: Any, model_path: Path, rows: Any, config: Any, out: str | Path | None
) -> RunOutcome:
    """Audit an agent in its environment."""
    from appliednn.pipeline._audit_agent_file import agent_report

    if rows:
        raise UsageError(
            f"{model_path} is an agent, which is judged in its environment, not on rows: leave "
            "--data, --target and --train out"
        )
    report = agent_report(agent, model_path, _loaded(config))
    root = model_path.parent if out is None else Path(out)
    return _write(report, RunFolder.create(root, "audit"), model_path, [])


def _write(report: Any, folder: RunFolder, model_path: Path, notes: list[str]) -> RunOutcome:
    """Write the report's files into their folder."""
    document = report.to_dict()
    model = {"sha256": file_sha256(model_path)}
    gates = {"format": 1, **document["verdict"], "gates": document["gates"]}
    with writing_to(folder.path, "make room or choose another --out"):
        write_json(folder / "lock.json", {"format": 1, "model": model})
        write_json(folder / "gates.json", gates)
        report.to_json(folder / "report.json")
        report.to_html(folder / "report.html")
        folder.set_status(FINISHED, str(report.verdict))
    lines = [*notes, *verdict_lines(report), f"report: {folder / 'report.html'}"]
    return RunOutcome(report.exit_code, str(report.verdict), folder.path, lines)


def _loaded(config: Any) -> Any:
    """Return a loaded config, whichever way it was given."""
    if config is None or hasattr(config, "config"):
        return config
    from appliednn.pipeline.config import load_config

    return load_config(config)


def _truth(model: Any, rows: pd.DataFrame, target: str | None, run: Any) -> np.ndarray | None:
    """Return the targets of rows as the audit takes them; None without any."""
    if target is None:
        return None
    if is_tagger(model):
        return lists_of(rows[target])
    if is_detector(model):
        return anomaly_labels(rows[target], None if run is None else run.data.positive)
    return target_values(rows[target], classification=hasattr(model, "classes_"))


def _inputs(model: Any, rows: pd.DataFrame, model_path: Path, run: Any) -> pd.DataFrame:
    """Return what the model reads of rows."""
    if is_tagger(model):
        return rows[[run.data.text]]
    return model_features(model, rows, model_path)


def _complete(frame: pd.DataFrame, target: str | None, notes: list[str]) -> pd.DataFrame:
    """Return the rows that have a target, and note how many have none."""
    if target is None:
        return frame
    _need_columns(frame, [target], "the training file")
    missing = int(frame[target].isna().sum())
    if missing:
        notes.append(f"note: {missing} rows without {target} are left out")
    return frame[frame[target].notna()].reset_index(drop=True)


def _need_columns(frame: pd.DataFrame, names: Sequence[str], where: Any) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise UsageError(
            f"{where} has no column {', '.join(map(repr, absent))}; columns: "
            f"{', '.join(frame.columns)}"
        )


def _groups(
    frame: pd.DataFrame, names: Sequence[str], run: Any, where: Any, *, all_of_them: bool
) -> Any:
    """Return the sensitive attributes as categories, with the config's bins."""
    bins = {} if run is None else {a.column: a.bins for a in run.data.sensitive}
    attributes = {**(bins if all_of_them else {}), **{name: bins.get(name) for name in names}}
    if not attributes:
        return None
    _need_columns(frame, list(attributes), where)
    return sensitive_frame(frame, list(attributes.items()), np.arange(len(frame)))


def _positive(model: Any, run: Any, notes: list[str]) -> Any:
    """Return the positive class of a two-class model, as the model writes it."""
    if len(getattr(model, "classes_", ())) != 2:
        return None
    from appliednn.pipeline._train import positive_index

    positive = model.classes_[1 if run is None else positive_index(run, model.classes_)].item()
    notes.append(f"note: the positive class is {positive}")
    return positive
