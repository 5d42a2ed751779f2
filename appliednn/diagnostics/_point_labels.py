"""Labels of the points of a series, and the segments they form."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning


def point_labels(labels, name: str) -> np.ndarray:
    """Return labels as booleans.

    Parameters
    ----------
    labels : array-like of bool or 0/1, shape (n,)
        True or 1 for anomalous points.
    name : str
        The argument's name, for messages.

    Raises
    ------
    ValueError
        If it is not one value a point, is empty, or holds other values.
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels):
        raise ValueError(
            f"{name} has shape {labels.shape}; expected (n,), one label a point with n > 0: give "
            "the labels of one series"
        )
    if labels.dtype == bool:
        return labels
    kept = np.isin(labels, (0, 1))
    if not kept.all():
        others = ", ".join(str(v) for v in np.unique(labels[~kept].astype(str))[:5])
        raise ValueError(
            f"{name} holds {others}; expected 0 or 1 (or booleans), 1 for anomalous points: of a "
            "detector's predictions give `predict(X) == -1`"
        )
    return labels.astype(bool)


def same_length(y_true: np.ndarray, other: np.ndarray, name: str) -> None:
    """Raise ValueError unless ``other`` has one value for each label."""
    if other.shape != y_true.shape:
        raise ValueError(
            f"y_true has {len(y_true)} points and {name} has shape {other.shape}; expected one "
            "value a point in both: give labels and values of the same series"
        )


def segments(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs of True start, and where they stop (the first point behind).

    Examples
    --------
    >>> starts, stops = segments(np.array([True, False, True, True]))
    >>> starts.tolist(), stops.tolist()
    ([0, 2], [1, 4])
    """
    steps = np.diff(labels.astype(np.int8), prepend=0, append=0)
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def undefined(metric: str, what: str) -> None:
    """Warn, as scikit-learn does, that a metric is NaN."""
    warnings.warn(
        f"{metric} is NaN: y_true holds no {what} points", UndefinedMetricWarning, stacklevel=3
    )
