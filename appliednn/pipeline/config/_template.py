"""``init``: a commented config to start from, with columns and task read from the data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliednn.core.errors import UsageError
from appliednn.pipeline.config._agent_template import agent_template, environment_name
from appliednn.pipeline.config._metrics import REINFORCEMENT, TASKS
from appliednn.pipeline.config._problems import closest
from appliednn.pipeline.config._template_text import SECTIONS

if TYPE_CHECKING:
    import pandas as pd

_FILES = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
_TARGETS = (
    "target",
    "label",
    "class",
    "outcome",
    "status",
    "survived",
    "churn",
    "attrition",
    "default",
    "price",
    "sale_price",
    "saleprice",
    "y",
)
_MARKS = ("label", "anomaly", "is_anomaly", "anomalous", "outlier", "is_outlier", "target")
_SENSITIVE = re.compile(
    r"(age|sex|gender|race|ethnicity|ethnic|religion|nationality|marital|disability|"
    r"geschlecht|alter)([_.-].*)?",
    re.IGNORECASE,
)
_IDS = re.compile(r"(id|.*[ _.-]id|uuid|index|unnamed: 0)", re.IGNORECASE)
_MAX_CLASSES = 20
_MANY_ROWS = 50
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./()+-]*[A-Za-z0-9_)]|[A-Za-z_]")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True)
class Guess:
    """What was read from the data.

    Attributes
    ----------
    target : str or None
        Column to predict; None where nothing marks anomalies.
    task : str
        Task of the config.
    positive : label or None
        The rarer of two classes.
    drop, sensitive : list of str
        Columns that look like ids, and that look like sensitive attributes.
    notes : list of str
        What to look at, for the user.
    text : str or None
        Column of the texts, of a task on text; of the tokens, of tagging.
    sentence : str or None
        Column of the sentences, of tagging.
    """

    target: str | None
    task: str
    positive: Any
    drop: list[str]
    sensitive: list[str]
    notes: list[str]
    text: str | None = None
    sentence: str | None = None


def write_template(
    source: str,
    *,
    out: Path | None = None,
    target: str | None = None,
    task: str | None = None,
    force: bool = False,
) -> tuple[Path, list[str]]:
    """Write a commented config for a data file or a data set.

    Parameters
    ----------
    source : str
        CSV, Parquet or Arrow file, or the name of a data set; with ``task="reinforcement"`` the
        id of an environment.
    out : pathlib.Path, optional
        File to write; default: ``<name>.yaml`` in the working folder.
    target : str, optional
        Column to predict; default: guessed from names, else the last column.
    task : str, optional
        Task of the config; default: read from the target.
    force : bool
        Overwrite an existing file.

    Returns
    -------
    path : pathlib.Path
        The file written.
    notes : list of str
        What was guessed.

    Raises
    ------
    UsageError
        If there is no such data or column, or the file exists.
    """
    agent = task == REINFORCEMENT
    name = environment_name(source) if agent else _run_name(Path(source).name)
    path = Path(f"{name}.yaml") if out is None else Path(out)
    if path.exists() and not force:
        raise UsageError(f"{path} exists and is not overwritten; use --force or --out FILE")
    text, notes = (
        agent_template(source, name) if agent else _of_rows(source, path, name, target, task)
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}); choose another --out"
        ) from error
    return path, notes


def _of_rows(
    source: str, path: Path, name: str, target: str | None, task: str | None
) -> tuple[str, list[str]]:
    """Return the text of a config for rows, and what was guessed."""
    frame, description, known = _read(source, path.parent)
    if task is not None and task not in TASKS:
        tasks = ", ".join((*TASKS, REINFORCEMENT))
        raise UsageError(f"--task {task} was given; expected one of {tasks}")
    known |= {"task": task or known.get("task")}
    guess = _guess(frame, target or known.get("target"), known)
    return _render(name, description, guess), guess.notes


def _run_name(file: str) -> str:
    """Return a run name from a file name.

    Examples
    --------
    >>> _run_name("my loans.csv.gz")
    'my-loans'
    """
    end = next((e for e in sorted(_FILES, key=len)[::-1] if file.lower().endswith(e)), "")
    stem = file[: len(file) - len(end)]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._") or "run"


def _read(source: str, folder: Path) -> tuple[pd.DataFrame, dict[str, str], dict[str, Any]]:
    """Return rows, the section ``data.source`` and what is known beforehand."""
    import os

    from appliednn.datasets._sources import read

    kind = next((k for end, k in _FILES.items() if source.lower().endswith(end)), None)
    if kind is None and not Path(source).exists():
        from appliednn.datasets import load

        bunch = load(source)
        known = {"target": bunch.target_name, "task": bunch.task, "positive": bunch.positive}
        known["sensitive"] = list(bunch.sensitive)
        known |= {"text": bunch.text, "sentence": bunch.sentence}
        return bunch.frame, {"type": "dataset", "name": source}, known
    if kind is None:
        endings = ", ".join(_FILES)
        raise UsageError(f"{source} was given; expected a file ending in {endings}")
    frame = read({"type": kind, "path": source}, Path())
    relative = os.path.relpath(source, folder)
    return frame, {"type": kind, "path": Path(relative).as_posix()}, {}


def _guess(frame: pd.DataFrame, target: str | None, known: dict[str, Any]) -> Guess:
    columns = [str(c) for c in frame.columns]
    if not columns:
        raise UsageError("the data have no columns")
    target, notes = _target(columns, target, anomaly=known.get("task") == "anomaly")
    task, positive = known.get("task"), known.get("positive")
    if target is not None:
        values = frame[target].dropna()
        task = task or _task(values)
        positive = _positive(values, task) if positive is None else positive
        positive = None if task.endswith("regression") else positive
    notes.append(f"task: {task}")
    features = [c for c in columns if c != target]
    if task == "tagging":
        token, sentence = _tokens(features, known)
        notes.append(f"text: {token}, sentence: {sentence}")
        return Guess(target, task, None, [], [], notes, token, sentence)
    if task.startswith("text-"):
        text = known.get("text") or _texts(frame, features)
        notes.append(f"text: {text}")
        return Guess(target, task, positive, [], [], notes, text)
    sensitive = known.get("sensitive") or [c for c in features if _SENSITIVE.fullmatch(c)]
    drop = [c for c in features if _is_id(frame, c)]
    if drop:
        notes.append(f"drop: {', '.join(drop)} (they only tell rows apart)")
    return Guess(target, task, positive, drop, [c for c in sensitive if c not in drop], notes)


def _target(
    columns: list[str], target: str | None, *, anomaly: bool
) -> tuple[str | None, list[str]]:
    """Return the target and a note where it was guessed."""
    by_lower = {c.lower(): c for c in columns}
    if target is None and anomaly:
        target = next((by_lower[t] for t in _MARKS if t in by_lower), None)
        return target, [f"target: {target or 'none'} (a guess; --target names another column)"]
    if target is None:
        target = next((by_lower[t] for t in _TARGETS if t in by_lower), columns[-1])
        return target, [f"target: {target} (a guess; --target names another)"]
    if target not in columns:
        near = closest(target, columns)
        hint = f"; did you mean {near!r}?" if near else f"; it has {', '.join(columns[:20])}"
        raise UsageError(f"the data have no column {target!r}{hint}")
    return target, []


def _positive(values: pd.Series, task: str) -> Any:
    """Return the rarer of two classes, None where there are others or nothing to name."""
    if task.endswith("regression") or values.nunique() != 2:
        return None
    positive = values.value_counts().index[-1]
    positive = positive.item() if hasattr(positive, "item") else positive
    if isinstance(positive, float) and positive.is_integer():
        positive = int(positive)  # a float only because other rows have no label
    # 0 and 1 (or 1 and -1) say by themselves which of them marks an anomaly.
    return None if task == "anomaly" and not isinstance(positive, str) else positive


def _task(values: pd.Series) -> str:
    """Return classification for text, booleans and few whole numbers, else regression."""
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

    if is_bool_dtype(values) or not is_numeric_dtype(values):
        return "classification"
    whole = not is_float_dtype(values) or bool((values % 1 == 0).all())
    return "classification" if whole and values.nunique() <= _MAX_CLASSES else "regression"


def _tokens(columns: list[str], known: dict[str, Any]) -> tuple[str, str]:
    """Return the columns of the tokens and of the sentences: by their names, else the first."""
    by_lower = {c.lower(): c for c in columns}
    token, sentence = known.get("text"), known.get("sentence")
    names = ("token", "word", "text", "form")
    token = token or next((by_lower[n] for n in names if n in by_lower), None)
    names = ("sentence", "sentence_id", "sentence #", "sent", "sent_id", "document", "id")
    sentence = sentence or next((by_lower[n] for n in names if n in by_lower), None)
    left = [c for c in columns if c not in (token, sentence)]
    sentence = sentence or (left.pop(0) if left else None)
    token = token or (left.pop(0) if left else None)
    if token is None or sentence is None:
        raise UsageError("tagging needs three columns: sentence, token and tag, a row a token")
    return token, sentence


def _texts(frame: pd.DataFrame, columns: list[str]) -> str:
    """Return the column with the longest strings."""
    sizes = {
        c: frame[c].dropna().str.len().mean()
        for c in columns
        if len(frame[c].dropna()) and all(isinstance(v, str) for v in frame[c].dropna())
    }
    if not sizes:
        raise UsageError("a task on text needs a column of texts, and no column holds strings")
    return max(sizes, key=sizes.__getitem__)


def _is_id(frame: pd.DataFrame, column: str) -> bool:
    """Return whether a column only tells rows apart: numbered rows, or a text of its own each."""
    from pandas.api.types import is_float_dtype, is_numeric_dtype

    values = frame[column]
    if is_float_dtype(values) or values.nunique() < len(frame):
        return False
    named = _IDS.fullmatch(column) or column.endswith(("Id", "ID"))
    return bool(named) or (len(frame) >= _MANY_ROWS and not is_numeric_dtype(values))


def _render(name: str, source: dict[str, str], guess: Guess) -> str:
    fields = ", ".join(f"{key}: {scalar(value)}" for key, value in source.items())
    lines = [
        "# A run: appliednn run trains, audits and gates the model and writes a report.",
        "# Check it with appliednn validate; appliednn schema SECTION explains each key.",
        "version: 1",
        f"name: {scalar(name)}",
        f"task: {guess.task}",
        "seed: 0                      # root of every random number",
        "",
        "data:",
        f"  source: {{{fields}}}",
        f"  target: {scalar(guess.target)}",
    ]
    if guess.task == "anomaly":
        lines[-1] += "   # marks anomalies; only the audit reads it (null: nothing marks them)"
    if guess.sentence is not None:
        lines.insert(-1, f"  sentence: {scalar(guess.sentence)}   # tells the sentences apart")
        lines.insert(-1, f"  text: {scalar(guess.text)}   # the tokens, a row each")
        return "\n".join([*lines, SECTIONS[guess.task]]) + "\n"
    if guess.text is not None:
        lines.insert(-1, f"  text: {scalar(guess.text)}   # the one column that the model reads")
    if guess.positive is not None:
        lines.append(f"  positive: {scalar(guess.positive)}   # the class that counts as found")
    if guess.text is None:
        note = "ids, dates, columns unknown when predicting"
        lines.append(f"  drop: {_flow(guess.drop)}   # {note}")
    if guess.task != "anomaly":
        lines.append(f"  sensitive: {_flow(guess.sensitive)}   # attributes audited for fairness")
    split = "random" if guess.target is None else "stratified"
    lines.append(SECTIONS[guess.task].replace("SPLIT", split))
    return "\n".join(lines) + "\n"


def _flow(names: list[str]) -> str:
    return f"[{', '.join(map(scalar, names))}]"


def scalar(value: Any) -> str:
    """Return a value as YAML in one line, quoted where it would be read as something else.

    Examples
    --------
    >>> scalar("Sale_Price"), scalar("no"), scalar("a: b"), scalar(True), scalar("12")
    ('Sale_Price', '"no"', '"a: b"', 'true', '"12"')
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
