"""Deep Q-learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Follow, Phase, Recipe, Updater
from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.agents.off_policy._base import OffPolicyAgent
from appliednn.reinforcement.agents.off_policy._q_network import numpy_q
from appliednn.reinforcement.replay import PrioritizedReplayBuffer, ReplayBuffer


class DQNAgent(OffPolicyAgent):
    """Learns the value of each action from remembered steps; for discrete actions.

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
        Rate of Adam.
    buffer_size, batch_size : int
        Steps remembered; rows of a gradient step.
    learning_starts : int
        Random steps before learning.
    train_freq, gradient_steps : int
        After so many steps, so many gradient steps are run, in one compiled call.
    target_update_interval : int
        Steps between updates of the target network, rounded up to whole rounds of
        ``train_freq``.
    tau : float
        Share by which the target network moves then; 1 copies.
    gamma : float
        Discount.
    exploration_fraction : float
        Share of ``total_timesteps`` over which the share of random actions falls.
    exploration_initial_eps, exploration_final_eps : float
        That share at first and from then on.
    double : bool
        The network chooses the next action, the target values it [2]_.
    dueling : bool
        Value and advantages have a last hidden layer each [3]_.
    prioritized : bool
        Steps with a large error are drawn more often [4]_; errors are renewed once a round.
    prioritized_alpha, prioritized_beta : float
        How unevenly, and the share of the bias taken back at first; it rises to 1.
    n_step : int
        Steps whose rewards count before the next value does; rewards travel back faster, at the
        price of a bias where exploring actions lie between [5]_.
    huber_delta : float
        Error from which on the loss grows linearly.
    max_grad_norm : float
        Bound of the gradients' global norm.
    hidden_layer_sizes : tuple of int
        Of the network (for images: after convolutions).
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
        The best policy's network (``q``) and its target.
    history_ : dict of str to list
        ``n_steps``, ``return`` and ``length`` (mean of the last hundred episodes), ``seconds``,
        ``loss`` and ``q_value``; ``eval_n_steps``, ``eval_return``, ``eval_std``.
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
    .. [1] V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518
       (2015) 529-533.
    .. [2] H. van Hasselt, A. Guez and D. Silver, "Deep reinforcement learning with double
       Q-learning", AAAI 2016.
    .. [3] Z. Wang et al., "Dueling network architectures for deep reinforcement learning", ICML
       2016.
    .. [4] T. Schaul et al., "Prioritized experience replay", ICLR 2016.
    .. [5] M. Hessel et al., "Rainbow: combining improvements in deep reinforcement learning",
       AAAI 2018.

    Examples
    --------
    >>> from appliednn.reinforcement import DQNAgent
    >>> agent = DQNAgent("CartPole-v1", total_timesteps=600, learning_starts=100,
    ...                  hidden_layer_sizes=(16,), n_eval_episodes=2, random_state=0)
    >>> agent.fit().decision_function([[0.0, 0.0, 0.1, 0.5]]).shape
    (1, 2)
    """

    _parameter_constraints: dict = {
        **OffPolicyAgent._parameter_constraints,
        "target_update_interval": [Interval(Integral, 1, None, closed="left")],
        "exploration_fraction": [Interval(Real, 0, 1, closed="both")],
        "exploration_initial_eps": [Interval(Real, 0, 1, closed="both")],
        "exploration_final_eps": [Interval(Real, 0, 1, closed="both")],
        "double": ["boolean"],
        "dueling": ["boolean"],
        "prioritized": ["boolean"],
        "prioritized_alpha": [Interval(Real, 0, 1, closed="both")],
        "prioritized_beta": [Interval(Real, 0, 1, closed="both")],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither")],
    }
    _action_kinds = ("discrete",)
    _action_dtype = "int64"
    _renamed: Mapping[str, str] = {"dqn_loss": "loss", "double_dqn_loss": "loss"}

    def __init__(
        self,
        env=None,
        total_timesteps=50_000,
        n_envs=1,
        processes=False,
        learning_rate=1e-3,
        buffer_size=100_000,
        batch_size=64,
        learning_starts=1_000,
        train_freq=256,
        gradient_steps=128,
        target_update_interval=10,
        tau=1.0,
        gamma=0.99,
        exploration_fraction=0.16,
        exploration_initial_eps=1.0,
        exploration_final_eps=0.04,
        double=True,
        dueling=False,
        prioritized=False,
        prioritized_alpha=0.6,
        prioritized_beta=0.4,
        n_step=3,
        huber_delta=1.0,
        max_grad_norm=10.0,
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
        self.target_update_interval = target_update_interval
        self.tau = tau
        self.gamma = gamma
        self.exploration_fraction = exploration_fraction
        self.exploration_initial_eps = exploration_initial_eps
        self.exploration_final_eps = exploration_final_eps
        self.double = double
        self.dueling = dueling
        self.prioritized = prioritized
        self.prioritized_alpha = prioritized_alpha
        self.prioritized_beta = prioritized_beta
        self.n_step = n_step
        self.huber_delta = huber_delta
        self.max_grad_norm = max_grad_norm
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

    # -- network --------------------------------------------------------------------------------

    def _architecture(self) -> Architecture:
        return Architecture.of(
            "q_network",
            observation_shape=list(self._observations.shape),
            n_actions=self._actions.sizes[0],
            hidden_layer_sizes=hidden_widths(self.hidden_layer_sizes),
            activation=self.activation,
            dueling=bool(self.dueling),
        )

    def _updater(self) -> Updater:
        loss = "double_dqn_loss" if self.double else "dqn_loss"
        rows = ("errors",) if self.prioritized else ()
        rounds = -(-self.target_update_interval // self.train_freq)
        recipe = Recipe(
            (Phase(loss, "q", scalars=("q_value",), rows=rows),),
            (Follow("q", "target", every=rounds * self.gradient_steps),),
            clip=float(self.max_grad_norm),
            epsilon=1e-8,
        )
        return Updater(self._architecture(), recipe)

    def _scores_of(self, network: SequenceNetwork):
        fast = numpy_q(network.architecture.params, network.part("q"))
        if fast is not None:
            return fast
        return lambda observations: network.call("decision", {"observations": observations})

    def _actor(self, updater: Updater):
        fast = numpy_q(updater.architecture.params, updater.group("q"))
        if fast is not None:
            return fast
        return self._scores_of(SequenceNetwork(updater.architecture, updater.weights()))

    # -- choices --------------------------------------------------------------------------------

    def _choose(self, scores: np.ndarray, rngs: Sequence | None) -> np.ndarray:
        best = scores.argmax(axis=-1)
        if rngs is None:
            return best
        draws = [(rng.random(), rng.integers(scores.shape[-1])) for rng in rngs]
        chance, other = (np.array(part) for part in zip(*draws, strict=True))
        return np.where(chance < self.exploration_final_eps, other, best)

    def predict_proba(self, obs) -> np.ndarray:
        r"""Return the chance of each action under ``predict(obs, deterministic=False)``.

        Parameters
        ----------
        obs : array-like of shape (n, \*obs_shape) or (\*obs_shape,)
            Observations.

        Returns
        -------
        ndarray of shape (n, n_actions)
            All share ``exploration_final_eps`` evenly; the best action has the rest.
        """
        scores = np.atleast_2d(self.decision_function(obs))
        chances = np.full(scores.shape, self.exploration_final_eps / scores.shape[1])
        rows = np.arange(len(scores))
        chances[rows, scores.argmax(axis=1)] += 1.0 - self.exploration_final_eps
        return chances if np.shape(obs) != self._observations.shape else chances[0]

    # -- learning -------------------------------------------------------------------------------

    def _new_buffer(self) -> ReplayBuffer:
        if not self.prioritized:
            return super()._new_buffer()
        exponents = {"alpha": self.prioritized_alpha, "beta": self.prioritized_beta}
        return PrioritizedReplayBuffer(self.buffer_size, **self._layout(), **exponents)

    def _epsilon(self) -> float:
        """Return the present share of random actions."""
        falls = self.exploration_fraction * self.total_timesteps
        done = min(1.0, self.n_steps_ / falls) if falls else 1.0
        change = self.exploration_final_eps - self.exploration_initial_eps
        return self.exploration_initial_eps + done * change

    def _explore(self, scores, run: TrainingRun) -> np.ndarray:
        n_actions = self._actions.sizes[0]
        if scores is None:
            return run.rng.integers(n_actions, size=self.n_envs)
        actions = scores.argmax(axis=-1)
        chance = run.rng.random(self.n_envs) < self._epsilon()
        if chance.any():
            actions[chance] = run.rng.integers(n_actions, size=self.n_envs)[chance]
        return actions

    def _to_space(self, kept: np.ndarray) -> np.ndarray:
        return kept

    def _scalars(self, run: TrainingRun) -> dict[str, float]:
        if self.prioritized:
            start = self.prioritized_beta
            self._learning["buffer"].beta = start + (1.0 - start) * run.progress
        return {
            "learning_rate": self.learning_rate,
            "tau": self.tau,
            "huber_delta": self.huber_delta,
        }
