"""The closed registry: names a config may use, their classes and their parameters."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ESTIMATORS": "._entries",
        "SAMPLERS": "._entries",
        "Entry": "._entries",
        "estimator": "._entries",
        "sampler": "._entries",
        "metrics": "._tables",
        "names": "._tables",
        "numbers": "._tables",
        "parameters": "._tables",
        "preset": "._tables",
        "summary": "._tables",
    },
)
