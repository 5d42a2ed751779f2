"""Labels as 0 and 1, refusing what would silently match nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def indicators(
    y_true: Any, y_pred: Any, positive: Any = None, expected: Any = None
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return truth and prediction as shares of *positive*, and the positive label.

    Parameters
    ----------
    y_true : array-like of shape (n,)
        Labels.
    y_pred : array-like of shape (n,) or None
        Predicted labels; None when ``expected`` is given.
    positive : label, optional
        May be left out for labels 0 and 1 (or booleans) only.
    expected : array-like of shape (n,), optional
        Probability with which a randomised predictor gives the positive label.

    Returns
    -------
    tuple of (ndarray of float64 (n,), ndarray of float64 (n,), label)
        0/1 truth; 0/1 prediction or ``expected``; the positive label.

    Raises
    ------
    ValueError
        For missing labels, labels other than 0 and 1 without ``positive``, a ``positive`` that
        never occurs, predictions written in other labels than the truth, or wrong lengths.

    Examples
    --------
    >>> y, q, positive = indicators(["n", "y", "y"], ["n", "n", "y"], positive="y")
    >>> y.tolist(), q.tolist(), positive
    ([0.0, 1.0, 1.0], [0.0, 0.0, 1.0], 'y')
    """
    truth = _column(y_true, "y_true")
    if isinstance(positive, (np.number, np.bool_, np.str_)):
        positive = positive.item()
    if positive is None:
        _require_zero_one(truth, "y_true")
        positive = 1
    y = _matches(truth, positive)
    if not y.any():
        raise ValueError(
            f"positive={positive!r} never occurs in y_true, whose labels are {_said(truth)}; give "
            "the positive label as it is written there"
        )
    if expected is not None:
        return y.astype(np.float64), _probabilities(expected, len(y)), positive
    predicted = _column(y_pred, "y_pred")
    if len(predicted) != len(truth):
        raise ValueError(f"y_true has {len(truth)} rows and y_pred {len(predicted)}")
    _require_same_labels(truth, predicted, positive)
    return y.astype(np.float64), _matches(predicted, positive).astype(np.float64), positive


def _column(values: Any, name: str) -> np.ndarray:
    """Return labels as an array of shape (n,) without missing values."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} must have shape (n,) with n > 0, got {array.shape}")
    missing = int(pd.isna(array).sum())
    if missing:
        raise ValueError(f"{name} has {missing} missing labels: drop those rows before")
    return array


def _matches(labels: np.ndarray, positive: Any) -> np.ndarray:
    """Return where a label equals the positive one, also for arrays of mixed objects."""
    if labels.dtype.kind == "O":
        return np.fromiter((label == positive for label in labels), bool, len(labels))
    if isinstance(positive, str) != (labels.dtype.kind in "US"):
        return np.zeros(len(labels), dtype=bool)
    return labels == positive


def _require_zero_one(labels: np.ndarray, name: str) -> None:
    if not set(labels.tolist()) <= {0, 1}:
        raise ValueError(
            f"{name} has the labels {_said(labels)}: say which one is positive=..., only labels "
            "0 and 1 need no positive"
        )


def _require_same_labels(truth: np.ndarray, predicted: np.ndarray, positive: Any) -> None:
    """Refuse predictions in another coding (``"yes"`` beside 1), which would match nothing."""
    known, given = set(truth.tolist()), set(predicted.tolist())
    foreign = given - known
    if foreign and not (known | given) <= {0, 1} and (len(known) == 2 or positive not in given):
        raise ValueError(
            f"y_pred has labels that y_true never has: {_said(predicted)} beside {_said(truth)}; "
            "write both in the same labels"
        )


def _probabilities(values: Any, n: int) -> np.ndarray:
    q = np.asarray(values, dtype=np.float64)
    if q.shape != (n,):
        raise ValueError(f"expected must have shape ({n},), got {q.shape}")
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError("expected must hold probabilities in [0, 1]")
    return q


def _said(labels: np.ndarray) -> str:
    """Return the first labels as a reader would write them."""
    distinct = list(dict.fromkeys(labels.tolist()))
    return ", ".join(repr(v) for v in distinct[:5]) + (", ..." if len(distinct) > 5 else "")
