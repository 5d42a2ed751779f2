"""Proximal policy optimisation with a memory."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval

from appliednn.core._architecture import Architecture, hidden_widths
from appliednn.core._numpy_forward import ACTIVATIONS
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.reinforcement.agents._acting import dense_forward
from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.agents.on_policy._memory import LstmMemory
from appliednn.reinforcement.agents.on_policy._ppo import PPOAgent
from appliednn.reinforcement.agents.on_policy._rollout import Rollout, Values


class RecurrentPPOAgent(PPOAgent):
    """PPO whose policy remembers: for environments that do not show all at once.

    An LSTM stands between observations and heads; it is emptied where an episode begins.
    ``predict`` and the other answers read each observation as the first of an episode;
    ``policy()`` and ``evaluate`` remember.

    Source: S. Hochreiter and J. Schmidhuber, Neural Computation 9 (1997) 1735-1780; J. Schulman et
    al., arXiv:1707.06347.

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
    batch_size : int
        Steps in a gradient step: so many sequences as hold them.
    n_epochs : int
        Passes over a round.
    learning_rate : float
        Rate of Adam.
    schedule : {"constant", "linear"}
        Whether rate and ``clip_range`` fall to zero over ``total_timesteps``.
    gamma, gae_lambda : float
        Discount, and weight of longer looks ahead.
    clip_range : float
        How far the ratio of new and old probability counts.
    entropy_coef, value_coef : float
        Weights of the entropy and of the value's squared error.
    max_grad_norm : float
        Bound of the gradients' global norm.
    normalize_advantage : bool
        Standardise advantages within a batch.
    hidden_layer_sizes : tuple of int
        Between observations and memory; images are read by convolutions instead.
    lstm_units : int
        Units of the memory, which policy and value share.
    sequence_length : int
        Steps through which gradients run back; a divisor of ``n_steps``.
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
    >>> from appliednn.reinforcement import RecurrentPPOAgent
    >>> agent = RecurrentPPOAgent("CartPole-v1", total_timesteps=256, sequence_length=4)
    >>> agent.set_params(random_state=0, n_eval_episodes=2).fit().score(n_episodes=3) > 8
    True
    """

    _parameter_constraints: dict = {
        **PPOAgent._parameter_constraints,
        "lstm_units": [Interval(Integral, 1, None, closed="left")],
        "sequence_length": [Interval(Integral, 1, None, closed="left")],
    }
    _loss = "recurrent_ppo_loss"
    _part_names = ("body", "memory", "actor", "critic")

    def __init__(
        self,
        env=None,
        total_timesteps=100_000,
        n_envs=8,
        processes=False,
        n_steps=32,
        batch_size=256,
        n_epochs=20,
        learning_rate=1e-3,
        schedule="linear",
        gamma=0.98,
        gae_lambda=0.8,
        clip_range=0.2,
        entropy_coef=0.0,
        value_coef=0.5,
        max_grad_norm=0.5,
        normalize_advantage=True,
        hidden_layer_sizes=(64,),
        lstm_units=64,
        sequence_length=16,
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
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.gamma = gamma
        self.gae_lambda = gae_lambda
        self.clip_range = clip_range
        self.entropy_coef = entropy_coef
        self.value_coef = value_coef
        self.max_grad_norm = max_grad_norm
        self.normalize_advantage = normalize_advantage
        self.hidden_layer_sizes = hidden_layer_sizes
        self.lstm_units = lstm_units
        self.sequence_length = sequence_length
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

    def _architecture(self) -> Architecture:
        if self.n_steps % self.sequence_length:
            raise ValueError(
                f"n_steps={self.n_steps} is no multiple of sequence_length={self.sequence_length}"
            )
        widths = hidden_widths(self.hidden_layer_sizes)
        if not widths:
            raise ValueError("hidden_layer_sizes is empty; expected a layer before the memory")
        return Architecture.of(
            "recurrent_actor_critic",
            observation_shape=list(self._observations.shape),
            kind=self._kind,
            sizes=list(self._sizes),
            hidden_layer_sizes=widths,
            activation=self.activation,
            lstm_units=int(self.lstm_units),
            log_std_init=float(self.log_std_init),
        )

    # -- acting ---------------------------------------------------------------------------------

    def _encoder(self, network: SequenceNetwork):
        if self._observations.is_image:
            return lambda observations: network.call("encode", {"observations": observations})
        body, last = dense_forward(network.part("body"), self.activation), self.activation
        return lambda observations: ACTIVATIONS[last](body(observations))

    def _memory(self, network: SequenceNetwork, state=None) -> LstmMemory:
        return LstmMemory(network.part("memory"), self._encoder(network), state)

    def _acting(self, network: SequenceNetwork):
        memory, head = self._memory(network), dense_forward(network.part("actor"), self.activation)
        return lambda observations, first: head(memory(observations, first))

    def _scores_of(self, network: SequenceNetwork):
        encode, head = (
            self._encoder(network),
            dense_forward(network.part("actor"), self.activation),
        )
        weights = network.part("memory")

        def scores(observations: np.ndarray) -> np.ndarray:
            first = np.ones(len(observations), bool)
            return head(LstmMemory(weights, encode)(observations, first))

        return scores

    # -- learning -------------------------------------------------------------------------------

    def _collect(self, run: TrainingRun, network: SequenceNetwork) -> Rollout:
        seen = run.observations
        state = None if run.reopened else self._learning.get("memory")
        run.reopened = False
        memory = self._memory(network, state)
        first = np.ones(len(seen), bool) if state is None else self._learning["first"]
        tape = _MemoryTape(memory, dense_forward(network.part("critic"), self.activation), first)
        head = dense_forward(network.part("actor"), self.activation)
        rollout = self._act(run, lambda observations: head(tape.see(observations)), network, tape)
        self._tape = tape
        self._learning |= {"memory": (memory.hidden, memory.carry), "first": tape.first}
        return rollout

    def _values(self, rollout: Rollout, network: SequenceNetwork) -> Values:
        last = self._tape.value_ahead(rollout.last, slice(None), self._tape.first)
        return Values(np.stack(self._tape.values), last, self._tape.finals)

    def _rows(self, rollout: Rollout, network: SequenceNetwork) -> dict[str, np.ndarray]:
        """Return sequences, one a row, with the memory before them."""
        tape, rows = self.__dict__["_tape"], super()._rows(rollout, network)
        shape, length = rollout.rewards.shape, self.sequence_length
        rows |= {"first": np.stack(tape.firsts).astype(np.float32).reshape(-1)}
        rows = {name: _sequences(array, shape, length) for name, array in rows.items()}
        starts = range(0, shape[0], length)
        rows["hidden"] = np.concatenate([tape.states[t][0] for t in starts])
        rows["carry"] = np.concatenate([tape.states[t][1] for t in starts])
        del self._tape
        return rows

    def _minibatches(self, n_rows: int, rng: np.random.Generator) -> np.ndarray:
        n_sequences = n_rows // self.sequence_length
        size = min(max(1, self.batch_size // self.sequence_length), n_sequences)
        n = n_sequences // size
        order = [rng.permutation(n_sequences)[: n * size] for _ in range(self.n_epochs)]
        return np.concatenate([o.reshape(n, size) for o in order])


def _sequences(array: np.ndarray, shape: tuple[int, int], length: int) -> np.ndarray:
    """Return (n_steps * n_envs, ...) as (n_steps / length * n_envs, length, ...)."""
    n_steps, n_envs = shape
    parts = array.reshape(n_steps // length, length, n_envs, *array.shape[1:])
    return np.moveaxis(parts, 2, 1).reshape(-1, length, *array.shape[1:])


class _MemoryTape:
    """A memory that acts, and a record of its states and values in a rollout."""

    def __init__(self, memory: LstmMemory, critic, first: np.ndarray) -> None:
        self.memory, self._critic, self.first = memory, critic, first
        self.states: list[tuple[np.ndarray, np.ndarray]] = []
        self.firsts: list[np.ndarray] = []
        self.values: list[np.ndarray] = []
        self.finals: list[np.ndarray] = []

    def see(self, observations: np.ndarray) -> np.ndarray:
        """Take in what is seen; return the hidden state."""
        n, units = len(observations), self.memory.units
        empty = np.zeros((n, units), np.float32)
        known = self.memory.hidden is not None
        self.states.append((self.memory.hidden, self.memory.carry) if known else (empty, empty))
        self.firsts.append(self.first)
        hidden = self.memory(observations, self.first)
        self.values.append(self._critic(hidden)[:, 0])
        return hidden

    def end_step(self, ended: np.ndarray, finals: np.ndarray) -> None:
        """Value the last observations of episodes that ended; the next step begins new ones."""
        if len(ended):
            self.finals.append(self._critic(self.memory.ahead(finals, ended))[:, 0])
        self.first = np.zeros(len(self.first), bool)
        self.first[ended] = True

    def value_ahead(self, observations: np.ndarray, rows, first: np.ndarray) -> np.ndarray:
        """Return values of what is seen next; an episode that begins has an empty memory."""
        kept = self.memory.hidden, self.memory.carry
        hidden = self.memory(observations, first)
        self.memory.hidden, self.memory.carry = kept
        return self._critic(hidden)[:, 0]
