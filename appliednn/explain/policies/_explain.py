"""Saliency, integrated gradients and SHAP values of a policy's decisions."""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.explain._explanation import Explanation
from appliednn.explain._faithfulness import Faithfulness, faithfulness
from appliednn.explain._pool import FramePool, NetworkPool, ScorePool
from appliednn.explain._shap import shap_values
from appliednn.explain.policies._decisions import (
    PolicyHead,
    blocks_of,
    chosen_columns,
    decision_values,
    is_continuous,
    rivals,
)
from appliednn.explain.policies._explanation import PolicyExplanation
from appliednn.explain.policies._names import action_names
from appliednn.explain.policies._visited import VisitedStates, as_states

Method = Literal["saliency", "integrated_gradients", "shap"]
METHODS = ("saliency", "integrated_gradients", "shap")
_CELLS_AT_ONCE = 4_000_000


def explain_policy(
    agent,
    states=None,
    env=None,
    *,
    method: Method = "integrated_gradients",
    action=None,
    against: Literal["runner_up"] | None = None,
    background=None,
    n_states: int = 100,
    n_background: int = 50,
    n_steps: int = 32,
    test: bool = False,
    random_state: int = 0,
) -> PolicyExplanation:
    """Explain the decisions of an agent on states that it visits.

    What is explained is the decision value (logit, Q-value or action mean) of the chosen action,
    or its lead over the runner-up. Visited states are the background that it is compared with.

    - ``"saliency"``: the gradient, in units of the visited states' standard deviations.
    - ``"integrated_gradients"``: the gradient integrated along the line from the mean visited
      state; values sum to the decision value less that of the mean state.
    - ``"shap"``: the same from ``n_background`` visited states, averaged (expected gradients);
      agents without ``decision_gradient`` take shap's permutations. Values sum to the decision
      value less its mean over the background.

    Parameters
    ----------
    agent : fitted agent
        Gives ``decision_function`` and, but for ``"shap"``, ``decision_gradient``.
    states : ndarray of shape (n, *observation_shape) or VisitedStates, optional
        States to explain; default: visited ones.
    env : str, callable or gymnasium.Env, optional
        Where states are visited; default the agent's own.
    method : {"saliency", "integrated_gradients", "shap"}
        How.
    action : int or int ndarray of shape (n,), optional
        Column of the decision values to explain; default the chosen action's (of several
        decisions the first one's; for continuous actions the first number).
    against : {"runner_up"}, optional
        Explain the lead over the second-best action.
    background : ndarray or VisitedStates, optional
        What is compared with; default: visited states (or ``states``, if those are given).
    n_states, n_background : int
        Most states explained (drawn at random), and compared with by ``"shap"``.
    n_steps : int
        Gauss-Legendre points of each integral.
    test : bool
        Also run :func:`appliednn.explain.faithfulness` on the method (not for images).
    random_state : int
        Seed.

    Returns
    -------
    PolicyExplanation

    Raises
    ------
    UsageError
        If the method is unknown, needs a gradient that the agent does not have, or is not for
        images (``"shap"``).

    Notes
    -----
    Sources: K. Simonyan, A. Vedaldi and A. Zisserman, ICLR workshop 2014 (saliency); M.
    Sundararajan, A. Taly and Q. Yan, ICML 2017 (integrated gradients); G. Erion et al., Nature
    Machine Intelligence 3 (2021) 620-631 (expected gradients).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import gymnasium
    >>> W = np.array([[0.0, -1.0], [0.0, 1.0]])
    >>> agent = SimpleNamespace(  # a fitted PPOAgent, DQNAgent, ... has all of these
    ...     env="MountainCar-v0", action_space_=gymnasium.spaces.Discrete(2),
    ...     predict=lambda X: (X @ W.T).argmax(axis=1), decision_function=lambda X: X @ W.T,
    ...     decision_gradient=lambda X, weights: weights @ W)
    >>> states = np.array([[0.3, 0.02], [-0.5, 0.0], [-0.4, 0.04]])
    >>> explain_policy(agent, states).to_frame()[["feature", "mean_size"]].round(3).values.tolist()
    [['position', 0.0], ['velocity', 0.02], ['position', 0.0], ['velocity', 0.01]]
    """
    _validate(agent, method, against)
    given = as_states(agent, states, env, random_state=random_state)
    around = given if background is None else as_states(agent, background, env)
    explained = given.sample(n_states, random_state)
    shape = explained.observations.shape[1:]
    if len(shape) > 1 and (method == "shap" or test):
        raise UsageError(
            f"observations of shape {shape} are explained by gradients only; take "
            "method='saliency' or 'integrated_gradients' and test=False"
        )
    head = PolicyHead(agent, explained.observations, pairs=against is not None)
    target, labels = _targets(agent, env, explained.observations, action, against)
    run = _Run(head, explained, around, n_background, n_steps)
    made = run.explain(method, target, random_state)
    return PolicyExplanation.of(
        made,
        observations=explained.observations,
        actions=np.asarray(agent.predict(explained.observations)),
        labels=labels,
        faithfulness=run.test(method, target, random_state) if test else None,
    )


def _validate(agent, method, against) -> None:
    if method not in METHODS:
        raise UsageError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    if against not in (None, "runner_up"):
        raise UsageError(f"against must be None or 'runner_up'; got {against!r}")
    if against is not None and is_continuous(agent):
        raise UsageError("a continuous action has no runner-up; leave against=None")
    if method != "shap" and not hasattr(agent, "decision_gradient"):
        raise UsageError(
            f"{type(agent).__name__} has no decision_gradient, which method={method!r} needs; "
            "take method='shap'"
        )


def _targets(agent, env, observations, action, against) -> tuple[np.ndarray, list[str]]:
    """Return the target of each row and the names of all targets."""
    values = decision_values(agent, observations)
    n, width = values.shape
    known = env if isinstance(env, str) else getattr(agent, "env", None)
    names = action_names(known, width)
    if action is None and is_continuous(agent):
        first = np.zeros(n, dtype=np.int64)
    elif action is None:
        first = chosen_columns(values, blocks_of(agent, width))[:, 0]
    else:
        first = np.broadcast_to(np.asarray(action, dtype=np.int64), (n,)).copy()
    if first.min() < 0 or first.max() >= width:
        raise UsageError(f"action must lie in 0..{width - 1}; got {action!r}")
    if against is None:
        return first, names
    second, _ = rivals(values, first, blocks_of(agent, width))
    labels = [f"{a} over {b}" for a in names for b in names]
    return first * width + second, labels


class _Run:
    """One head, the states explained and the states compared with."""

    def __init__(
        self, head: PolicyHead, states: VisitedStates, around: VisitedStates, n_background, n_steps
    ) -> None:
        self.head, self.states, self.around = head, states, around
        self.n_background, self.n_steps = n_background, n_steps
        self.rows = _flat(states)

    def explain(self, method: Method, target: np.ndarray, seed: int) -> Explanation:
        """Return the attributions of the states."""
        if method != "shap":
            return _by_gradient(
                self.head, self.rows, target, self.states.names, method, _flat(self.around),
                self.n_steps,
            )  # fmt: skip
        pool, rows, background = self._pool()
        return self._shap(pool, rows, background, target, seed=seed)

    def test(self, method: Method, target: np.ndarray, seed: int) -> Faithfulness:
        """Return the tests of the method on the states."""
        pool, rows, background = self._pool()
        explain = self._shap
        if method != "shap":
            explain = partial(_pooled, method=method, n_steps=self.n_steps)
        found = faithfulness(explain, pool, rows, background, target, seed=seed)
        if method != "saliency":
            return found
        # A gradient is no share of a difference: there is nothing that it could add up to.
        kept = [test for test in found.tests if test.key != "completeness_gap"]
        return Faithfulness(found.method, kept)

    def _shap(self, pool, rows, background, target, *, seed: int) -> Explanation:
        return shap_values(
            pool, rows, background, target, seed=seed, n_background=self.n_background,
            n_steps=self.n_steps,
        )  # fmt: skip

    def _pool(self) -> tuple[ScorePool, np.ndarray, np.ndarray]:
        """Return all states as one pool, and which are explained and compared with."""
        import pandas as pd

        Z = np.concatenate([self.rows, _flat(self.around)])
        frame = pd.DataFrame(Z, columns=self.states.names)
        if not self.head.differentiable:
            pool = FramePool(frame, lambda X: self.head.scores(X.to_numpy()), self.head.unit)
        else:
            pool = NetworkPool(frame, Z, np.arange(Z.shape[1]), self.head)
        n = len(self.rows)
        return pool, np.arange(n), np.arange(n, len(Z))


def _flat(states: VisitedStates) -> np.ndarray:
    return states.observations.reshape(len(states), -1).astype(np.float64)


def _pooled(pool, rows, background, target, *, seed, method, n_steps) -> Explanation:
    """Explain pool rows by gradient: what the tests of faithfulness call."""
    return _by_gradient(
        pool.head, pool.Z[rows], target, pool.names, method, pool.Z[background], n_steps
    )


def _by_gradient(head, Z, target, names, method, background, n_steps) -> Explanation:
    """Return saliency or integrated gradients of flat rows."""
    rows, base = np.arange(len(Z)), background.mean(axis=0)
    scores = head.scores(Z)[rows, target]
    start = head.scores(base[None])[0, target]
    if method == "saliency":
        values = head.gradient(Z, target) * background.std(axis=0)
        how = "gradient, for each standard deviation of the visited states"
        name, unit = "Saliency", f"{head.unit} per standard deviation"
    else:
        values = _integrated(head, Z, target, base, n_steps)
        how = f"gradient along the line from the mean visited state, {n_steps} points"
        name, unit = "Integrated gradients", head.unit
    return Explanation(
        name, how, names, values, scores, start, target, unit, len(background)
    )  # fmt: skip


def _integrated(head, Z, target, base, n_steps: int) -> np.ndarray:
    """Return the gradient integrated from ``base`` to each row, times the way, (n, d)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    nodes, weights = (nodes + 1) / 2, weights / 2
    size = max(1, _CELLS_AT_ONCE // (n_steps * Z.shape[1]))
    found = []
    for first in range(0, len(Z), size):
        way = Z[first : first + size] - base
        points = base + nodes[None, :, None] * way[:, None, :]
        aims = np.repeat(target[first : first + size], n_steps)
        slope = head.gradient(points.reshape(-1, Z.shape[1]), aims).reshape(points.shape)
        found.append(np.einsum("rsd,s->rd", slope, weights) * way)
    return np.concatenate(found)
