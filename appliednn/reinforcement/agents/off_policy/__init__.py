"""Agents that learn from remembered steps: DQN, DDPG, TD3, SAC."""
