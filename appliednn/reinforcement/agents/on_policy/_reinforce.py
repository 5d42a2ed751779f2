"""REINFORCE: whole episodes, their returns, and a baseline."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Updater
from appliednn.reinforcement.agents._training_run import TrainingRun, check_finite
from appliednn.reinforcement.agents.on_policy._base import OnPolicyAgent
from appliednn.reinforcement.agents.on_policy._distributions import Sampler
from appliednn.reinforcement.evaluation._episodes import Episodes


class REINFORCEAgent(OnPolicyAgent):
    """Learns a policy from whole episodes: what led to more return becomes likelier.

    Source: R. J. Williams, Machine Learning 8 (1992) 229-256; with ``baseline`` a value network is
    learnt beside, and returns count as far as they exceed its value.

    Parameters
    ----------
    env : str, callable or gymnasium.Env, optional
        A gymnasium id, a function without arguments that makes an environment, or one; may be
        given to ``fit`` instead. An id or a function survives ``clone`` as it is.
    total_timesteps : int
        Steps that ``fit`` takes, over all environments.
    n_episodes : int
        Episodes of a round, run side by side.
    learning_rate : float
        Rate of Adam.
    schedule : {"constant", "linear"}
        Whether the rate falls to zero over ``total_timesteps``.
    gamma : float
        Discount.
    baseline : bool
        Learn a value and compare returns with it; it also stands for what an episode that was cut
        off would still have brought.
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
    normalize_observations : bool
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
    >>> from appliednn.reinforcement import REINFORCEAgent
    >>> agent = REINFORCEAgent("CartPole-v1", total_timesteps=512, n_eval_episodes=2)
    >>> agent.set_params(random_state=0).fit().predict([0.0, 0.0, 0.1, 0.5]).shape
    ()
    """

    _parameter_constraints: dict = {
        **OnPolicyAgent._parameter_constraints,
        "n_episodes": [Interval(Integral, 1, None, closed="left")],
        "schedule": [StrOptions({"constant", "linear"})],
        "baseline": ["boolean"],
        "entropy_coef": [Interval(Real, 0, None, closed="left")],
        "value_coef": [Interval(Real, 0, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither")],
        "normalize_advantage": ["boolean"],
        "log_std_init": [Real],
    }
    _loss = "policy_gradient_loss"
    _told = ("policy_loss", "value_loss", "entropy")

    def __init__(
        self,
        env=None,
        total_timesteps=100_000,
        n_episodes=8,
        learning_rate=5e-3,
        schedule="linear",
        gamma=0.99,
        baseline=True,
        entropy_coef=0.0,
        value_coef=0.5,
        max_grad_norm=0.5,
        normalize_advantage=True,
        hidden_layer_sizes=(64, 64),
        activation="tanh",
        log_std_init=0.0,
        frame_stack=1,
        normalize_observations=False,
        eval_freq="auto",
        n_eval_episodes=10,
        target_return=None,
        max_seconds=None,
        random_state=None,
        verbose="auto",
    ):
        self.env = env
        self.total_timesteps = total_timesteps
        self.n_episodes = n_episodes
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.gamma = gamma
        self.baseline = baseline
        self.entropy_coef = entropy_coef
        self.value_coef = value_coef
        self.max_grad_norm = max_grad_norm
        self.normalize_advantage = normalize_advantage
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.log_std_init = log_std_init
        self.frame_stack = frame_stack
        self.normalize_observations = normalize_observations
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

    def _round(self, run: TrainingRun, updater: Updater) -> None:
        network = SequenceNetwork(updater.architecture, updater.weights())
        writer = _Writer(self, network)
        seeds = run.rng.integers(0, 2**31 - 1, self.n_episodes)
        episodes = run.whole_episodes(writer, seeds)
        rows = self._rows_of(episodes, writer.choices_of(episodes), network)
        losses = updater.run(
            rows,
            self._minibatches(len(rows["returns"]), run.rng),
            {
                **self._scalars(run),
                "value_coef": self.value_coef if self.baseline else 0.0,
            },
        )
        check_finite(losses, [self._loss], self.learning_rate)
        losses["loss"] = losses.pop(self._loss)
        run.record(losses)

    def _rows_of(self, episodes: Episodes, choices: np.ndarray, network) -> dict:
        seen = np.concatenate(episodes.observations)
        if self._normalizer is not None:
            self._normalizer.moments.update(seen)
            seen = self._normalizer(seen)
        value_of = self._value_of(network)
        beyond = np.zeros(len(episodes))
        if self.baseline:
            last = np.array(episodes.final_observations)
            last = last if self._normalizer is None else self._normalizer(last)
            beyond = np.where(episodes.terminated, 0.0, value_of(last))
        pairs = zip(episodes.rewards, beyond, strict=True)
        returns = np.concatenate([discounted(r, self.gamma, after) for r, after in pairs])
        values = value_of(seen) if self.baseline else 0.0
        return {
            "observations": seen,
            "actions": choices,
            "returns": returns.astype(np.float32),
            "advantages": (returns - values).astype(np.float32),
        }


def discounted(rewards: np.ndarray, gamma: float, after: float = 0.0) -> np.ndarray:
    """Return the discounted sum of each step's rewards to come, and of what comes after them.

    Examples
    --------
    >>> discounted(np.array([1.0, 1.0, 1.0]), 0.5, after=8.0).tolist()
    [2.75, 3.5, 5.0]
    """
    out = np.empty(len(rewards))
    for t in range(len(rewards) - 1, -1, -1):
        after = out[t] = rewards[t] + gamma * after
    return out


class _Writer:
    """A policy that draws, each episode from its own seed, and writes down what it chose."""

    def __init__(self, agent: REINFORCEAgent, network: SequenceNetwork) -> None:
        self._agent, self._log_std = agent, agent._log_std(network)
        self._scores_of = agent._scores_of(network)
        self._sampler = Sampler(agent._kind, agent._sizes)
        self._choices: list[list[np.ndarray]] = []
        self._rngs: dict[int, np.random.Generator] = {}
        self._row: dict[int, int] = {}

    def begin(self, rows: np.ndarray, seeds: np.ndarray) -> None:
        for row, seed in zip(rows.tolist(), seeds.tolist(), strict=True):
            self._rngs[row] = np.random.default_rng([seed, 1])
            self._row[row] = len(self._choices)
            self._choices.append([])

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        normalizer = self._agent._normalizer
        seen = observations if normalizer is None else normalizer(observations)
        noise = np.stack([self._sampler.noise(self._rngs[i], ()) for i in range(len(seen))])
        choices = self._sampler.draw(self._scores_of(seen), noise, self._log_std)
        for i, choice in enumerate(choices):
            self._choices[self._row[i]].append(choice)
        return self._agent._actions.decode(choices)

    def choices_of(self, episodes: Episodes) -> np.ndarray:
        """Return the choices of all episodes in a row; a row that waited for others is cut."""
        pairs = zip(self._choices, episodes.lengths.tolist(), strict=True)
        return np.concatenate([np.array(made[:n]) for made, n in pairs])
