"""The cheap answer: words that stand near the question's rare words and are not in it."""

from __future__ import annotations

import numpy as np

from appliednn.text.answering._span_tokens import SpanVocabulary, Tokens, overlap

_LONGEST = 5


def lexical_span(
    question: Tokens, context: Tokens, vocabulary: SpanVocabulary
) -> tuple[int, int] | None:
    """Return the first and last token of the answer that overlap of words suggests, or None.

    Candidates are runs of words that are neither in the question nor function words; the one
    whose tokens are nearest to the question's rare words is taken, at most five words of it.

    Parameters
    ----------
    question, context : Tokens
        The texts.
    vocabulary : SpanVocabulary
        Says how rare words are.

    References
    ----------
    M. Richardson, C. Burges, E. Renshaw, "MCTest: A Challenge Dataset for the Open-Domain Machine
    Comprehension of Text", EMNLP 2013 (the sliding window).
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    if not len(context):
        return None
    near = overlap(question, context, vocabulary)
    words = context.words
    free = (near[:, 0] == 0) & (context.shapes != 6)
    free &= np.array([word not in ENGLISH_STOP_WORDS for word in words])
    if not free.any():
        return None
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(int), [0]])))
    runs = [(a, min(b, a + _LONGEST)) for a, b in edges.reshape(-1, 2).tolist()]
    values = [float(near[a:b, 2].mean()) for a, b in runs]
    first, stop = runs[int(np.argmax(values))]
    return first, stop - 1
