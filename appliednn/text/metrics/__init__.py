"""How close a written text is to one that people wrote: BLEU, chrF, ROUGE."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "RougeScore": "._rouge",
        "corpus_bleu": "._bleu",
        "corpus_chrf": "._chrf",
        "rouge_scores": "._rouge",
        "sentence_bleu": "._bleu",
        "sentence_chrf": "._chrf",
    },
)
