"""Agents that learn in an environment."""
