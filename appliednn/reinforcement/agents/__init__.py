"""Agents that learn in an environment."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "A2CAgent": ".on_policy._a2c",
        "DDPGAgent": ".off_policy._ddpg",
        "DQNAgent": ".off_policy._dqn",
        "PPOAgent": ".on_policy._ppo",
        "REINFORCEAgent": ".on_policy._reinforce",
        "RecurrentPPOAgent": ".on_policy._recurrent_ppo",
        "SACAgent": ".off_policy._sac",
        "SpaceSpec": "._spaces",
        "TD3Agent": ".off_policy._td3",
        "preset": "._presets",
        "presets": "._presets",
    },
)
