"""Agents with a replay buffer and real-valued actions: what DDPG, TD3 and SAC share."""

from __future__ import annotations

import math

import numpy as np

from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Updater
from appliednn.reinforcement.agents._acting import dense_forward
from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.agents.off_policy._base import OffPolicyAgent


class ContinuousReplayAgent(OffPolicyAgent):
    """Base of the agents whose network acts between -1 and 1, the ends of the action space.

    What ``_scores_of`` gives is the actor's raw output, before ``tanh``.
    """

    _action_kinds = ("box",)
    #: Name of the architecture, and how many critics it has.
    _network: str
    _n_critics: int = 2

    def _architecture(self) -> Architecture:
        return Architecture.of(
            self._network,
            observation_shape=list(self._observations.shape),
            n_actions=self._actions.shape[0],
            hidden_layer_sizes=hidden_widths(self.hidden_layer_sizes),
            activation=self.activation,
            n_critics=self._n_critics,
            **self._extra(),
        )

    def _extra(self) -> dict:
        """Return further arguments of the network."""
        return {}

    def _begin(self, env, seeds: list[int]) -> None:
        super()._begin(env, seeds)
        if not np.isfinite([self._actions.low, self._actions.high]).all():
            raise ValueError(
                f"{type(self).__name__} spreads its actions between the ends of the action space; "
                f"{self._actions.to_gymnasium()} has none: wrap the environment with "
                "gymnasium.wrappers.RescaleAction or give its space bounds"
            )

    # -- actions --------------------------------------------------------------------------------

    @property
    def _half_range(self) -> np.ndarray:
        return (self._actions.high - self._actions.low) / 2

    def _to_space(self, kept: np.ndarray) -> np.ndarray:
        middle = (self._actions.high + self._actions.low) / 2
        return self._actions.decode(middle + self._half_range * kept)

    def _scores_of(self, network: SequenceNetwork):
        if self._observations.is_image:
            return lambda observations: network.call(
                "actor_scores", {"observations": observations}
            )
        return dense_forward(network.part("actor"), self.activation)

    def _actor(self, updater: Updater):
        if self._observations.is_image:
            return self._scores_of(SequenceNetwork(updater.architecture, updater.weights()))
        return dense_forward(updater.group("actor"), self.activation)

    def _best(self, scores: np.ndarray) -> np.ndarray:
        """Return actions without noise, between -1 and 1."""
        return np.tanh(scores[:, : self._actions.shape[0]])

    def _random(self, run: TrainingRun) -> np.ndarray:
        """Return actions that are spread evenly between -1 and 1, and wander as the noise does."""
        from scipy.special import ndtr

        noise = self._wandering_noise(run, float(self.noise_correlation))
        return (2.0 * ndtr(noise) - 1.0).astype(np.float32)

    def _wandering_noise(self, run: TrainingRun, correlation: float) -> np.ndarray:
        """Return standard normal noise that remembers a share of what it was a step before."""
        fresh = run.rng.standard_normal((self.n_envs, *self._actions.shape), dtype=np.float32)
        if correlation and self._wandering is not None:
            fresh = correlation * self._wandering + math.sqrt(1.0 - correlation**2) * fresh
        self._wandering = fresh
        return fresh

    def _noise(self, run: TrainingRun, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        size = (*shape, *self._actions.shape)
        return {"noise": run.rng.standard_normal(size, dtype=np.float32)}

    # -- answers --------------------------------------------------------------------------------

    def decision_function(self, obs) -> np.ndarray:
        r"""Return the actions that are taken without noise.

        Parameters
        ----------
        obs : array-like of shape (n, \*obs_shape) or (\*obs_shape,)
            Observations.

        Returns
        -------
        ndarray of shape (n, d) or (d,)
        """
        observations, single = self._read(obs)
        actions = self._to_space(self._best(self._fast_scores()(observations)))
        return actions[0] if single else actions

    def decision_gradient(self, obs, weights) -> np.ndarray:
        r"""Return the gradient of ``sum_k weights[i, k] * decision_function(obs)[i, k]``.

        Parameters
        ----------
        obs : array-like of shape (n, \*obs_shape)
            Observations.
        weights : array-like of shape (n, d)
            One-hot for the gradient of a single action.

        Returns
        -------
        ndarray of shape (n, \*obs_shape), float32
            With respect to the observations as they are given (images: to their bytes).
        """
        check = np.asarray(weights, np.float32)
        self._read(obs)
        return super().decision_gradient(obs, check * self._half_range)
