"""Reinforcement learning: agents, bandits and logged decisions with scikit-learn's habits."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Catch": ".envs",
        "ConstantPolicy": ".evaluation",
        "Episodes": ".evaluation",
        "Evaluation": ".evaluation",
        "ExactValues": ".envs",
        "GridWorld": ".envs",
        "PPOAgent": ".agents",
        "MaskedObservation": ".envs",
        "RandomPolicy": ".evaluation",
        "RecallCue": ".envs",
        "RobotArm": ".envs",
        "SeedSplit": ".evaluation",
        "SignRule": ".evaluation",
        "TradingEnv": ".envs",
        "VectorEnv": ".envs",
        "best_constant_action": ".evaluation",
        "buy_and_hold": ".envs",
        "generate_prices": ".envs",
        "heuristic_policy": ".evaluation",
        "interquartile_mean": ".evaluation",
        "make_env": ".envs",
        "own_ids": ".envs",
        "policy_values": ".envs",
        "replay_svg": ".evaluation",
        "run_episodes": ".evaluation",
        "value_iteration": ".envs",
    },
)
