"""Rows a network is watched on while it trains: real ones, also where training rows are made."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from appliednn.core.errors import UsageError
from appliednn.imbalance._resample import resample
from appliednn.imbalance._weights import class_shares


def resample_around(
    estimator: Any, sampler: Any, X: Any, y: np.ndarray
) -> tuple[Any, np.ndarray, dict[str, Any]]:
    """Resample training rows, and hold real ones out where the estimator holds any out.

    A network that stops early holds rows out of those it is given. Of resampled rows these would
    be copies of its training rows, or lie between them, and it would not see that it overfits.

    Parameters
    ----------
    estimator : classifier
        Unfitted; a neural one says how many rows it holds out.
    sampler : sampler of imbalanced-learn
        Unfitted.
    X : DataFrame of shape (n, n_features)
        Training rows.
    y : ndarray of shape (n,)
        Their labels.

    Returns
    -------
    X, y : DataFrame and ndarray
        Resampled rows.
    watched : dict
        ``X_val`` and ``y_val`` for ``fit``, repeated so that their classes weigh as those of the
        resampled rows do; empty where the estimator holds none out.
    """
    made, labels = resample(sampler, X, y)
    classes, counts = np.unique(y, return_counts=True)
    holds_out = getattr(estimator, "_wants_holdout", None)
    if holds_out is None or not holds_out(len(labels)) or counts.min() < 2:
        return made, labels, {}
    n_held = max(len(classes), int(np.ceil(len(y) * estimator.validation_fraction)))
    seed = estimator.random_state
    fit, held = train_test_split(
        np.arange(len(y)), test_size=n_held, stratify=y, random_state=seed
    )
    try:
        fewer, fewer_labels = resample(sampler, X.iloc[fit], y[fit])
    except UsageError:  # the rarest class has just enough neighbours when none is held out
        return made, labels, {}
    X_val, y_val = repeated(X.iloc[held], y[held], classes, class_shares(fewer_labels, classes))
    return fewer, fewer_labels, {"X_val": X_val, "y_val": y_val}


def repeated(
    X: Any, y: np.ndarray, classes: np.ndarray, shares: np.ndarray
) -> tuple[Any, np.ndarray]:
    """Return rows, repeated so that the classes have (about) these shares; none is left out.

    Held-out rows are to weigh as the resampled training rows do, or the loss on them would judge
    the shift of the classes more than the model.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"a": [1, 2, 3, 4]})
    >>> repeated(X, np.array([0, 0, 0, 1]), np.array([0, 1]), np.array([0.5, 0.5]))[1].tolist()
    [0, 0, 0, 1, 1, 1]
    """
    rows = [np.flatnonzero(y == c) for c in classes]
    n_total = max(len(r) / s for r, s in zip(rows, shares, strict=True) if len(r))
    taken = [
        np.resize(r, max(len(r), round(n_total * s))) if len(r) else r
        for r, s in zip(rows, shares, strict=True)
    ]
    index = np.sort(np.concatenate(taken))
    return X.iloc[index], y[index]
