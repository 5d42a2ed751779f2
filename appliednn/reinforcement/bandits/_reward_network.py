"""A network of the reward: it reads a row and the action, and answers what follows."""

from __future__ import annotations

from typing import Any

import numpy as np


def action_rows(Z: np.ndarray, codes: np.ndarray, n_actions: int) -> np.ndarray:
    """Return encoded rows with a 0/1 column for each action beside them, float32.

    Examples
    --------
    >>> action_rows(np.array([[0.5], [0.25]]), np.array([1, 0]), 2).tolist()
    [[0.5, 0.0, 1.0], [0.25, 1.0, 0.0]]
    """
    return np.hstack([Z, np.eye(n_actions)[codes]]).astype(np.float32)


def reward_network(bandit: Any, seed: int):
    """Return the unfitted network of a bandit with these parameters."""
    from appliednn.tabular import MLPRegressor

    return MLPRegressor(
        bandit.hidden_layer_sizes,
        learning_rate=bandit.learning_rate,
        epochs=bandit.epochs,
        batch_size=bandit.batch_size,
        max_seconds=bandit.max_seconds,
        numeric="passthrough",
        missing="error",
        verbose=bandit.verbose,
        random_state=seed,
    )


def network_rewards(network: Any, Z: np.ndarray, n_actions: int) -> np.ndarray:
    """Return the network's reward of every action in encoded rows, float64 (n, n_actions)."""
    columns = [
        network.predict(action_rows(Z, np.full(len(Z), action), n_actions))
        for action in range(n_actions)
    ]
    return np.column_stack(columns)
