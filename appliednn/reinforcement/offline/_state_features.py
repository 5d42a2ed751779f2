"""Features of states in which Q-values are linear."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_one_hot(observations: np.ndarray) -> bool:
    """Tell whether each row names a state: a single 1 among zeros."""
    if observations.ndim != 2:
        return False
    return bool(((observations == 0) | (observations == 1)).all()) and bool(
        (observations.sum(axis=1) == 1).all()
    )


class LinearFeatures:
    """The observations themselves, and 1 unless they name a state."""

    def __init__(self, observations: np.ndarray) -> None:
        self.plain = is_one_hot(observations)

    def transform(self, observations: np.ndarray) -> np.ndarray:
        """Return features, float64 (n, m)."""
        rows = observations.reshape(len(observations), -1).astype(np.float64)
        return rows if self.plain else np.hstack([rows, np.ones((len(rows), 1))])


class RandomFeatures:
    """Random Fourier features of the standardised observations, beside these and 1.

    Their inner products are about those of a Gaussian kernel whose width is the median distance
    of two states.

    Source: A. Rahimi, B. Recht, "Random Features for Large-Scale Kernel Machines", NIPS 2007.
    """

    def __init__(self, observations: np.ndarray, n_features: int, seed: int) -> None:
        rows = observations.reshape(len(observations), -1).astype(np.float64)
        self.mean, scale = rows.mean(axis=0), rows.std(axis=0)
        self.scale = np.where(scale > 0, scale, 1.0)
        rng = np.random.default_rng(seed)
        rows = (rows - self.mean) / self.scale
        pairs = rng.integers(0, len(rows), (2, 1000))
        distance = np.sqrt(((rows[pairs[0]] - rows[pairs[1]]) ** 2).sum(axis=1))
        distance = distance[distance > 0]
        width = float(np.median(distance)) if len(distance) else 1.0
        self.frequencies = rng.normal(0.0, 1.0 / width, (rows.shape[1], n_features))
        self.phases = rng.uniform(0.0, 2 * np.pi, n_features)

    def transform(self, observations: np.ndarray) -> np.ndarray:
        """Return features, float64 (n, m)."""
        rows = observations.reshape(len(observations), -1).astype(np.float64)
        rows = (rows - self.mean) / self.scale
        waves = np.sqrt(2.0) * np.cos(rows @ self.frequencies + self.phases)
        return np.hstack([waves, rows, np.ones((len(rows), 1))])


def state_features(kind: Any, observations: np.ndarray, n_features: int, seed: int):
    """Return what makes features of observations; ``kind`` as in FittedQEvaluation."""
    if kind == "auto":
        kind = "linear" if is_one_hot(observations) else "random"
    if kind == "linear":
        return LinearFeatures(observations)
    if kind == "random":
        return RandomFeatures(observations, n_features, seed)
    from sklearn.base import clone

    return clone(kind).fit(observations)
