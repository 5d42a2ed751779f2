"""Search: tuning within a budget of seconds, and an ensemble chosen automatically."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AutoTabularClassifier": "._auto",
        "AutoTabularRegressor": "._auto",
        "SearchSpace": "._space",
        "TabularSearchCV": "._search",
        "published_space": "._space",
    },
)
