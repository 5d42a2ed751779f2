"""What an audit is given, checked at the door: each error says what to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from appliednn.audit._context import AuditContext, as_frame, is_detector
from appliednn.audit._reads import Reads, is_language_model, what_it_reads
from appliednn.audit._suggest import did_you_mean
from appliednn.core.errors import UsageError

_ONE_TARGET = "an audit judges one target: fit and audit a model for each label or number"


def make_context(
    model,
    X_test,
    y_test,
    *,
    X_train=None,
    y_train=None,
    sensitive=None,
    positive=None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    random_state: int = 0,
) -> AuditContext:
    """Return the context of an audit, or say what is wrong with its inputs.

    Raises
    ------
    UsageError
        For a model that is not fitted or cannot predict these rows, lengths or columns that do
        not fit together, missing or unknown labels, an unknown positive class.
    """
    _check_model(model)
    _check_given(model, y_test, X_train, y_train)
    reads = what_it_reads(model, X_test)
    _check_rows("X_test", X_test, "y_test", y_test, reads)
    if X_train is not None:
        _check_rows("X_train", X_train, "y_train", y_train, reads)
    random_state = whole_number("random_state", random_state)
    try:
        context = AuditContext(
            model,
            X_test,
            y_test,
            X_train=X_train,
            y_train=y_train,
            sensitive=_sensitive(sensitive, X_test),
            positive=positive,
            options=read_options(options),
            random_state=random_state,
        )
    except ValueError as error:
        if reads == "table" or isinstance(error, UsageError):
            raise
        raise UsageError(str(error)) from error
    if reads == "table":
        _check_columns(context)
    if reads == "tokens":
        _check_tags(context)
    elif context.task not in ("writing", "language"):
        _check_labels(context)
    _check_predictions(context)
    return context


def whole_number(name: str, value, least: int | None = None) -> int:
    """Return a whole number, or say what was given instead.

    Examples
    --------
    >>> whole_number("n_episodes", np.int64(20), least=10)
    20
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):
        bound = "" if least is None else f" of at least {least}"
        raise UsageError(f"{name} must be a whole number{bound}, got {value!r}")
    return int(value)


def _check_model(model) -> None:
    """Refuse a class in place of an instance, an agent, and what cannot predict."""
    if isinstance(model, type):
        raise UsageError(f"model must be a fitted estimator, got the class {model.__name__}")
    if hasattr(model, "policy") and hasattr(model, "action_space_"):
        raise UsageError(
            f"{type(model).__name__} is an agent, which is judged in an environment, not on rows: "
            "call appliednn.audit.audit_agent(agent, env)"
        )
    if not hasattr(model, "predict") and not is_language_model(model):
        raise UsageError(
            f"model must be a fitted estimator with predict, got {type(model).__name__}"
        )


def _check_given(model, y_test, X_train, y_train) -> None:
    """Refuse tables without labels, which only a detector can be judged by."""
    if is_detector(model) or is_language_model(model):
        if X_train is None and y_train is not None:
            raise UsageError("y_train was given without X_train: give both, or neither")
        return
    if y_test is None:
        raise UsageError(
            f"{type(model).__name__} is no outlier detector by scikit-learn's tags, so its audit "
            "needs y_test"
        )
    if (X_train is None) != (y_train is None):
        raise UsageError("give X_train and y_train together, or neither")


def _check_rows(x_name: str, X, y_name: str, y, reads: Reads) -> None:
    """Check that rows and their labels are whole and go together row by row."""
    n = _n_rows(x_name, X, reads)
    if n == 0:
        raise UsageError(f"{x_name} has no rows")
    if y is None:
        return
    if reads == "tokens":
        if len(y) != n:
            raise UsageError(f"{x_name} has {n} rows and {y_name} {len(y)}: give one each")
        return
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        several = f"; {_ONE_TARGET}" if labels.ndim == 2 else ""
        raise UsageError(f"{y_name} must have shape (n,), got {labels.shape}{several}")
    if n != len(labels):
        raise UsageError(f"{x_name} has {n} rows and {y_name} {len(labels)}: give one each")
    missing = int(pd.isna(labels).sum())
    if missing:
        raise UsageError(f"{y_name} has {missing} missing values: drop those rows before")
    _check_index(x_name, X, y_name, y)


def _n_rows(name: str, X, reads: Reads) -> int:
    """Return how many rows there are, or say what rows should look like."""
    if reads != "table":
        if isinstance(X, str | bytes) or not hasattr(X, "__len__"):
            what = "texts" if reads == "text" else "lists of tokens"
            raise UsageError(f"{name} must be a list of {what}, one a row, got {type(X).__name__}")
        return len(X)
    shape = getattr(X, "shape", None) or np.shape(X)
    if len(shape) != 2:
        raise UsageError(f"{name} must be a table of shape (n, n_features), got shape {shape}")
    return int(shape[0])


def _check_index(x_name: str, X, other_name: str, other) -> None:
    """Refuse two labelled tables in a different order: rows are paired by place."""
    x_index = getattr(X, "index", None)
    index = getattr(other, "index", None)
    if not isinstance(x_index, pd.Index) or not isinstance(index, pd.Index):
        return
    if x_index.equals(index) or _is_fresh(x_index) or _is_fresh(index):
        return
    raise UsageError(
        f"the row labels of {x_name} and {other_name} differ; rows are paired by place: bring "
        "both into one order, or reset_index(drop=True) if they are"
    )


def _is_fresh(index: pd.Index) -> bool:
    """Whether an index is 0, 1, 2, ... and so says nothing about order."""
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _sensitive(sensitive, X_test) -> pd.DataFrame | None:
    """Return the sensitive attributes as a table beside the test rows."""
    if sensitive is None:
        return None
    names = [sensitive] if isinstance(sensitive, str) else sensitive
    if isinstance(names, (list, tuple)) and all(isinstance(s, str) for s in names):
        frame = as_frame(X_test)
        if len(names) != len(frame) or set(names) <= set(frame.columns):
            return _columns(frame, names)
    if isinstance(sensitive, Mapping):
        sensitive = pd.DataFrame(dict(sensitive))
    elif isinstance(sensitive, pd.Series) and sensitive.name is None:
        sensitive = sensitive.rename("sensitive")
    elif not isinstance(sensitive, (pd.DataFrame, pd.Series)):
        values = np.asarray(sensitive)
        values = values[:, None] if values.ndim == 1 else values
        names = [
            f"sensitive{j}" if values.shape[1] > 1 else "sensitive" for j in range(values.shape[1])
        ]
        sensitive = pd.DataFrame(values, columns=names)
    n_rows = int((getattr(X_test, "shape", None) or (len(X_test),))[0])
    if len(sensitive) != n_rows:
        raise UsageError(f"sensitive has {len(sensitive)} rows and X_test {n_rows}: give one each")
    _check_index("X_test", X_test, "sensitive", sensitive)
    return as_frame(sensitive)


def _columns(frame: pd.DataFrame, names) -> pd.DataFrame:
    """Return the named columns of the test table."""
    for name in names:
        if name not in frame.columns:
            raise UsageError(
                f"sensitive: X_test has no column {name!r}" + did_you_mean(name, frame.columns)
            )
    return frame[list(names)].copy()


def read_options(options) -> dict:
    """Return the options by section, less ``skip``, which is for the audit itself."""
    from appliednn.audit.checks import SECTIONS

    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise UsageError(f"options must be a mapping by section, got {options!r}")
    sections = {key: value for key, value in options.items() if key != "skip"}
    for key, value in sections.items():
        if key not in SECTIONS:
            raise UsageError(f"options: {key!r} is no section" + did_you_mean(key, SECTIONS))
        if not isinstance(value, Mapping):
            raise UsageError(f"options[{key!r}] must be a mapping, got {value!r}")
    return sections


def _check_columns(context: AuditContext) -> None:
    """Check the columns against those the model was fitted on, and against the training rows."""
    columns = list(context.X_test.columns)
    if len(set(columns)) < len(columns):
        twice = sorted({c for c in columns if columns.count(c) > 1})
        raise UsageError(f"X_test has columns of the same name: {', '.join(twice)}")
    if context.X_train is not None and list(context.X_train.columns) != columns:
        raise UsageError(
            "X_train and X_test must have the same columns in the same order; "
            + _difference(columns, list(context.X_train.columns), "X_test", "X_train")
        )
    expected = getattr(context.model, "n_features_in_", None)
    if expected is not None and int(expected) != len(columns):
        raise UsageError(
            f"the model was fitted on {int(expected)} features and X_test has {len(columns)}"
        )
    names = getattr(context.model, "feature_names_in_", None)
    if names is not None and isinstance(context._X_given, pd.DataFrame):
        names = [str(n) for n in names]
        if names != columns:
            raise UsageError(
                "X_test must have the columns the model was fitted on, in that order; "
                + _difference(columns, names, "X_test", "the model")
            )


def _difference(here: list[str], there: list[str], here_name: str, there_name: str) -> str:
    """Say which names only one side has."""
    only_here = [c for c in here if c not in there]
    only_there = [c for c in there if c not in here]
    said = []
    if only_here:
        said.append(f"only in {here_name}: {', '.join(only_here[:8])}")
    if only_there:
        said.append(f"only in {there_name}: {', '.join(only_there[:8])}")
    return "; ".join(said) or "their order differs"


def _check_labels(context: AuditContext) -> None:
    """Check labels and the positive class against the model's classes."""
    if context.classes is None:
        if context.positive is not None:
            what = "an anomaly detector" if context.task == "anomaly" else "a regressor"
            raise UsageError(f"positive is for classifiers; this model is {what}")
        if context.task == "anomaly":
            return
        if not np.issubdtype(context.y_test.dtype, np.number):
            raise UsageError(
                f"y_test of a regressor must be numbers, got dtype {context.y_test.dtype}"
            )
        return
    classes = context.classes.tolist()
    if context.positive is not None and context.positive not in classes:
        raise UsageError(
            f"positive={context.positive!r} is not among the model's classes"
            + did_you_mean(context.positive, classes)
        )
    for name, labels in (("y_test", context.y_test), ("y_train", context.y_train)):
        if labels is not None and not set(labels.tolist()) & set(classes):
            found = ", ".join(repr(v) for v in list(dict.fromkeys(labels.tolist()))[:5])
            known = ", ".join(repr(v) for v in classes[:5])
            raise UsageError(
                f"no label of {name} is a class of the model: found {found}; the model knows "
                f"{known}. Give labels as the model was fitted on them"
            )


def _check_tags(context: AuditContext) -> None:
    """Check that each sentence has one tag for each of its tokens."""
    pairs = (("test", context.X_test, context.y_test), ("train", context.X_train, context.y_train))
    for name, X, y in pairs:
        if X is None or y is None:
            continue
        for row, (tokens, tags) in enumerate(zip(X.iloc[:, 0], y, strict=True)):
            if len(tokens) != len(tags):
                raise UsageError(
                    f"y_{name}[{row}] has {len(tags)} tags and X_{name}[{row}] {len(tokens)} "
                    "tokens: give one tag for each token"
                )


def _check_predictions(context: AuditContext) -> None:
    """Predict the test rows once, so that a model that cannot is named as the cause."""
    from sklearn.exceptions import NotFittedError

    name = type(context.model).__name__
    try:
        n_predicted = len(context.y_pred)
        if context.has_proba:
            _ = context.proba
        if context.task == "anomaly":
            _check_scores(context)
    except NotFittedError as error:
        raise UsageError(f"the model is not fitted: call {name}.fit first") from error
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        said = " ".join(str(error).split())[:300]
        raise UsageError(f"{name} cannot predict the rows of X_test: {said}") from error
    if np.ndim(context.y_pred) > 1 and np.shape(context.y_pred)[1] > 1:
        columns = np.shape(context.y_pred)[1]
        raise UsageError(f"{name} predicts {columns} values for each row; {_ONE_TARGET}")
    if n_predicted != len(context.X_test):
        raise UsageError(f"{name} gave {n_predicted} predictions for {len(context.X_test)} rows")


def _check_scores(context: AuditContext) -> None:
    """Check what the audit of a detector rests on: finite scores, answers 1 and -1."""
    name, n = type(context.model).__name__, len(context.X_test)
    if context.reads_series and not isinstance(context._X_given, pd.DataFrame):
        raise UsageError(
            f"{name} reads series: give X_test (and X_train) as a DataFrame whose rows are time "
            "points and whose columns are channels"
        )
    if not hasattr(context.model, "score_samples") and not hasattr(
        context.model, "decision_function"
    ):
        raise UsageError(f"{name} gives no scores: it needs score_samples or decision_function")
    odd = sorted({repr(v) for v in set(context.y_pred.reshape(-1).tolist()) - {1, -1}})
    if odd:
        raise UsageError(f"{name} must predict 1 or -1 for each row, got {', '.join(odd[:5])}")
    if len(context.scores) != n:
        raise UsageError(f"{name} gave {len(context.scores)} anomaly scores for {n} rows")
    odd = int((~np.isfinite(context.scores)).sum())
    if odd:
        raise UsageError(f"{name} gave {odd} of {n} rows an anomaly score that is not finite")
