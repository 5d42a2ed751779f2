"""The audit of an agent: a policy and an environment in, a verdict with its evidence out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import Check
from appliednn.audit._conduct import conduct, take_orders
from appliednn.audit._gates import Gate
from appliednn.audit._inputs import read_options, whole_number
from appliednn.audit._journal import Journal
from appliednn.audit._records import Progress
from appliednn.audit._report import AuditReport
from appliednn.core.errors import UsageError

#: Fewer episodes give no interval worth the name.
LEAST_EPISODES = 10
_METHODS = ("predict", "policy")


def audit_agent(
    agent,
    env=None,
    *,
    n_episodes: int = 50,
    seeds: Sequence[int] | None = None,
    train_seeds: int = 0,
    max_steps: int | None = None,
    gates: Sequence[Gate | Mapping[str, Any]] | None = None,
    checks: Sequence[str | type[Check]] | None = None,
    options: Mapping[str, Any] | None = None,
    random_state: int = 0,
    journal: Journal | None = None,
    card: Mapping[str, str] | None = None,
    config: str | None = None,
    progress: str | bool | Progress | None = "auto",
) -> AuditReport:
    """Audit a fitted agent on episodes it was not trained on.

    Parameters
    ----------
    agent : agent
        Fitted: one of :mod:`appliednn.reinforcement`, or any object with ``predict``,
        ``policy(deterministic=True)``, ``observation_space_`` and ``action_space_``.
    env : str, callable or gymnasium.Env, optional
        What it is judged in; default: what it was trained in.
    n_episodes : int
        Episodes to judge it by, at least 10.
    seeds : sequence of int, optional
        Their seeds, in place of ``n_episodes``; default: drawn from ``random_state``.
    train_seeds : int
        Train so many copies with other seeds and show their learning curves; 0: none. Each takes
        as long as the agent's own training.
    max_steps : int, optional
        Longer episodes are cut there.
    gates : sequence of Gate or mapping, optional
        Conditions ``{metric, op, threshold, inconclusive}``; default: better than random and than
        the best constant action, and not worse than a rule of thumb where one is known.
    checks, options, random_state, journal, card, config, progress
        As :func:`~appliednn.audit.audit` takes them. Options of agents: ``performance``
        (``costs``), ``training`` (``max_seconds``, ``total_timesteps``), ``robustness``
        (``noise``, ``eps``, ``dynamics``, ``n_episodes``), ``explanations`` (``max_depth``,
        ``max_rows``).

    Returns
    -------
    AuditReport

    Raises
    ------
    UsageError
        If the agent is not fitted, or the inputs do not fit together.

    Examples
    --------
    >>> from appliednn.reinforcement import PPOAgent
    >>> agent = PPOAgent("CartPole-v1", total_timesteps=512, n_eval_episodes=2, random_state=0)
    >>> report = audit_agent(agent.fit(), n_episodes=10, checks=["ANN1101", "ANN1106"])
    >>> sorted(gate.gate.metric for gate in report.gates)
    ['return_share_of_rule', 'return_vs_constant', 'return_vs_random']
    """
    orders = take_orders(gates, checks, options, card)
    _check_agent(agent)
    random_state = whole_number("random_state", random_state)
    context = AgentContext(
        agent,
        _environment(agent, env),
        _seeds(seeds, n_episodes, random_state),
        train_seeds=whole_number("train_seeds", train_seeds, least=0),
        max_steps=None if max_steps is None else whole_number("max_steps", max_steps, least=1),
        options=read_options(options),
        random_state=random_state,
        journal=journal,
    )
    return conduct(orders, context, journal=journal, config=config, progress=progress)


def _check_agent(agent: Any) -> None:
    """Refuse a class, what is no agent, and what is not fitted."""
    if isinstance(agent, type):
        raise UsageError(f"agent must be a fitted agent, got the class {agent.__name__}")
    name = type(agent).__name__
    absent = [m for m in _METHODS if not hasattr(agent, m)]
    if absent:
        raise UsageError(
            f"agent must be a fitted agent with {' and '.join(_METHODS)}, got {name} without "
            f"{' and '.join(absent)}; models of tables are for appliednn.audit.audit"
        )
    if not hasattr(agent, "action_space_") or not hasattr(agent, "observation_space_"):
        raise UsageError(f"the agent is not fitted: call {name}.fit first")


def _environment(agent: Any, env: Any) -> Any:
    """Return the environment to judge in."""
    env = getattr(agent, "env", None) if env is None else env
    if env is None:
        raise UsageError(
            f"env is needed: {type(agent).__name__} does not say in what environment it was "
            "trained; give an id such as 'CartPole-v1' or a factory"
        )
    return env


def _seeds(seeds: Sequence[int] | None, n_episodes: int, random_state: int) -> np.ndarray:
    """Return the seeds of the episodes."""
    if seeds is None:
        n = whole_number("n_episodes", n_episodes, least=LEAST_EPISODES)
        words = np.random.SeedSequence([random_state, 0xE915]).generate_state(n)
        return (words >> 1).astype(np.int64)
    given = np.asarray(seeds)
    if given.ndim != 1 or given.dtype.kind not in "iu" or (given < 0).any():
        raise UsageError(f"seeds must be a list of whole numbers >= 0, got {seeds!r}")
    if len(given) < LEAST_EPISODES or len(set(given.tolist())) < len(given):
        raise UsageError(
            f"seeds must be at least {LEAST_EPISODES} different numbers, one an episode; got "
            f"{len(set(given.tolist()))} different ones of {len(given)}"
        )
    return given.astype(np.int64)
