"""Reinforcement learning: agents, bandits and logged decisions with scikit-learn's habits."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Episodes": ".evaluation",
        "Evaluation": ".evaluation",
        "A2CAgent": ".agents",
        "PPOAgent": ".agents",
        "REINFORCEAgent": ".agents",
        "MaskedObservation": ".envs",
        "VectorEnv": ".envs",
        "presets": ".agents",
        "interquartile_mean": ".evaluation",
        "make_env": ".envs",
        "run_episodes": ".evaluation",
    },
)
