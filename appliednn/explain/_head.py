"""What is explained of a network: log-odds of a class, or the prediction, and its gradient."""

from __future__ import annotations

import copy

import numpy as np
from scipy.special import logsumexp, softmax


class ClassHead:
    """Log-odds of each class against all others, from a network's logits.

    Parameters
    ----------
    est : fitted neural classifier
        Gives ``logits`` and ``network_``.
    Z : ndarray of shape (n, n_inputs)
        Encoded rows to try the network on.
    """

    unit = "log-odds"

    def __init__(self, est, Z: np.ndarray) -> None:
        self.est = est
        raw = est.network_.forward(Z[:20])
        logits = np.asarray(est.logits(Z[:20]))
        given = logits[:, -raw.shape[1] :]
        plain = raw.shape[1] in (1, logits.shape[1]) and np.allclose(given, raw, atol=1e-5)
        self.differentiable = plain and _values_only(est)

    def scores(self, Z: np.ndarray) -> np.ndarray:
        """Return log-odds, float64 (n, n_classes)."""
        return log_odds(np.asarray(self.est.logits(Z), dtype=np.float64))

    def gradient(self, Z: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the gradient of each row's target log-odds, (n, n_inputs)."""
        network = self.est.network_
        if network.n_outputs == 1:
            sign = np.where(target == 1, 1.0, -1.0)
            return sign[:, None] * network.output_gradient(Z, 0)
        logits = np.asarray(self.est.logits(Z), dtype=np.float64)
        rows = np.arange(len(Z))
        logits[rows, target] = -np.inf
        weights = -softmax(logits, axis=1)
        weights[rows, target] = 1.0
        total = np.zeros(Z.shape)
        for k in range(network.n_outputs):
            total += weights[:, [k]] * network.output_gradient(Z, k)
        return total

    def randomized(self, seed: int) -> ClassHead:
        """Return the same head on fresh weights."""
        return _with_network(self, self.est.network_.randomized(seed))


class NumberHead:
    """A regressor's prediction, or its raw output where the two are not proportional."""

    def __init__(self, est, Z: np.ndarray) -> None:
        self.est = est
        raw = est.network_.forward(Z)[:, 0].astype(np.float64)
        given = np.asarray(est.predict_encoded(Z), dtype=np.float64).reshape(len(Z))
        self.shift, self.factor, self.unit = 0.0, 1.0, "raw output of the network"
        if np.ptp(raw) > 0:
            factor, shift = np.polyfit(raw, given, 1)
            if np.abs(shift + factor * raw - given).max() <= 1e-3 * max(np.ptp(given), 1e-12):
                self.shift, self.factor = float(shift), float(factor)
                self.unit = "units of the target"
        self.differentiable = _values_only(est)

    def scores(self, Z: np.ndarray) -> np.ndarray:
        """Return predictions, float64 (n, 1)."""
        raw = self.est.network_.forward(np.asarray(Z, dtype=np.float32))[:, :1]
        return self.shift + self.factor * raw.astype(np.float64)

    def gradient(self, Z: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return the gradient of the prediction, (n, n_inputs)."""
        return self.factor * self.est.network_.output_gradient(Z, 0)

    def randomized(self, seed: int) -> NumberHead:
        """Return the same head on fresh weights."""
        return _with_network(self, self.est.network_.randomized(seed))


def log_odds(logits: np.ndarray) -> np.ndarray:
    """Return each class's log-odds against all others, like ``logits``.

    Examples
    --------
    >>> log_odds(np.array([[0.0, 2.0]])).tolist()
    [[-2.0, 2.0]]
    >>> p = np.array([0.2, 0.3, 0.5])
    >>> bool(np.allclose(log_odds(np.log(p)[None])[0], np.log(p / (1 - p))))
    True
    """
    out = np.empty_like(logits)
    for k in range(logits.shape[1]):
        out[:, k] = logits[:, k] - logsumexp(np.delete(logits, k, axis=1), axis=1)
    return out


def _values_only(est) -> bool:
    """Whether every encoded column is a value: codes that select an embedding have no gradient."""
    return not list(getattr(getattr(est, "encoder_", None), "cardinalities_", []))


def _with_network(head, network):
    """Return a copy of a head whose estimator has another network."""
    changed = copy.copy(head)
    changed.est = copy.copy(head.est)
    changed.est.network_ = network
    return changed
