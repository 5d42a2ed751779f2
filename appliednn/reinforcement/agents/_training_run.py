"""One stretch of learning: environments, generators, clocks, records, the best policy so far."""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import numpy as np

from appliednn.core._blas_threads import OneBlasThread
from appliednn.core._progress import EpochProgress
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.reinforcement.agents._normalizer import ObservationNormalizer
from appliednn.reinforcement.agents._policy import EpisodePolicy
from appliednn.reinforcement.envs._vector import Step, VectorEnv
from appliednn.reinforcement.evaluation._episodes import Episodes, run_episodes

# Finished episodes whose mean return history and progress bar show.
_RECENT = 100
_AUTO_EVALUATIONS = 10
# An episode of an evaluation in training is cut off there: a policy may walk in circles for ever.
_LONGEST_EVALUATION = 10_000
# A best of many evaluations is partly luck: so many of them run again, with this many times the
# episodes, other ones, and the best of both together is kept.
_FINALISTS = 3
_SECOND_LOOK = 2


@dataclass
class Finalist:
    """A policy that did well in an evaluation.

    Attributes
    ----------
    returns : ndarray
        Returns of its evaluation's episodes.
    network : SequenceNetwork
        Its network.
    normalizer : ObservationNormalizer or None
        What its network reads observations through.
    second : ndarray or None
        Returns of its second evaluation.
    """

    returns: np.ndarray
    network: SequenceNetwork
    normalizer: ObservationNormalizer | None
    second: np.ndarray | None = None

    @property
    def all_returns(self) -> np.ndarray:
        """Returns of all episodes."""
        return self.returns if self.second is None else np.append(self.returns, self.second)

    @property
    def mean(self) -> float:
        """Mean return of all episodes."""
        return float(self.all_returns.mean())


class TrainingRun:
    """Serves an agent's ``_learn``; used as a context, at whose end the agent is fitted.

    Parameters
    ----------
    agent : BaseAgent
        Whose learning this is; its state goes on where it stopped.
    env : str, callable or gymnasium.Env
        Where it learns.
    n_steps : int
        Steps to take in this stretch.

    Attributes
    ----------
    rng : numpy.random.Generator
        For everything that is drawn in learning.
    """

    def __init__(self, agent, env, n_steps: int) -> None:
        self.agent, self.env = agent, env
        self._target = agent.n_steps_ + n_steps
        self._began = time.perf_counter()
        self._before = agent.history_.get("seconds", [0.0])[-1] if agent.history_ else 0.0
        self.stop_reason = ""
        state = agent._learning
        self.rng = np.random.default_rng(agent._seeds[2])
        if "rng" in state:
            self.rng.bit_generator.state = state["rng"]
        self._returns = deque(state.get("returns", []), maxlen=_RECENT)
        self._lengths = deque(state.get("lengths", []), maxlen=_RECENT)
        self._evaluated_at = state.get("evaluated_at", 0)
        self._broken = False
        self.reopened = False  # whether the environments began new episodes in this stretch
        self._finalists: list[Finalist] = list(state.get("finalists", []))
        self._current: Callable[[], SequenceNetwork] | None = None

    @cached_property
    def collector(self) -> VectorEnv:
        """The environments, which are made when the first step needs them."""
        agent = self.agent
        live = agent.__dict__.get("_collector")
        if live is None:
            seed = agent._seeds[1]
            if agent.n_steps_:  # taken up again without the environments: new episodes
                again = np.random.SeedSequence([seed, agent.n_steps_])
                seed = int(again.generate_state(1)[0] >> 1)
            self.reopened = True
            collector = VectorEnv(
                self.env, agent.n_envs, seed, agent.frame_stack, processes=agent.processes
            )
            live = (collector, collector.reset())
        self._observations = live[1]
        return live[0]

    @property
    def observations(self) -> np.ndarray:
        """What the environments show now."""
        _ = self.collector  # which sees first
        return self._observations

    # -- the stretch ----------------------------------------------------------------------------

    def __enter__(self) -> TrainingRun:
        self._progress = EpochProgress(self._target, self.agent.verbose, unit="steps")
        self._one_thread = OneBlasThread().__enter__()
        return self

    def __exit__(self, kind, error, trace) -> bool:
        self._progress.__exit__()
        self._one_thread.__exit__()
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        if kind is None:
            self._finish()
        elif self._finalists or (interrupted and self._current is not None):
            # what was learnt before is kept, whatever broke
            self.stop_reason = "interrupted" if interrupted else kind.__name__
            self._broken = True
            self._finish()
        return interrupted and self._current is not None

    def _finish(self) -> None:
        agent = self.agent
        if agent.eval_freq is not None and not self._broken:
            if self._evaluated_at < agent.n_steps_:
                self._evaluate()
            self._look_again()
        best = max(self._finalists, key=lambda f: f.mean, default=None)
        if best is None or agent.eval_freq is None:
            best = Finalist(np.zeros(0), self._current(), copy.deepcopy(agent._normalizer))
        else:
            agent.best_return_, agent.best_returns_ = best.mean, best.all_returns
        agent.network_, agent._best_normalizer = best.network, best.normalizer
        agent.stop_reason_ = self.stop_reason or "total_timesteps"
        agent._mirror = None
        if "collector" in self.__dict__:
            agent._collector = (self.collector, self._observations)
        agent._learning |= {
            "rng": self.rng.bit_generator.state,
            "returns": list(self._returns),
            "lengths": list(self._lengths),
            "evaluated_at": self._evaluated_at,
            "finalists": self._finalists,
        }

    def learns(self, current: Callable[[], SequenceNetwork]) -> None:
        """Take the function that returns the network as it is now."""
        self._current = current

    @property
    def over(self) -> bool:
        """Whether learning is to stop."""
        if not self.stop_reason and self.agent.max_seconds is not None:
            late = time.perf_counter() - self._began >= self.agent.max_seconds
            self.stop_reason = "max_seconds" if late else ""
        return bool(self.stop_reason) or self.agent.n_steps_ >= self._target

    @property
    def progress(self) -> float:
        """Share of ``total_timesteps`` that is over, at most 1: rates fall by it."""
        return min(1.0, self.agent.n_steps_ / self.agent.total_timesteps)

    # -- steps ----------------------------------------------------------------------------------

    def step(self, actions: np.ndarray) -> Step:
        """Act in all environments."""
        step = self.collector.step(actions)
        if not isfinite(step.rewards.sum() + step.observations.sum()) and not (
            np.isfinite(step.rewards).all() and np.isfinite(step.observations).all()
        ):  # a sum may also overflow
            raise ValueError(
                f"the environment gave rewards or observations that are not finite numbers (after "
                f"{self.agent.n_steps_} steps; rewards {step.rewards.tolist()}); mend it, or wrap "
                "it so that they are replaced"
            )
        self._observations = step.observations
        self.agent.n_steps_ += len(step.rewards)
        if len(step.ended):
            self._returns.extend(step.returns.tolist())
            self._lengths.extend(step.lengths.tolist())
        return step

    def whole_episodes(self, policy, seeds: np.ndarray) -> Episodes:
        """Run an episode for each seed, written down step by step."""
        agent = self.agent
        episodes = run_episodes(
            policy, self.env, seeds, record=True, frame_stack=agent.frame_stack
        )
        agent.n_steps_ += int(episodes.lengths.sum())
        self._returns.extend(episodes.returns.tolist())
        self._lengths.extend(episodes.lengths.tolist())
        return episodes

    def record(self, losses: Mapping[str, float]) -> None:
        """Add a round of updates to the history, show it, evaluate if it is time."""
        agent = self.agent
        recent = float(np.mean(self._returns)) if self._returns else float("nan")
        row = {
            "n_steps": agent.n_steps_,
            "return": recent,
            "length": float(np.mean(self._lengths)) if self._lengths else float("nan"),
            "seconds": self._before + time.perf_counter() - self._began,
            **losses,
        }
        for name, value in row.items():
            agent.history_.setdefault(name, []).append(value)
        if agent.eval_freq is not None:
            freq = agent.eval_freq
            if freq == "auto":
                freq = max(1, agent.total_timesteps // _AUTO_EVALUATIONS)
            if agent.n_steps_ // freq > self._evaluated_at // freq:
                self._evaluate()
        shown = {"return": [recent]}
        if agent.best_return_ is not None:
            shown["best"] = [agent.best_return_]
        self._progress.update(agent.n_steps_, shown)

    # -- the best policy ------------------------------------------------------------------------

    def _evaluate(self) -> None:
        agent = self.agent
        new = Finalist(np.zeros(0), self._current(), copy.deepcopy(agent._normalizer))
        new.returns = self._returns_of(new, agent._seeds[4], agent.n_eval_episodes)
        self._evaluated_at = agent.n_steps_
        agent.history_.setdefault("eval_n_steps", []).append(agent.n_steps_)
        agent.history_.setdefault("eval_return", []).append(new.mean)
        agent.history_.setdefault("eval_std", []).append(float(new.returns.std()))
        # of equals the later one: it has learnt for longer
        self._finalists = [new, *self._finalists]
        self._finalists.sort(key=lambda f: f.returns.mean(), reverse=True)
        del self._finalists[_FINALISTS:]
        agent.best_return_ = self._finalists[0].mean
        if agent.target_return is not None and new.mean >= agent.target_return:
            self.stop_reason = "target_return"

    def _look_again(self) -> None:
        """Evaluate the finalists once more, in episodes that none of them was chosen by."""
        agent = self.agent
        for finalist in self._finalists:
            if finalist.second is None:
                n = _SECOND_LOOK * agent.n_eval_episodes
                finalist.second = self._returns_of(finalist, agent._seeds[5], n)

    def _returns_of(self, finalist: Finalist, seed: int, n: int) -> np.ndarray:
        scores, normalizer = self.agent._acting(finalist.network), finalist.normalizer

        def prepared(observations, first):
            return scores(observations if normalizer is None else normalizer(observations), first)

        policy = EpisodePolicy(prepared, self.agent._choose, deterministic=True)
        seeds = np.random.SeedSequence(seed).generate_state(n) >> 1
        return run_episodes(
            policy,
            self.env,
            seeds,
            frame_stack=self.agent.frame_stack,
            max_steps=_LONGEST_EVALUATION,
        ).returns


def check_finite(losses: Mapping[str, float], names: Sequence[str], learning_rate: float) -> None:
    """Stop learning whose losses are no numbers any more.

    Raises
    ------
    FloatingPointError
        With advice.
    """
    bad = [name for name in names if not np.isfinite(losses[name])]
    if bad:
        raise FloatingPointError(
            f"learning diverged ({', '.join(bad)} is not finite): lower "
            f"learning_rate={learning_rate}, or normalise observations and rewards"
        )
