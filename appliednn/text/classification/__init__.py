"""Classes and numbers from texts."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "TextClassifier": "._classifier",
        "TextRegressor": "._regressor",
    },
)
