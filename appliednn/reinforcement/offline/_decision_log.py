"""What a log of decisions holds: actions as codes, rewards, the actions' probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_ROW_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class DecisionLog:
    """Checked columns of a log of n decisions among K actions.

    Attributes
    ----------
    labels : ndarray of shape (K,)
        All actions, sorted.
    codes : ndarray of int, shape (n,)
        Number of the action that was taken.
    rewards : ndarray of float64, shape (n,)
        What followed.
    propensity : ndarray of float64, shape (n,), or None
        Probability by which the action was taken.
    logging : ndarray of float64, shape (n, K), or None
        Probability of every action, where known.
    """

    labels: np.ndarray
    codes: np.ndarray
    rewards: np.ndarray
    propensity: np.ndarray | None = None
    logging: np.ndarray | None = None

    @property
    def n(self) -> int:
        """Number of decisions."""
        return len(self.codes)


def read_log(actions, rewards, propensity=None, labels=None) -> DecisionLog:
    """Check the columns of a log.

    Parameters
    ----------
    actions : array-like of shape (n,)
        Labels of any one dtype.
    rewards : array-like of shape (n,)
        Finite numbers.
    propensity : array-like of shape (n,) or (n, K), optional
        Of the action that was taken, or of every action in the order of ``labels``.
    labels : array-like of shape (K,), optional
        All actions; those of the log if not given.

    Raises
    ------
    ValueError
        For missing or unknown labels, rewards that are no numbers, propensities outside (0, 1],
        or columns of different lengths.

    Examples
    --------
    >>> log = read_log(["b", "a", "b"], [1, 0, 2], [0.5, 0.25, 0.5])
    >>> log.labels.tolist(), log.codes.tolist()
    (['a', 'b'], [1, 0, 1])
    """
    taken = read_labels(actions, "actions")
    known = np.unique(taken) if labels is None else sorted_labels(labels)
    codes = label_codes(taken, known, "actions")
    numbers = read_rewards(rewards, len(taken))
    probability, logging = read_propensity(propensity, codes, known)
    return DecisionLog(known, codes, numbers, probability, logging)


def read_labels(values: Any, name: str) -> np.ndarray:
    """Return labels as a 1-D array; refuse missing ones and several types at once."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(
            f"{name} has shape {array.shape}; expected one label a decision, shape (n,), n >= 1"
        )
    if array.dtype.kind == "O":
        missing = np.array([v is None or v != v for v in array])
    else:
        missing = array != array
    if np.any(missing):
        raise ValueError(
            f"{name} holds {int(np.sum(missing))} missing labels; leave those decisions out"
        )
    sorted_labels(array)
    return array


def sorted_labels(values: Any) -> np.ndarray:
    """Return distinct labels in order, or say that they have none."""
    try:
        return np.unique(np.asarray(values))
    except TypeError as error:
        kinds = sorted({type(v).__name__ for v in np.asarray(values).ravel()})
        raise ValueError(
            f"actions mix labels of the types {', '.join(kinds)}, which have no order; expected "
            "labels of one type (turn them all into strings)"
        ) from error


def label_codes(values: np.ndarray, labels: np.ndarray, name: str) -> np.ndarray:
    """Return the number of each label, or name those that ``labels`` lacks."""
    try:
        codes = np.minimum(np.searchsorted(labels, values), len(labels) - 1)
        strange = labels[codes] != values
    except TypeError:  # labels of another type altogether
        codes, strange = np.zeros(len(values), dtype=int), np.ones(len(values), dtype=bool)
    if np.any(strange):
        found = list(dict.fromkeys(values[strange].tolist()))[:5]
        raise ValueError(
            f"{name} holds {found}, not among the known actions {labels.tolist()[:10]}; give all "
            "actions there are beforehand, or leave those decisions out"
        )
    return codes


def by_label(table: Any, labels: np.ndarray, name: str) -> Any:
    """Return a DataFrame with a named column for each label in the labels' order.

    Other things come back as they are, and so do columns that are only numbered.

    Raises
    ------
    ValueError
        If the columns have names that are not the labels.
    """
    columns = list(getattr(table, "columns", ()))
    if len(columns) < 2 or columns == list(range(len(columns))):
        return table
    if set(columns) != set(labels.tolist()) or len(columns) != len(labels):
        raise ValueError(
            f"{name} is a table with the columns {columns[:10]}; expected a column for each of "
            f"the actions {labels.tolist()[:10]}, by these names (or an array in this order)"
        )
    return table[labels.tolist()]


def read_rewards(rewards, n: int) -> np.ndarray:
    """Return finite rewards, float64 (n,)."""
    try:
        numbers = np.asarray(rewards, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"rewards must be numbers, one a decision ({error})") from error
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.shape != (n,):
        raise ValueError(f"rewards has shape {numbers.shape}; there are {n} actions")
    if not np.isfinite(numbers).all():
        raise ValueError(
            f"rewards holds {int((~np.isfinite(numbers)).sum())} values that are NaN or infinite; "
            "leave those decisions out (a reward not yet seen is no 0)"
        )
    return numbers


def read_propensity(propensity, codes: np.ndarray, labels: np.ndarray):
    """Return the taken actions' probabilities (n,) and, where known, all actions' (n, K)."""
    if propensity is None:
        return None, None
    values = np.asarray(by_label(propensity, labels, "propensity"), dtype=np.float64)
    n, n_actions = len(codes), len(labels)
    if values.shape not in ((n,), (n, n_actions)):
        raise ValueError(
            f"propensity has shape {values.shape}; expected ({n},), the probability of the action "
            f"that was taken, or ({n}, {n_actions}), those of all actions"
        )
    own = values if values.ndim == 1 else values[np.arange(n), codes]
    wrong = ~((own > 0) & (own <= 1))  # also where NaN
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"propensity is {own[row]} in row {row} ({int(wrong.sum())} such rows); an action "
            "that was taken had a probability above 0 and at most 1 (divide percentages by 100)"
        )
    if values.ndim == 1:
        return own, None
    if not ((values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=_ROW_SUM_TOLERANCE)):
        raise ValueError(
            "propensity of shape (n, n_actions) must hold probabilities that sum to 1 in each row"
        )
    return own, values
