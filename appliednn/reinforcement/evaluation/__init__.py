"""Episodes of a policy, what they say about it, and pictures of them."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ConstantPolicy": "._references",
        "Episodes": "._episodes",
        "Evaluation": "._evaluation",
        "RandomPolicy": "._references",
        "SeedSplit": "._seed_split",
        "SignRule": "._heuristics",
        "best_constant_action": "._references",
        "heuristic_policy": "._heuristics",
        "interquartile_mean": "._evaluation",
        "replay_svg": "._replay",
        "run_episodes": "._episodes",
    },
)
