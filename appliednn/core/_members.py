"""Several networks' raw outputs as one, in NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class ClassUncertainty(NamedTuple):
    """What several networks say about the classes of rows.

    Attributes
    ----------
    mean, std : ndarray of shape (n, n_classes)
        Mean of the members' probabilities, and their standard deviation.
    total, aleatoric, epistemic : ndarray of shape (n,)
        Entropy of the mean, mean entropy of the members, and their difference (the mutual
        information of label and member), in nats; sums over the labels of multi-label targets.
    """

    mean: np.ndarray
    std: np.ndarray
    total: np.ndarray
    aleatoric: np.ndarray
    epistemic: np.ndarray


class NumberUncertainty(NamedTuple):
    """What several networks predict: mean and standard deviation, shaped as the target."""

    mean: np.ndarray
    std: np.ndarray


def class_uncertainty(
    probabilities: np.ndarray, weights: np.ndarray | None = None, multilabel: bool = False
) -> ClassUncertainty:
    """Return mean, spread and entropies of members' probabilities.

    Parameters
    ----------
    probabilities : ndarray of shape (members, n, n_classes)
        Of each member.
    weights : ndarray of shape (members,), optional
        Of each member; equal by default.
    multilabel : bool
        Columns are labels of their own, not exclusive classes.

    Examples
    --------
    >>> sure = class_uncertainty(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    >>> sure.total.round(3).tolist(), sure.epistemic.round(3).tolist()
    ([0.693], [0.693])
    """
    mean = np.average(probabilities, axis=0, weights=weights)
    spread = np.average((probabilities - mean) ** 2, axis=0, weights=weights)
    total = _entropy(mean, multilabel)
    aleatoric = np.average(_entropy(probabilities, multilabel), axis=0, weights=weights)
    epistemic = np.maximum(total - aleatoric, 0.0)
    return ClassUncertainty(mean, np.sqrt(spread), total, aleatoric, epistemic)


def _entropy(p: np.ndarray, multilabel: bool) -> np.ndarray:
    parts = p * np.log(np.maximum(p, 1e-300))
    if multilabel:
        parts = parts + (1 - p) * np.log(np.maximum(1 - p, 1e-300))
    return -parts.sum(axis=-1)


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
