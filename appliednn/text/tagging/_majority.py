"""The simplest tagger: each word's most frequent tag."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from appliednn.text.tagging._word_parts import word_form


def majority_tags(
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    asked: Sequence[Sequence[str]],
) -> list[list[str]]:
    """Return tags for sentences: of each word the most frequent, of unknown ones that of all.

    Examples
    --------
    >>> majority_tags([["a", "b", "b"]], [["X", "Y", "Y"]], [["A", "c"]])
    [['X', 'Y']]
    """
    counts: dict[str, Counter] = defaultdict(Counter)
    total: Counter = Counter()
    for sentence, own in zip(sentences, tags, strict=True):
        for word, tag in zip(sentence, own, strict=True):
            counts[word_form(word)][tag] += 1
            total[tag] += 1
    usual = total.most_common(1)[0][0]
    best = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    return [[best.get(word_form(word), usual) for word in sentence] for sentence in asked]
