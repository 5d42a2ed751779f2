"""What a trained agent says: actions, values, gradients, returns."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
from sklearn.utils.validation import check_is_fitted

from appliednn.reinforcement.agents._policy import EpisodePolicy
from appliednn.reinforcement.agents._spaces import SpaceSpec, read_observations
from appliednn.reinforcement.envs._make import make_env
from appliednn.reinforcement.evaluation._episodes import run_episodes
from appliednn.reinforcement.evaluation._evaluation import Evaluation

# Seeds of the episodes of evaluate(): one block of them for every agent, so that two agents meet
# the same episodes; those that pick the best policy in training come from the agent's own seed.
_EVALUATION_SEED = 1_000_000


class AgentAnswers:
    """The half of an agent that is used after learning."""

    @property
    def observation_space_(self):
        """The gymnasium space of observations, as the agent reads them."""
        check_is_fitted(self, "network_")
        return self._observations.to_gymnasium()

    @property
    def action_space_(self):
        """The gymnasium space of actions."""
        check_is_fitted(self, "network_")
        return self._actions.to_gymnasium()

    def _prepare(self, observations: np.ndarray) -> np.ndarray:
        """Return observations as the network reads them (with the best policy's moments)."""
        if self._best_normalizer is None:
            return observations
        return self._best_normalizer(observations)

    def _fast_scores(self):
        """Return the function from raw observations to scores, made once for a fit."""
        if self.__dict__.get("_mirror") is None:
            self._mirror = self._scores_of(self.network_)
        mirror = self._mirror
        return lambda observations: mirror(self._prepare(observations))

    def _read(self, obs) -> tuple[np.ndarray, bool]:
        check_is_fitted(self, "network_")
        return read_observations(obs, self._observations)

    def predict(self, obs, deterministic: bool = True) -> np.ndarray:
        """Return the action for each observation.

        Parameters
        ----------
        obs : array-like of shape (n, *obs_shape) or (*obs_shape,)
            Observations as ``make_env()`` gives them, or a single one.
        deterministic : bool
            The best action; otherwise one that is drawn as in training, from fresh entropy.

        Returns
        -------
        ndarray of shape (n,), (n, n_decisions) or (n, d)
            Without the first axis for a single observation.
        """
        observations, single = self._read(obs)
        entropy = None if deterministic else np.random.default_rng()
        rngs = None if deterministic else [entropy] * len(observations)
        actions = self._choose(self._fast_scores()(observations), rngs)
        return actions[0] if single else actions

    def decision_function(self, obs) -> np.ndarray:
        """Return Q-values or logits, or the means of real actions.

        Parameters
        ----------
        obs : array-like of shape (n, *obs_shape) or (*obs_shape,)
            Observations.

        Returns
        -------
        ndarray of shape (n, n_actions)
            All decisions side by side for several; (n, d) for real actions.
        """
        observations, single = self._read(obs)
        scores = np.asarray(self._fast_scores()(observations))
        return scores[0] if single else scores

    def value(self, obs) -> np.ndarray:
        """Return the discounted return that the agent expects from each state, (n,)."""
        observations, single = self._read(obs)
        batch = {"observations": self._prepare(observations)}
        values = np.asarray(self.network_.call("value", batch))
        return values[0] if single else values

    def decision_gradient(self, obs, weights) -> np.ndarray:
        """Return the gradient of ``sum_k weights[i, k] * decision_function(obs)[i, k]``.

        Parameters
        ----------
        obs : array-like of shape (n, *obs_shape)
            Observations.
        weights : array-like of shape (n, n_actions)
            One-hot for the gradient of a single score; 1 and -1 for that of a gap.

        Returns
        -------
        ndarray of shape (n, *obs_shape), float32
            With respect to the observations as they are given (images: to their bytes).
        """
        observations, _ = self._read(obs)
        prepared = self._prepare(observations).astype(np.float32)
        weights = np.asarray(weights, np.float32)
        width = sum(self._actions.sizes) or int(np.prod(self._actions.shape))
        if weights.size != len(prepared) * width or weights.shape[-1:] != (width,):
            raise ValueError(
                f"weights of shape {weights.shape} were given; expected {(len(prepared), width)}, "
                "a weight for each observation and decision value"
            )
        batch = {"observations": prepared, "weights": weights.reshape(-1, width)}
        gradient = self.network_.gradient("weighted_decision", batch, "observations")
        if self._best_normalizer is not None:
            gradient = self._best_normalizer.pull_back(gradient, observations)
        return gradient

    def policy(self, deterministic: bool = True) -> EpisodePolicy:
        """Return ``act(observations, first) -> actions``, as run_episodes calls it."""
        check_is_fitted(self, "network_")
        acting = self._acting(self.network_)

        def scores(observations, first):
            if not (isfinite(observations.sum()) or np.isfinite(observations).all()):
                raise ValueError(
                    "the environment gave observations that are not finite numbers; mend it, or "
                    "wrap it so that they are replaced"
                )
            return acting(self._prepare(observations), first)

        return EpisodePolicy(scores, self._choose, deterministic, self._check_acts_in)

    def _check_acts_in(self, env) -> None:
        """Refuse an environment that the policy cannot act in: there may be further choices."""
        seen, done = SpaceSpec.of(env.observation_space), SpaceSpec.of(env.action_space)
        own = self._actions
        fits = (done.kind, done.shape) == (own.kind, own.shape) and all(
            there >= here for there, here in zip(done.sizes, own.sizes, strict=True)
        )
        if seen.shape != self._observations.shape or not fits:
            raise self._other_spaces(env)

    def _other_spaces(self, env) -> ValueError:
        return ValueError(
            f"the environment has observations {env.observation_space} and actions "
            f"{env.action_space}; the agent was trained on {self._observations.to_gymnasium()} "
            f"and {self._actions.to_gymnasium()}"
        )

    def make_env(self, env=None):
        """Return one gymnasium environment, wrapped as the agent reads it."""
        return make_env(self._read_env(env)[0], self.frame_stack)

    def evaluate(
        self,
        env=None,
        n_episodes: int = 20,
        seeds: Sequence[int] | None = None,
        deterministic: bool = True,
        record: bool = False,
        max_steps: int | None = None,
    ) -> Evaluation:
        """Run episodes of the policy.

        Parameters
        ----------
        env : str, callable or gymnasium.Env, optional
            Default the parameter ``env``.
        n_episodes : int
            How many, with seeds that are the same for every agent.
        seeds : sequence of int, optional
            Of the episodes, instead.
        deterministic : bool
            Take the best action in each state.
        record : bool
            Keep what was observed and done.
        max_steps : int, optional
            Longest episode; default 100 000, where the environment has no limit of its own.

        Returns
        -------
        Evaluation
            Returns, lengths; mean, interquartile mean and median with intervals.
        """
        check_is_fitted(self, "network_")
        env = self._read_env(env)[0]
        if seeds is None:
            seeds = range(_EVALUATION_SEED, _EVALUATION_SEED + n_episodes)
        return Evaluation(
            run_episodes(
                self.policy(deterministic),
                env,
                seeds,
                record=record,
                max_steps=max_steps,
                frame_stack=self.frame_stack,
            )
        )

    def score(self, env=None, y=None, n_episodes: int = 20) -> float:
        """Return the mean return over seeded episodes.

        Parameters
        ----------
        env : str, callable, gymnasium.Env or int ndarray, optional
            As for ``evaluate``; whole numbers (of SeedSplit) choose the episodes' seeds.
        y : None
            Not used.
        n_episodes : int
            How many.

        Returns
        -------
        float
        """
        env, seeds = self._read_env(env)
        chosen = None
        if seeds:
            sequence = np.random.SeedSequence([abs(s) for s in seeds])
            chosen = (sequence.generate_state(n_episodes) >> 1).tolist()
        return float(self.evaluate(env, n_episodes, chosen).returns.mean())

    # -- state ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        return {k: v for k, v in state.items() if k not in self._ann_skip}

    def __ann_state__(self):
        """Return the state for a model file: an environment that is no id stays out of it."""
        state = super().__ann_state__()
        if not isinstance(state.params.get("env"), str):
            state.params["env"] = None
        return state
