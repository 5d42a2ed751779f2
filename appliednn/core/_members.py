"""Several networks' raw outputs as one, in NumPy."""

from __future__ import annotations

import numpy as np


def aggregate_raw(raw: np.ndarray, kind: str) -> np.ndarray:
    """Return the raw output that stands for the members' mean.

    Parameters
    ----------
    raw : ndarray of shape (members, n, n_outputs)
        Raw outputs.
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target: probabilities are averaged for classes, numbers for regression.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Logits, log-probabilities or numbers.

    Examples
    --------
    >>> aggregate_raw(np.array([[[-np.inf]], [[np.inf]]]), "binary").tolist()
    [[0.0]]
    """
    if kind == "regression":
        return raw.mean(axis=0)
    if kind == "multiclass":
        shifted = raw - raw.max(axis=-1, keepdims=True)
        return _log_mean(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
    zero = np.zeros((), raw.dtype)
    return _log_mean(-np.logaddexp(zero, -raw)) - _log_mean(-np.logaddexp(zero, raw))


def _log_mean(logs: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        top = logs.max(axis=0)
        safe = np.where(np.isfinite(top), top, 0.0)
        return (safe + np.log(np.exp(logs - safe).mean(axis=0))).astype(logs.dtype)
