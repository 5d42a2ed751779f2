"""FittedQEvaluation: what a policy's episodes would bring, from the log of another."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core.statistics import Estimate
from appliednn.reinforcement.offline._state_features import state_features
from appliednn.reinforcement.offline._transitions import LoggedTransitions, read_log_arguments
from appliednn.reinforcement.offline._value_intervals import (
    bootstrap_draws,
    percentile_interval,
)


class FittedQEvaluation(BaseEstimator):
    """Value of a given policy from logged episodes of another one.

    Q-values are linear in features of the state, with coefficients for each action, and fitted so
    that they agree with the rewards and with themselves one step later. With such features this
    fixed point of fitted-Q evaluation is the solution of one linear system, so that the bootstrap
    over episodes is affordable.

    Parameters
    ----------
    gamma : float, default=0.99
        Discount.
    features : {"auto", "linear", "random"} or transformer, default="auto"
        What Q-values are linear in: the observations, random Fourier features of them, or what a
        scikit-learn transformer makes of them. ``"auto"``: the observations where each is a
        single 1 among zeros (a numbered state), else random features.
    n_features : int, default=128
        Number of random features.
    ridge : float, default=1e-6
        Added to the mean square of each feature: keeps what the log never shows at 0.
    deterministic : bool, default=True
        Evaluate what the policy's ``predict`` gives; otherwise its ``predict_proba``.
    n_boot : int, default=100
        Bootstrap samples of episodes, each with a fit of its own; 0: no interval.
    level : float, default=0.95
        Of the interval.
    random_state : int, default=0
        Seeds features and bootstrap.

    Attributes
    ----------
    value_ : Estimate
        Mean discounted return from the starts of the logged episodes; n counts episodes.
    coef_ : ndarray of shape (n_actions, m)
        Coefficients of the features.
    draws_ : ndarray of shape (n_boot,)
        Bootstrap values.

    Notes
    -----
    The policy must not have been learnt from the same log, or its value is flattered. What the
    policy does must be in the log in like states; nothing here can tell otherwise.

    References
    ----------
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
        "features": [
            StrOptions({"auto", "linear", "random"}),
            HasMethods(["fit", "transform"]),
        ],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "ridge": [Interval(Real, 0, None, closed="neither")],
        "deterministic": ["boolean"],
        "n_boot": [Interval(Integral, 0, None, closed="left")],
        "level": [Interval(Real, 0, 1, closed="neither")],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        gamma=0.99,
        *,
        features="auto",
        n_features=128,
        ridge=1e-6,
        deterministic=True,
        n_boot=100,
        level=0.95,
        random_state=0,
    ):
        self.gamma = gamma
        self.features = features
        self.n_features = n_features
        self.ridge = ridge
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
        seed = int(self.random_state)
        starts = log.starts
        here = self._probabilities(log.observations[starts])
        ahead = self._probabilities(log.next_observations)
        width = max(here.shape[1], ahead.shape[1], int(log.actions.max()) + 1)
        here, ahead = (_widened(shares, width) for shares in (here, ahead))
        _warn_of_absent(log.actions, ahead[log.known])
        self._maker = state_features(self.features, log.observations, self.n_features, seed)
        first = _spread(self._features(log.observations[starts]), here)
        system = _System(self, log, ahead)
        numbers, n = log.episodes, len(starts)

        def value(rows: np.ndarray) -> float:
            counts = np.bincount(rows, minlength=n).astype(np.float64)
            return float(counts @ (first @ system.solve(counts[numbers]))) / n

        every = np.arange(n)
        solution = system.solve(np.ones(len(numbers)))
        self.coef_ = solution.reshape(width, -1)
        self.draws_ = bootstrap_draws(value, n, int(self.n_boot), seed)
        ci = percentile_interval(self.draws_, self.level) if self.n_boot else None
        name = "discounted return (fitted-Q evaluation)"
        point = value(every)
        self.value_ = Estimate(name, point, ci, n, "bootstrap", self.level, seed)

    def _features(self, observations: np.ndarray) -> np.ndarray:
        return np.asarray(self._maker.transform(observations), dtype=np.float64)

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
        """Return the policy's Q-values, (n, n_actions): what follows an action and the policy."""
        check_is_fitted(self, "coef_")
        return self._features(np.asarray(observations)) @ self.coef_.T


class _System:
    """The linear system whose solution are the coefficients, for any weights of the rows."""

    def __init__(self, evaluation: FittedQEvaluation, log: LoggedTransitions, ahead: np.ndarray):
        known = np.flatnonzero(log.known)
        self.rows, self.ridge = known, evaluation.ridge
        self.features = evaluation._features(log.observations[known])
        self.actions, self.rewards = log.actions[known], log.rewards[known]
        following = _spread(evaluation._features(log.next_observations[known]), ahead[known])
        discount = evaluation.gamma * ~log.terminals[known]
        self.shares = np.eye(ahead.shape[1])[self.actions]
        # What a coefficient counts for now, less what it counts for one step later.
        self.change = _spread(self.features, self.shares) - discount[:, None] * following

    def solve(self, weights: np.ndarray) -> np.ndarray:
        """Return coefficients (n_actions * m,) for weights of all rows of the log."""
        weights = weights[self.rows]
        width, m = self.shares.shape[1], self.features.shape[1]
        matrix, right = np.empty((width * m, width * m)), np.empty(width * m)
        for action in range(width):
            own = np.flatnonzero((self.actions == action) & (weights > 0))
            block, left = slice(action * m, (action + 1) * m), self.features[own]
            left = (left * weights[own, None]).T
            matrix[block], right[block] = left @ self.change[own], left @ self.rewards[own]
        matrix[np.diag_indices(width * m)] += self.ridge * weights.sum()
        return np.linalg.solve(matrix, right)


def _spread(features: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return features times each action's share, side by side, (n, n_actions * m)."""
    return (shares[:, :, None] * features[:, None, :]).reshape(len(features), -1)


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
