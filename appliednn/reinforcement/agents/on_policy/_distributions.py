"""Policies as distributions of actions: several categorical decisions, or a Gaussian.

``log_prob`` and ``entropy`` are written in ``keras.ops``; what acts is written in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_LOG_2PI = math.log(2.0 * math.pi)


def _blocks(sizes: Sequence[int]):
    start = 0
    for j, size in enumerate(sizes):
        yield j, slice(start, start + size)
        start += size


def log_prob(kind: str, sizes: Sequence[int], scores, log_std, actions):
    """Return the log-probability (density) of each row's action.

    Parameters
    ----------
    kind : {"categorical", "gaussian"}
        Of the policy.
    sizes : sequence of int
        Numbers of actions of each decision.
    scores : tensor of shape (n, sum(sizes))
        Logits or means.
    log_std : tensor of shape (d,) or None
        Of a Gaussian.
    actions : tensor of shape (n, len(sizes)) of int, or (n, d) of float
        What was done.
    """
    from keras import ops

    if kind == "gaussian":
        z = (actions - scores) * ops.exp(-log_std)
        return -ops.sum(0.5 * ops.square(z) + log_std + 0.5 * _LOG_2PI, axis=-1)
    total = 0.0
    for j, block in _blocks(sizes):
        logs = ops.log_softmax(scores[:, block], axis=-1)
        total = total + ops.sum(logs * ops.one_hot(actions[:, j], sizes[j]), axis=-1)
    return total


def entropy(kind: str, sizes: Sequence[int], scores, log_std):
    """Return the entropy of each row's policy in nats (a scalar for a Gaussian)."""
    from keras import ops

    if kind == "gaussian":
        return ops.sum(log_std + 0.5 * (1.0 + _LOG_2PI))
    total = 0.0
    for _, block in _blocks(sizes):
        logs = ops.log_softmax(scores[:, block], axis=-1)
        total = total - ops.sum(ops.exp(logs) * logs, axis=-1)
    return total


class Sampler:
    """Draws actions of many states side by side, from noise drawn ahead.

    Parameters
    ----------
    kind : {"categorical", "gaussian"}
        Of the policy.
    sizes : sequence of int
        Numbers of actions of each decision, or ``[d]``.
    """

    def __init__(self, kind: str, sizes: Sequence[int]) -> None:
        self.kind, self.sizes = kind, tuple(sizes)

    def noise(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return the noise of steps and environments: Gumbel's, or a normal one."""
        size = (*shape, sum(self.sizes))
        draw = rng.gumbel(size=size) if self.kind == "categorical" else rng.standard_normal(size)
        return draw.astype(np.float32)

    def draw(self, scores: np.ndarray, noise: np.ndarray, log_std) -> np.ndarray:
        """Return actions (n, len(sizes)) of int, or (n, d) of float32."""
        if self.kind == "gaussian":
            return scores + np.exp(log_std) * noise
        return self.greedy(scores + noise)

    def greedy(self, scores: np.ndarray) -> np.ndarray:
        """Return the likeliest actions."""
        if self.kind == "gaussian":
            return scores
        if len(self.sizes) == 1:
            return scores.argmax(axis=-1)[:, None]
        return np.stack([scores[:, b].argmax(axis=-1) for _, b in _blocks(self.sizes)], axis=1)

    def probabilities(self, scores: np.ndarray) -> list[np.ndarray]:
        """Return the probabilities of each decision's actions, each of shape (n, size)."""
        out = []
        for _, block in _blocks(self.sizes):
            shifted = np.exp(scores[:, block] - scores[:, block].max(axis=-1, keepdims=True))
            out.append(shifted / shifted.sum(axis=-1, keepdims=True))
        return out

    def log_prob(self, scores: np.ndarray, log_std, actions: np.ndarray) -> np.ndarray:
        """Return the log-probability of each row's action."""
        if self.kind == "gaussian":
            z = (actions - scores) * np.exp(-log_std)
            return -(0.5 * z * z + log_std + 0.5 * _LOG_2PI).sum(axis=-1)
        total = np.zeros(len(scores), np.float32)
        rows = np.arange(len(scores))
        for j, block in _blocks(self.sizes):
            own = scores[:, block]
            top = own.max(axis=-1)
            log_sum = top + np.log(np.exp(own - top[:, None]).sum(axis=-1))
            total += own[rows, actions[:, j]] - log_sum
        return total
