"""ContextualBandit: which action to take, learnt from a log of decisions and their rewards."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from appliednn.core._random import spawn_seeds
from appliednn.core._rows import copy_feature_names
from appliednn.core.persistence import SaveMixin
from appliednn.reinforcement.bandits._bandit_docs import document
from appliednn.reinforcement.bandits._best_action import best_action_probabilities
from appliednn.reinforcement.bandits._linear_arms import LinearArms
from appliednn.reinforcement.bandits._reward_network import (
    action_rows,
    network_rewards,
    reward_network,
)
from appliednn.reinforcement.offline._decision_log import DecisionLog, read_log
from appliednn.reinforcement.offline._off_policy import off_policy_value
from appliednn.reinforcement.offline._policy_value import PolicyValue

_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")


@document
class ContextualBandit(SaveMixin, BaseEstimator):
    """Choose among actions by the context, from logged decisions and their rewards."""

    _parameter_constraints: dict = {
        "policy": [StrOptions({"linucb", "thompson", "epsilon_greedy", "neural"})],
        "actions": ["array-like", None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "epsilon": [Interval(Real, 0, 1, closed="both")],
        "ridge": [_POSITIVE],
        "fit_intercept": ["boolean"],
        "weighting": [StrOptions({"none", "propensity"})],
        "max_weight": [_POSITIVE],
        "numeric": [
            StrOptions({"auto", "robust", "standard", "minmax", "quantile", "passthrough"})
        ],
        "missing": [StrOptions({"median_indicator", "median", "error"})],
        "hidden_layer_sizes": ["array-like", _COUNT],
        "learning_rate": [_POSITIVE],
        "epochs": [_COUNT],
        "batch_size": [_COUNT],
        "max_seconds": [_POSITIVE, None],
        "verbose": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        policy="linucb",
        *,
        actions=None,
        alpha=1.0,
        epsilon=0.1,
        ridge=1.0,
        fit_intercept=True,
        weighting="none",
        max_weight=20.0,
        numeric="auto",
        missing="median_indicator",
        hidden_layer_sizes=(64, 64),
        learning_rate=1e-3,
        epochs=100,
        batch_size=128,
        max_seconds=None,
        verbose="auto",
        random_state=None,
    ):
        self.policy = policy
        self.actions = actions
        self.alpha = alpha
        self.epsilon = epsilon
        self.ridge = ridge
        self.fit_intercept = fit_intercept
        self.weighting = weighting
        self.max_weight = max_weight
        self.numeric = numeric
        self.missing = missing
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.max_seconds = max_seconds
        self.verbose = verbose
        self.random_state = random_state

    # -- learning -------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, actions, rewards, propensity=None):
        """Learn from a log of decisions.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features)
            Contexts: numbers, categories, strings, booleans, dates, missing values.
        actions : array-like of shape (n,)
            Labels of what was done.
        rewards : array-like of shape (n,)
            What followed; higher is better.
        propensity : array-like of shape (n,) or (n, n_actions), optional
            Probability by which it was done. Used with ``weighting="propensity"``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If columns do not fit together, labels or rewards are missing, or a propensity is not
            in (0, 1].
        """
        log = self._read(X, actions, rewards, propensity, self.actions)
        self._begin(X, log)
        return self._learn(X, log, False)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, actions, rewards, propensity=None):
        """Learn from further decisions.

        The linear policies then stand exactly where one ``fit`` on all decisions would have
        brought them, if the encoding is the same (numbers as they are, the default, no missing
        values or new categories); the network trains one epoch on the new rows. The first call is
        a ``fit`` and fixes encoding and actions: with a small first batch, name all actions as
        ``actions=``.

        Parameters
        ----------
        X, actions, rewards, propensity
            As in ``fit``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As ``fit``, and for an action that was unknown at the first call.
        """
        known = getattr(self, "actions_", None)
        first = known is None
        log = self._read(X, actions, rewards, propensity, self.actions if first else known)
        if first:
            self._begin(X, log)
        return self._learn(X, log, not first)

    def _read(self, X, actions, rewards, propensity, labels) -> DecisionLog:
        check_consistent_length(X, actions)
        log = read_log(actions, rewards, propensity, labels)
        if self.weighting == "propensity" and log.propensity is None:
            raise ValueError(
                "weighting='propensity' was set and no propensity given; expected the probability "
                "by which each action was taken, or weighting='none'"
            )
        return log

    def _begin(self, X, log: DecisionLog) -> None:
        """Forget everything; learn encoding and actions."""
        from appliednn.tabular import TabularEncoder

        numeric = self.numeric
        if numeric == "auto":
            numeric = "robust" if self.policy == "neural" else "passthrough"
        self.encoder_ = TabularEncoder(numeric=numeric, missing=self.missing).fit(X)
        copy_feature_names(self, self.encoder_)
        self.actions_ = log.labels
        self.action_counts_ = np.zeros(len(log.labels), dtype=np.int64)
        for name in ("arms_", "model_"):
            self.__dict__.pop(name, None)
        if self.policy != "neural":
            width = self.encoder_.n_features_out_ + bool(self.fit_intercept)
            self.arms_ = LinearArms.fresh(len(log.labels), width, float(self.ridge))

    def _learn(self, X, log: DecisionLog, further: bool):
        Z, weights = self._encode(X), self._weights(log)
        if self.policy == "neural":
            rows = action_rows(Z, log.codes, len(self.actions_))
            if further:
                self.model_.partial_fit(rows, log.rewards, sample_weight=weights)
            else:
                network = reward_network(self, spawn_seeds(self.random_state, 1)[0])
                self.model_ = network.fit(rows, log.rewards, sample_weight=weights)
            self.history_, self.n_epochs_ = self.model_.history_, self.model_.n_epochs_
            self.stop_reason_ = self.model_.stop_reason_
        else:
            self.arms_.add(Z, log.codes, log.rewards, weights)
        self.action_counts_ = self.action_counts_ + np.bincount(
            log.codes, minlength=len(self.actions_)
        )
        return self

    def _weights(self, log: DecisionLog) -> np.ndarray:
        """Return the weight of each decision; 1 for all where the log chose evenly."""
        if self.weighting == "none":
            return np.ones(log.n)
        return np.minimum(1.0 / (len(log.labels) * log.propensity), self.max_weight)

    # -- deciding -------------------------------------------------------------------------------

    def decision_function(self, X) -> np.ndarray:
        """Return the expected reward of every action.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Contexts.

        Returns
        -------
        ndarray of shape (n, n_actions)
            Columns as in ``actions_``, in units of the reward.
        """
        check_is_fitted(self)
        Z = self._encode(X)
        if self.policy == "neural":
            return network_rewards(self.model_, Z, len(self.actions_))
        return self.arms_.mean(Z)

    def deviation(self, X) -> np.ndarray:
        """Return how uncertain each action's expected reward is, (n, n_actions).

        ``sqrt(x' A^-1 x)`` with the action's matrix ``A = ridge * I + sum x x'``: standard
        deviations for rewards of unit noise. Not for ``policy="neural"``.
        """
        self._check_linear("deviation")
        return self.arms_.deviation(self._encode(X))

    def upper_bound(self, X) -> np.ndarray:
        """Return LinUCB's bounds: expected reward plus ``alpha`` deviations, (n, n_actions)."""
        return self.decision_function(X) + self.alpha * self.deviation(X)

    def predict(self, X) -> np.ndarray:
        """Return the action with the highest expected reward in each row, without exploring."""
        return self.actions_[self.decision_function(X).argmax(axis=1)]

    def predict_proba(self, X) -> np.ndarray:
        """Return the probability by which ``select`` takes each action.

        Returns
        -------
        ndarray of shape (n, n_actions)
            ``"linucb"``: 1 for the highest upper bound (equal bounds share it). ``"thompson"``:
            the chance of a draw from the posteriors to be highest there, by quadrature (errors
            about 1e-4). The others: ``1 - epsilon`` for the action that ``predict`` gives, and
            ``epsilon`` shared by all.
        """
        if self.policy == "linucb":
            bound = self.upper_bound(X)
            best = bound == bound.max(axis=1, keepdims=True)
            return best / best.sum(axis=1, keepdims=True)
        expected = self.decision_function(X)
        if self.policy == "thompson" and self.alpha > 0:
            return best_action_probabilities(expected, self.alpha * self.deviation(X))
        k, greedy = len(self.actions_), expected.argmax(axis=1)
        explore = 0.0 if self.policy == "thompson" else float(self.epsilon)
        return (1 - explore) * np.eye(k)[greedy] + explore / k

    def select(self, X, random_state=None) -> tuple[np.ndarray, np.ndarray]:
        """Take an action in each row as the policy explores: what serves visitors.

        Keep both with the reward that follows: they are the next log.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Contexts.
        random_state : int, RandomState or None
            Of the draws.

        Returns
        -------
        actions : ndarray of shape (n,)
        propensity : ndarray of shape (n,)
            Probabilities by which they were taken.
        """
        shares = self.predict_proba(X)
        draws = check_random_state(random_state).random_sample((len(shares), 1))
        # A draw of 0.999... never falls behind the last action that has any probability.
        reached = np.cumsum(shares, axis=1) / shares.sum(axis=1, keepdims=True)
        codes = (draws >= reached).sum(axis=1)
        last = shares.shape[1] - 1 - (shares[:, ::-1] > 0).argmax(axis=1)
        codes = np.minimum(codes, last)
        return self.actions_[codes], shares[np.arange(len(codes)), codes]

    # -- judging --------------------------------------------------------------------------------

    def evaluate(
        self, X, actions, rewards, propensity=None, *, method="auto", explore=False, **options
    ) -> PolicyValue:
        """Estimate what this policy would have earned on decisions it has not learnt from.

        Parameters
        ----------
        X, actions, rewards, propensity
            A log, as in ``fit``.
        method : str, default="auto"
            As in :func:`off_policy_value`, with the bandit's own expected rewards as the model;
            ``"auto"``: doubly robust, or ``"dm"`` without propensities. ``"dm"`` believes the
            model that also chose: the value is optimistic, and the interval knows nothing of it.
        explore : bool, default=False
            Whether the policy explores (``predict_proba``) or takes the best (``predict``).
        **options
            Passed on to :func:`off_policy_value`.

        Returns
        -------
        PolicyValue
        """
        expected = self.decision_function(X)
        if method == "auto":
            method = "dm" if propensity is None else "dr"
        policy = self.predict_proba(X) if explore else self.actions_[expected.argmax(axis=1)]
        options = {"labels": self.actions_, "reward_model": expected, **options}
        return off_policy_value(policy, actions, rewards, propensity, X, method=method, **options)

    def score(self, X, actions, rewards, propensity=None) -> float:
        """Return the mean reward that ``predict`` would have earned: ``evaluate(...).value``.

        Doubly robust with propensities. Without them the model's own belief, which flatters it:
        do not choose between models by that.

        Parameters
        ----------
        X, actions, rewards, propensity
            A log, as in ``fit``.

        Returns
        -------
        float
        """
        return self.evaluate(X, actions, rewards, propensity).value

    @property
    def classes_(self) -> np.ndarray:
        """The actions, as scikit-learn calls them."""
        return self.actions_

    def _encode(self, X) -> np.ndarray:
        Z = self.encoder_.transform(X).astype(np.float64)
        if self.policy != "neural" and self.fit_intercept:
            Z = np.hstack([Z, np.ones((len(Z), 1))])
        return Z

    def _check_linear(self, what: str) -> None:
        check_is_fitted(self)
        if self.policy == "neural":
            raise ValueError(
                f"{what} is known for linear rewards only, and policy='neural' was set; expected "
                "policy='linucb', 'thompson' or 'epsilon_greedy'"
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_" if self.policy == "neural" else "arms_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = self.missing != "error"
        return tags
