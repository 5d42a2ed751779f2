"""Summaries made of a text's own sentences."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ExtractiveSummarizer": "._extractive",
    },
)
