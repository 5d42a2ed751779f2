"""Small agents whose decisions and gradients are known in closed form."""

import gymnasium as gym
import numpy as np

# Balances the pole for all 500 steps: pushes where angle and velocity point, and to the middle.
BALANCE = np.array([0.5, 1.0, 10.0, 3.0])


class LinearAgent:
    """Decision values ``observations @ W.T + b`` (discrete), with their gradient."""

    def __init__(self, W, b=None, env="CartPole-v1"):
        self.W = np.asarray(W, dtype=np.float64)
        self.b = np.zeros(len(self.W)) if b is None else np.asarray(b, dtype=np.float64)
        self.env = env
        self.action_space_ = gym.spaces.Discrete(len(self.W))

    @classmethod
    def balancing(cls):
        return cls(np.stack([-BALANCE, BALANCE]))

    def decision_function(self, observations):
        return np.asarray(observations, dtype=np.float64) @ self.W.T + self.b

    def decision_gradient(self, observations, weights):
        return np.asarray(weights, dtype=np.float64) @ self.W

    def predict(self, observations, deterministic=True):
        return self.decision_function(observations).argmax(axis=-1)

    def predict_proba(self, observations):
        values = np.exp(self.decision_function(observations))
        return values / values.sum(axis=1, keepdims=True)

    def value(self, observations):
        """Worth less the farther the pole leans where it cannot be caught."""
        lean = np.abs(np.asarray(observations, dtype=np.float64) @ BALANCE)
        return 50.0 - lean**2

    def policy(self, deterministic=True, seed=0):
        return lambda observations, first: self.predict(observations)


class CurvedAgent(LinearAgent):
    """Decision values ``tanh`` of a linear layer: what a network's gradient looks like."""

    def decision_function(self, observations):
        return np.tanh(super().decision_function(observations))

    def decision_gradient(self, observations, weights):
        return (np.asarray(weights) * (1 - self.decision_function(observations) ** 2)) @ self.W


class ContinuousAgent(LinearAgent):
    """Action means ``observations @ W.T + b`` within a box."""

    def __init__(self, W, b=None, env="Pendulum-v1", high=2.0):
        super().__init__(W, b, env)
        limit = np.full(len(self.W), high, dtype=np.float32)
        self.action_space_ = gym.spaces.Box(-limit, limit)

    def predict(self, observations, deterministic=True):
        means = self.decision_function(observations).astype(np.float32)
        return np.clip(means, self.action_space_.low, self.action_space_.high)


class OpaqueAgent:
    """A discrete agent that gives scores and no gradient."""

    def __init__(self, inner):
        self.inner, self.env, self.action_space_ = inner, inner.env, inner.action_space_

    def decision_function(self, observations):
        return self.inner.decision_function(observations)

    def predict(self, observations, deterministic=True):
        return self.inner.predict(observations)

    def policy(self, deterministic=True, seed=0):
        return self.inner.policy()
