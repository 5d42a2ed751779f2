"""What it costs to decide wrongly in a state: the weights of VIPER."""

from __future__ import annotations

import copy

import numpy as np

from appliednn.explain.policies._decisions import decision_values, has_q_values
from appliednn.explain.policies._play import open_env

WEIGHTS = ("auto", "q_gap", "lookahead", "decision_gap", "plain")


def choose_weights(agent, env, weights: str) -> list[str]:
    """Return the weightings that are tried; equal weights are always the last of them.

    ``"auto"``: the gap of Q-values; of a policy with a value function, if copies of the
    environment can be stepped, one step ahead and the range of its logits; else equal weights.
    """
    if weights != "auto":
        return list(dict.fromkeys([weights, "plain"]))
    if type(agent.action_space_).__name__ != "Discrete" or not hasattr(agent, "value"):
        return ["plain"]
    one = open_env(agent, env)
    first = one.reset(seed=0)[0]
    one.close()
    if has_q_values(agent, first[None]):
        return ["q_gap", "plain"]
    return ["lookahead", "decision_gap", "plain"] if _copyable(agent, env) else ["plain"]


def _copyable(agent, env) -> bool:
    """Whether a copy of the environment steps on its own, and like the original."""
    one = open_env(agent, env)
    one.reset(seed=0)
    try:
        twin = copy.deepcopy(one)
        first, second = (np.asarray(e.step(0)[0]) for e in (twin, one))
    except Exception:  # whatever an environment's own copying may raise: it has no copy
        return False
    finally:
        one.close()
    return bool(np.array_equal(first, second))


def lookahead_gaps(agent, log: dict[int, list], seeds) -> np.ndarray:
    """Return ``max Q - min Q`` at every logged step, (n,).

    ``Q(s, a) = r + gamma V(s')`` from one step of a copied environment and the agent's value
    function; an episode's end is worth nothing more.

    Parameters
    ----------
    agent : fitted agent
        Gives ``value`` and, as a parameter, ``gamma`` (0.99 without it).
    log : dict
        From :class:`~appliednn.explain.policies._forks.Forks`.
    seeds : sequence of int
        Episodes, in the order wanted.

    Returns
    -------
    ndarray of shape (n,)
    """
    steps = [step for seed in seeds for step in log[int(seed)]]
    following = np.concatenate([step[0] for step in steps])
    rewards, ended = (np.array([step[k] for step in steps]) for k in (1, 2))
    values = np.asarray(agent.value(following), dtype=np.float64).reshape(rewards.shape)
    Q = rewards + float(getattr(agent, "gamma", 0.99)) * np.where(ended, 0.0, values)
    return Q.max(axis=1) - Q.min(axis=1)


def decision_gaps(agent, observations: np.ndarray) -> np.ndarray:
    """Return the range of the decision values of each state, (n,)."""
    values = decision_values(agent, observations)
    return values.max(axis=1) - values.min(axis=1)
