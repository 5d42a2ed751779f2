"""Text: classification, tagging, embeddings, generation, translation, answers."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BytePairEncoder": ".generation._byte_pairs",
        "CharacterVocabulary": ".generation._characters",
        "LanguageModel": ".generation._language_model",
        "Seq2SeqModel": ".generation._seq2seq",
        "as_texts": "._input",
        "as_token_lists": "._input",
        "normalize": "._normalize",
    },
)
