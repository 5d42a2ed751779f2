"""The policy whose value is asked for: as probabilities of the log's actions."""

from __future__ import annotations

from typing import Any

import numpy as np

from appliednn.reinforcement.offline._decision_log import (
    by_label,
    label_codes,
    read_labels,
    sorted_labels,
)


def policy_labels(policy: Any) -> np.ndarray | None:
    """Return the actions a fitted policy chooses among, or None where it does not say."""
    known = getattr(policy, "actions_", None)
    known = getattr(policy, "classes_", None) if known is None else known
    return None if known is None else sorted_labels(known)


def policy_probabilities(policy: Any, X: Any, n: int, labels: np.ndarray) -> np.ndarray:
    """Return the probability of each action in each of n rows, float64 (n, K).

    Parameters
    ----------
    policy : estimator, callable, ndarray or label
        A fitted estimator (``predict_proba``, or else ``predict``), ``f(X)``, probabilities of
        shape (n, K) (a DataFrame's columns by their names), a label for each row, or one for all.
    X : array-like or DataFrame with n rows, or None
        What an estimator or a callable reads.
    n : int
        Number of decisions.
    labels : ndarray of shape (K,)
        The actions in order.

    Raises
    ------
    ValueError
        If the policy fits neither the rows nor the labels, or its rows are no probabilities.

    Examples
    --------
    >>> policy_probabilities("b", None, 2, np.array(["a", "b"])).tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    own = policy_labels(policy)
    if hasattr(policy, "predict_proba") and own is not None:
        return _spread(policy.predict_proba(_rows(X)), own, labels, n)
    if hasattr(policy, "predict"):
        return _one_hot(policy.predict(_rows(X)), n, labels)
    given = policy(_rows(X)) if callable(policy) else policy
    if np.ndim(given) == 0:
        given = np.full(n, given)
    values = np.asarray(by_label(given, labels, "the policy"))
    if values.ndim == 2 and values.shape[1] != 1:
        return _spread(values, labels, labels, n)
    return _one_hot(values, n, labels)


def _rows(X: Any):
    if X is None:
        raise ValueError("the policy decides by X, and X was not given")
    return X


def _one_hot(chosen: Any, n: int, labels: np.ndarray) -> np.ndarray:
    codes = label_codes(read_labels(chosen, "the policy's choice"), labels, "the policy's choice")
    if len(codes) != n:
        raise ValueError(f"the policy chose for {len(codes)} rows; there are {n} decisions")
    out = np.zeros((n, len(labels)))
    out[np.arange(n), codes] = 1.0
    return out


def _spread(values: Any, own: np.ndarray, labels: np.ndarray, n: int) -> np.ndarray:
    """Return probabilities with a column for each label, those the policy lacks being 0."""
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (n, len(own)):
        raise ValueError(
            f"the policy's probabilities have shape {values.shape}; expected ({n}, {len(own)}), "
            f"a column for each of the actions {own.tolist()[:10]}"
        )
    if not ((values >= 0).all() and np.allclose(values.sum(axis=1), 1.0, atol=1e-3)):
        raise ValueError("the policy's rows must be probabilities: at least 0, with the sum 1")
    out = np.zeros((n, len(labels)))
    out[:, label_codes(own, labels, "the policy")] = values
    return out
