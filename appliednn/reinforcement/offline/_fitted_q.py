"""FittedQEvaluation: what a policy's episodes would bring, from the log of another."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from appliednn.core.statistics import Estimate
from appliednn.reinforcement.offline._averages import AveragedQ
from appliednn.reinforcement.offline._cells import StateCells, TreeCells, is_one_hot
from appliednn.reinforcement.offline._transitions import LoggedTransitions, read_log_arguments
from appliednn.reinforcement.offline._value_intervals import percentile_interval, resamples

_DRAW_TOLERANCE = 1e-5  # of bootstrap values, which vary by far more


class FittedQEvaluation(BaseEstimator):
    """Value of a given policy from logged episodes of another one.

    The Q-value of an action in a state is the mean of ``r + gamma * V(next)`` over the logged
    steps with that action in the same cell: the leaves of extremely randomised trees, or the
    states themselves where each observation is a single 1 among zeros. The values agree with
    themselves one step later; being averages they always can.

    Parameters
    ----------
    gamma : float, default=0.99
        Discount, below 1.
    n_trees : int, default=20
        Trees for each action.
    min_samples_leaf : int, default=2
        Least steps in a leaf: fewer smooth less and vary more.
    max_features : float, int or None, default=0.5
        Features that are tried for a split.
    n_rounds : int, default=2
        Trees are grown first on the logged returns, then on the values found so far.
    deterministic : bool, default=True
        Evaluate what the policy's ``predict`` gives; otherwise its ``predict_proba``.
    n_boot : int, default=100
        Bootstrap samples of episodes, each with values of its own in the same cells; 0: no
        interval.
    level : float, default=0.95
        Of the interval.
    random_state : int, default=0
        Seeds trees and bootstrap.

    Attributes
    ----------
    value_ : Estimate
        Mean discounted return from the starts of the logged episodes; n counts episodes.
    draws_ : ndarray of shape (n_boot,)
        Bootstrap values.

    Notes
    -----
    The policy must not have been learnt from the same log, or its value is flattered. What the
    policy does must be in the log in like states; nothing here can tell otherwise. The interval
    is that of the episodes: an error by cells that are too wide is not in it.

    References
    ----------
    D. Ernst, P. Geurts, L. Wehenkel, "Tree-Based Batch Mode Reinforcement Learning", JMLR 6
    (2005) 503-556.
    H. Le, C. Voloshin, Y. Yue, "Batch Policy Learning under Constraints", ICML 2019.
    B. Hao, X. Ji, Y. Duan, H. Lu, C. Szepesvari, M. Wang, "Bootstrapping Fitted Q-Evaluation for
    Off-Policy Inference", ICML 2021 (resampling episodes).

    Examples
    --------
    One state: action 1 pays 1 and ends the episode, action 0 pays nothing and goes on.

    >>> rng = np.random.default_rng(0)
    >>> actions = rng.integers(0, 2, 200)
    >>> log = np.ones((200, 1)), actions, actions, actions == 1
    >>> evaluation = FittedQEvaluation(gamma=0.9)
    >>> round(evaluation.fit(lambda seen: np.ones(len(seen), int), *log).value_.value, 3)
    1.0
    >>> half = lambda seen: np.full((len(seen), 2), 0.5)  # 0.5 / (1 - 0.9 * 0.5)
    >>> round(evaluation.fit(half, *log).value_.value, 3)
    0.909
    """

    _parameter_constraints: dict = {
        "gamma": [Interval(Real, 0, 1, closed="left")],
        "n_trees": [Interval(Integral, 1, None, closed="left")],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "max_features": [
            Interval(Real, 0, 1, closed="right"),
            Interval(Integral, 1, None, closed="left"),
            None,
        ],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "deterministic": ["boolean"],
        "n_boot": [Interval(Integral, 0, None, closed="left")],
        "level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        gamma=0.99,
        *,
        n_trees=20,
        min_samples_leaf=2,
        max_features=0.5,
        n_rounds=2,
        deterministic=True,
        n_boot=100,
        level=0.95,
        random_state=0,
    ):
        self.gamma = gamma
        self.n_trees = n_trees
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.n_rounds = n_rounds
        self.deterministic = deterministic
        self.n_boot = n_boot
        self.level = level
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        policy: Any,
        observations: Any,
        actions: Any = None,
        rewards: Any = None,
        terminals: Any = None,
        timeouts: Any = None,
        next_observations: Any = None,
    ):
        """Evaluate a policy by a log.

        Parameters
        ----------
        policy : estimator or callable
            A fitted policy or classifier, or ``f(observations)``, which gives actions (n,) or
            their probabilities (n, n_actions).
        observations : array-like of shape (n, *obs_shape), or LoggedTransitions
            What was seen before each step, in the order in which it happened; or the whole log.
        actions : array-like of int, shape (n,)
            What was done, from 0.
        rewards : array-like of shape (n,)
            What it brought.
        terminals, timeouts : array-like of bool, shape (n,)
            Where episodes ended by themselves, or were cut off.
        next_observations : array-like of shape (n, *obs_shape), optional
            What was seen after each step.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If columns do not fit together, or actions are real.

        Warns
        -----
        UserWarning
            If the policy takes actions that the log holds nowhere.
        """
        log = read_log_arguments(
            observations, actions, rewards, terminals, timeouts, next_observations
        )
        if log.actions.ndim != 1 or not log.known.any():
            raise ValueError(
                "fitted-Q evaluation needs numbered actions and steps whose next observation is "
                f"known; the log has {log.actions.shape} actions of type {log.actions.dtype} and "
                f"{int(log.known.sum())} such steps"
            )
        self._policy = policy
        try:
            self._solve_all(log)
        finally:
            del self._policy
        return self

    def _solve_all(self, log: LoggedTransitions) -> None:
        starts, seed = log.starts, int(self.random_state)
        here = self._probabilities(log.observations[starts])
        ahead = self._probabilities(log.next_observations)
        width = max(here.shape[1], ahead.shape[1], int(log.actions.max()) + 1)
        here, ahead = (_widened(shares, width) for shares in (here, ahead))
        _warn_of_absent(log.actions, ahead[log.known])
        numbers, n = log.episodes, len(starts)
        every = np.ones(len(log))
        system, solved = self._grow(log, ahead, every, seed)
        worth = (here * system.q(log.observations[starts], solved, every)).sum(axis=1)
        draws = []
        for episodes in resamples(n, int(self.n_boot), seed):
            counts = np.bincount(episodes, minlength=n).astype(np.float64)
            own = system.solve(counts[numbers], solved, _DRAW_TOLERANCE)
            q = system.q(log.observations[starts], own, counts[numbers])
            draws.append(float(counts @ (here * q).sum(axis=1)) / n)
        self.draws_ = np.array(draws)
        ci, reason = None, "one episode gives no interval" if n == 1 else ""
        if draws and n > 1:
            ci = percentile_interval(self.draws_, self.level)
        name, value = "discounted return (fitted-Q evaluation)", float(worth.mean())
        self.value_ = Estimate(name, value, ci, n, "bootstrap", self.level, seed, reason)
        self._solution = (system, solved, every)

    def _grow(self, log: LoggedTransitions, ahead, weights, seed: int):
        """Return the averages over cells, and what each known step is worth."""
        n_actions = ahead.shape[1]
        rows = [np.flatnonzero(log.known & (log.actions == a)) for a in range(n_actions)]
        if is_one_hot(log.observations):
            states = StateCells(log.observations.shape[1])
            cells = [states if len(own) else None for own in rows]
            system = AveragedQ(log, cells, ahead, self.gamma)
            return system, system.solve(weights)
        worth = _returns_to_go(log, self.gamma)
        for round_ in range(self.n_rounds):
            seeds = np.random.SeedSequence([seed, round_]).generate_state(n_actions)
            options = (self.n_trees, self.min_samples_leaf, self.max_features)
            cells = [
                TreeCells(log.observations[own], worth[own], *options, s) if len(own) else None
                for own, s in zip(rows, seeds.tolist(), strict=True)
            ]
            system = AveragedQ(log, cells, ahead, self.gamma)
            solved = system.solve(weights)
            worth[log.known] = solved
        return system, solved

    def _probabilities(self, observations: np.ndarray) -> np.ndarray:
        """Return the policy's probabilities of numbered actions, (n, n_actions)."""
        policy = self._policy
        if hasattr(policy, "predict_proba") and not (
            self.deterministic and hasattr(policy, "predict")
        ):
            given = policy.predict_proba(observations)
        elif hasattr(policy, "predict"):
            given = policy.predict(observations)
        else:
            given = policy(observations)
        given = np.asarray(given)
        if given.ndim == 2:
            return given.astype(np.float64)
        if given.shape != (len(observations),) or given.dtype.kind not in "iub":
            raise ValueError(
                f"the policy gave {given.shape} of type {given.dtype} for {len(observations)} "
                "observations; expected numbered actions (n,) or probabilities (n, n_actions)"
            )
        return np.eye(int(given.max()) + 1)[given.astype(int)]

    # -- answers --------------------------------------------------------------------------------

    def action_values(self, observations) -> np.ndarray:
        """Return the policy's Q-values: what an action and then the policy bring.

        Parameters
        ----------
        observations : array-like of shape (n, *obs_shape)
            States.

        Returns
        -------
        ndarray of shape (n, n_actions)
            0 for actions that were never logged.
        """
        check_is_fitted(self, "value_")
        system, solved, weights = self._solution
        return system.q(np.asarray(observations), solved, weights)


def _returns_to_go(log: LoggedTransitions, gamma: float) -> np.ndarray:
    """Return the discounted rewards from each step to the end of its episode, (n,)."""
    out, after = np.zeros(len(log)), 0.0
    ends = log.terminals | log.timeouts
    for t in range(len(log) - 1, -1, -1):
        after = out[t] = log.rewards[t] + gamma * (0.0 if ends[t] else after)
    return out


def _widened(shares: np.ndarray, width: int) -> np.ndarray:
    return np.pad(shares, ((0, 0), (0, width - shares.shape[1])))


def _warn_of_absent(logged: np.ndarray, ahead: np.ndarray) -> None:
    never = np.setdiff1d(np.arange(ahead.shape[1]), logged)
    share = float(ahead[:, never].sum(axis=1).mean())
    if share > 0:
        warnings.warn(
            f"the policy takes with probability {share:.3g} actions that the log holds nowhere "
            f"({never.tolist()[:10]}); they count as 0",
            UserWarning,
            stacklevel=4,
        )
