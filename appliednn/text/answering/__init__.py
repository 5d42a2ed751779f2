"""Answers to questions: found among documents, or as a span of a given text."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "ExtractiveQA": "._extractive",
        "RetrievalQA": "._retrieval",
        "answer_f1": "._measures",
        "exact_match": "._measures",
        "normalize_answer": "._measures",
    },
)
