"""Encoders of sentences: WordPiece, BERT-style networks from a folder, pretraining on own text."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Bert": "._bert",
        "MaskedLanguagePretrainer": "._pretrainer",
        "SentenceEncoder": "._sentence_encoder",
        "WordPiece": "._wordpiece",
        "learn_word_pieces": "._vocabulary",
    },
)
