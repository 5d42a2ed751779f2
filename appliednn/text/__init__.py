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
        "BytePairEncoder": ".generation._byte_pairs",
        "CharacterVocabulary": ".generation._characters",
        "LanguageModel": ".generation._language_model",
        "Seq2SeqModel": ".generation._seq2seq",
        "corpus_bleu": ".metrics._bleu",
        "corpus_chrf": ".metrics._chrf",
        "rouge_scores": ".metrics._rouge",
        "ExtractiveSummarizer": ".summary._extractive",
        "split_sentences": ".summary._sentences",
        "as_texts": "._input",
        "as_token_lists": "._input",
        "entities_of": ".tagging",
        "entity_scores": ".tagging",
        "load_vectors": ".embedding",
        "normalize": "._normalize",
        "split_tokens": ".tagging",
    },
)
