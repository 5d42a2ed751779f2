"""Agents that learn from a replay buffer: collecting, rounds of gradient steps, their records."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from appliednn.core._sequence_network import SequenceNetwork
from appliednn.core._updates import Updater
from appliednn.reinforcement.agents._base import BaseAgent
from appliednn.reinforcement.agents._training_run import TrainingRun, check_finite
from appliednn.reinforcement.agents.off_policy._loss_means import LossMeans
from appliednn.reinforcement.replay import NStepWindow, ReplayBuffer

# Steps between two entries of the history, at least.
_RECORD_EVERY = 200


class OffPolicyAgent(BaseAgent):
    """Base of the agents with a replay buffer; a subclass gives network, losses and exploration.

    In turn, ``train_freq`` steps are taken and kept, and ``gradient_steps`` are run in one
    compiled call.
    """

    _parameter_constraints: dict = {
        **BaseAgent._parameter_constraints,
        "buffer_size": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "learning_starts": [Interval(Integral, 0, None, closed="left")],
        "train_freq": [Interval(Integral, 1, None, closed="left")],
        "gradient_steps": [Interval(Integral, 1, None, closed="left")],
        "tau": [Interval(Real, 0, 1, closed="right")],
        "n_step": [Interval(Integral, 1, None, closed="left")],
        "save_replay": ["boolean"],
    }
    _ann_skip = (*BaseAgent._ann_skip, "_pending", "_wandering")
    #: How an action is kept in the buffer.
    _action_dtype: str = "float32"
    #: Losses that the history has under another name.
    _renamed: Mapping[str, str] = {}

    # -- what a subclass brings -----------------------------------------------------------------

    @abstractmethod
    def _updater(self) -> Updater:
        """Return the gradient steps."""

    @abstractmethod
    def _actor(self, updater: Updater):
        """Return a fast function from prepared observations to what exploration starts from."""

    @abstractmethod
    def _explore(self, scores: np.ndarray, run: TrainingRun) -> np.ndarray:
        """Return actions as the buffer keeps them; random ones where ``scores`` is None."""

    @abstractmethod
    def _to_space(self, kept: np.ndarray) -> np.ndarray:
        """Return actions as the buffer keeps them as actions of the environment."""

    @abstractmethod
    def _scalars(self, run: TrainingRun) -> dict[str, float]:
        """Return what the losses and Adam read in this round."""

    def _noise(self, run: TrainingRun, shape: tuple[int, int]) -> dict[str, np.ndarray]:
        """Return noise that the losses read, for steps and rows."""
        return {}

    # -- memory ---------------------------------------------------------------------------------

    def _layout(self) -> dict:
        """Return shapes and types of the buffer's rows."""
        image = self._observations.is_image
        return {
            "observation_shape": self._observations.shape,
            "action_shape": self._actions.shape,
            "observation_dtype": "uint8" if image else "float32",
            "action_dtype": self._action_dtype,
        }

    def _new_buffer(self) -> ReplayBuffer:
        return ReplayBuffer(self.buffer_size, **self._layout())

    def _buffer(self) -> ReplayBuffer:
        """Return the memory; a new one remembers at which step it began."""
        state = self._learning
        if "buffer" not in state:
            state["buffer"], state["buffer_from"] = self._new_buffer(), self.n_steps_
        return state["buffer"]

    def _window(self, run: TrainingRun) -> NStepWindow:
        """Return the pending transitions of these environments; new ones wander anew, too."""
        owner, window = self.__dict__.get("_pending", (None, None))
        if owner is not run.collector:
            window = NStepWindow(self.n_step, self.gamma, self.n_envs, **self._layout())
            self._pending, self._wandering = (run.collector, window), None
        return window

    # -- learning -------------------------------------------------------------------------------

    def _learn(self, run: TrainingRun) -> None:
        updater, state = self._updater(), self._learning
        means = LossMeans(updater.recipe, state.get("n_updates", 0))
        with updater.session(state.get("weights"), self._seeds[0], state.get("optimizer")):
            run.learns(lambda: SequenceNetwork(updater.architecture, updater.weights()))
            try:
                self._rounds(run, updater, means)
            finally:
                state |= {
                    "weights": updater.weights(),
                    "optimizer": updater.optimizer_state(),
                    "n_updates": means.n_updates,
                }
                # the program may serve another fit from here on
                weights = state["weights"]
                run.learns(lambda: SequenceNetwork(updater.architecture, weights))

    def _rounds(self, run: TrainingRun, updater: Updater, means: LossMeans) -> None:
        buffer, window = self._buffer(), self._window(run)
        every = max(_RECORD_EVERY, self.train_freq)
        actor, recorded = self._actor(updater), self.n_steps_
        while not run.over:
            self._collect(run, buffer, window, actor)
            if self._learns_now(buffer):
                means.add(self._update(run, buffer, updater), self.gradient_steps)
                actor = self._actor(updater)
            if self.n_steps_ // every > recorded // every:
                self._record(run, means)
                recorded = self.n_steps_
        if self.n_steps_ > recorded:
            self._record(run, means)
        if not means.n_updates and self.n_steps_ >= self.total_timesteps:
            warnings.warn(
                f"nothing was learnt in {self.n_steps_} steps, as learning begins after "
                f"learning_starts={self.learning_starts}: raise total_timesteps or lower it",
                UserWarning,
                stacklevel=5,
            )

    def _learns_now(self, buffer: ReplayBuffer) -> bool:
        remembered = self.n_steps_ - self._learning["buffer_from"]
        return len(buffer) > 0 and remembered >= self.learning_starts

    def _record(self, run: TrainingRun, means: LossMeans) -> None:
        losses = means.take()
        check_finite(losses, sorted(means.known), self.learning_rate)
        run.record({self._renamed.get(name, name): loss for name, loss in losses.items()})

    def _collect(self, run: TrainingRun, buffer, window: NStepWindow, actor) -> None:
        """Take ``train_freq`` steps, rounded up to whole steps of all environments."""
        random = self.n_steps_ < self.learning_starts
        for _ in range(-(-self.train_freq // self.n_envs)):
            observations = run.observations
            if self._normalizer is not None:
                self._normalizer.moments.update(observations)
            scores = None if random else actor(self._normalized(observations))
            kept = self._explore(scores, run)
            step = run.step(self._to_space(kept))
            following = step.next_observations()
            ends = step.terminated, step.truncated
            rows = window.add(observations, kept, step.rewards, following, *ends)
            if len(rows[2]):
                buffer.add(*rows)

    def _normalized(self, observations: np.ndarray) -> np.ndarray:
        if self._normalizer is None:
            return observations
        return self._normalizer(observations)

    def _update(self, run: TrainingRun, buffer: ReplayBuffer, updater: Updater) -> dict:
        """Run ``gradient_steps`` on rows of the buffer, in one call."""
        scalars = self._scalars(run)
        indices, weights = buffer.draw(run.rng, self.gradient_steps, self.batch_size)
        steps = buffer.rows(indices)
        for name in ("observations", "next_observations"):
            steps[name] = self._normalized(steps[name])
        steps |= {"weights": weights, **self._noise(run, indices.shape)}
        # The rows are gathered here, from a buffer that no call should have to copy.
        unused = np.zeros((len(indices), 1), np.int32)
        losses = updater.run({}, unused, scalars, steps)
        if "errors" in losses:
            buffer.update_priorities(indices, losses.pop("errors"))
        return losses

    # -- state ----------------------------------------------------------------------------------

    def __getstate__(self) -> dict:
        state = super().__getstate__()
        if not self.save_replay and "_learning" in state:
            learning = state["_learning"]
            state["_learning"] = {k: v for k, v in learning.items() if k != "buffer"}
        return state
