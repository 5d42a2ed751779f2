"""Networks of words that start from word vectors learned elsewhere."""

from __future__ import annotations

import numpy as np

from appliednn.core import backend
from appliednn.core._architecture import Architecture
from appliednn.text._normalize import normalize
from appliednn.text._words import WordVocabulary


def started_with_vectors(
    architecture: Architecture, seed: int, vocabulary: WordVocabulary, vectors
) -> list[np.ndarray]:
    """Return fresh weights with the vectors of known words in the embedding.

    Parameters
    ----------
    architecture : Architecture
        A network with a layer ``embedding``.
    seed : int
        Of all other weights, and of the words that have no vector.
    vocabulary : WordVocabulary
        The network's words.
    vectors : WordVectors
        Their words are brought into the vocabulary's form; of several the first counts.
    """
    functions = backend.sequence_functions(architecture)
    weights = functions.initial_weights(seed)
    place = [v.path for v in functions.model.variables].index("embedding/embeddings")
    form: dict[str, int] = {}
    for row, word in enumerate(vectors.words):
        form.setdefault(normalize(word, vocabulary.form, vocabulary.fold_case), row)
    table = np.array(weights[place])
    first = len(vocabulary) - len(vocabulary.known)
    for number, word in enumerate(vocabulary.known, first):
        if word in form:
            table[number] = vectors.vectors[form[word]]
    weights[place] = table
    return weights
