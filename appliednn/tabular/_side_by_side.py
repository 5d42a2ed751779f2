"""Train several estimators on the same table, in one compiled program where their shapes allow."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from sklearn.utils import _safe_indexing

from appliednn.tabular._stack import Stack


def stack_key(estimator) -> Hashable | None:
    """Return a key that is equal for estimators which can be trained in one program, or None."""
    key = getattr(estimator, "_stack_key", None)
    return None if key is None else key()


def fit_side_by_side(
    estimators: Sequence,
    X,
    y,
    *,
    sample_weight=None,
    train_rows: Sequence[np.ndarray] | None = None,
    held_rows: Sequence[np.ndarray] | None = None,
    on_epoch: Callable[[int, np.ndarray], np.ndarray | None] | None = None,
) -> list:
    """Fit each estimator in place, each on its own rows, and return them.

    Parameters
    ----------
    estimators : sequence of k estimators
        Unfitted. Those of equal ``stack_key`` are trained in one program, others one by one.
    X : DataFrame or array of shape (n, n_features)
        Rows. The encoder of a stacked program is learned on all of them, without the target.
    y : array-like of shape (n,) or (n, n_outputs)
        Target.
    sample_weight : array-like of shape (n,), optional
        Weights.
    train_rows : sequence of k index arrays, optional
        Rows each estimator trains on; default: its own split.
    held_rows : sequence of k index arrays, optional
        Rows that pick each estimator's epoch; they go with ``train_rows``.
    on_epoch : callable, optional
        ``on_epoch(epoch, scores)`` with the members' scores so far (k,), higher is better; returns
        None or a boolean array (k,): members that need not go on. Only a stacked program asks.

    Returns
    -------
    list of the fitted estimators
    """
    groups: dict[Hashable, list[int]] = {}
    for i, estimator in enumerate(estimators):
        key = stack_key(estimator)
        groups.setdefault(i if key is None else (key, "stack"), []).append(i)
    for places in groups.values():
        train = None if train_rows is None else [train_rows[i] for i in places]
        held = None if held_rows is None else [held_rows[i] for i in places]
        members = [estimators[i] for i in places]
        if len(members) > 1 and Stack.suits(members, train):
            Stack(members).fit(X, y, sample_weight, train, held, on_epoch)
            continue
        for j, estimator in enumerate(members):
            rows = (None if train is None else train[j], None if held is None else held[j])
            _fit_one(estimator, X, y, sample_weight, *rows)
    return list(estimators)


def _fit_one(estimator, X, y, sample_weight, train, held) -> None:
    """Fit one estimator on its rows."""
    options = {}
    if held is not None:
        options = {"X_val": _safe_indexing(X, held), "y_val": _safe_indexing(y, held)}
    if train is not None:
        X, y = _safe_indexing(X, train), _safe_indexing(y, train)
        sample_weight = None if sample_weight is None else np.asarray(sample_weight)[train]
    if sample_weight is not None:
        options["sample_weight"] = sample_weight
    estimator.fit(X, y, **options)
