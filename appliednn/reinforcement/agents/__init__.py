"""Agents that learn in an environment."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "A2CAgent": "._a2c",
        "DDPGAgent": "._ddpg",
        "DQNAgent": "._dqn",
        "PPOAgent": "._ppo",
        "REINFORCEAgent": "._reinforce",
        "RecurrentPPOAgent": "._recurrent_ppo",
        "SACAgent": "._sac",
        "TD3Agent": "._td3",
        "preset": "._presets",
        "presets": "._presets",
    },
)
