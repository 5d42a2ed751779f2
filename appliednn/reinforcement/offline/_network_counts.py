"""How many numbers the networks of policies from logs store, without building them."""

from __future__ import annotations

from appliednn.reinforcement.agents._network_counts import count_q_network


def count_offline_q(params: dict) -> int:
    """Return the numbers of Q-values and their target.

    Examples
    --------
    >>> count_offline_q({"observation_shape": [4], "n_actions": 2, "hidden_layer_sizes": [8]})
    116
    """
    return count_q_network({**params, "dueling": False})


def count_cloned_policy(params: dict) -> int:
    """Return the numbers of a cloned policy: those of Q-values without a target."""
    return count_offline_q({**params, "n_actions": params["n_outputs"]}) // 2
