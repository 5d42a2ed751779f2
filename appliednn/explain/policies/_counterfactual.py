"""The smallest change of a state that changes the decision."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.explain.policies._decisions import (
    blocks_of,
    chosen_columns,
    decision_values,
    is_continuous,
)
from appliednn.explain.policies._goals import MovedNumber, OtherAction, clipped_means
from appliednn.explain.policies._names import action_names
from appliednn.explain.policies._nearest import NearestSearch
from appliednn.explain.policies._visited import VisitedStates, as_states

_MOST_ACTIONS = 8
_MOST_SUBSETS = 24
# A lead smaller than this share of the largest decision value may turn with the batch's size.
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Counterfactuals:
    """States and the nearest ones in which the policy decides otherwise.

    Attributes
    ----------
    observations, counterfactuals : ndarray of shape (n, n_features)
        Before and after; NaN where none was found.
    actions, new_actions : ndarray of shape (n,) or (n, action_size)
        Greedy actions before and after (-1 or NaN where none was found).
    distance : ndarray of shape (n,)
        Length of the change, each feature in units of ``scale``; infinite where none was found.
    scale : ndarray of shape (n_features,)
        Standard deviation of each feature over the visited states.
    names, labels : list of str
        Of the features, and of the actions.
    """

    observations: np.ndarray
    counterfactuals: np.ndarray
    actions: np.ndarray
    new_actions: np.ndarray
    distance: np.ndarray
    scale: np.ndarray
    names: list[str]
    labels: list[str]

    @property
    def found(self) -> np.ndarray:
        """Whether a counterfactual state was found, bool (n,)."""
        return np.isfinite(self.distance)

    @property
    def changes(self) -> np.ndarray:
        """Changes of the features in their own units, (n, n_features)."""
        return self.counterfactuals - self.observations

    def to_frame(self):
        """Return one row a state: actions, distance and the change of each feature."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "action": self._named(self.actions),
                "new_action": self._named(self.new_actions),
                "distance": self.distance,
            }
        )
        changes = pd.DataFrame(self.changes, columns=[f"change of {n}" for n in self.names])
        return pd.concat([frame, changes], axis=1)

    def _named(self, actions: np.ndarray) -> list:
        if actions.ndim == 1 and actions.dtype.kind in "iu":
            return [self.labels[int(a)] if a >= 0 else None for a in actions]
        return [np.round(a, 4).tolist() for a in actions]


def counterfactual_states(
    agent,
    states=None,
    env=None,
    *,
    target: int | None = None,
    min_change: float = 0.1,
    background=None,
    within_range: bool = True,
    max_features: int | None = None,
    n_states: int = 50,
    n_steps: int = 15,
    random_state: int = 0,
) -> Counterfactuals:
    """Find the smallest change of each state that changes the chosen action.

    Changes are measured in standard deviations of the visited states, so that features of any
    unit compare. The search steps over the boundary along gradients and from the nearest visited
    states with another action, bisects back to it and slides along it; for a linear policy the
    result is the distance to the hyperplane. It is an upper bound for others.

    Parameters
    ----------
    agent : fitted agent
        Vector observations; without ``decision_gradient`` only lines to visited states are
        searched.
    states : ndarray of shape (n, n_features) or VisitedStates, optional
        Default: visited states.
    env : str, callable or gymnasium.Env, optional
        Where states are visited; default the agent's own.
    target : int, optional
        Column of the action wanted; default: whichever is nearest.
    min_change : float
        Continuous actions: how far one number of the action must move, as a share of its range.
    background : ndarray or VisitedStates, optional
        States that give the scale and the range; default: ``states``.
    within_range : bool
        Keep every feature within the range met (or at its own value outside it).
    max_features : int, optional
        Change at most so many features.
    n_states : int
        Most states explained, drawn at random.
    n_steps : int
        Gradient steps.
    random_state : int
        Seed.

    Returns
    -------
    Counterfactuals

    Raises
    ------
    UsageError
        If observations are images, no feature varies, or ``target`` is no action.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import gymnasium
    >>> W = np.array([[0.0, -1.0], [0.0, 1.0]])
    >>> agent = SimpleNamespace(  # a fitted PPOAgent, DQNAgent, ... has all of these
    ...     env="MountainCar-v0", action_space_=gymnasium.spaces.Discrete(2),
    ...     predict=lambda X: (X @ W.T).argmax(axis=1), decision_function=lambda X: X @ W.T,
    ...     decision_gradient=lambda X, weights: weights @ W)
    >>> found = counterfactual_states(agent, np.array([[0.3, 0.02], [-0.5, -0.04]]))
    >>> found.changes.astype(float).round(3).tolist(), found.new_actions.tolist()
    ([[0.0, -0.02], [0.0, 0.04]], [0, 1])
    """
    given = as_states(agent, states, env, random_state=random_state)
    around = given if background is None else as_states(agent, background, env)
    explained = given.sample(n_states, random_state)
    _validate(explained, around, max_features)
    X = explained.observations.astype(np.float32)
    goals = _goals(agent, X, target, min_change)
    run = _Run(agent, X, around, within_range, n_steps)
    points, distance = run.search(goals, max_features)
    known = env if isinstance(env, str) else getattr(agent, "env", None)
    width = decision_values(agent, X[:1]).shape[1]
    new_actions = np.asarray(agent.predict(points))
    lost = ~np.isfinite(distance)
    points[lost] = np.nan
    new_actions[lost] = -1 if new_actions.dtype.kind in "iu" else np.nan
    return Counterfactuals(
        X, points, np.asarray(agent.predict(X)), new_actions, distance, run.spread,
        explained.names, action_names(known, width),
    )  # fmt: skip


def _validate(states: VisitedStates, around: VisitedStates, max_features) -> None:
    if states.observations.ndim != 2:
        raise UsageError(
            "counterfactual states are of vectors; observations here have shape "
            f"{states.observations.shape[1:]}"
        )
    if not (around.scale > 0).any():
        raise UsageError(
            "no feature varies over the background, so that changes have no scale; give more "
            "states, or background="
        )
    if max_features is not None and max_features < 1:
        raise UsageError(f"max_features must be at least 1 or None; got {max_features}")


def _goals(agent, X: np.ndarray, target, min_change: float) -> list:
    """Return what is searched for, one goal after the other."""
    if is_continuous(agent):
        start, space = clipped_means(agent, X), agent.action_space_
        return [
            MovedNumber(agent, start, j, sign * min_change * float(space.high[j] - space.low[j]))
            for j in range(start.shape[1])
            for sign in (1.0, -1.0)
        ]
    values = decision_values(agent, X)
    n, width = values.shape
    blocks = blocks_of(agent, width)
    least = _ROUNDING * float(np.abs(values).max())
    if target is not None:
        if not 0 <= target < width:
            raise UsageError(f"target must be an action 0..{width - 1}; got {target!r}")
        return [OtherAction(agent, np.full(n, int(target)), blocks, least)]
    chosen, goals = chosen_columns(values, blocks), []
    for k in range(chosen.shape[1]):
        others = np.where(blocks == k, values, -np.inf)
        others[np.arange(n), chosen[:, k]] = -np.inf
        most = min(int((blocks == k).sum()) - 1, _MOST_ACTIONS)
        order = np.argsort(-others, axis=1, kind="stable")[:, :most]
        goals += [OtherAction(agent, column, blocks, least) for column in order.T]
    return goals


class _Run:
    """States, their box and their neighbours."""

    def __init__(self, agent, X, around: VisitedStates, within_range: bool, n_steps: int) -> None:
        self.agent, self.X, self.n_steps = agent, X, n_steps
        self.spread = around.scale
        self.moves = self.spread > 0
        self.scale = np.where(self.moves, self.spread, 1.0)
        self.pool = around.observations.astype(np.float64)
        low, high = np.full(X.shape, -np.inf), np.full(X.shape, np.inf)
        if within_range:
            low, high = np.minimum(X, around.low), np.maximum(X, around.high)
        self.low, self.high = low.astype(np.float64), high.astype(np.float64)

    def search(self, goals: list, max_features: int | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the nearest point over all goals and subsets of features, and its distance."""
        best, far = self.X.copy(), np.full(len(self.X), np.inf)
        for goal in goals:
            starts = self._neighbours(goal)
            for free in self._subsets(goal, starts, max_features):
                points, distance = self._nearest(goal, starts, free)
                nearer = distance < far
                best[nearer], far[nearer] = points[nearer], distance[nearer]
        return best, far

    def _nearest(self, goal, starts, free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        free = np.broadcast_to(free & self.moves, self.X.shape)
        search = NearestSearch(
            goal, self.X, self.scale, np.where(free, self.low, self.X),
            np.where(free, self.high, self.X),
            differentiable=hasattr(self.agent, "decision_gradient"),
        )  # fmt: skip
        return search.run(starts, self.n_steps)

    def _neighbours(self, goal) -> list[np.ndarray]:
        """Return for each state the nearest visited one at which the goal is reached, if any."""
        found = self.X.astype(np.float64)
        scaled = self.pool / self.scale
        for i in range(len(self.X)):
            rows = np.full(len(self.pool), i)
            hit = goal.gap(self.pool.astype(np.float32), rows) > 0
            if hit.any():
                away = ((scaled[hit] - self.X[i] / self.scale) ** 2).sum(axis=1)
                found[i] = self.pool[hit][away.argmin()]
        return [found]

    def _subsets(self, goal, starts, max_features) -> list[np.ndarray]:
        """Return masks of features that may move, (d,) or (n, d)."""
        d = self.X.shape[1]
        usable = np.flatnonzero(self.moves)
        if max_features is None or max_features >= len(usable):
            return [np.ones(d, dtype=bool)]
        if comb(len(usable), max_features) <= _MOST_SUBSETS:
            chosen = combinations(usable, max_features)
            return [np.isin(np.arange(d), columns) for columns in chosen]
        # Too many to try: each state's features that moved farthest when all were free.
        points, _ = self._nearest(goal, starts, np.ones(d, dtype=bool))
        moved = np.abs((points - self.X) / self.scale)
        order = np.argsort(-moved, axis=1, kind="stable")
        masks = []
        for first in range(2):
            mask = np.zeros(self.X.shape, dtype=bool)
            np.put_along_axis(mask, order[:, first : first + max_features], True, axis=1)
            masks.append(mask)
        return masks
