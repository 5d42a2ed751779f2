"""Predictions for a file of rows, checked against the data contract first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError
from appliednn.pipeline._anomalies import detections, is_detector
from appliednn.pipeline._artifacts import load_model
from appliednn.pipeline._files import KINDS, check_contract, model_features, read_file
from appliednn.pipeline._observations import actions_of, is_agent
from appliednn.pipeline._outcome import RunOutcome
from appliednn.pipeline._run_folder import atomic_path, writing_to
from appliednn.pipeline._sentences import file_sentences, is_tagger, rows_of, run_config

CHUNK = 50_000  # rows predicted at a time, to keep memory flat


def predict_file(
    model: str | Path, data: str | Path, out: str | Path, *, reasons: bool = False
) -> RunOutcome:
    """Predict the rows of a file.

    Parameters
    ----------
    model : path
        ``model.ann``; the ``contract.json`` beside it is what the data are held to.
    data : path
        CSV, Parquet or Arrow.
    out : path
        Where to write, by its suffix: one row for each row of ``data``, in their order, with the
        column ``prediction`` and, for a classifier, ``probability[<class>]`` for each class; of
        a detector ``score``, ``flag`` and the features that raise the score of a flagged row; of
        an agent ``prediction``, the action for each row of observations.
    reasons : bool
        Of a model that reads text: add the words that speak most for each answer.

    Returns
    -------
    RunOutcome

    Raises
    ------
    DataContractError
        With every violation; nothing is written then. Values that no training row had are what a
        detector looks for: for it they are notes.
    """
    model_path, out = Path(model), Path(out)
    kind = KINDS.get(out.suffix.lower())
    if kind is None:
        raise UsageError(f"--out {out}: the suffix must be one of {', '.join(KINDS)}")
    fitted = load_model(model_path)
    frame = read_file(data)
    if not len(frame):
        raise UsageError(f"{data} holds no rows")
    if is_agent(fitted):
        return _act(fitted, frame, data, out, reasons=reasons)
    detector = is_detector(fitted)
    notes = check_contract(model_path, frame, with_target=False, values=not detector)
    if is_tagger(fitted):
        predictions = _tags(fitted, frame, model_path, data)
    else:
        X = _whole_texts(fitted, model_features(fitted, frame, model_path), notes)
        predictions = detections(fitted, X) if detector else predict_frame(fitted, X)
    if reasons:
        if is_tagger(fitted):
            raise UsageError("--reasons is for models that read whole texts; leave it out")
        predictions = predictions.join(_reasons(fitted, X, predictions))
    with writing_to(out, "choose another --out"), atomic_path(out) as temporary:
        _write(predictions, temporary, kind)
    n = "1 prediction" if len(predictions) == 1 else f"{len(predictions)} predictions"
    if detector:
        n = f"{int(predictions['flag'].sum())} of {len(predictions)} rows flagged"
    return RunOutcome(0, lines=[*notes, f"{n}: {out}"])


def _act(model: Any, frame: pd.DataFrame, data: Any, out: Path, *, reasons: bool) -> RunOutcome:
    """Write an agent's action for each row of observations."""
    if reasons:
        raise UsageError("--reasons is for models that read texts; the audit explains agents")
    actions, note = actions_of(model, frame, data)
    with writing_to(out, "choose another --out"), atomic_path(out) as temporary:
        _write(actions, temporary, KINDS[out.suffix.lower()])
    n = "1 action" if len(actions) == 1 else f"{len(actions)} actions"
    return RunOutcome(0, lines=[note, f"{n}: {out}"])


def _tags(model: Any, frame: pd.DataFrame, model_path: Path, data: Any) -> pd.DataFrame:
    """Return a tag for each row of a file of tokens, in the order of the file."""
    run = run_config(model_path)
    sentences = file_sentences(run, frame, data, tagged=False)
    tags = [tag for row in model.predict(sentences[run.data.text].tolist()) for tag in row]
    out = np.empty(len(frame), dtype=object)
    out[rows_of(frame, run.data.sentence)] = tags
    return pd.DataFrame({"prediction": out})


def _whole_texts(model: Any, X: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Return what a model reads, missing texts as empty ones and a note of them."""
    from appliednn.pipeline._texts import reads_text

    n_missing = int(X.isna().to_numpy().sum()) if reads_text(model) else 0
    if not n_missing:
        return X
    are = "text is" if n_missing == 1 else "texts are"
    notes.append(f"note: {n_missing} {are} missing and read as empty")
    return X.fillna("")


def _reasons(model: Any, X: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the words behind the answers of a model that reads text."""
    from appliednn.pipeline._texts import answer_reasons, reads_text
    from appliednn.text import as_texts

    if not reads_text(model):
        raise UsageError(
            "--reasons is for models that read text (a detector gives its reasons anyway); the "
            "audit explains the others"
        )
    return answer_reasons(model, as_texts(X), predictions["prediction"].to_numpy())


def predict_frame(model: Any, X: pd.DataFrame) -> pd.DataFrame:
    """Return predictions (and probabilities) of rows, shape (n, 1 or 1 + n_classes)."""
    parts = []
    for start in range(0, len(X), CHUNK):
        rows = X.iloc[start : start + CHUNK]
        part = {"prediction": np.asarray(model.predict(rows))}
        if hasattr(model, "predict_proba"):
            proba = np.asarray(model.predict_proba(rows))
            for label, column in zip(model.classes_.tolist(), proba.T, strict=True):
                part[f"probability[{label}]"] = column
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def _write(frame: pd.DataFrame, path: Path, kind: str) -> None:
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_feather(path)
