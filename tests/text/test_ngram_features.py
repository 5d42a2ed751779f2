"""Hashed n-grams against scikit-learn's, as counts and as TF-IDF rows."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from appliednn.text import _corpus, _ngram_features
from appliednn.text._corpus import corpora
from appliednn.text._hashed_ngrams import hashed_ngrams
from appliednn.text._ngram_features import NgramFeatures

TEXTS = [
    "Hello, world! it's  a test",
    "",
    "a",
    "x y zz  zz",
    "aa\tbbb\ncccc aa bbb",
    "Äpfel und äpfel, 😀😀 ok",
    "supercalifragilistic",
    "null\x00byte and a\u2028line",
]


def columns(matrix):
    """Return the columns as a sorted list: the same n-grams in any order."""
    return sorted(map(tuple, np.asarray(matrix).T.round(5)))


@pytest.mark.parametrize(
    ("kind", "n"),
    [("word", (1, 1)), ("word", (1, 3)), ("word", (2, 4)), ("char_wb", (2, 5)),
     ("char_wb", (1, 2)), ("char_wb", (5, 9))],
)  # fmt: skip
def test_ngrams_are_scikit_learns(kind, n):
    (corpus,) = corpora(TEXTS, None, True)
    words, characters = (n, None) if kind == "word" else (None, n)
    grams = hashed_ngrams(corpus, words, characters, least_length=2, marks=False)
    hashes = np.concatenate([g.hashes for g in grams])
    text = np.concatenate([g.text for g in grams])
    kinds, inverse = np.unique(hashes, return_inverse=True)
    counts = np.zeros((len(TEXTS), len(kinds)), dtype=int)
    np.add.at(counts, (text, inverse), 1)
    given = [t.replace("\x00", " ") for t in TEXTS]
    expected = CountVectorizer(analyzer=kind, ngram_range=n).fit_transform(given).toarray()
    assert columns(counts) == columns(expected)


def test_rows_are_scikit_learns_tf_idf():
    features = NgramFeatures([1, 2], [2, 3], None, least_length=2, marks=False)
    ours = features.fit_transform(TEXTS).toarray()
    given = [t.replace("\x00", " ") for t in TEXTS]
    parts = [
        TfidfVectorizer(analyzer=kind, ngram_range=n, sublinear_tf=True).fit_transform(given)
        for kind, n in (("word", (1, 2)), ("char_wb", (2, 3)))
    ]
    expected = np.hstack([part.toarray() for part in parts])
    np.testing.assert_allclose(columns(ours), columns(expected), atol=2e-5)


def test_new_texts_are_read_as_those_it_learned_from():
    features = NgramFeatures()
    rows = features.fit_transform(TEXTS).toarray()
    again = features.transform(TEXTS[::-1]).toarray()[::-1]
    np.testing.assert_array_equal(rows, again)
    assert features.transform(["žluťoučký"]).nnz < 12


def test_blocks_change_nothing(monkeypatch):
    whole = NgramFeatures().fit_transform(TEXTS)
    monkeypatch.setattr(_corpus, "_BLOCK", 10)
    features = NgramFeatures()
    np.testing.assert_array_equal(features.fit_transform(TEXTS).toarray(), whole.toarray())


def test_columns_are_found_alike_by_search_and_by_table(monkeypatch):
    features = NgramFeatures()
    features.fit_transform(TEXTS[:5])
    searched = features.transform(TEXTS).toarray()
    monkeypatch.setattr(_ngram_features, "_FEW", 0)
    np.testing.assert_array_equal(features.transform(TEXTS).toarray(), searched)


def test_the_most_frequent_ngrams_are_kept():
    texts = ["aa bb cc", "aa bb", "aa"]
    features = NgramFeatures([1, 1], None, max_features=2)
    assert (features.fit_transform(texts).toarray() > 0).tolist() == [
        [True, True],
        [True, True],
        [True, False],
    ]
    once = NgramFeatures([1, 1], None, min_count=2)
    assert once.fit_transform(texts).shape == (3, 2)


def test_occurrences_say_where_an_ngram_stands():
    features = NgramFeatures([1, 2], [3, 3])
    features.fit_transform(["The cat sat", "a cat"])
    read, found = features.occurrences("A CAT sat")
    pieces = {read[a:b] for a, b in zip(found.starts, found.ends, strict=True)}
    assert pieces == {"a", "cat", "sat", "a cat", "cat sat", "ca", "at", "sa"}
