"""Reinforcement learning: agents, bandits and logged decisions with scikit-learn's habits."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "DDPGAgent": ".agents",
        "DQNAgent": ".agents",
        "SACAgent": ".agents",
        "TD3Agent": ".agents",
        "Episodes": ".evaluation",
        "Evaluation": ".evaluation",
        "PPOAgent": ".agents",
        "MaskedObservation": ".envs",
        "VectorEnv": ".envs",
        "interquartile_mean": ".evaluation",
        "make_env": ".envs",
        "run_episodes": ".evaluation",
    },
)
