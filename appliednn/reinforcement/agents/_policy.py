"""An agent's policy as a function for episodes: it acts for several of them side by side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


class EpisodePolicy:
    """``act(observations, first) -> actions`` for run_episodes.

    Parameters
    ----------
    scores : callable
        ``scores(observations, first)`` gives what the choice is made from.
    choose : callable
        ``choose(scores, rngs) -> actions``; ``rngs`` is None for the likeliest actions.
    deterministic : bool
        Take the likeliest action rather than a drawn one.
    meet : callable, optional
        ``meet(env)`` raises if the policy cannot act in an environment.
    """

    def __init__(
        self,
        scores: Callable,
        choose: Callable,
        deterministic: bool,
        meet: Callable | None = None,
    ) -> None:
        self._scores, self._choose, self._meet = scores, choose, meet
        self._deterministic = deterministic
        self._rngs: dict[int, np.random.Generator] = {}

    def meet(self, env) -> None:
        """Refuse an environment with other spaces than those that were trained on."""
        if self._meet is not None:
            self._meet(env)

    def begin(self, rows: np.ndarray, seeds: np.ndarray) -> None:
        """Give rows the generators of the episodes that they begin."""
        for row, seed in zip(rows.tolist(), seeds.tolist(), strict=True):
            # not the stream that the environment draws from with the same seed
            self._rngs[row] = np.random.default_rng([int(seed), 1])

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        scores = self._scores(observations, first)
        if self._deterministic:
            return self._choose(scores, None)
        rngs = [self._rngs.setdefault(i, np.random.default_rng(i)) for i in range(len(scores))]
        return self._choose(scores, rngs)
