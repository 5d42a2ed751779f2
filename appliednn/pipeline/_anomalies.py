"""Anomalies in a run: what marks them in the data, and what a detector says of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.errors import UsageError

N_REASONS = 3  # features named for a flagged row


def is_detector(model: Any) -> bool:
    """Return whether a fitted model looks for anomalies."""
    from sklearn.base import is_outlier_detector

    return bool(is_outlier_detector(model))


def reads_series(model: Any) -> bool:
    """Return whether a detector, or the one a pipeline ends in, takes rows as points in time."""
    while hasattr(model, "steps"):
        model = model.steps[-1][1]
    return bool(getattr(model, "reads_series", False))


@contextmanager
def series_is_usable(model: Any) -> Iterator[None]:
    """Say of a series that is too short, or has other channels, that the data are at fault."""
    try:
        yield
    except ValueError as error:
        if not reads_series(model) or isinstance(error, UsageError):
            raise
        raise UsageError(f"the series cannot be used: {error}") from error


def anomaly_labels(target: pd.Series, positive: Any = None) -> np.ndarray:
    """Return which rows are marked as anomalies, 0 or 1, int (n,).

    Parameters
    ----------
    target : Series of shape (n,)
        The column that marks them, without gaps.
    positive : label or list of labels, optional
        What marks an anomaly. Without it the column holds 0 and 1 (or booleans), 1 for an
        anomaly, or 1 and -1 as scikit-learn's detectors predict, -1 for an anomaly.

    Raises
    ------
    UsageError
        If a label does not occur, the labels cannot be told without one, or all rows are marked.

    Examples
    --------
    >>> anomaly_labels(pd.Series([1, -1, 1])).tolist()
    [0, 1, 0]
    >>> anomaly_labels(pd.Series(["ok", "leak", "burst"]), ["leak", "burst"]).tolist()
    [0, 1, 1]
    """
    labels = sorted(set(target.tolist()), key=str)
    marked = _default_labels(target.name, labels) if positive is None else None
    if marked is None:
        marked = _named_labels(target.name, labels, positive)
    found = target.isin(marked).to_numpy().astype(int)
    if len(found) and found.all():
        raise UsageError(
            f"data.target: {target.name!r} marks every row as an anomaly; a detector learns from "
            "rows that are not"
        )
    return found


def _default_labels(name: Any, labels: list[Any]) -> list[Any]:
    """Return the labels that mark anomalies where the config names none."""
    if all(not isinstance(v, str) and v in (0, 1) for v in labels):
        return [1]
    if all(not isinstance(v, str) and v in (-1, 1) for v in labels):
        return [-1]
    shown = ", ".join(map(str, labels[:8])) + (", ..." if len(labels) > 8 else "")
    raise UsageError(
        f"data.target: {name!r} holds {shown}; expected 0 and 1 (1 for an anomaly) or 1 and -1 "
        "(-1 for an anomaly); otherwise name what marks an anomaly in data.positive"
    )


def _named_labels(name: Any, labels: list[Any], positive: Any) -> list[Any]:
    from appliednn.imbalance._labels import label_position

    given = positive if isinstance(positive, list) else [positive]
    places = [label_position(label, labels) for label in given]
    absent = [label for label, place in zip(given, places, strict=True) if place is None]
    if absent:
        raise UsageError(
            f"data.positive: no row has the label {', '.join(map(repr, absent))}; labels of "
            f"{name!r}: {', '.join(map(str, labels[:10]))}"
        )
    return [labels[place] for place in places]


def detections(model: Any, X: pd.DataFrame) -> pd.DataFrame:
    """Return what a detector says of rows.

    Parameters
    ----------
    model : fitted detector, or a pipeline that ends in one
    X : DataFrame of shape (n, n_features)
        Rows; of a series, points in order of time.

    Returns
    -------
    DataFrame of shape (n, 2 or 2 + 2 * n_reasons)
        ``score`` (higher is more anomalous), ``flag`` (1 above the detector's threshold, else 0)
        and, where the detector explains itself, ``reason_1``, ``contribution_1``, ...: the
        features that raise the score of a flagged row most, and by how much.
    """
    with series_is_usable(model):
        scores = -np.asarray(model.score_samples(X), dtype=np.float64)
        flags = (np.asarray(model.predict(X)) == -1).astype(int)
        shares = _contributions(model, X)
    frame = pd.DataFrame({"score": scores, "flag": flags})
    return frame if shares is None else frame.join(_reasons(*shares, flags == 1))


def _contributions(model: Any, X: pd.DataFrame) -> tuple[np.ndarray, Sequence[str]] | None:
    """Return contributions (n, n_features) and the names of the features, where there are any."""
    steps = getattr(model, "steps", None)
    detector = model if steps is None else steps[-1][1]
    if not hasattr(detector, "explain"):
        return None
    for _, step in [] if steps is None else steps[:-1]:
        X = step.transform(X)
    return np.asarray(detector.explain(X)), [str(c) for c in X.columns]


def _reasons(shares: np.ndarray, names: Sequence[str], flagged: np.ndarray) -> pd.DataFrame:
    """Return name and contribution of the first features of each flagged row."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :N_REASONS]
    ranked = np.take_along_axis(shares, order, axis=1)
    shown = flagged[:, None] & (ranked > 0)  # what makes a row look normal is no reason
    made = {}
    for k in range(order.shape[1]):
        said = np.asarray(names, dtype=object)[order[:, k]]
        made[f"reason_{k + 1}"] = np.where(shown[:, k], said, None)
        made[f"contribution_{k + 1}"] = np.where(shown[:, k], ranked[:, k], np.nan)
    return pd.DataFrame(made)
