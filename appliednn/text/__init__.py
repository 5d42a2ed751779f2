"""Text: classification, tagging, embeddings, generation, translation, answers."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "TextClassifier": ".classification",
        "TextRegressor": ".classification",
        "as_texts": "._input",
        "as_token_lists": "._input",
        "normalize": "._normalize",
    },
)
