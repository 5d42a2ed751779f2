"""An environment in which every action is tried on a copy before one is taken."""

from __future__ import annotations

import copy

import gymnasium
import numpy as np


class Forks(gymnasium.Wrapper):
    """Tries every action on copies of the environment before each step.

    Parameters
    ----------
    env : gymnasium.Env
        With discrete actions.
    log : dict
        Receives, by the episode's seed, a list of (next observations, rewards, ended) a step.
    """

    def __init__(self, env, log: dict[int, list]) -> None:
        super().__init__(env)
        self.log, self.steps = log, []

    def reset(self, *, seed=None, options=None):
        """Begin an episode of the log."""
        self.steps = self.log.setdefault(int(seed), [])
        return self.env.reset(seed=seed, options=options)

    def step(self, action):
        """Log what every action would lead to, then take the one given."""
        outcomes = []
        for k in range(int(self.action_space.n)):
            following, reward, ended, _, _ = copy.deepcopy(self.env).step(k)
            outcomes.append((following, float(reward), bool(ended)))
        following, rewards, ended = zip(*outcomes, strict=True)
        self.steps.append((np.array(following), rewards, ended))
        return self.env.step(action)
