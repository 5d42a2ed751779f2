"""What every agent answers, in the way of a scikit-learn estimator."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from appliednn.core._architecture import Architecture
from appliednn.core._random import spawn_seeds
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core.persistence import SaveMixin
from appliednn.reinforcement.agents._answers import AgentAnswers
from appliednn.reinforcement.agents._normalizer import ObservationNormalizer
from appliednn.reinforcement.agents._presets import preset
from appliednn.reinforcement.agents._spaces import SpaceSpec
from appliednn.reinforcement.agents._training_run import TrainingRun
from appliednn.reinforcement.envs._make import make_env


class BaseAgent(AgentAnswers, SaveMixin, BaseEstimator):
    """Base of the agents; a subclass says what it learns with and how (``_learn``)."""

    _parameter_constraints: dict = {
        "env": [str, callable, HasMethods(["reset", "step"]), None],
        "total_timesteps": [Interval(Integral, 1, None, closed="left")],
        "n_envs": [Interval(Integral, 1, None, closed="left")],
        "processes": ["boolean"],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({"relu", "tanh", "elu", "selu", "silu", "leaky_relu"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, 1, closed="both")],
        "frame_stack": [Interval(Integral, 1, None, closed="left")],
        "normalize_observations": ["boolean"],
        "eval_freq": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left"), None],
        "n_eval_episodes": [Interval(Integral, 1, None, closed="left")],
        "target_return": [Real, None],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "random_state": ["random_state"],
        "verbose": [StrOptions({"auto"}), "boolean"],
    }
    _ann_skip = ("_collector", "_mirror")
    #: Kinds of actions that the algorithm can learn.
    _action_kinds: tuple[str, ...] = ("discrete", "multi_discrete", "box")

    @classmethod
    def from_preset(cls, env_id: str, **changes):
        """Return an agent with settings that are known to learn an environment.

        Parameters
        ----------
        env_id : str
            One of :func:`~appliednn.reinforcement.presets`.
        **changes
            Parameters that are to differ from the preset.

        Returns
        -------
        agent
            Not fitted.

        Raises
        ------
        ValueError
            If there is none; the message lists those that there are.

        Examples
        --------
        >>> from appliednn.reinforcement import PPOAgent
        >>> PPOAgent.from_preset("CartPole-v1", total_timesteps=50_000).n_envs
        8
        """
        return cls(**{"env": env_id, **preset(cls.__name__, env_id), **changes})

    # -- what a subclass brings -----------------------------------------------------------------

    @abstractmethod
    def _architecture(self) -> Architecture:
        """Return the network for ``_observations`` and ``_actions``, the spaces."""

    @abstractmethod
    def _learn(self, run: TrainingRun) -> None:
        """Learn until ``run`` says that it is over."""

    @abstractmethod
    def _scores_of(self, network: SequenceNetwork):
        """Return a fast function from prepared observations to Q-values, logits or means."""

    def _acting(self, network: SequenceNetwork):
        """Return ``scores(prepared observations, first)``; it may remember."""
        scores_of = self._scores_of(network)
        return lambda observations, first: scores_of(observations)

    @abstractmethod
    def _choose(self, scores: np.ndarray, rngs: Sequence | None) -> np.ndarray:
        """Return actions of the space: the best, or drawn with one generator for each row."""

    # -- learning -------------------------------------------------------------------------------

    def fit(self, env=None, y=None):
        """Learn in an environment, from the beginning.

        Parameters
        ----------
        env : str, callable, gymnasium.Env or int ndarray, optional
            Where to learn; default the parameter ``env``. An array of whole numbers, as
            GridSearchCV hands on from :class:`~appliednn.reinforcement.SeedSplit`, is read as the
            seeds of this run: they take part in every draw beside ``random_state``.
        y : None
            Not used.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the environment's actions are none that the algorithm learns.
        """
        self._validate_params()
        for name in [n for n in vars(self) if n.endswith("_") and not n.startswith("__")]:
            delattr(self, name)
        self._forget_run()
        env, seeds = self._read_env(env)
        self._begin(env, seeds)
        return self._go_on(env, self.total_timesteps)

    def partial_fit(self, env=None, n_steps: int | None = None):
        """Go on learning where the last call stopped; begins if there was none.

        In one process the environments and every generator go on as they are, so that two halves
        equal one fit over both (with the same ``total_timesteps``, by which rates fall). After
        loading or unpickling, everything but the environments goes on: they begin new episodes.

        Parameters
        ----------
        env : str, callable or gymnasium.Env, optional
            As for ``fit``; another one than before is begun anew.
        n_steps : int, optional
            Steps to take; default ``total_timesteps``. Rounded up to whole rounds of the agent.

        Returns
        -------
        self
        """
        self._validate_params()
        if n_steps is not None and not (isinstance(n_steps, Integral) and n_steps >= 1):
            raise ValueError(f"n_steps={n_steps} was given; expected a whole number of at least 1")
        given, (env, seeds) = env, self._read_env(env)
        if not hasattr(self, "network_"):
            self._begin(env, seeds)
        elif given is not None:
            self._collector = None
            self._check_spaces(make_env(env, self.frame_stack))
        return self._go_on(env, n_steps or self.total_timesteps)

    def _read_env(self, env):
        """Return the environment to learn in, and the seeds of the run."""
        seeds: list[int] = []
        if isinstance(env, np.ndarray | list | tuple) or hasattr(env, "iloc"):
            array = np.asarray(env).reshape(-1)
            if array.dtype.kind not in "iu" or not len(array):
                raise ValueError(
                    f"fit was given an array of {array.dtype}; expected an environment (an id, a "
                    "callable, a gymnasium.Env) or whole numbers: the seeds of SeedSplit"
                )
            env, seeds = None, [int(s) for s in array]
        env = self.env if env is None else env
        if env is None:
            raise ValueError(
                'no environment was given; pass one to fit, or as env="CartPole-v1" to the agent'
            )
        return env, seeds

    def _begin(self, env, seeds: list[int]) -> None:
        """Read the spaces, draw the seeds, set everything to the start."""
        self._seeds = spawn_seeds(self.random_state, 6)
        if seeds:  # which decide alone where there is no random_state, so that folds repeat
            own = [] if self.random_state is None else self._seeds
            joined = np.random.SeedSequence([*own, *(abs(s) for s in seeds)])
            self._seeds = [int(child.generate_state(1)[0] >> 1) for child in joined.spawn(6)]
        made = make_env(env, self.frame_stack)
        self._observations = SpaceSpec.of(made.observation_space)
        self._actions = SpaceSpec.of(made.action_space)
        made.close()
        if self._actions.kind not in self._action_kinds:
            raise ValueError(
                f"{type(self).__name__} learns {' or '.join(self._action_kinds)} actions; this "
                f"environment's are {self._actions.to_gymnasium()}"
            )
        if self._actions.kind == "box" and not np.isfinite(self._actions.low).all():
            warnings.warn("the actions have no bounds: nothing holds them back", stacklevel=3)
        self.n_features_in_ = int(np.prod(self._observations.shape))
        self.n_steps_, self.best_return_, self.best_returns_ = 0, None, None
        self.history_ = {}
        fresh = ObservationNormalizer.fresh(self._observations.shape)
        wanted = self.normalize_observations and not self._observations.is_image
        self._normalizer = fresh if wanted else None
        self._best_normalizer = self._normalizer
        self._learning: dict = {}

    def _check_spaces(self, env) -> None:
        found = SpaceSpec.of(env.observation_space), SpaceSpec.of(env.action_space)
        if found[0].shape != self._observations.shape or (
            (found[1].shape, found[1].sizes) != (self._actions.shape, self._actions.sizes)
        ):
            raise self._other_spaces(env)

    def _go_on(self, env, n_steps: int):
        run = TrainingRun(self, env, n_steps)
        with run:
            self._learn(run)
        return self

    def _forget_run(self) -> None:
        for name in ("_collector", "_learning", "_mirror"):
            self.__dict__.pop(name, None)

    # -- state ----------------------------------------------------------------------------------

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.no_validation = True
        return tags
