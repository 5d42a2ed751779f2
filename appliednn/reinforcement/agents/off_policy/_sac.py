"""Soft actor-critic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._updates import Follow, Phase, Recipe, Updater
from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.agents.off_policy._replay_continuous import ContinuousReplayAgent

# Bounds of the logarithm of the policy's standard deviation.
_LOG_STD_RANGE = (-20.0, 2.0)


class SACAgent(ContinuousReplayAgent):
    """Learns real-valued actions from remembered steps, as random as their returns allow.

    Parameters
    ----------
    env : str, callable or gymnasium.Env, optional
        A gymnasium id, a function without arguments that makes an environment, or one; may be
        given to ``fit`` instead. An id or a function survives ``clone`` as it is.
    total_timesteps : int
        Steps that ``fit`` takes, over all environments.
    n_envs : int
        Environments side by side.
    processes : bool
        Run each environment in a process of its own: pays where a step takes milliseconds.
    learning_rate : float
        Rate of Adam, for actor and critics and temperature.
    buffer_size, batch_size : int
        Steps remembered; rows of a gradient step.
    learning_starts : int
        Random steps before learning.
    train_freq, gradient_steps : int
        After so many steps, so many gradient steps are run, in one compiled call.
    tau : float
        Share by which the targets move to the networks.
    gamma : float
        Discount.
    n_step : int
        Steps whose rewards count before the next value does (the entropy between them does not).
    temperature : float or "auto"
        Weight of the entropy beside the return; "auto" learns it so that the entropy is
        ``target_entropy``, starting from 1.
    target_entropy : float or "auto"
        In nats, of actions from -1 to 1; "auto": minus the number of actions.
    noise_correlation : float
        From step to step, of the noise that exploring actions are drawn with: near 1 it swings
        heavy things up that independent noise leaves where they are [3]_.
    hidden_layer_sizes : tuple of int
        Of actor and critics each (for images: after convolutions of their own).
    activation : str
        Of the hidden layers.
    frame_stack : int
        Latest observations that are seen together.
    normalize_observations : bool
        By running means and standard deviations; they are part of the agent.
    save_replay : bool
        Whether pickles and model files hold the buffer. Without it, training that goes on after
        loading fills a new one for ``learning_starts`` steps first.
    eval_freq : int, "auto" or None
        Steps between evaluations, whose best policy is kept; "auto": a tenth of
        ``total_timesteps``; None: the last policy is kept.
    n_eval_episodes : int
        Episodes of an evaluation.
    target_return : float, optional
        Learning stops when an evaluation reaches it.
    max_seconds : float, optional
        Longest time of learning.
    random_state : int, RandomState or None
        Of everything that is drawn.
    verbose : "auto" or bool
        A progress bar on a terminal; True: lines elsewhere too.

    Attributes
    ----------
    network_ : SequenceNetwork
        The best policy's networks: actor, critics and targets.
    history_ : dict of str to list
        ``n_steps``, ``return`` and ``length`` (mean of the last hundred episodes), ``seconds``,
        ``critic_loss``, ``q_value``, ``actor_loss``, ``entropy``, ``temperature`` and
        ``loss`` (of actor and temperature); ``eval_n_steps``, ``eval_return``, ``eval_std``.
    best_return_ : float or None
        Mean return of the kept policy in its evaluation.
    best_returns_ : ndarray or None
        Returns of the episodes of that evaluation, and of a second one.
    n_steps_ : int
        Steps taken.
    observation_space_, action_space_ : gymnasium.Space
        Of the environment.
    stop_reason_ : str
        Why learning stopped.

    References
    ----------
    .. [1] T. Haarnoja et al., "Soft actor-critic: off-policy maximum entropy deep reinforcement
       learning with a stochastic actor", ICML 2018.
    .. [2] T. Haarnoja et al., "Soft actor-critic algorithms and applications",
       arXiv:1812.05905.
    .. [3] O. Eberhard et al., "Pink noise is all you need: colored noise exploration in deep
       reinforcement learning", ICLR 2023.

    Examples
    --------
    >>> from appliednn.reinforcement import SACAgent
    >>> agent = SACAgent("Pendulum-v1", total_timesteps=120, learning_starts=100, batch_size=16,
    ...                  hidden_layer_sizes=(16,), n_eval_episodes=1, random_state=0)
    >>> agent.fit().predict([[1.0, 0.0, 0.5]]).shape
    (1, 1)
    """

    _parameter_constraints: dict = {
        **ContinuousReplayAgent._parameter_constraints,
        "temperature": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "target_entropy": [StrOptions({"auto"}), Real],
        "noise_correlation": [Interval(Real, 0, 1, closed="left")],
    }
    _network = "squashed_actor_critic"
    _renamed: Mapping[str, str] = {"actor_and_temperature_loss": "loss"}

    def __init__(
        self,
        env=None,
        total_timesteps=20_000,
        n_envs=1,
        processes=False,
        learning_rate=1e-3,
        buffer_size=200_000,
        batch_size=256,
        learning_starts=100,
        train_freq=1,
        gradient_steps=1,
        tau=0.005,
        gamma=0.99,
        n_step=1,
        temperature="auto",
        target_entropy="auto",
        noise_correlation=0.0,
        hidden_layer_sizes=(256, 256),
        activation="relu",
        frame_stack=1,
        normalize_observations=False,
        save_replay=False,
        eval_freq="auto",
        n_eval_episodes=10,
        target_return=None,
        max_seconds=None,
        random_state=None,
        verbose="auto",
    ):
        self.env = env
        self.total_timesteps = total_timesteps
        self.n_envs = n_envs
        self.processes = processes
        self.learning_rate = learning_rate
        self.buffer_size = buffer_size
        self.batch_size = batch_size
        self.learning_starts = learning_starts
        self.train_freq = train_freq
        self.gradient_steps = gradient_steps
        self.tau = tau
        self.gamma = gamma
        self.n_step = n_step
        self.temperature = temperature
        self.target_entropy = target_entropy
        self.noise_correlation = noise_correlation
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.frame_stack = frame_stack
        self.normalize_observations = normalize_observations
        self.save_replay = save_replay
        self.eval_freq = eval_freq
        self.n_eval_episodes = n_eval_episodes
        self.target_return = target_return
        self.max_seconds = max_seconds
        self.random_state = random_state
        self.verbose = verbose

    def _extra(self) -> dict:
        start = 1.0 if self.temperature == "auto" else float(self.temperature)
        return {"log_temperature": math.log(start)}

    def _updater(self) -> Updater:
        told = ("actor_loss", "entropy", "temperature")
        phases = (
            Phase("critic_loss", "critic", scalars=("q_value",)),
            Phase("actor_and_temperature_loss", ("actor", "temperature"), scalars=told),
        )
        recipe = Recipe(phases, (Follow("critic", "target_critic"),), epsilon=1e-8)
        return Updater(self._architecture(), recipe)

    def _noise(self, run: TrainingRun, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        size = (*shape, *self._actions.shape)
        following = run.rng.standard_normal(size, dtype=np.float32)
        return {**super()._noise(run, shape), "next_noise": following}

    def _drawn(self, scores: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Return actions between -1 and 1 that the policy draws."""
        mean, log_std = np.split(scores, 2, axis=-1)
        return np.tanh(mean + np.exp(np.clip(log_std, *_LOG_STD_RANGE)) * noise)

    def _explore(self, scores, run: TrainingRun) -> np.ndarray:
        if scores is None:
            return self._random(run)
        return self._drawn(scores, self._wandering_noise(run, float(self.noise_correlation)))

    def _choose(self, scores: np.ndarray, rngs: Sequence | None) -> np.ndarray:
        if rngs is None:
            return self._to_space(self._best(scores))
        noise = np.stack([rng.standard_normal(self._actions.shape) for rng in rngs])
        return self._to_space(self._drawn(scores, noise))

    def _scalars(self, run: TrainingRun) -> dict[str, float]:
        auto = self.target_entropy == "auto"
        return {
            "learning_rate": self.learning_rate,
            "tau": self.tau,
            "target_entropy": -float(self._actions.shape[0]) if auto else self.target_entropy,
            "learn_temperature": float(self.temperature == "auto"),
        }
