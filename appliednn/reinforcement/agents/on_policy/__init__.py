"""Agents that learn from the steps they just took: PPO, A2C, REINFORCE."""
