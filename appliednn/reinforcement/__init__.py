"""Reinforcement learning: agents, bandits and logged decisions with scikit-learn's habits."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BehaviorCloning": ".offline._behavior_cloning",
        "ContextualBandit": ".bandits._bandit",
        "DiscreteCQL": ".offline._cql",
        "FittedQEvaluation": ".offline._fitted_q",
        "LoggedTransitions": ".offline._transitions",
        "PolicyComparison": ".offline._policy_value",
        "PolicyValue": ".offline._policy_value",
        "compare_policies": ".offline._compare",
        "off_policy_value": ".offline._off_policy",
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
