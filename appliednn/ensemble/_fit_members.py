"""Fit clones of an estimator, each on its own rows, side by side where they can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight, has_fit_parameter

from appliednn.core._random import spawn_seeds
from appliednn.tabular import fit_side_by_side, stack_key


def seeded_clone(estimator: Any, seed: int) -> Any:
    """Return a clone whose every ``random_state`` (also of parts) comes from ``seed``."""
    copy = clone(estimator)
    names = [
        name
        for name in sorted(copy.get_params(deep=True))
        if name == "random_state" or name.endswith("__random_state")
    ]
    return copy.set_params(**dict(zip(names, spawn_seeds(seed, len(names)), strict=True)))


def check_target_given(ensemble: Any, y: Any) -> None:
    """Refuse a fit without a target, in scikit-learn's words."""
    if y is None:
        raise ValueError(
            f"This {type(ensemble).__name__} estimator requires y to be passed, but the target y "
            "is None"
        )


def checked_weights(
    sample_weight: Any, y: np.ndarray, estimators: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights, float64 (n,), and the numbers of the rows whose weight is not zero.

    Raises
    ------
    ValueError
        If an estimator takes no weights and some are given, or all are zero.
    """
    if sample_weight is None:
        return np.ones(len(y)), np.arange(len(y))
    for estimator in estimators:
        last = _last_step(estimator)
        if not has_fit_parameter(last, "sample_weight"):
            raise ValueError(
                f"sample_weight was given, and {type(last).__name__}.fit takes none; leave it out "
                "or choose an estimator that takes it"
            )
    weights = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    keep = np.flatnonzero(weights > 0)
    if len(keep) == 0:
        raise ValueError("sample_weight is zero for every row; no row is left")
    return weights, keep


def _last_step(estimator: Any) -> Any:
    """Return what stands at the end of a pipeline, or the estimator itself."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return estimator


def fit_members(
    members: Sequence[Any],
    X: Any,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    train_rows: Sequence[np.ndarray] | None = None,
    held_rows: Sequence[np.ndarray] | None = None,
) -> list[Any]:
    """Fit every member in place and return them.

    Parameters
    ----------
    members : sequence of k estimators
        Unfitted.
    X, y, sample_weight
        All rows; weights are None or (n,).
    train_rows : sequence of k index arrays, optional
        Rows each is trained on; default all.
    held_rows : sequence of k index arrays, optional
        Rows it does not see; estimators with ``X_val`` in ``fit`` choose their epoch by them.

    Raises
    ------
    KeyboardInterrupt
        If training was interrupted: a network then keeps its best epoch so far and says so, but
        an ensemble of which a part was trained to the end is none.
    """
    if any(hasattr(member, "steps") for member in members) and sample_weight is not None:
        return [
            _fit_pipeline(m, X, y, sample_weight, train_rows, i) for i, m in enumerate(members)
        ]
    keys = [stack_key(member) for member in members]
    alone = [[i] for i, key in enumerate(keys) if key is None]
    together = [i for i, key in enumerate(keys) if key is not None]
    for group in [together, *alone] if together else alone:
        rows = {"train_rows": _take(train_rows, group)}
        if held_rows is not None and all(_watches(members[i]) for i in group):
            rows["held_rows"] = _take(held_rows, group)
        own = [members[i] for i in group]
        fit_side_by_side(own, X, y, sample_weight=sample_weight, **rows)
        for member in own:
            _check_finished(member)
    return list(members)


def _watches(member: Any) -> bool:
    return has_fit_parameter(member, "X_val") and has_fit_parameter(member, "y_val")


def _take(rows: Sequence[np.ndarray] | None, group: Sequence[int]) -> list[np.ndarray] | None:
    return None if rows is None else [rows[i] for i in group]


def _fit_pipeline(member, X, y, sample_weight, train_rows, i: int) -> Any:
    """Fit a pipeline, whose last step is the one that takes weights."""
    prefix, last = "", member
    while hasattr(last, "steps"):
        name, last = last.steps[-1]
        prefix += f"{name}__"
    rows = np.arange(len(y)) if train_rows is None else train_rows[i]
    weights = {f"{prefix}sample_weight": sample_weight[rows]}
    member.fit(_safe_indexing(X, rows), _safe_indexing(y, rows), **weights)
    _check_finished(last)
    return member


def _check_finished(member: Any) -> None:
    if getattr(_last_step(member), "stop_reason_", "") == "interrupted":
        raise KeyboardInterrupt
