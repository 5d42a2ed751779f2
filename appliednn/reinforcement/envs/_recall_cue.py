"""A cue at the start, a wait, and a question: what a policy without memory cannot answer."""

from __future__ import annotations

import numpy as np

from appliednn.core.errors import UsageError, import_extra

gymnasium = import_extra("gymnasium", "rl")
spaces = gymnasium.spaces


class RecallCue(gymnasium.Env):
    """Name at the end the cue that was shown at the start.

    Parameters
    ----------
    n_cues : int
        Number of cues, each as likely; an action for each.
    delay : int
        Steps between the cue and the question, without any sign.

    Notes
    -----
    Observations (n_cues + 1): indicator of the cue, at the first step alone, and a 1 at the end
    when the question is asked. Only the action that follows the question counts: reward 1 if it
    is the cue, -1 / (n_cues - 1) if not, so that guessing has an expected return of 0. A policy
    that sees only the present observation (or a frame stack of up to ``delay + 1``) gets the
    same observation whatever the cue was, and so exactly 0 in the mean, whatever it does.

    References
    ----------
    After the T-maze of B. Bakker, Reinforcement learning with long short-term memory, NeurIPS
    2001.

    Examples
    --------
    >>> env = RecallCue(n_cues=2, delay=1)
    >>> env.reset(seed=1)[0].tolist()
    [1.0, 0.0, 0.0]
    >>> [env.step(0)[0].tolist() for _ in range(2)]
    [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    >>> env.step(0)[1:3]
    (1.0, True)
    """

    metadata = {"render_modes": []}

    def __init__(self, n_cues: int = 2, delay: int = 4, render_mode: str | None = None):
        if n_cues < 2 or delay < 0:
            raise UsageError(f"n_cues={n_cues}, delay={delay}; give 2 cues or more, delay >= 0")
        self.n_cues, self.delay, self.render_mode = n_cues, delay, render_mode
        self.observation_space = spaces.Box(0.0, 1.0, (n_cues + 1,), np.float32)
        self.action_space = spaces.Discrete(n_cues)
        self._cue, self._time = 0, 0

    def reset(self, *, seed=None, options=None):
        """Draw a cue and show it."""
        super().reset(seed=seed)
        self._cue, self._time = int(self.np_random.integers(self.n_cues)), 0
        return self._observation(), {}

    def step(self, action):
        """Wait, or answer once the question has been asked."""
        self._time += 1
        if self._time <= self.delay + 1:
            return self._observation(), 0.0, False, False, {}
        reward = 1.0 if int(action) == self._cue else -1.0 / (self.n_cues - 1)
        return self._observation(), reward, True, False, {}

    def _observation(self) -> np.ndarray:
        observation = np.zeros(self.n_cues + 1, np.float32)
        if self._time == 0:
            observation[self._cue] = 1.0
        elif self._time == self.delay + 1:
            observation[-1] = 1.0
        return observation
