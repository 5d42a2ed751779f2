"""A small world of cells with walls, hazards and a goal, whose exact values are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliednn.core.errors import UsageError, import_extra

gymnasium = import_extra("gymnasium", "rl")
spaces = gymnasium.spaces

# Five moves straight over two hazards, or nine around them.
DEFAULT_MAP = (
    "S.~~.G",
    ".##.#.",
    "......",
    ".#..#.",
    "......",
)
# Up, right, down, left as (row, column).
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))


class GridWorld(gymnasium.Env):
    """Walk from a start to the goal; hazards may be crossed, but each visit has a cost.

    A move into a wall or off the map stays where it is. The episode ends at the goal. The id
    ``appliednn/GridWorld-v0`` cuts it off after 100 steps.

    Parameters
    ----------
    layout : sequence of str
        One string a row: ``S`` start (one is drawn if there are several), ``G`` goal, ``#``
        wall, ``~`` hazard, ``.`` floor.
    slip : float
        Probability that a move goes to one side (half to each) instead of ahead, in [0, 1].
    step_reward, goal_reward, hazard_reward : float
        Rewards of any move, and added to it, of reaching the goal or a hazard.

    Raises
    ------
    UsageError
        The layout is ragged, has other characters, or lacks a start or a goal.

    Notes
    -----
    Observations are the number of the cell, row by row (``Discrete``; an indicator in agents).
    Actions are up, right, down, left. ``info["cost"]`` is 1 on a hazard and 0 elsewhere, so that
    the costs of an episode add up beside its return.

    Examples
    --------
    >>> env = GridWorld()
    >>> env.reset(seed=0)
    (0, {'cost': 0.0})
    >>> env.step(1)
    (1, -0.02, False, False, {'cost': 0.0})
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        layout: Sequence[str] = DEFAULT_MAP,
        slip: float = 0.0,
        step_reward: float = -0.02,
        goal_reward: float = 1.0,
        hazard_reward: float = 0.0,
        render_mode: str | None = None,
    ):
        self.layout = tuple(layout)
        self.cells = _checked(self.layout)
        if not 0 <= slip <= 1:
            raise UsageError(f"slip={slip} was given; it is a probability, 0 to 1")
        self.slip = slip
        self.step_reward, self.goal_reward = step_reward, goal_reward
        self.hazard_reward = hazard_reward
        self.render_mode = render_mode
        self.shape = self.cells.shape
        flat = self.cells.reshape(-1)
        self._starts = np.flatnonzero(flat == "S")
        self._goal, self._hazard = flat == "G", flat == "~"
        self._targets = _targets(self.cells)
        self._cell = int(self._starts[0])
        self.observation_space = spaces.Discrete(flat.size)
        self.action_space = spaces.Discrete(len(MOVES))

    def reset(self, *, seed=None, options=None):
        """Go to a start cell."""
        super().reset(seed=seed)
        self._cell = int(self.np_random.choice(self._starts))
        return self._cell, {"cost": 0.0}

    def step(self, action):
        """Move; ``action`` is 0 up, 1 right, 2 down, 3 left."""
        if self.slip and self.np_random.random() < self.slip:
            action = (action + self.np_random.choice((1, 3))) % 4
        self._cell = cell = int(self._targets[self._cell, action])
        done = bool(self._goal[cell])
        return cell, self._reward(cell), done, False, {"cost": float(self._hazard[cell])}

    def model(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what there is to know of the world.

        Returns
        -------
        transitions : ndarray of shape (n_cells, 4, n_cells)
            Probability of each next cell.
        rewards : ndarray of shape (n_cells, 4)
            Expected reward.
        terminal : ndarray of shape (n_cells,), bool
            Cells that end the episode.
        """
        n = self._targets.shape[0]
        transitions = np.zeros((n, 4, n))
        for action in range(4):
            for turn, share in ((0, 1 - self.slip), (1, self.slip / 2), (3, self.slip / 2)):
                targets = self._targets[:, (action + turn) % 4]
                np.add.at(transitions, (np.arange(n), action, targets), share)
        per_cell = np.array([self._reward(cell) for cell in range(n)])
        return transitions, transitions @ per_cell, self._goal.copy()

    def _reward(self, cell: int) -> float:
        at_goal, at_hazard = self._goal[cell], self._hazard[cell]
        return float(
            self.step_reward + self.goal_reward * at_goal + self.hazard_reward * at_hazard
        )


def _checked(layout: tuple[str, ...]) -> np.ndarray:
    if len({len(row) for row in layout}) != 1 or not layout[0]:
        raise UsageError(f"layout={layout!r}; give strings of one length, one for each row")
    cells = np.array([list(row) for row in layout])
    unknown = sorted(set(cells.reshape(-1)) - set("SG#~."))
    if unknown:
        raise UsageError(f"layout has {unknown}; the characters are S, G, #, ~ and .")
    for mark, word in (("S", "start"), ("G", "goal")):
        if not (cells == mark).any():
            raise UsageError(f"layout={layout!r} has no {word}; mark one with {mark}")
    return cells


def _targets(cells: np.ndarray) -> np.ndarray:
    """Return the cell that each move from each cell leads to, (n_cells, 4)."""
    height, width = cells.shape
    rows, columns = np.divmod(np.arange(cells.size), width)
    targets = np.empty((cells.size, len(MOVES)), int)
    for action, (down, right) in enumerate(MOVES):
        to_row, to_column = rows + down, columns + right
        inside = (to_row >= 0) & (to_row < height) & (to_column >= 0) & (to_column < width)
        to = np.where(inside, to_row * width + to_column, 0)
        free = inside & (cells.reshape(-1)[to] != "#")
        targets[:, action] = np.where(free, to, np.arange(cells.size))
    return targets
