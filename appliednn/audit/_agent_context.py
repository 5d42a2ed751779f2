"""What checks of an agent share: the agent, its environment, episodes run once, and seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from appliednn.audit._context_base import SharedContext
from appliednn.audit._journal import Journal

if TYPE_CHECKING:
    from appliednn.explain.policies import VisitedStates
    from appliednn.reinforcement import Episodes

#: How many episodes are kept with all their observations, and how many of those are shown to
#: the checks that look at single states.
N_RECORDED = 10
MOST_STATES = 20_000

Act = Callable[[np.ndarray, np.ndarray], np.ndarray]


class AgentContext(SharedContext):
    """The audited agent with its environment; everything a check of agents may read.

    Parameters
    ----------
    model : agent
        Fitted.
    env : str, callable or gymnasium.Env
        What it is judged in.
    seeds : sequence of int of shape (n,)
        One an episode.
    train_seeds : int
        How many more agents are trained to see what the seed of training does; 0: none.
    max_steps : int, optional
        Longer episodes are cut.
    options : mapping of str to mapping, optional
        Options by section.
    random_state : int
        Root of every seed but those of the episodes.
    journal : object with get and put, optional
        Where trained copies leave their curves.

    Attributes
    ----------
    task, reads : str
        ``"reinforcement"`` and ``"environment"``, as checks declare them.
    """

    task = "reinforcement"
    reads = "environment"
    positive = None
    has_proba = False

    def __init__(
        self,
        model: Any,
        env: Any,
        seeds: Sequence[int],
        *,
        train_seeds: int = 0,
        max_steps: int | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        random_state: int = 0,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(model, options, random_state)
        self.env = env
        self.seeds = np.asarray(seeds, dtype=np.int64)
        self.train_seeds = int(train_seeds)
        self.max_steps = max_steps
        self.journal = journal

    @property
    def frame_stack(self) -> int:
        """How many frames the agent sees at once."""
        return int(getattr(self.model, "frame_stack", 1) or 1)

    @property
    def discrete(self) -> bool:
        """Whether the agent picks one action of a list."""
        return hasattr(self.model.action_space_, "n")

    @property
    def n_actions(self) -> int:
        """How many actions there are in a list."""
        return int(self.model.action_space_.n)

    def policy(self) -> Act:
        """Return what the agent does when it does not explore."""
        return self.model.policy(deterministic=True)

    def run(
        self,
        act: Act,
        seeds: Sequence[int] | None = None,
        *,
        record: bool = False,
        env: Any = None,
    ) -> Episodes:
        """Return episodes of a policy, by default those of all seeds."""
        from appliednn.reinforcement import run_episodes

        return run_episodes(
            act,
            self.env if env is None else env,
            self.seeds if seeds is None else seeds,
            record=record,
            max_steps=self.max_steps,
            frame_stack=self.frame_stack,
        )

    @cached_property
    def episodes(self) -> Episodes:
        """The agent's episodes, one a seed."""
        return self.run(self.policy())

    @cached_property
    def chance(self) -> np.ndarray:
        """Returns of random actions on the same seeds, shape (n,)."""
        from appliednn.reinforcement import RandomPolicy

        return np.asarray(self.run(RandomPolicy(self.env)).returns, dtype=np.float64)

    @cached_property
    def recorded(self) -> Episodes:
        """The first few of them, with observations, actions and rewards."""
        return self.run(self.policy(), self.seeds[:N_RECORDED], record=True)

    @cached_property
    def remembers(self) -> bool:
        """Whether what the agent does hangs on more than what it sees: it acts unlike ``predict``.

        A rounding apart, a policy without memory does in an episode what it says of each
        observation by itself.
        """
        for seen, done in zip(self.recorded.observations, self.recorded.actions, strict=True):
            alone = np.asarray(self.model.predict(seen), dtype=np.float64)
            apart = ~np.isclose(alone, np.asarray(done, dtype=np.float64), rtol=1e-3, atol=1e-3)
            if apart.mean() > 0.01:
                return True
        return False

    @cached_property
    def visited(self) -> np.ndarray:
        """Observations of the recorded episodes, shape (n, ...), thinned evenly where many."""
        lengths = self.recorded.lengths
        states = [o[:k] for o, k in zip(self.recorded.observations, lengths, strict=True)]
        states = np.concatenate(states)
        if len(states) > MOST_STATES:
            states = states[np.linspace(0, len(states) - 1, MOST_STATES).astype(np.int64)]
        return states

    @cached_property
    def action_names(self) -> list[str]:
        """What each action of a list is called, or each number of a continuous one."""
        from appliednn.explain.policies import action_names

        space = self.model.action_space_
        n = int(space.n) if self.discrete else int(np.prod(space.shape or (1,)))
        with self._opened() as env:
            return action_names(env, n)

    @cached_property
    def states(self) -> VisitedStates:
        """What was visited, with the names of the numbers of an observation."""
        from appliednn.explain.policies import VisitedStates, feature_names

        with self._opened() as env:
            names = feature_names(env, self.visited.shape[1:])
        return VisitedStates(self.visited, np.zeros(len(self.visited), np.int64), names)

    @property
    def outputs(self) -> list[np.ndarray]:
        """What the agent earns and does: an audit knows it by this."""
        actions = np.asarray(self.model.predict(self.visited[:256]))
        return [np.asarray(self.episodes.returns, dtype=np.float64), actions]

    @property
    def about_gates(self) -> dict[str, bool]:
        """What the default gates depend on."""
        return {"rule_of_thumb": self.rule_of_thumb is not None}

    @cached_property
    def rule_of_thumb(self) -> Act | None:
        """A simple rule for the environment, where one is known."""
        from appliednn.reinforcement import heuristic_policy

        # A rule reads what the environment shows at one moment.
        return heuristic_policy(self.env) if self.frame_stack == 1 else None

    @cached_property
    def limited_env(self) -> Any:
        """The environment with the audit's own limit of steps, for what takes no limit itself."""
        if self.max_steps is None:
            return self.env

        def limited() -> Any:
            from gymnasium.wrappers import TimeLimit

            from appliednn.reinforcement import make_env

            return TimeLimit(make_env(self.env), self.max_steps)

        return limited

    @cached_property
    def spec(self) -> dict[str, Any]:
        """What identifies the environment, in plain values."""
        with self._opened() as env:
            found = env.spec
            return {
                "id": type(env.unwrapped).__name__ if found is None else found.id,
                "kwargs": "" if found is None else repr(sorted(found.kwargs.items())),
                "max_episode_steps": None if found is None else found.max_episode_steps,
                "observations": str(env.observation_space),
                "actions": str(env.action_space),
            }

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """Give one environment as the agent reads it; a live one of the caller stays open."""
        from appliednn.reinforcement import make_env

        made = make_env(self.env, frame_stack=self.frame_stack)
        try:
            yield made
        finally:
            if not hasattr(self.env, "step"):
                made.close()

    def describe_data(self) -> list[dict[str, Any]]:
        """Return the environment as a report names data: hash, episodes, shape."""
        said = json.dumps([self.spec, self.seeds.tolist(), self.max_steps], sort_keys=True)
        size = int(np.prod(self.model.observation_space_.shape or (1,)))
        return [
            {
                "role": "episodes",
                "sha256": hashlib.sha256(said.encode()).hexdigest(),
                "n_rows": len(self.seeds),
                "n_cols": size,
                "schema": [
                    {"name": f"{name} of {self.spec['id']}", "dtype": self.spec[name]}
                    for name in ("observations", "actions")
                ],
            }
        ]
