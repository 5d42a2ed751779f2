"""Blocks fall in a small picture and a bar at the bottom catches them."""

from __future__ import annotations

import numpy as np

from appliednn.core.errors import UsageError, import_extra

gymnasium = import_extra("gymnasium", "rl")
spaces = gymnasium.spaces


class Catch(gymnasium.Env):
    """Catch falling blocks, seen as a grey picture.

    Each block falls straight down, a row a step, from a random column. Every block can be
    reached: a policy that always moves below the block catches all of them. The bar starts in the
    middle of an episode and stays where it is between blocks.

    Parameters
    ----------
    size : int
        Height and width of the picture in pixels, from 6 to 64.
    n_blocks : int
        Blocks that fall in an episode.

    Notes
    -----
    Observations: uint8 (size, size, 1), 255 where the block or the bar is. Actions: left, stay,
    right. Reward: 1 for a block caught, -1 for one missed, 0 otherwise.

    References
    ----------
    V. Mnih et al., Recurrent models of visual attention, NeurIPS 2014 (their game of catch).

    Examples
    --------
    >>> env = Catch(size=8, n_blocks=1)
    >>> picture, _ = env.reset(seed=0)
    >>> picture.shape, int((picture > 0).sum())
    ((8, 8, 1), 4)
    """

    metadata = {"render_modes": []}

    def __init__(self, size: int = 12, n_blocks: int = 5, render_mode: str | None = None):
        if not 6 <= size <= 64 or n_blocks < 1:
            raise UsageError(
                f"size={size}, n_blocks={n_blocks}; size is 6 to 64 pixels, n_blocks 1 or more"
            )
        self.size, self.n_blocks, self.render_mode = size, n_blocks, render_mode
        self.observation_space = spaces.Box(0, 255, (size, size, 1), np.uint8)
        self.action_space = spaces.Discrete(3)
        self._bar, self._row, self._column, self._left = size // 2, 0, 0, n_blocks

    def reset(self, *, seed=None, options=None):
        """Begin with the bar in the middle and the first block at the top."""
        super().reset(seed=seed)
        self._bar, self._left = self.size // 2, self.n_blocks
        self._drop()
        return self._picture(), {}

    def step(self, action):
        """Move the bar (0 left, 1 stay, 2 right) while the block falls a row."""
        self._bar = min(self.size - 2, max(1, self._bar + int(action) - 1))
        self._row += 1
        if self._row < self.size - 1:
            return self._picture(), 0.0, False, False, {}
        caught = abs(self._column - self._bar) <= 1
        self._left -= 1
        picture = self._picture()
        if self._left:
            self._drop()
            picture = self._picture()
        return picture, 1.0 if caught else -1.0, self._left == 0, False, {}

    def _drop(self) -> None:
        self._row, self._column = 0, int(self.np_random.integers(self.size))

    def _picture(self) -> np.ndarray:
        picture = np.zeros((self.size, self.size, 1), np.uint8)
        picture[self._row, self._column] = 255
        picture[-1, self._bar - 1 : self._bar + 2] = 255
        return picture
