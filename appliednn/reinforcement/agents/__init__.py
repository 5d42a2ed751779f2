"""Agents that learn in an environment."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "PPOAgent": "._ppo",
    },
)
