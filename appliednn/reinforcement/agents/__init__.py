"""Agents that learn in an environment."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "A2CAgent": "._a2c",
        "PPOAgent": "._ppo",
        "REINFORCEAgent": "._reinforce",
        "preset": "._presets",
        "presets": "._presets",
    },
)
