"""Deep deterministic policy gradients."""

from __future__ import annotations

from appliednn.reinforcement.agents.off_policy._td3 import TD3Agent


class DDPGAgent(TD3Agent):
    """Learns real-valued actions from remembered steps: one actor, one critic.

    :class:`TD3Agent` is the same with a second critic, target noise and a delayed actor, and
    mostly the safer choice.

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
        Rate of Adam, for actor and critic.
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
    hidden_layer_sizes : tuple of int
        Of actor and critic each (for images: after convolutions of their own).
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
        The best policy's networks: actor, critic and targets.
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
    .. [1] T. Lillicrap et al., "Continuous control with deep reinforcement learning", ICLR 2016.

    Examples
    --------
    >>> from appliednn.reinforcement import DDPGAgent
    >>> agent = DDPGAgent("Pendulum-v1", total_timesteps=120, learning_starts=100, batch_size=16,
    ...                   hidden_layer_sizes=(16,), n_eval_episodes=1, random_state=0)
    >>> agent.fit().predict([[1.0, 0.0, 0.5]]).shape
    (1, 1)
    """

    _parameter_constraints: dict = {
        name: constraint
        for name, constraint in TD3Agent._parameter_constraints.items()
        if name not in ("policy_delay", "target_noise", "target_noise_clip")
    }
    _n_critics = 1
    # what TD3 adds, switched off
    policy_delay = 1
    target_noise = 0.0
    target_noise_clip = 0.0

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
