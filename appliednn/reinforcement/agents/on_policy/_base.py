"""Agents that learn from the steps they just took, with a policy and a value network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Phase, Recipe, Updater
from appliednn.reinforcement.agents._acting import dense_forward
from appliednn.reinforcement.agents._base import BaseAgent
from appliednn.reinforcement.agents._normalizer import RewardScaler
from appliednn.reinforcement.agents._training_run import TrainingRun, check_finite
from appliednn.reinforcement.agents.on_policy._distributions import Sampler
from appliednn.reinforcement.agents.on_policy._rollout import Rollout, Values, advantages


class OnPolicyAgent(BaseAgent):
    """Base of PPO, A2C and REINFORCE; a subclass gives its loss and its updates."""

    #: Name of the loss, and the numbers that it tells beside it.
    _loss: str
    _told: tuple[str, ...]
    #: Sub-models that training moves.
    _part_names: tuple[str, ...] = ("actor", "critic")

    @abstractmethod
    def _minibatches(self, n_rows: int, rng: np.random.Generator) -> np.ndarray:
        """Return the rows of each gradient step, (n_steps, batch_size)."""

    @abstractmethod
    def _scalars(self, run: TrainingRun) -> dict[str, float]:
        """Return what the loss and Adam read in this round."""

    # -- network --------------------------------------------------------------------------------

    @property
    def _kind(self) -> str:
        return "gaussian" if self._actions.kind == "box" else "categorical"

    @property
    def _sizes(self) -> tuple[int, ...]:
        return self._actions.sizes or self._actions.shape

    def _architecture(self) -> Architecture:
        return Architecture.of(
            "actor_critic",
            observation_shape=list(self._observations.shape),
            kind=self._kind,
            sizes=list(self._sizes),
            hidden_layer_sizes=hidden_widths(self.hidden_layer_sizes),
            activation=self.activation,
            log_std_init=float(self.log_std_init),
        )

    def _updater(self) -> Updater:
        parts = self._part_names
        if self._observations.is_image and "body" not in parts:
            parts = ("body", *parts)
        if self._kind == "gaussian":
            parts = (*parts, "log_std")
        phase = Phase(self._loss, parts, scalars=self._told)
        recipe = Recipe((phase,), clip=float(self.max_grad_norm), epsilon=1e-5)
        return Updater(self._architecture(), recipe)

    def _scores_of(self, network: SequenceNetwork):
        if self._observations.is_image:
            return lambda observations: network.call("decision", {"observations": observations})
        return dense_forward(network.part("actor"), self.activation)

    # -- choices --------------------------------------------------------------------------------

    def _choose(self, scores: np.ndarray, rngs: Sequence | None) -> np.ndarray:
        sampler = Sampler(self._kind, self._sizes)
        if rngs is None:
            return self._actions.decode(sampler.greedy(scores))
        noise = np.stack([sampler.noise(rng, ()) for rng in rngs])
        return self._actions.decode(sampler.draw(scores, noise, self._log_std(self.network_)))

    def _log_std(self, network: SequenceNetwork) -> np.ndarray | None:
        return network.part("log_std")[0] if self._kind == "gaussian" else None

    def predict_proba(self, obs) -> np.ndarray:
        """Return the probability of each action.

        Parameters
        ----------
        obs : array-like of shape (n, *obs_shape) or (*obs_shape,)
            Observations.

        Returns
        -------
        ndarray of shape (n, n_actions)
            For several decisions: all of them side by side, each summing to 1.

        Raises
        ------
        AttributeError
            If actions are real numbers, which have densities.
        """
        observations, single = self._read(obs)
        if self._kind == "gaussian":
            raise AttributeError("real actions have no probabilities; see decision_function")
        scores = self._fast_scores()(observations)
        joined = np.concatenate(Sampler(self._kind, self._sizes).probabilities(scores), axis=1)
        return joined[0] if single else joined

    # -- learning -------------------------------------------------------------------------------

    def _learn(self, run: TrainingRun) -> None:
        updater, state = self._updater(), self._learning
        with updater.session(state.get("weights"), self._seeds[0], state.get("optimizer")):
            run.learns(lambda: SequenceNetwork(updater.architecture, updater.weights()))
            try:
                while not run.over:
                    self._round(run, updater)
            finally:
                state |= {
                    "weights": updater.weights(),
                    "optimizer": updater.optimizer_state(),
                }
                # the program may serve another fit from here on
                weights = state["weights"]
                run.learns(lambda: SequenceNetwork(updater.architecture, weights))

    def _round(self, run: TrainingRun, updater: Updater) -> None:
        """Collect steps, learn from them, record both."""
        network = SequenceNetwork(updater.architecture, updater.weights())
        rollout = self._collect(run, network)
        rows = self._rows(rollout, network)
        scalars = self._scalars(run)
        index = self._minibatches(rollout.n_rows, run.rng)
        losses = updater.run(rows, index, scalars)
        check_finite(losses, [self._loss], self.learning_rate)
        losses["loss"] = losses.pop(self._loss)
        run.record(losses)

    def _collect(self, run: TrainingRun, network: SequenceNetwork) -> Rollout:
        """Act for ``n_steps`` steps in all environments."""
        return self._act(run, self._scores_of(network), network)

    def _act(self, run: TrainingRun, scores_of, network: SequenceNetwork, tape=None) -> Rollout:
        """Fill a rollout; a ``tape`` is told where episodes end."""
        sampler, log_std = Sampler(self._kind, self._sizes), self._log_std(network)
        noise = sampler.noise(run.rng, (self.n_steps, self.n_envs))
        rollout = Rollout(self.n_steps, self.n_envs, self._observations, self._actions)
        for t in range(self.n_steps):
            observations = self._normalized(run.observations, learn=True)
            scores = scores_of(observations)
            choices = sampler.draw(scores, noise[t], log_std)
            step = run.step(self._actions.decode(choices))
            finals = self._normalized(step.final_observations, learn=False)
            rollout.add(t, observations, scores, choices, step, finals)
            if tape is not None:
                tape.end_step(step.ended, finals)
        rollout.close(self._normalized(run.observations, learn=False))
        rollout.log_probs = sampler.log_prob(
            rollout.flat(rollout.scores), log_std, rollout.flat(rollout.actions)
        )
        return rollout

    def _normalized(self, observations: np.ndarray, learn: bool) -> np.ndarray:
        if self._normalizer is None:
            return observations
        if learn:
            self._normalizer.moments.update(observations)
        return self._normalizer(observations)

    def _rows(self, rollout: Rollout, network: SequenceNetwork) -> Mapping[str, np.ndarray]:
        """Return what the loss reads, one row a step of an environment."""
        rewards = rollout.rewards
        if self.normalize_rewards:
            scaler = self._learning.setdefault("rewards", RewardScaler(self.gamma))
            done = rollout.terminated | rollout.truncated
            rewards = np.stack([scaler(r, d) for r, d in zip(rewards, done, strict=True)])
        values = self._values(rollout, network)
        advantage, returns = advantages(rollout, rewards, values, self.gamma, self.gae_lambda)
        return {
            "observations": rollout.flat(rollout.observations),
            "actions": rollout.flat(rollout.actions),
            "log_probs": rollout.log_probs,
            "advantages": rollout.flat(advantage),
            "returns": rollout.flat(returns),
        }

    def _value_of(self, network: SequenceNetwork):
        if self._observations.is_image:
            return lambda observations: network.call("value", {"observations": observations})
        critic = dense_forward(network.part("critic"), self.activation)
        return lambda observations: critic(observations)[:, 0]

    def _values(self, rollout: Rollout, network: SequenceNetwork) -> Values:
        """Return the values of what a rollout saw."""
        value_of = self._value_of(network)
        seen = value_of(rollout.flat(rollout.observations)).reshape(rollout.rewards.shape)
        finals = [value_of(observations) for _, _, observations in rollout.finals]
        return Values(seen, value_of(rollout.last), finals)
