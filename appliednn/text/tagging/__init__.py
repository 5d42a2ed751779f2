"""Tags for tokens: named entities, parts of speech."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "CRF": "._crf",
        "TokenTagger": "._tagger",
        "entities_of": "._schemes",
        "entity_scores": "._entity_scores",
        "split_tokens": "._split",
    },
)
