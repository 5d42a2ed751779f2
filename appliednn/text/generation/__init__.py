"""Texts that a network writes: language models, translation, the pieces they write in."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BytePairEncoder": "._byte_pairs",
        "CharacterVocabulary": "._characters",
        "LanguageModel": "._language_model",
        "Seq2SeqModel": "._seq2seq",
    },
)
