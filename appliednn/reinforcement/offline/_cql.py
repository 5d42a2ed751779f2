"""DiscreteCQL: a better policy than the log's, that does not trust what the log never tried."""

from __future__ import annotations

import time
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval

from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._progress import EpochProgress
from appliednn.core._random import spawn_seeds
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Follow, Phase, Recipe, Updater
from appliednn.reinforcement.agents._training_run import check_finite
from appliednn.reinforcement.offline._base import OfflinePolicy
from appliednn.reinforcement.offline._transitions import LoggedTransitions, read_log_arguments

_CHUNK = 500  # steps of one compiled call
_RECIPE = Recipe(
    phases=(Phase("cql_loss", trains="q", scalars=("td_loss", "conservative_loss", "q")),),
    follows=(Follow("q", "target"),),
    clip=10.0,
)


class DiscreteCQL(OfflinePolicy):
    """Conservative Q-learning for discrete actions, with double Q-learning.

    Q-learning on a log alone believes in actions that it cannot check. Here each step also lowers
    the Q-values of all actions against those that were logged.

    Parameters
    ----------
    env : str, callable or gymnasium.Env, optional
        Where the policy is to act: number of actions, ``evaluate``. Learning needs none.
    n_actions : int, optional
        Number of actions, if the log may not show them all.
    n_steps : int, default=10_000
        Gradient steps of ``fit``.
    alpha : float, default=1.0
        Weight of the conservative term; 0: plain (double) Q-learning. In units of squared
        returns: more for larger returns, and for logs of good policies.
    gamma : float, default=0.99
        Discount.
    double : bool, default=True
        Choose the next action by the learning network and value it by its target.
    tau : float, default=0.005
        By how much of the way the target follows in each step.
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Of the network (for images: after convolutions).
    activation : str, default="relu"
        Of the hidden layers.
    learning_rate : float, default=1e-3
        Of Adam.
    batch_size : int, default=128
        Rows of a step.
    normalize_observations : bool, default=True
        By the log's means and standard deviations.
    max_seconds : float, optional
        Longest time of learning.
    random_state : int, RandomState or None, default=None
        Seeds weights and draws.
    verbose : bool or "auto", default="auto"
        A progress bar on a terminal.

    Attributes
    ----------
    network_ : SequenceNetwork
        Q-values and their target.
    history_ : dict of str to list
        ``n_steps``, ``loss``, ``td_loss``, ``conservative_loss``, ``q`` (of logged actions) and
        ``seconds`` of every 500 steps.
    n_steps_, stop_reason_
        Steps taken, and why learning stopped.
    action_space_, observation_space_ : gymnasium.Space
        By the log, or of ``env``.
    n_features_in_ : int
        Numbers of an observation.

    References
    ----------
    A. Kumar, A. Zhou, G. Tucker, S. Levine, "Conservative Q-Learning for Offline Reinforcement
    Learning", NeurIPS 2020.

    Examples
    --------
    Two states; the first action pays in the first one, the second action in the other.

    >>> rng = np.random.default_rng(0)
    >>> state, action = rng.integers(0, 2, 400), rng.integers(0, 2, 400)
    >>> cql = DiscreteCQL(n_steps=500, hidden_layer_sizes=16, learning_rate=0.01, random_state=0)
    >>> cql = cql.fit(np.eye(2)[state], action, state == action, np.ones(400, bool))
    >>> cql.predict(np.eye(2)).tolist()
    [0, 1]
    """

    _part = "q"
    _parameter_constraints: dict = {
        **OfflinePolicy._parameter_constraints,
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "gamma": [Interval(Real, 0, 1, closed="both")],
        "double": ["boolean"],
        "tau": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        env=None,
        *,
        n_actions=None,
        n_steps=10_000,
        alpha=1.0,
        gamma=0.99,
        double=True,
        tau=0.005,
        hidden_layer_sizes=(64, 64),
        activation="relu",
        learning_rate=1e-3,
        batch_size=128,
        normalize_observations=True,
        max_seconds=None,
        random_state=None,
        verbose="auto",
    ):
        self.env = env
        self.n_actions = n_actions
        self.n_steps = n_steps
        self.alpha = alpha
        self.gamma = gamma
        self.double = double
        self.tau = tau
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.normalize_observations = normalize_observations
        self.max_seconds = max_seconds
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        observations,
        actions=None,
        rewards=None,
        terminals=None,
        timeouts=None,
        next_observations=None,
    ):
        """Learn from a log of episodes.

        Parameters
        ----------
        observations : array-like of shape (n, *obs_shape), or LoggedTransitions
            What was seen before each step, in the order in which it happened; or the whole log.
        actions : array-like of int, shape (n,)
            What was done, from 0.
        rewards : array-like of shape (n,)
            What it brought.
        terminals : array-like of bool, shape (n,)
            Where episodes ended by themselves.
        timeouts : array-like of bool, shape (n,), optional
            Where they were cut off.
        next_observations : array-like of shape (n, *obs_shape), optional
            What was seen after each step.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If columns do not fit together, numbers are missing, or actions are real.
        FloatingPointError
            If learning diverged.
        """
        log = self._log(observations, actions, rewards, terminals, timeouts, next_observations)
        self.__dict__.pop("network_", None)
        return self._learn(log, self.n_steps)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        observations,
        actions=None,
        rewards=None,
        terminals=None,
        timeouts=None,
        next_observations=None,
        n_steps: int | None = None,
    ):
        """Go on learning where the last call stopped, on this log; begins if there was none.

        Two halves equal one ``fit`` over both, on the same log.

        Parameters
        ----------
        observations, actions, rewards, terminals, timeouts, next_observations
            As in ``fit``.
        n_steps : int, optional
            Gradient steps; default ``n_steps`` of the constructor.

        Returns
        -------
        self
        """
        log = self._log(observations, actions, rewards, terminals, timeouts, next_observations)
        if hasattr(self, "network_") and (
            log.observations.shape[1:] != tuple(self._observations.shape)
            or log.actions.max() >= self._actions.sizes[0]
        ):
            raise ValueError(
                f"the log holds observations of shape {log.observations.shape[1:]} and actions up "
                f"to {log.actions.max()}; learning began with {self._observations.shape} and "
                f"{self._actions.sizes[0]} actions"
            )
        return self._learn(log, n_steps or self.n_steps)

    @staticmethod
    def _log(*columns) -> LoggedTransitions:
        log = read_log_arguments(*columns)
        if log.actions.ndim != 1:
            raise ValueError(
                f"the log's actions are real numbers of shape {log.actions.shape}; DiscreteCQL "
                "chooses among numbered actions (BehaviorCloning takes real ones): give whole "
                "numbers that are kept as floats as actions.astype(int)"
            )
        if not log.known.any():
            raise ValueError("the log shows of no step what followed it; give next_observations")
        return log

    def _learn(self, log: LoggedTransitions, n_steps: int):
        """Go on from the network there is, or begin."""
        seeds, weights = spawn_seeds(self.random_state, 2), None
        if hasattr(self, "network_"):
            weights = self.network_.weights
        else:
            self._read_spaces(log.observations, log.actions)
            self.history_, self.n_steps_ = {}, 0
            self._learning = {"rng": np.random.default_rng(seeds[1]).bit_generator.state}
        architecture = Architecture.of(
            "offline_q",
            observation_shape=list(self._observations.shape),
            n_actions=self._actions.sizes[0],
            hidden_layer_sizes=hidden_widths(self.hidden_layer_sizes),
            activation=self.activation,
        )
        rng = np.random.default_rng()
        rng.bit_generator.state = self._learning["rng"]
        updater, rows = Updater(architecture, _RECIPE), self._rows(log)
        with updater.session(weights, seeds[0], self._learning.get("optimizer")):
            self.stop_reason_ = self._steps(updater, rows, rng, self.n_steps_ + n_steps)
            self.network_ = SequenceNetwork(architecture, updater.weights())
            self._learning["optimizer"] = updater.optimizer_state()
        self._learning["rng"] = rng.bit_generator.state
        self.__dict__.pop("_mirror", None)
        return self

    def _rows(self, log: LoggedTransitions) -> dict[str, np.ndarray]:
        kept = log.known
        return {
            "observations": self._prepare(log.observations[kept]),
            "next_observations": self._prepare(log.next_observations[kept]),
            "actions": log.actions[kept].astype(np.int32),
            "rewards": log.rewards[kept].astype(np.float32),
            "discounts": (self.gamma * ~log.terminals[kept]).astype(np.float32),
        }

    def _steps(self, updater: Updater, rows: dict, rng, target: int) -> str:
        """Take steps until there are enough; return why no more were taken."""
        scalars = {
            "learning_rate": self.learning_rate,
            "alpha": self.alpha,
            "tau": self.tau,
            "double": float(self.double),
        }
        began, n_rows = time.perf_counter(), len(rows["rewards"])
        before = self.history_.get("seconds", [0.0])[-1]
        with EpochProgress(target, self.verbose, unit="steps") as progress:
            try:
                while self.n_steps_ < target:
                    size = (min(_CHUNK, target - self.n_steps_), self.batch_size)
                    losses = updater.run(rows, rng.integers(0, n_rows, size), scalars)
                    check_finite(losses, ["cql_loss"], self.learning_rate)
                    losses["loss"] = losses.pop("cql_loss")
                    self.n_steps_ += size[0]
                    spent = time.perf_counter() - began
                    row = {"n_steps": self.n_steps_, **losses, "seconds": before + spent}
                    for name, number in row.items():
                        self.history_.setdefault(name, []).append(number)
                    progress.update(self.n_steps_, self.history_)
                    if self.max_seconds is not None and spent >= self.max_seconds:
                        return "max_seconds"
            except KeyboardInterrupt:
                return "interrupted"
        return "n_steps"

    # -- answers --------------------------------------------------------------------------------

    def predict_proba(self, obs) -> np.ndarray:
        """Return 1 for the action of the greatest Q-value, which is always taken, else 0."""
        scores = self.decision_function(obs)
        return np.eye(scores.shape[-1])[scores.argmax(axis=-1)]

    def value(self, obs) -> np.ndarray:
        """Return the greatest Q-value in each state, (n,): what the policy expects, cautiously."""
        return self.decision_function(obs).max(axis=-1)

    def score(
        self,
        observations=None,
        actions=None,
        rewards=None,
        terminals=None,
        timeouts=None,
        next_observations=None,
    ) -> float:
        """Return what the policy's episodes bring, by a log (fitted-Q evaluation) or by acting.

        Parameters
        ----------
        observations : array-like or LoggedTransitions; or an environment
            A log, best one that was not learnt from: the discounted value at the starts of its
            episodes. An environment, or nothing (the parameter ``env``): the mean return.
        actions, rewards, terminals, timeouts, next_observations
            The rest of the log.

        Returns
        -------
        float
        """
        if actions is None and not isinstance(observations, LoggedTransitions):
            return super().score(observations)
        from appliednn.reinforcement.offline._fitted_q import FittedQEvaluation

        log = self._log(observations, actions, rewards, terminals, timeouts, next_observations)
        evaluation = FittedQEvaluation(gamma=self.gamma, n_boot=0, random_state=0)
        return float(evaluation.fit(self, log).value_.value)

    def _choose(self, scores: np.ndarray, rngs) -> np.ndarray:
        return scores.argmax(axis=1)
