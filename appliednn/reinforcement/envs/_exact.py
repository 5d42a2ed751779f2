"""Exact values of a finite Markov decision process, against which agents are checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.core.errors import UsageError


@dataclass(frozen=True)
class ExactValues:
    """Values of a finite process.

    Attributes
    ----------
    values : ndarray of shape (n_states,)
        Expected discounted return from each state; 0 for terminal ones.
    q_values : ndarray of shape (n_states, n_actions)
        The same when the first action is given.
    policy : ndarray of shape (n_states,), int
        Action of highest value (the first of equals).
    """

    values: np.ndarray
    q_values: np.ndarray
    policy: np.ndarray


def value_iteration(
    transitions: np.ndarray,
    rewards: np.ndarray,
    terminal: np.ndarray,
    gamma: float = 0.99,
    *,
    tolerance: float = 1e-10,
    max_sweeps: int = 100_000,
) -> ExactValues:
    """Return the optimal values of a finite process by value iteration.

    Parameters
    ----------
    transitions : ndarray of shape (n_states, n_actions, n_states)
        Probability of each next state.
    rewards : ndarray of shape (n_states, n_actions)
        Expected reward.
    terminal : ndarray of shape (n_states,), bool
        States that end the episode (``GridWorld().model()`` gives all three).
    gamma : float
        Discount, in [0, 1].
    tolerance : float
        Largest change of a value in the last sweep.
    max_sweeps : int
        Sweeps before giving up.

    Raises
    ------
    UsageError
        The values have not settled after ``max_sweeps`` (with ``gamma=1`` some policy may never
        end).

    References
    ----------
    R. Bellman, Dynamic Programming, Princeton University Press, 1957.

    Examples
    --------
    >>> from appliednn.reinforcement.envs import GridWorld
    >>> exact = value_iteration(*GridWorld(layout=("S..G",)).model(), gamma=0.5)
    >>> exact.values.round(3).tolist()
    [0.215, 0.47, 0.98, 0.0]
    """
    values = np.zeros(len(terminal))
    for _ in range(max_sweeps):
        q_values = _look_ahead(values, transitions, rewards, terminal, gamma)
        settled = np.abs(q_values.max(axis=1) - values).max() <= tolerance
        values = q_values.max(axis=1)
        if settled:
            return ExactValues(values, q_values, q_values.argmax(axis=1))
    raise UsageError(f"values have not settled in {max_sweeps} sweeps with gamma={gamma}")


def policy_values(
    policy: np.ndarray,
    transitions: np.ndarray,
    rewards: np.ndarray,
    terminal: np.ndarray,
    gamma: float = 0.99,
) -> np.ndarray:
    """Return the exact value of each state under a policy, by solving the linear equations.

    Parameters
    ----------
    policy : ndarray of shape (n_states, n_actions) or (n_states,)
        Probabilities of the actions, or the action taken in each state.
    transitions, rewards, terminal, gamma
        As for ``value_iteration``.

    Returns
    -------
    ndarray of shape (n_states,)

    Examples
    --------
    >>> from appliednn.reinforcement.envs import GridWorld
    >>> right = np.full(4, 1)
    >>> policy_values(right, *GridWorld(layout=("S..G",)).model(), gamma=0.5).round(3).tolist()
    [0.215, 0.47, 0.98, 0.0]
    """
    policy = np.asarray(policy)
    if policy.ndim == 1:
        policy = np.eye(rewards.shape[1])[policy]
    going_on = ~terminal
    moves = np.einsum("sa,sat->st", policy, transitions) * going_on[:, None]
    gains = (policy * rewards).sum(axis=1) * going_on
    return np.linalg.solve(np.eye(len(terminal)) - gamma * moves, gains)


def _look_ahead(values, transitions, rewards, terminal, gamma) -> np.ndarray:
    return np.where(terminal[:, None], 0.0, rewards + gamma * transitions @ values)
