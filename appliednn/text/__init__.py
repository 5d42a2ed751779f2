"""Text: classification, tagging, embeddings, generation, translation, answers."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "Bert": ".encoder",
        "EntityLinker": ".linking",
        "ExtractiveQA": ".answering",
        "MaskedLanguagePretrainer": ".encoder",
        "RetrievalQA": ".answering",
        "SentenceEncoder": ".encoder",
        "WordPiece": ".encoder",
        "CRF": ".tagging",
        "TextClassifier": ".classification",
        "TextRegressor": ".classification",
        "TokenTagger": ".tagging",
        "WordEmbedding": ".embedding",
        "WordVectors": ".embedding",
        "BytePairEncoder": ".generation",
        "CharacterVocabulary": ".generation",
        "LanguageModel": ".generation",
        "Seq2SeqModel": ".generation",
        "corpus_bleu": ".metrics",
        "corpus_chrf": ".metrics",
        "rouge_scores": ".metrics",
        "ExtractiveSummarizer": ".summary",
        "split_sentences": "._sentences",
        "as_texts": "._input",
        "as_token_lists": "._input",
        "entities_of": ".tagging",
        "entity_scores": ".tagging",
        "load_vectors": ".embedding",
        "normalize": "._normalize",
        "split_tokens": ".tagging",
    },
)
