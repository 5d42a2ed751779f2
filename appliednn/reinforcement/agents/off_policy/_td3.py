"""Twin delayed deep deterministic policy gradients."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from appliednn.core._updates import Follow, Phase, Recipe, Updater
from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.agents.off_policy._replay_continuous import ContinuousReplayAgent


class TD3Agent(ContinuousReplayAgent):
    """Learns real-valued actions from remembered steps, with two critics that check each other.

    On images :class:`SACAgent` is the safer choice: without a weight on entropy an actor may run
    to the ends of its range before the critics know anything, and ``tanh`` keeps it there.

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
        Rate of Adam, for actor and critics.
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
        Steps whose rewards count before the next value does.
    action_noise : float
        Standard deviation of the noise that explores, where actions go from -1 to 1.
    noise_correlation : float
        Of that noise from step to step: near 1 (an Ornstein-Uhlenbeck process) it swings heavy
        things up that independent noise leaves where they are.
    policy_delay : int
        The actor and the targets move once in so many gradient steps.
    target_noise, target_noise_clip : float
        Standard deviation and bound of the noise on the targets' actions.
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
        ``critic_loss``, ``q_value``, ``actor_loss``; ``eval_n_steps``, ``eval_return``,
        ``eval_std``.
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
    .. [1] S. Fujimoto, H. van Hoof and D. Meger, "Addressing function approximation error in
       actor-critic methods", ICML 2018.

    Examples
    --------
    >>> from appliednn.reinforcement import TD3Agent
    >>> agent = TD3Agent("Pendulum-v1", total_timesteps=120, learning_starts=100, batch_size=16,
    ...                  hidden_layer_sizes=(16,), n_eval_episodes=1, random_state=0)
    >>> agent.fit().predict([[1.0, 0.0, 0.5]]).shape
    (1, 1)
    """

    _parameter_constraints: dict = {
        **ContinuousReplayAgent._parameter_constraints,
        "action_noise": [Interval(Real, 0, None, closed="left")],
        "noise_correlation": [Interval(Real, 0, 1, closed="left")],
        "policy_delay": [Interval(Integral, 1, None, closed="left")],
        "target_noise": [Interval(Real, 0, None, closed="left")],
        "target_noise_clip": [Interval(Real, 0, None, closed="left")],
    }
    _network = "deterministic_actor_critic"

    def __init__(
        self,
        env=None,
        total_timesteps=20_000,
        n_envs=1,
        processes=False,
        learning_rate=1e-3,
        buffer_size=200_000,
        batch_size=256,
        learning_starts=1_000,
        train_freq=1,
        gradient_steps=1,
        tau=0.005,
        gamma=0.98,
        n_step=1,
        action_noise=0.1,
        noise_correlation=0.0,
        policy_delay=2,
        target_noise=0.2,
        target_noise_clip=0.5,
        hidden_layer_sizes=(400, 300),
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
        self.action_noise = action_noise
        self.noise_correlation = noise_correlation
        self.policy_delay = policy_delay
        self.target_noise = target_noise
        self.target_noise_clip = target_noise_clip
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

    def _updater(self) -> Updater:
        delay = int(self.policy_delay)
        phases = (
            Phase("critic_loss", "critic", scalars=("q_value",)),
            Phase("actor_loss", "actor", every=delay),
        )
        follows = (
            Follow("critic", "target_critic", every=delay),
            Follow("actor", "target_actor", every=delay),
        )
        return Updater(self._architecture(), Recipe(phases, follows, epsilon=1e-8))

    def _explore(self, scores, run: TrainingRun) -> np.ndarray:
        if scores is None:
            return self._random(run)
        noise = self._wandering_noise(run, float(self.noise_correlation))
        return np.clip(self._best(scores) + self.action_noise * noise, -1.0, 1.0)

    def _choose(self, scores: np.ndarray, rngs: Sequence | None) -> np.ndarray:
        best = self._best(scores)
        if rngs is not None:
            noise = np.stack([rng.standard_normal(best.shape[1:]) for rng in rngs])
            best = np.clip(best + self.action_noise * noise, -1.0, 1.0)
        return self._to_space(best)

    def _scalars(self, run: TrainingRun) -> dict[str, float]:
        return {
            "learning_rate": self.learning_rate,
            "tau": self.tau,
            "target_noise": self.target_noise,
            "target_noise_clip": self.target_noise_clip,
        }
