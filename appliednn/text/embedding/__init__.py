"""Vectors of words: learned from a corpus, or read from a file."""

from appliednn._lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "WordEmbedding": "._embedding",
        "WordVectors": "._vectors",
        "as_word_vectors": "._vectors",
        "load_vectors": "._files",
        "save_vectors": "._files",
    },
)
