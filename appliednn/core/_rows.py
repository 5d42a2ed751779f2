"""What every ``fit`` does first with its rows: weights, and the names of the features."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight, _num_samples


def row_weights(sample_weight: Any, rows: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the weight of each row and, if some are zero, the numbers of the other rows.

    Parameters
    ----------
    sample_weight : array-like of shape (n,), or None
        None: every row weighs one.
    rows : array-like with n rows
        What the weights belong to.

    Returns
    -------
    tuple of (ndarray of shape (n,), ndarray of int or None)

    Raises
    ------
    ValueError
        If weights are negative, not finite, of another length, or all zero.

    Examples
    --------
    >>> row_weights([1, 0, 2], np.zeros((3, 1)))
    (array([1., 0., 2.], dtype=float32), array([0, 2]))
    """
    if sample_weight is None:
        return np.ones(_num_samples(rows), dtype=np.float32), None
    weights = _check_sample_weight(sample_weight, rows, dtype=np.float32, ensure_non_negative=True)
    if not weights.any():
        raise ValueError("sample_weight is zero for every row; no row is left")
    return weights, np.flatnonzero(weights) if (weights == 0).any() else None


def copy_feature_names(estimator: Any, encoder: Any) -> None:
    """Give ``estimator`` the number and the names of the features its encoder was fitted on."""
    estimator.n_features_in_ = encoder.n_features_in_
    if hasattr(encoder, "feature_names_in_"):
        estimator.feature_names_in_ = encoder.feature_names_in_
    elif hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_
