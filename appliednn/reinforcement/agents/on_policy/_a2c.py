"""Advantage actor-critic."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.agents.on_policy._base import OnPolicyAgent


class A2CAgent(OnPolicyAgent):
    """Learns a policy by one step on each short round, its value as the yardstick.

    Source: V. Mnih et al., Asynchronous methods for deep reinforcement learning, ICML 2016 (the
    synchronous form).

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
    n_steps : int
        Steps of each environment in a round.
    learning_rate : float
        Rate of Adam.
    schedule : {"constant", "linear"}
        Whether the rate falls to zero over ``total_timesteps``.
    gamma, gae_lambda : float
        Discount, and weight of longer looks ahead.
    entropy_coef, value_coef : float
        Weights of the entropy and of the value's squared error.
    max_grad_norm : float
        Bound of the gradients' global norm.
    normalize_advantage : bool
        Standardise advantages within a round.
    hidden_layer_sizes : tuple of int
        Of policy and value network each (for images: after convolutions that they share).
    activation : str
        Of the hidden layers.
    log_std_init : float
        Logarithm of the standard deviation of real actions at the start.
    frame_stack : int
        Latest observations that are seen together.
    normalize_observations, normalize_rewards : bool
        By running means and standard deviations; they are part of the agent.
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
        The best policy's network, and its value.
    history_ : dict of str to list
        ``n_steps``, ``return`` and ``length`` (mean of the last hundred episodes), ``seconds``,
        losses of each round; ``eval_n_steps``, ``eval_return``, ``eval_std`` of evaluations.
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

    Examples
    --------
    >>> from appliednn.reinforcement import A2CAgent
    >>> agent = A2CAgent("CartPole-v1", total_timesteps=512, n_eval_episodes=2, random_state=0)
    >>> agent.fit().predict([[0.0, 0.0, 0.1, 0.5], [0.0, 0.0, -0.1, -0.5]]).shape
    (2,)
    """

    _parameter_constraints: dict = {
        **OnPolicyAgent._parameter_constraints,
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "schedule": [StrOptions({"constant", "linear"})],
        "gae_lambda": [Interval(Real, 0, 1, closed="both")],
        "entropy_coef": [Interval(Real, 0, None, closed="left")],
        "value_coef": [Interval(Real, 0, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither")],
        "normalize_advantage": ["boolean"],
        "log_std_init": [Real],
        "normalize_rewards": ["boolean"],
    }
    _loss = "policy_gradient_loss"
    _told = ("policy_loss", "value_loss", "entropy")

    def __init__(
        self,
        env=None,
        total_timesteps=100_000,
        n_envs=8,
        processes=False,
        n_steps=16,
        learning_rate=2e-3,
        schedule="linear",
        gamma=0.99,
        gae_lambda=0.95,
        entropy_coef=0.0,
        value_coef=0.5,
        max_grad_norm=0.5,
        normalize_advantage=False,
        hidden_layer_sizes=(64, 64),
        activation="tanh",
        log_std_init=0.0,
        frame_stack=1,
        normalize_observations=False,
        normalize_rewards=False,
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
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.gamma = gamma
        self.gae_lambda = gae_lambda
        self.entropy_coef = entropy_coef
        self.value_coef = value_coef
        self.max_grad_norm = max_grad_norm
        self.normalize_advantage = normalize_advantage
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.log_std_init = log_std_init
        self.frame_stack = frame_stack
        self.normalize_observations = normalize_observations
        self.normalize_rewards = normalize_rewards
        self.eval_freq = eval_freq
        self.n_eval_episodes = n_eval_episodes
        self.target_return = target_return
        self.max_seconds = max_seconds
        self.random_state = random_state
        self.verbose = verbose

    def _minibatches(self, n_rows: int, rng: np.random.Generator) -> np.ndarray:
        return np.arange(n_rows)[None]

    def _scalars(self, run: TrainingRun) -> dict[str, float]:
        left = 1.0 - run.progress if self.schedule == "linear" else 1.0
        return {
            "learning_rate": self.learning_rate * left,
            "entropy_coef": self.entropy_coef,
            "value_coef": self.value_coef,
            "normalize_advantage": float(self.normalize_advantage),
        }
