"""From a config to rows: read, found usable, split, features and attributes apart."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from appliednn.audit._reads import lists_of
from appliednn.core.errors import UsageError
from appliednn.pipeline._anomalies import anomaly_labels
from appliednn.pipeline._seeds import stage_seed
from appliednn.pipeline._sensitive import sensitive_frame
from appliednn.pipeline._sentences import gather, token_problems
from appliednn.pipeline._split import split_rows


@dataclass(frozen=True)
class Prepared:
    """The rows of a run.

    Attributes
    ----------
    frame : DataFrame of shape (n, n_columns)
        All rows with a target (where there is one), with every column.
    X : DataFrame of shape (n, n_features)
        Features of all rows.
    y : ndarray of shape (n,) or None
        Targets: labels as NumPy numbers, booleans or strings; float64 in a regression; 1 for a
        marked anomaly and 0 for other rows, None where nothing marks them.
    train, test : ndarray of int
        Positions of the rows.
    sensitive : DataFrame of shape (n, n_attributes)
        Audited attributes of all rows, as categories.
    groups : ndarray of shape (n,) or None
        Groups of a grouped split.
    sha256 : str
        Fingerprint of the data as read.
    n_read : int
        Rows as read.
    warnings : list of str
        What a reader should know and what does not stop the run.
    """

    frame: pd.DataFrame
    X: pd.DataFrame
    y: np.ndarray | None
    train: np.ndarray
    test: np.ndarray
    sensitive: pd.DataFrame
    groups: np.ndarray | None
    sha256: str
    n_read: int
    warnings: list[str] = field(default_factory=list)

    def for_lock(self) -> dict[str, Any]:
        """Return what the lock says of the rows."""
        return {
            "sha256": self.sha256,
            "rows": self.n_read,
            "rows_used": len(self.frame),
            "rows_train": len(self.train),
            "rows_test": len(self.test),
            "schema": [{"name": c, "dtype": str(t)} for c, t in self.frame.dtypes.items()],
        }


def prepare(config: Any, base_dir: Path) -> Prepared:
    """Read and split the data of a config.

    Raises
    ------
    UsageError
        With everything that makes the data unusable.
    """
    from appliednn.datasets import fingerprint

    read_frame = read_data(config, base_dir)
    warnings = check_data(config, read_frame)
    target = config.data.target
    frame = read_frame if target is None else read_frame[read_frame[target].notna()]
    frame = frame.reset_index(drop=True)
    if config.kind == "tagging":
        frame = gather(frame, config.data.sentence, [config.data.text, target])
    y = _targets(config, frame)
    train, test = split_rows(
        frame.assign(**{target: y}) if config.task == "anomaly" and y is not None else frame,
        None if config.kind == "tagging" else target,
        config.split.model_dump(),
        classification=config.kind not in ("regression", "tagging"),
        seed=stage_seed(config.seed, "split"),
    )
    X, empty = _features(config, frame, train)
    empty = [c for c in empty if frame[c].notna().any()]  # the others are said already
    if empty:
        warnings.append(f"no training row has a value in {', '.join(empty)}: left out")
    warnings += _check_sides(config, y, train, test)
    attributes = [(a.column, a.bins) for a in config.data.sensitive]
    grouped = config.split.type == "grouped"
    return Prepared(
        frame=frame,
        X=X,
        y=y,
        train=train,
        test=test,
        sensitive=sensitive_frame(frame, attributes, train),
        groups=pd.factorize(frame[config.split.column])[0] if grouped else None,
        sha256=fingerprint(read_frame),
        n_read=len(read_frame),
        warnings=warnings,
    )


def read_data(config: Any, base_dir: Path) -> pd.DataFrame:
    """Return the rows of the config's source, columns named by strings, with a fresh index."""
    from appliednn.datasets import read

    frame = read(config.data.source.model_dump(), base_dir).reset_index(drop=True)
    frame.columns = [str(c) for c in frame.columns]
    return frame


def check_data(config: Any, frame: pd.DataFrame) -> list[str]:
    """Return warnings, or raise everything that makes the data unusable, all at once."""
    from appliednn.datasets import check_usable

    if config.kind == "tagging":
        fatal = token_problems(config, frame)
        if fatal:
            raise UsageError("\n".join(fatal))
        return []
    found = check_usable(
        _read_columns(config, frame),
        config.data.target,
        config.kind,
        stratified=config.split.type == "stratified",
    )
    fatal = [p.message for p in found if p.fatal] + _unknown_columns(config, frame)
    fatal += _text_problems(config, frame)
    usable = not any(p.fatal and p.rule == "target" for p in found)
    if usable and config.kind == "classification":
        fatal += _positive_problem(config, frame[config.data.target])
    elif usable and config.task == "anomaly" and config.data.target is not None:
        fatal += _anomaly_problems(config, frame[config.data.target])
    if config.imbalance.type == "sampler" and not fatal:
        fatal += _sampler_problems(config, frame)
    if fatal:
        raise UsageError("\n".join(fatal))
    return [p.message for p in found if not p.fatal]


def _read_columns(config: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a model could learn from, and the target."""
    if config.reads == "text":
        return frame[[c for c in frame if c in (config.data.text, config.data.target)]]
    left_out = [c for c in config.data.drop if c in frame.columns and c != config.data.target]
    return frame.drop(columns=left_out)


def _text_problems(config: Any, frame: pd.DataFrame) -> list[str]:
    """Return why the column of the texts holds none."""
    name = config.data.text
    if config.reads != "text" or name not in frame.columns:
        return []
    odd = [v for v in frame[name].dropna() if not isinstance(v, str)]
    if not odd:
        return []
    return [
        f"data.text: {name!r} holds {len(odd)} values that are no texts, such as {odd[0]!r}; name "
        "a column of strings"
    ]


def _unknown_columns(config: Any, frame: pd.DataFrame) -> list[str]:
    """Return a sentence for each column the config names and the data do not have."""
    wanted = [(f"data.drop.{i}", c) for i, c in enumerate(config.data.drop)]
    wanted += [("data.text", config.data.text)] if config.data.text is not None else []
    wanted += [(f"data.sensitive.{i}", a.column) for i, a in enumerate(config.data.sensitive)]
    if getattr(config.split, "column", None) is not None:
        wanted.append(("split.column", config.split.column))
    problems = []
    for where, name in wanted:
        if name not in frame.columns:
            close = difflib.get_close_matches(name, list(frame.columns), n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"columns: {', '.join(frame)}"
            problems.append(f"{where}: there is no column {name!r}; {hint}")
    numeric = {a.column for a in config.data.sensitive if a.bins and a.column in frame.columns}
    problems += [
        f"data.sensitive: {name!r} has bins and holds no numbers (dtype {frame[name].dtype})"
        for name in sorted(numeric)
        if not pd.api.types.is_numeric_dtype(frame[name])
    ]
    return problems


def _positive_problem(config: Any, target: pd.Series) -> list[str]:
    from appliednn.imbalance._labels import label_position

    present, positive = target.dropna(), config.data.positive
    if positive is None or not len(present):  # a target without values is said already
        return []
    labels = sorted(set(target_values(present, classification=True).tolist()), key=str)
    if label_position(positive, labels) is not None:
        return []
    return [
        f"data.positive: no row has the label {positive!r}; labels of "
        f"{config.data.target!r}: {', '.join(map(str, labels[:10]))}"
    ]


def _anomaly_problems(config: Any, target: pd.Series) -> list[str]:
    """Return why the column does not mark anomalies."""
    from appliednn.pipeline.registry import estimator

    gaps = int(target.isna().sum())
    if gaps and estimator(config.model.type).series:
        return [
            f"data.target: {target.name!r} is missing at {gaps} points; leaving them out would "
            "tear the series apart: fill the column in, or leave data.target out"
        ]
    try:
        anomaly_labels(target.dropna(), config.data.positive)
    except UsageError as error:
        return [str(error)]
    return []


def _sampler_problems(config: Any, frame: pd.DataFrame) -> list[str]:
    from appliednn.imbalance import sampler_problems
    from appliednn.pipeline._model import make_sampler

    X, _ = _features(config, frame, np.arange(len(frame)))
    filled = config.missing.type not in ("model",)
    found = sampler_problems(make_sampler(config), X, filled=filled)
    return [f"imbalance: {problem}" for problem in found]


def feature_names(config: Any, columns: list[str]) -> list[str]:
    """Return the columns that are features; of a model that reads text the column of the texts.

    The target, what ``drop`` names and the column of a grouped or timed split are none: a group
    that is new, or a moment that is later, tells a model nothing it was trained on.
    """
    if config.reads != "table":
        return [config.data.text]
    out = {config.data.target, *config.data.drop, getattr(config.split, "column", None)}
    return [c for c in columns if c not in out]


def _features(config: Any, frame: pd.DataFrame, train: np.ndarray) -> tuple[Any, list[str]]:
    """Return the features and the names of those that no training row has a value in."""
    names = feature_names(config, list(frame.columns))
    if not names:
        raise UsageError("no column is left as a feature: data.drop takes all of them")
    known = frame[names].iloc[train].notna().any()
    empty = [c for c in names if not known[c]]
    if len(empty) == len(names):
        raise UsageError("no feature has a value in any training row")
    return frame[[c for c in names if known[c]]], empty


def _targets(config: Any, frame: pd.DataFrame) -> np.ndarray | None:
    """Return the targets of all rows; None where nothing marks anomalies."""
    if config.data.target is None:
        return None
    target = frame[config.data.target]
    if config.task == "anomaly":
        return anomaly_labels(target, config.data.positive)
    if config.kind == "tagging":
        return lists_of(target)
    return target_values(target, classification=config.kind == "classification")


def target_values(target: pd.Series, *, classification: bool) -> np.ndarray:
    """Return targets as NumPy holds them: float64, or labels of one plain kind.

    Examples
    --------
    >>> target_values(pd.Series(["a", "b"], dtype="category"), classification=True).tolist()
    ['a', 'b']
    """
    if not classification:
        return target.to_numpy(dtype=np.float64)
    values = target.tolist()
    if len({type(v) for v in values}) > 1:
        values = [str(v) for v in values]
    labels = np.array(values)
    if labels.dtype.kind == "f" and np.all(labels == np.round(labels)):
        labels = labels.astype(np.int64)  # whole numbers that missing targets had made floats
    return labels if labels.dtype.kind in "biufU" else labels.astype(str)


def _check_sides(config: Any, y: Any, train: np.ndarray, test: np.ndarray) -> list[str]:
    """Refuse a split that leaves classes out of the training rows; return what is doubtful."""
    if config.task == "anomaly" and y is not None:
        return _check_anomalies(config, y[train], y[test])
    if config.kind != "classification":
        return []
    absent = sorted(set(y[test].tolist()) - set(y[train].tolist()), key=str)
    if absent or len(np.unique(y[train])) < 2:
        raise UsageError(
            f"split: the training rows hold {len(np.unique(y[train]))} of "
            f"{len(np.unique(y))} classes"
            + (f" and none of {', '.join(map(str, absent))}" if absent else "")
            + "; use a stratified split, or leave such rows out"
        )
    return []


def _check_anomalies(config: Any, y_train: np.ndarray, y_test: np.ndarray) -> list[str]:
    """Return what is doubtful about the marked anomalies on both sides."""
    found, n = [], int(y_train.sum())
    if n == len(y_train):
        raise UsageError("split: every training row is marked as an anomaly; move the border")
    if n and config.anomalies.train == "keep" and getattr(config.model, "novelty", False):
        found.append(
            f"model.novelty says that training rows are clean and {n} of {len(y_train)} are "
            "marked as anomalies; anomalies: {train: drop} leaves them out"
        )
    if not y_test.any():
        found.append("no test row is marked as an anomaly: labels cannot judge the detector")
    return found
