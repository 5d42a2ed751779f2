"""``init``: a commented config to start from, with columns and task read from the data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliednn.core.errors import UsageError
from appliednn.pipeline.config._problems import closest

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
    target, task : str
        Column to predict, and classification or regression.
    positive : label or None
        The rarer of two classes.
    drop, sensitive : list of str
        Columns that look like ids, and that look like sensitive attributes.
    notes : list of str
        What to look at, for the user.
    """

    target: str
    task: str
    positive: Any
    drop: list[str]
    sensitive: list[str]
    notes: list[str]


def write_template(
    source: str, *, out: Path | None = None, target: str | None = None, force: bool = False
) -> tuple[Path, list[str]]:
    """Write a commented config for a data file or a data set.

    Parameters
    ----------
    source : str
        CSV, Parquet or Arrow file, or the name of a data set.
    out : pathlib.Path, optional
        File to write; default: ``<name>.yaml`` in the working folder.
    target : str, optional
        Column to predict; default: guessed from names, else the last column.
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
    name = _run_name(Path(source).name)
    path = Path(f"{name}.yaml") if out is None else Path(out)
    if path.exists() and not force:
        raise UsageError(f"{path} exists and is not overwritten; use --force or --out FILE")
    frame, description, known = _read(source, path.parent)
    guess = _guess(frame, target or known.get("target"), known)
    text = _render(name, description, guess)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}); choose another --out"
        ) from error
    return path, guess.notes


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
        return bunch.frame, {"type": "dataset", "name": source}, known
    if kind is None:
        endings = ", ".join(_FILES)
        raise UsageError(f"{source} was given; expected a file ending in {endings}")
    frame = read({"type": kind, "path": source}, Path())
    relative = os.path.relpath(source, folder)
    return frame, {"type": kind, "path": Path(relative).as_posix()}, {}


def _guess(frame: pd.DataFrame, target: str | None, known: dict[str, Any]) -> Guess:
    columns = [str(c) for c in frame.columns]
    notes = []
    if not columns:
        raise UsageError("the data have no columns")
    if target is None:
        by_lower = {c.lower(): c for c in columns}
        target = next((by_lower[t] for t in _TARGETS if t in by_lower), columns[-1])
        notes.append(f"target: {target} (a guess; --target names another)")
    elif target not in columns:
        near = closest(target, columns)
        hint = f"; did you mean {near!r}?" if near else f"; it has {', '.join(columns[:20])}"
        raise UsageError(f"the data have no column {target!r}{hint}")
    values = frame[target].dropna()
    task = known.get("task") or _task(values)
    notes.append(f"task: {task}")
    positive = known.get("positive")
    if positive is None and task == "classification" and values.nunique() == 2:
        positive = values.value_counts().index[-1]
        positive = positive.item() if hasattr(positive, "item") else positive
        if isinstance(positive, float) and positive.is_integer():
            positive = int(positive)  # a float only because other rows have no label
    features = [c for c in columns if c != target]
    sensitive = known.get("sensitive") or [c for c in features if _SENSITIVE.fullmatch(c)]
    drop = [c for c in features if _is_id(frame, c)]
    if drop:
        notes.append(f"drop: {', '.join(drop)} (they only tell rows apart)")
    return Guess(target, task, positive, drop, [c for c in sensitive if c not in drop], notes)


def _task(values: pd.Series) -> str:
    """Return classification for text, booleans and few whole numbers, else regression."""
    from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

    if is_bool_dtype(values) or not is_numeric_dtype(values):
        return "classification"
    whole = not is_float_dtype(values) or bool((values % 1 == 0).all())
    return "classification" if whole and values.nunique() <= _MAX_CLASSES else "regression"


def _is_id(frame: pd.DataFrame, column: str) -> bool:
    """Return whether a column only tells rows apart: numbered rows, or a text of its own each."""
    from pandas.api.types import is_float_dtype, is_numeric_dtype

    values = frame[column]
    if is_float_dtype(values) or values.nunique() < len(frame):
        return False
    named = _IDS.fullmatch(column) or column.endswith(("Id", "ID"))
    return bool(named) or (len(frame) >= _MANY_ROWS and not is_numeric_dtype(values))


def _render(name: str, source: dict[str, str], guess: Guess) -> str:
    classes = guess.task == "classification"
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
    if guess.positive is not None:
        lines.append(f"  positive: {scalar(guess.positive)}   # the class that counts as found")
    lines.append(f"  drop: {_flow(guess.drop)}   # ids, dates, columns unknown when predicting")
    lines.append(f"  sensitive: {_flow(guess.sensitive)}   # attributes audited for fairness")
    lines += _CLASSIFICATION if classes else _REGRESSION
    return "\n".join(lines) + "\n"


_CLASSIFICATION = [
    """
split: {type: stratified, test_size: 0.25}   # or grouped / time, with the column
missing: {type: model}       # median and indicator; or simple, knn, iterative, drop_rows
imbalance: {type: none}      # or class_weight, sampler, prior_correction

model:
  # Tuned for tables. MLPClassifier is quicker; AutoTabularClassifier chooses and mixes models
  # by itself within max_seconds; `appliednn schema model` lists all.
  type: RealMLPClassifier
  n_ensemble: 1              # networks trained side by side; 4 are steadier than 1
baselines: [LogisticRegression, HistGradientBoostingClassifier]
search: {type: none}         # or random / halving over a space of parameters
calibration: {type: temperature, fraction: 0.2}
threshold: {type: default}   # or metric, or cost with false_positive and false_negative

robustness: {enabled: true, eps: [0.05, 0.1, 0.2]}
explain: {enabled: true, max_rows: 200}
fairness: {enabled: true, metric: equal_opportunity_difference, min_group_size: 30}

# Without gates the audit's default gates apply. For example:
# gates:
#   - {metric: roc_auc, op: ">=", threshold: 0.75, inconclusive: warn}
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""
]
_REGRESSION = [
    """
split: {type: random, test_size: 0.25}       # or grouped / time, with the column
missing: {type: model}       # median and indicator; or simple, knn, iterative, drop_rows

model:
  # Tuned for tables. MLPRegressor is quicker; AutoTabularRegressor chooses and mixes models
  # by itself within max_seconds; `appliednn schema model` lists all.
  type: RealMLPRegressor
  n_ensemble: 1              # networks trained side by side; 4 are steadier than 1
baselines: [Ridge, HistGradientBoostingRegressor]
search: {type: none}         # or random / halving over a space of parameters

robustness: {enabled: true, eps: [0.05, 0.1, 0.2]}
explain: {enabled: true, max_rows: 200}

# Without gates the audit's default gates apply. For example:
# gates:
#   - {metric: r2, op: ">=", threshold: 0.7, inconclusive: warn}
gates: []

report:
  dir: reports
  # title, intended_use and owner are printed in the report; without them it says MISSING."""
]


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
