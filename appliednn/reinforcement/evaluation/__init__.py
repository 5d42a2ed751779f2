"""Episodes of a policy, what they say about it, and pictures of them."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Episodes": "._episodes",
        "Evaluation": "._evaluation",
        "interquartile_mean": "._evaluation",
        "run_episodes": "._episodes",
    },
)
