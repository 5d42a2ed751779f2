"""What every policy learnt from a log answers, as the agents do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core.persistence import SaveMixin
from appliednn.reinforcement.agents._acting import dense_forward
from appliednn.reinforcement.agents._answers import AgentAnswers
from appliednn.reinforcement.agents._normalizer import ObservationNormalizer, RunningMoments
from appliednn.reinforcement.agents._spaces import SpaceSpec

_COUNT = Interval(Integral, 1, None, closed="left")


class OfflinePolicy(AgentAnswers, SaveMixin, BaseEstimator):
    """Base of policies from logs; a subclass learns ``network_`` in ``fit``."""

    _parameter_constraints: dict = {
        "env": [str, callable, HasMethods(["reset", "step"]), None],
        "n_actions": [_COUNT, None],
        "hidden_layer_sizes": ["array-like", _COUNT],
        "activation": [StrOptions({"relu", "tanh", "elu", "selu", "silu", "leaky_relu"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [_COUNT],
        "normalize_observations": ["boolean"],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
        "verbose": [StrOptions({"auto"}), "boolean"],
    }
    _ann_skip = ("_mirror",)
    _part = "policy"  # sub-model that decides
    frame_stack = 1

    @abstractmethod
    def _choose(self, scores: np.ndarray, rngs: Sequence | None) -> np.ndarray:
        """Return actions: the best, or drawn with one generator for each row."""

    # -- learning -------------------------------------------------------------------------------

    def _read_spaces(self, observations: np.ndarray, actions: np.ndarray) -> None:
        """Learn the spaces from the log, or from the environment where one is named."""
        shape = observations.shape[1:]
        self._observations = SpaceSpec(
            "box", shape, str(observations.dtype), np.full(shape, -np.inf), np.full(shape, np.inf)
        )
        if observations.dtype == np.uint8:
            bounds = (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8))
            self._observations = SpaceSpec("box", shape, "uint8", *bounds)
        if actions.ndim == 1:
            n_actions = int(actions.max()) + 1
            if self.n_actions is not None and self.n_actions < n_actions:
                raise ValueError(
                    f"n_actions={self.n_actions} was given, and the log holds the action "
                    f"{n_actions - 1}; expected at least {n_actions}"
                )
            self._actions = SpaceSpec(
                "discrete", (), "int64", sizes=(self.n_actions or n_actions,)
            )
        else:
            low, high = actions.min(axis=0), actions.max(axis=0)
            self._actions = SpaceSpec("box", actions.shape[1:], "float32", low, high)
        if self.env is not None:
            self._read_env_spaces()
        self.n_features_in_ = int(np.prod(shape))
        self._best_normalizer = self._learn_scale(observations)
        self.__dict__.pop("_mirror", None)

    def _read_env_spaces(self) -> None:
        env = self.make_env()
        found = SpaceSpec.of(env.observation_space), SpaceSpec.of(env.action_space)
        env.close()
        logged = (self._observations.shape, self._actions.kind, self._actions.shape)
        if logged != (found[0].shape, found[1].kind, found[1].shape) or (
            found[1].kind == "discrete" and self._actions.sizes[0] > found[1].sizes[0]
        ):
            raise ValueError(
                f"the log holds observations of shape {self._observations.shape} and "
                f"{self._actions.to_gymnasium()} actions; the environment has "
                f"{found[0].to_gymnasium()} and {found[1].to_gymnasium()}"
            )
        self._observations, self._actions = found

    def _learn_scale(self, observations: np.ndarray) -> ObservationNormalizer | None:
        if not self.normalize_observations or observations.dtype == np.uint8:
            return None
        mean = observations.mean(axis=0, dtype=np.float64)
        var = observations.var(axis=0, dtype=np.float64)
        var[var == 0] = 1.0  # what never moved in the log keeps its own unit
        return ObservationNormalizer(RunningMoments(mean, var, float(len(observations))))

    # -- answers --------------------------------------------------------------------------------

    @property
    def classes_(self) -> np.ndarray:
        """The numbers of discrete actions."""
        check_is_fitted(self, "network_")
        return np.arange(self._actions.sizes[0])

    def decision_gradient(self, obs, weights) -> np.ndarray:
        """Return the gradient of ``sum_k weights[i, k] * decision_function(obs)[i, k]``.

        Parameters
        ----------
        obs : array-like of shape (n, *obs_shape)
            Observations.
        weights : array-like of shape (n, n_outputs)
            One-hot for the gradient of a single score.

        Returns
        -------
        ndarray of shape (n, *obs_shape), float32
            With respect to the observations as they are given.
        """
        check_is_fitted(self, "network_")
        return super().decision_gradient(obs, np.asarray(weights) * self._unit()[1])

    # -- parts ----------------------------------------------------------------------------------

    def _read_env(self, env):
        env = self.env if env is None else env
        if env is None:
            raise ValueError(
                'no environment was given; pass one, or env="CartPole-v1" to the constructor'
            )
        return env, []

    def _unit(self) -> tuple[np.ndarray | float, np.ndarray | float]:
        """Return what is added to the network's output, and its unit."""
        return 0.0, 1.0

    def _scores_of(self, network: SequenceNetwork):
        """Return the function from prepared observations to scores."""
        middle, unit = self._unit()
        if self._observations.is_image:
            return lambda rows: network.call("decision", {"observations": rows}) * unit + middle
        forward = dense_forward(network.part(self._part), self.activation)
        return lambda rows: forward(rows.astype(np.float32, copy=False)) * unit + middle

    def _acting(self, network: SequenceNetwork):
        scores_of = self._scores_of(network)
        return lambda rows, first: scores_of(rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        return tags
