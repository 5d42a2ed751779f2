"""The temperature that makes held-out labels most likely."""

from __future__ import annotations

import numpy as np

from appliednn.core._members import aggregate_raw
from appliednn.core._temperature import search_temperature

_RANGE = (0.1, 10.0)


def best_temperature(raw: np.ndarray, y: np.ndarray, w: np.ndarray, kind: str) -> float:
    """Return what raw outputs are divided by so that the log loss is lowest.

    Parameters
    ----------
    raw : ndarray of shape (members, n, n_outputs)
        Raw outputs; members' probabilities are averaged after the division.
    y : ndarray of shape (n,) or (n, n_labels)
        Encoded labels.
    w : ndarray of shape (n,)
        Row weights.
    kind : {"binary", "multiclass", "multilabel"}
        Kind of target.

    Returns
    -------
    float
        Between 0.1 and 10; above 1 the network was overconfident.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", 2017.

    Examples
    --------
    >>> y = np.array([1.0, 1.0, 1.0, 0.0])
    >>> raw = np.full((1, 4, 1), 2 * np.log(3.0))  # says 0.9, and 3 of 4 are
    >>> round(best_temperature(raw, y, np.ones(4), "binary"), 2)
    2.0
    """
    raw = raw.astype(np.float64)

    return search_temperature(
        lambda t: log_loss_of(aggregate_raw(raw / t, kind), y, w, kind), *_RANGE
    )


def log_loss_of(raw: np.ndarray, y: np.ndarray, w: np.ndarray, kind: str) -> float:
    """Return the weighted mean log loss of raw outputs (n, n_outputs), in nats."""
    if kind == "multiclass":
        shifted = raw - raw.max(axis=1, keepdims=True)
        logs = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y.astype(int)]
    else:
        y = y.reshape(len(y), -1)
        logs = (np.logaddexp(0.0, raw) - y * raw).mean(axis=1)
    return float(np.average(logs, weights=w))
