"""Environments that are small enough to be solved exactly, for tests of agents."""

import gymnasium
import numpy as np
from gymnasium import spaces


class Chain(gymnasium.Env):
    """Six places in a row, seen one-hot; steps left or right, a goal at the right end.

    Reaching the goal earns 1 and ends the episode; the left end pays 0.2 for staying there. A
    time limit cuts an episode after ``limit`` steps, which must not change any value.
    """

    n_places = 6

    def __init__(self, limit=7):
        self.observation_space = spaces.Box(0, 1, (self.n_places,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.limit = limit

    def _see(self):
        return np.eye(self.n_places, dtype=np.float32)[self.place]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.steps = int(self.np_random.integers(self.n_places - 1)), 0
        return self._see(), {}

    def step(self, action):
        self.place, reward = self.move(self.place, action)
        self.steps += 1
        end = self.place == self.n_places - 1
        return self._see(), reward, end, self.steps >= self.limit, {}

    @classmethod
    def move(cls, place, action):
        """Return the next place and the reward."""
        after = max(0, place - 1) if action == 0 else place + 1
        reward = 1.0 if after == cls.n_places - 1 else 0.2 * (place == 0 and action == 0)
        return after, float(reward)

    @classmethod
    def optimal_values(cls, gamma):
        """Return the action values (places, 2) by value iteration; the goal's are left out."""
        q = np.zeros((cls.n_places, 2))
        for _ in range(500):
            for place in range(cls.n_places - 1):
                for action in range(2):
                    after, reward = cls.move(place, action)
                    q[place, action] = reward + gamma * q[after].max()
        return q[:-1]


class Conveyor(Chain):
    """The same row of places, on a belt: every action moves one place to the right."""

    def __init__(self):
        super().__init__(limit=3)

    @classmethod
    def move(cls, place, action):
        """Return the next place and the reward, which depends on the place alone."""
        return place + 1, (0.3, -0.5, 0.8, 0.1, 1.0)[place]


class Aim(gymnasium.Env):
    """One step: the action's first part should be the observation, its second part 4."""

    def __init__(self):
        self.observation_space = spaces.Box(-1, 1, (1,), np.float32)
        low, high = np.array([-3, 2], np.float32), np.array([3, 10], np.float32)
        self.action_space = spaces.Box(low, high)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.goal = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.goal, {}

    def step(self, action):
        reward = -float((action[0] - self.goal[0]) ** 2 + (action[1] - 4) ** 2 / 16)
        return self.goal, reward, True, False, {}


class Spot(gymnasium.Env):
    """One step: a bright square in the left or right half of an image; say which half."""

    def __init__(self):
        self.observation_space = spaces.Box(0, 255, (8, 8, 1), np.uint8)
        self.action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        image = np.zeros((8, 8, 1), np.uint8)
        row, column = self.np_random.integers(0, 7), self.np_random.choice([0, 1, 2, 4, 5, 6])
        image[row : row + 2, column : column + 2] = 255
        self.image, self.half = image, int(column >= 4)
        return image, {}

    def step(self, action):
        return self.image, float(action == self.half), True, False, {}


class Point(Spot):
    """The same images; the action should be -0.5 for the left half, 0.5 for the right."""

    def __init__(self):
        super().__init__()
        self.action_space = spaces.Box(-1, 1, (1,), np.float32)

    def step(self, action):
        reward = -float((action[0] - self.half + 0.5) ** 2)
        return self.image, reward, True, False, {}
