"""Agents without training and small environments, of which everything is known in advance."""

import gymnasium as gym
import numpy as np
from policy_agents import LinearAgent
from sklearn.base import BaseEstimator

BALANCE = np.array([0.5, 1.0, 10.0, 3.0])


class PoleAgent(LinearAgent):
    """Holds the pole up for all 500 steps."""

    observation_space_ = gym.spaces.Box(-np.inf, np.inf, (4,), np.float32)

    def __init__(self, weights=BALANCE, env="CartPole-v1"):
        super().__init__(np.stack([-np.asarray(weights), np.asarray(weights)]), env=env)


class OneAction(PoleAgent):
    """Takes one action whatever it sees."""

    def __init__(self, action=1):
        super().__init__(np.zeros(4))
        self.b = np.eye(2)[action]


class TrainedAgent(BaseEstimator):
    """Its training is a draw: good with some seeds, bad with others."""

    n_fits = 0

    def __init__(self, env="CartPole-v1", total_timesteps=100, random_state=0):
        self.env = env
        self.total_timesteps = total_timesteps
        self.random_state = random_state

    def fit(self, env=None, y=None):
        type(self).n_fits += 1
        good = self.random_state % 2 == 0
        self.agent_ = PoleAgent() if good else PoleAgent(-BALANCE)
        self.action_space_ = self.agent_.action_space_
        self.observation_space_ = PoleAgent.observation_space_
        self.history_ = {
            "eval_n_steps": [50, self.total_timesteps],
            "eval_return": [20.0, 500.0 if good else 9.0],
        }
        self.best_return_ = 500.0 if good else 9.0
        self.n_steps_ = self.total_timesteps
        return self

    def policy(self, deterministic=True):
        return self.agent_.policy()

    def predict(self, observations, deterministic=True):
        return self.agent_.predict(observations)


class Corridor(gym.Env):
    """Ten steps; action 1 earns 1 and costs 1, action 0 earns nothing, action 2 ends it."""

    observation_space = gym.spaces.Box(0.0, 1.0, (4,), np.float32)
    action_space = gym.spaces.Discrete(3)

    def __init__(self, unseeded=False):
        self.unseeded = unseeded

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 10
        return self._seen(), {}

    def step(self, action):
        self.left -= 1
        reward = float(action == 1) + (np.random.default_rng().normal() if self.unseeded else 0.0)
        ended = bool(action == 2)
        info = {"cost": float(action == 1), "steps": 1, "note": "no number"}
        return self._seen(), reward, ended, self.left == 0, info

    def _seen(self):
        return np.full(4, self.left / 10, dtype=np.float32)


class Corridors(LinearAgent):
    """Takes one of the three actions of a corridor."""

    observation_space_ = Corridor.observation_space

    def __init__(self, action=1, env=Corridor):
        super().__init__(np.zeros((3, 4)), np.eye(3)[action], env=env)


class Alternating(PoleAgent):
    """Does the other thing than last time, whatever it says of a single observation."""

    def policy(self, deterministic=True):
        last = {}

        def act(observations, first):
            for row in range(len(observations)):
                last[row] = 0 if first[row] or row not in last else 1 - last[row]
            return np.array([last[row] for row in range(len(observations))])

        return act


class FromALog(PoleAgent):
    """Learned from logged decisions, not in an environment."""

    def get_params(self, deep=True):
        return {}

    def fit(self, observations, actions):
        return self


def played(agent, env_id, seeds):
    """Return returns and lengths by a plain loop over gymnasium."""
    env = gym.make(env_id)
    found = []
    for seed in seeds:
        seen, _ = env.reset(seed=int(seed))
        total, steps, over = 0.0, 0, False
        while not over:
            seen, reward, terminated, truncated, _ = env.step(int(agent.predict(seen[None])[0]))
            total, steps, over = total + reward, steps + 1, terminated or truncated
        found.append((total, steps))
    return np.array(found).T
