"""BehaviorCloning: do as the log did."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._random import spawn_seeds
from appliednn.core._rows import row_weights
from appliednn.core._sequence_trainer import SequencePlan, SequenceTrainer
from appliednn.reinforcement.offline._base import OfflinePolicy
from appliednn.reinforcement.offline._transitions import (
    LoggedTransitions,
    read_actions,
    read_states,
)

_AUTO_EARLY_STOPPING_ROWS = 1000


class BehaviorCloning(OfflinePolicy):
    """Learn a policy as a classifier (or regressor) of the logged actions.

    The best that it can become is the policy that wrote the log; no reward is read.

    Parameters
    ----------
    env : str, callable or gymnasium.Env, optional
        Where the policy is to act: bounds of actions, ``evaluate``. Learning needs none.
    n_actions : int, optional
        Number of discrete actions, if the log may not show them all.
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Of the network (for images: after convolutions).
    activation : str, default="tanh"
        Of the hidden layers.
    learning_rate : float, default=1e-3
        Of Adam.
    weight_decay : float, default=0.0
        Decoupled decay of kernels, times the rate.
    epochs : int, default=50
        Passes over the log.
    batch_size : int, default=128
        Rows of a step.
    early_stopping : bool or "auto", default="auto"
        Whether ``validation_fraction`` of the episodes (of the rows, where arrays are given)
        picks the epoch; ``"auto"``: from 1 000 rows on.
    validation_fraction : float, default=0.1
        Share that is held out.
    n_iter_no_change : int, default=10
        Epochs without a better validation loss before training stops.
    normalize_observations : bool, default=True
        By the log's means and standard deviations.
    max_seconds : float, optional
        Longest training time.
    random_state : int, RandomState or None, default=None
        Seeds weights and shuffles.
    verbose : bool or "auto", default="auto"
        A progress bar on a terminal.

    Attributes
    ----------
    network_ : SequenceNetwork
        The policy.
    history_ : dict of str to list
        One value an epoch: ``loss``, ``val_loss``, ``lr``, ``seconds``.
    n_epochs_, stop_reason_
        Epochs run and why training ended.
    action_space_, observation_space_ : gymnasium.Space
        By the log, or of ``env``.
    n_features_in_ : int
        Numbers of an observation.

    References
    ----------
    D. A. Pomerleau, "Efficient Training of Artificial Neural Networks for Autonomous
    Navigation", Neural Computation 3 (1991) 88-97.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> seen = rng.normal(size=(200, 2))
    >>> done = (seen[:, 0] > 0).astype(int)
    >>> cloned = BehaviorCloning(epochs=20, learning_rate=0.01, random_state=0).fit(seen, done)
    >>> cloned.predict([[-1.0, 0.0], [1.0, 0.0]]).tolist()
    [0, 1]
    """

    _parameter_constraints: dict = {
        **OfflinePolicy._parameter_constraints,
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean", StrOptions({"auto"})],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        env=None,
        *,
        n_actions=None,
        hidden_layer_sizes=(64, 64),
        activation="tanh",
        learning_rate=1e-3,
        weight_decay=0.0,
        epochs=50,
        batch_size=128,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        normalize_observations=True,
        max_seconds=None,
        random_state=None,
        verbose="auto",
    ):
        self.env = env
        self.n_actions = n_actions
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.normalize_observations = normalize_observations
        self.max_seconds = max_seconds
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, observations, actions=None, sample_weight=None):
        """Learn from a log.

        Parameters
        ----------
        observations : array-like of shape (n, *obs_shape), or LoggedTransitions
            What was seen.
        actions : array-like of shape (n,) or (n, d)
            What was done: whole numbers from 0, or real ones.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If rows do not fit together or numbers are missing.
        """
        seen, done, episodes = _read(observations, actions)
        weights, kept = row_weights(sample_weight, seen)
        if kept is not None:
            seen, done, episodes = seen[kept], done[kept], episodes[kept]
            weights = weights[kept]
        self._read_spaces(seen, done)
        seeds = spawn_seeds(self.random_state, 3)
        if done.ndim == 2:
            scale = done.std(axis=0)
            self._moments = (done.mean(axis=0), np.where(scale > 0, scale, 1.0).astype(np.float32))
            done = ((done - self._moments[0]) / self._moments[1]).astype(np.float32)
        else:
            self._moments, done = None, done.astype(np.int32)
        rows = {"observations": self._prepare(seen), "actions": done, "w": weights}
        held = self._held_out(episodes, seeds[2])
        result = self._train(rows, held, seeds)
        self.network_, self.history_ = result.network, result.history
        self.n_epochs_, self.stop_reason_ = result.n_epochs, result.stop_reason
        return self

    def _held_out(self, episodes: np.ndarray, seed: int) -> np.ndarray:
        """Return which rows pick the epoch, bool (n,)."""
        wanted = self.early_stopping
        if wanted == "auto":
            wanted = len(episodes) >= _AUTO_EARLY_STOPPING_ROWS
        units = np.unique(episodes)
        count = int(np.ceil(self.validation_fraction * len(units)))
        if not wanted or count >= len(units):
            return np.zeros(len(episodes), bool)
        chosen = np.random.default_rng(seed).permutation(units)[:count]
        return np.isin(episodes, chosen)

    def _train(self, rows: dict, held: np.ndarray, seeds: list[int]):
        discrete = self._actions.kind == "discrete"
        architecture = Architecture.of(
            "cloned_policy",
            observation_shape=list(self._observations.shape),
            n_outputs=self._actions.sizes[0] if discrete else int(self._actions.shape[0]),
            kind="discrete" if discrete else "box",
            hidden_layer_sizes=hidden_widths(self.hidden_layer_sizes),
            activation=self.activation,
        )
        plan = SequencePlan(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            patience=self.n_iter_no_change if held.any() else None,
            max_seconds=self.max_seconds,
            seed=seeds[0],
            verbose=self.verbose,
        )
        train = np.flatnonzero(~held)

        def batches(epoch: int) -> list[dict]:
            order = np.random.default_rng([seeds[1], epoch]).permutation(train)
            return _cut(rows, order, self.batch_size)

        validation = _cut(rows, np.flatnonzero(held), 1024) if held.any() else None
        return SequenceTrainer(architecture, plan, batches, held=validation).fit()

    # -- answers --------------------------------------------------------------------------------

    def predict_proba(self, obs) -> np.ndarray:
        """Return the probability of each discrete action, (n, n_actions)."""
        check_is_fitted(self, "network_")
        if self._moments is not None:
            raise ValueError("predict_proba is for discrete actions; the log's are real numbers")
        scores = self.decision_function(obs)
        return _softmax(scores)

    def score(self, observations=None, actions=None, sample_weight=None) -> float:
        """Return the share of actions that are the log's (real ones: R^2), or the mean return.

        Parameters
        ----------
        observations : array-like or LoggedTransitions; or an environment
            A log; or where to act, if no actions are given (default the parameter ``env``).
        actions : array-like of shape (n,) or (n, d), optional
            What was done.
        sample_weight : array-like of shape (n,), optional
            Weights.

        Returns
        -------
        float
        """
        if actions is None and not isinstance(observations, LoggedTransitions):
            return super().score(observations)
        from sklearn.metrics import accuracy_score, r2_score

        seen, done, _ = _read(observations, actions)
        measure = accuracy_score if self._moments is None else r2_score
        return float(measure(done, self.predict(seen), sample_weight=sample_weight))

    @property
    def value(self):
        """Not there: no reward is read, so that no value is known."""
        raise AttributeError(
            "BehaviorCloning reads no rewards and knows no values; use FittedQEvaluation on a log "
            "with rewards, or learn by DiscreteCQL"
        )

    def _unit(self):
        return (0.0, 1.0) if self._moments is None else self._moments

    def _choose(self, scores: np.ndarray, rngs) -> np.ndarray:
        if self._moments is not None:
            return self._actions.decode(scores)
        if rngs is None:
            return scores.argmax(axis=1)
        draws = np.array([rng.random() for rng in rngs])[:, None]
        reached = np.cumsum(_softmax(scores), axis=1)
        return np.minimum((draws >= reached).sum(axis=1), scores.shape[1] - 1)


def _read(observations, actions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return observations, actions and the episode of each row (rows are their own, unknown)."""
    if isinstance(observations, LoggedTransitions):
        return observations.observations, observations.actions, observations.episodes
    if actions is None:
        raise ValueError("actions were not given; expected what was done in each row")
    seen, done = read_states(observations, "observations"), read_actions(actions)
    if len(seen) != len(done):
        raise ValueError(f"there are {len(seen)} observations and {len(done)} actions")
    return seen, done, np.arange(len(seen))


def _cut(rows: dict, order: np.ndarray, size: int) -> list[dict]:
    chosen = [order[i : i + size] for i in range(0, len(order), size)]
    return [{name: values[index] for name, values in rows.items()} for index in chosen]


def _softmax(scores: np.ndarray) -> np.ndarray:
    odds = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)
