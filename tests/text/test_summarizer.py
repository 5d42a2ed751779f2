"""Summaries of a text's own sentences: splitting, centrality, labels, the choice of a method."""

import itertools
import pickle

import numpy as np
import pytest
from sklearn.base import clone

import appliednn
from appliednn.text import ExtractiveSummarizer, rouge_scores, split_sentences
from appliednn.text.metrics._rouge import rouge_words
from appliednn.text.summary._centrality import WordWeights, centroid_scores, walk_scores
from appliednn.text.summary._document import choose_sentences, place_prior
from appliednn.text.summary._oracle import oracle_sentences

RIVER = (
    "The river flooded the town. The flooded river cut the town off. Cats slept. "
    "Help reached the town over the river."
)


def news(n=40, seed=0, at=2):
    """Return documents in which one sentence, by its words, is what the summary says."""
    rng = np.random.default_rng(seed)
    names = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn"]
    fill = ["rain", "wind", "sun", "snow", "fog", "hail", "mist", "frost"]
    documents, summaries = [], []
    for _ in range(n):
        place = at if at is not None else int(rng.integers(0, 6))
        sentences = [f"We saw {' and '.join(rng.choice(fill, 3))} again." for _ in range(6)]
        who, where = rng.choice(names, 2)
        key = f"Then {who} won {rng.integers(10, 99)} points in {where}ville."
        sentences[place] = key
        documents.append(" ".join(sentences))
        summaries.append(key)
    return documents, summaries


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Mr. Smith met Dr. Jones. They spoke.", ["Mr. Smith met Dr. Jones.", "They spoke."]),
        ("Pi is 3.14. It goes on.", ["Pi is 3.14.", "It goes on."]),
        ("J. R. R. Tolkien wrote. We read.", ["J. R. R. Tolkien wrote.", "We read."]),
        ('"Stop!" she cried. "Why?" He left.', ['"Stop!" she cried.', '"Why?"', "He left."]),
        ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
        ("We met at 5 p.m. The sun set.", ["We met at 5 p.m.", "The sun set."]),
        ("The U.S. Senate met. It voted.", ["The U.S. Senate met.", "It voted."]),
        ("See fig. 3 for e.g. Bonn. Good.", ["See fig. 3 for e.g. Bonn.", "Good."]),
        ("Wait... what? No... Yes.", ["Wait... what?", "No...", "Yes."]),
        ("A title\n\nFirst line\ngoes on. Next.", ["A title", "First line\ngoes on.", "Next."]),
        ("Das gilt z.B. Montag. Gut.", ["Das gilt z.B. Montag.", "Gut."]),
        ("She said no. 5 people left.", ["She said no. 5 people left."]),
        ("So did I. The end.", ["So did I.", "The end."]),
        ("the cat sat . it slept ! mr. x left .", ["the cat sat .", "it slept !", "mr. x left ."]),
        (
            "一つ目の文。次の文！「三つ目。」 End",
            ["一つ目の文。", "次の文！", "「三つ目。」", "End"],
        ),
        ("", []),
        ("  \n ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert split_sentences(text) == expected


def test_splitting_loses_only_white_space():
    text = 'A b. C (d e.) F! "G."  H\n\ni. J e.g. k...  L?! m'
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


def test_walk_scores_solve_the_equation_of_page_rank():
    rng = np.random.default_rng(0)
    vectors = np.abs(rng.normal(size=(6, 4)))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    prior = place_prior(6, 1.0)
    similar = vectors @ vectors.T
    np.fill_diagonal(similar, 0)
    steps = similar / similar.sum(axis=1, keepdims=True)
    expected = np.linalg.solve(np.eye(6) - 0.85 * steps.T, 0.15 * prior)
    np.testing.assert_allclose(walk_scores(vectors, prior), expected, atol=1e-10)


def test_weights_of_words_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    sentences = split_sentences(RIVER)
    theirs = TfidfVectorizer(sublinear_tf=True, token_pattern=r"[^\W_]+").fit(sentences)
    words = [rouge_words(sentence) for sentence in sentences]
    vectors = WordWeights.learn(words).vectors(words)
    Z = theirs.transform(sentences).toarray()
    np.testing.assert_allclose(vectors @ vectors.T, Z @ Z.T, atol=1e-12)
    centre = Z.sum(axis=0)
    expected = Z @ centre / np.linalg.norm(centre)
    np.testing.assert_allclose(centroid_scores(vectors), expected, atol=1e-12)


def test_the_first_label_is_the_best_single_sentence_and_more_only_if_they_help():
    rng = np.random.default_rng(0)
    for _ in range(20):
        sentences = [list(rng.choice(list("abcdefg"), rng.integers(1, 6))) for _ in range(5)]
        summary = list(rng.choice(list("abcdefg"), 6))

        def value(rows, sentences=sentences, summary=summary):
            # Sentences are counted apart: a pair of words does not run over their border.
            from collections import Counter

            total = 0.0
            for n in (1, 2):
                own = Counter()
                for row in rows:
                    words = sentences[row]
                    own.update(zip(*(words[i:] for i in range(n)), strict=False))
                goal = Counter(zip(*(summary[i:] for i in range(n)), strict=False))
                size = own.total() + goal.total()
                total += 2 * (own & goal).total() / size if size else 0.0
            return total

        chosen = oracle_sentences(sentences, summary, 3)
        best = max(value([row]) for row in range(5))
        assert not chosen or value(chosen[:1]) == pytest.approx(best)
        values = [value(chosen[:k]) for k in range(len(chosen) + 1)]
        assert all(b > a for a, b in itertools.pairwise(values))


def test_sentences_that_say_the_same_are_passed_over():
    vectors = np.array([[1.0, 0], [1, 0], [0, 1], [0.6, 0.8]])
    scores = np.array([4.0, 3, 2, 1])
    assert choose_sentences(scores, vectors, 2, 0.7) == [0, 2]
    assert choose_sentences(scores, vectors, 2, 1.0) == [0, 1]
    assert choose_sentences(scores, vectors, 3, 0.1) == [0, 1, 2]


@pytest.mark.parametrize("method", ["textrank", "centroid"])
def test_central_sentences_win_without_labels(method):
    model = ExtractiveSummarizer(n_sentences=2, method=method, position_weight=0.0).fit([RIVER])
    (summary,) = model.predict([RIVER])
    assert "Cats" not in summary and summary.count(".") == 2


def test_a_learned_scorer_finds_what_the_first_sentences_miss():
    model = ExtractiveSummarizer(n_sentences=1, random_state=0).fit(*news())
    assert model.method_ == "learned"
    assert model.validation_score_ > model.baseline_score_ + 0.5
    test, expected = news(20, seed=1)
    assert model.predict(test) == expected
    assert model.score(test, expected) == 1.0
    assert set(model.validation_scores_) == {"textrank", "centroid", "lead", "learned"}
    assert max(model.explain().values()) > 0


def test_the_first_sentences_stay_where_nothing_beats_them():
    documents, _ = news(at=4)
    summaries = [split_sentences(text)[0] for text in documents]
    model = ExtractiveSummarizer(n_sentences=1, random_state=0).fit(documents, summaries)
    assert model.method_ == "lead"
    assert model.validation_score_ == model.baseline_score_ == 1.0


def test_scores_are_rouge_of_the_summaries():
    documents, summaries = news(12, at=None)
    model = ExtractiveSummarizer(n_sentences=2, method="lead", metric="rouge1", random_state=0)
    model.fit(documents, summaries)
    written = [" ".join(split_sentences(text)[:2]) for text in documents]
    assert model.predict(documents) == written
    expected = rouge_scores(written, summaries)["rouge1"].f1.mean()
    assert model.score(documents, summaries) == pytest.approx(expected)


def test_short_and_empty_documents_are_their_own_summaries():
    model = ExtractiveSummarizer().fit([RIVER])
    assert model.predict(["", "One. Two."]) == ["", "One. Two."]
    assert model.sentence_scores("") == []
    assert [sentence for sentence, _ in model.sentence_scores(RIVER)] == split_sentences(RIVER)


def test_copies_summarise_alike(tmp_path):
    model = ExtractiveSummarizer(n_sentences=1, random_state=0).fit(*news())
    test, _ = news(10, seed=2, at=None)
    expected = model.predict(test)
    assert appliednn.load(model.save(tmp_path / "model.ann")).predict(test) == expected
    assert pickle.loads(pickle.dumps(model)).predict(test) == expected
    assert clone(model).get_params() == model.get_params()
    again = ExtractiveSummarizer(n_sentences=1, random_state=0).fit(*news())
    np.testing.assert_array_equal(again.coefficients_, model.coefficients_)


def test_mistakes_are_named():
    documents, summaries = news(12)
    with pytest.raises(ValueError, match="without y"):
        ExtractiveSummarizer(method="learned").fit(documents)
    with pytest.raises(ValueError, match="12 documents, y 3 summaries"):
        ExtractiveSummarizer().fit(documents, summaries[:3])
    with pytest.raises(ValueError, match="at least 10"):
        ExtractiveSummarizer().fit(documents[:4], summaries[:4])
    with pytest.raises(ValueError, match="n_sentences=0"):
        ExtractiveSummarizer().fit(documents).predict(documents, n_sentences=0)
    with pytest.raises(ValueError, match="no scorer was learned"):
        ExtractiveSummarizer().fit(documents).explain()
