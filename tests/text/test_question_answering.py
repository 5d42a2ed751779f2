"""Question answering: SQuAD's measures, retrieval beside brute force, spans, files."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer

import appliednn
from appliednn.text import ExtractiveQA, MaskedLanguagePretrainer, RetrievalQA
from appliednn.text.answering import answer_f1, exact_match, normalize_answer
from appliednn.text.answering._answers import read_answers
from appliednn.text.answering._span_readers import Window, best_spans

DOCUMENTS = [
    "The Nile flows north through Egypt. It is the longest river of Africa.",
    "Mont Blanc is the highest mountain of the Alps. It lies between France and Italy.",
    "Marie Curie was born in Warsaw. She won two Nobel Prizes, in physics and in chemistry.",
    "Photosynthesis turns light into sugar. Plants do it in their leaves.",
]
QUESTIONS = [
    "Which river flows through Egypt?",
    "What is the highest mountain of the Alps?",
    "Where was Marie Curie born?",
    "What do plants turn light into?",
]


# -- measures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer, truth, match, f1",
    [
        ("The Eiffel Tower!", "eiffel tower", 1.0, 1.0),
        ("in 1889, Paris", "Paris", 0.0, 0.5),
        ("a the an", "", 1.0, 1.0),
        ("", "Paris", 0.0, 0.0),
        ("to be to be", "to be", 0.0, 2 * 2 / 6),
        ("U.S.A.", "USA", 1.0, 1.0),
        ("twenty-one", "twenty one", 0.0, 0.0),
        ("Zürich", "zürich", 1.0, 1.0),
    ],
)
def test_measures_count_as_the_definition_of_squad_says(answer, truth, match, f1):
    assert exact_match(answer, truth) == match
    assert answer_f1(answer, truth) == pytest.approx(f1)
    assert answer_f1(truth, answer) == pytest.approx(f1)


def test_articles_are_whole_words():
    assert normalize_answer("Theory of an Anthem, a THE-ory") == "theory of anthem theory"


# -- retrieval ----------------------------------------------------------------------------------


def test_the_answer_is_the_sentence_that_is_most_like_the_question():
    qa = RetrievalQA().fit(DOCUMENTS)
    answers = qa.predict(QUESTIONS)
    assert [a["document"] for a in answers] == [0, 1, 2, 3]
    assert answers[2]["text"] == "Marie Curie was born in Warsaw."
    assert qa.score(QUESTIONS, [0, 1, 2, 3]) == qa.baseline_score(QUESTIONS, [0, 1, 2, 3]) == 1.0


def test_retrieval_equals_brute_force_with_scikit_learn():
    tfidf = TfidfVectorizer(stop_words="english")
    scores, found = RetrievalQA(tfidf).fit(DOCUMENTS).retrieve(QUESTIONS, k=3)
    tfidf.fit(DOCUMENTS)
    total = (tfidf.transform(QUESTIONS) @ tfidf.transform(DOCUMENTS).T).toarray()
    np.testing.assert_array_equal(found, np.argsort(-total, axis=1, kind="stable")[:, :3])
    np.testing.assert_allclose(scores, -np.sort(-total, axis=1)[:, :3], atol=1e-6)


def test_answers_of_ones_own_are_given_for_the_question_they_belong_to():
    asked = ["How do I reset my password?", "Where is my invoice?"]
    qa = RetrievalQA().fit(asked, ["Click on 'forgot'.", "In your account."])
    found = qa.predict(["I forgot my password, how to reset", "invoice"])
    assert [f["text"] for f in found] == ["Click on 'forgot'.", "In your account."]
    assert qa.score(["reset password"], ["click on forgot"]) == 1.0
    assert qa.score(["reset password"], [["no", "Click on 'forgot'"]]) == 1.0


def test_questions_that_nothing_answers_are_not_answered():
    qa = RetrievalQA(min_score=0.2).fit(DOCUMENTS)
    nothing, something = qa.predict(["zzz qqq", "the Nile in Egypt"])
    assert (nothing["text"], nothing["document"]) == ("", -1)
    assert something["document"] == 0


def test_recall_counts_the_best_k():
    qa = RetrievalQA().fit(DOCUMENTS)
    wrong = [1, 2, 3, 0]
    _, found = qa.retrieve(QUESTIONS, k=4)
    for k in (1, 2, 3, 4):
        expected = np.mean([w in row[:k] for w, row in zip(wrong, found.tolist(), strict=True)])
        assert qa.score(QUESTIONS, wrong, k=k) == expected
    assert qa.score(QUESTIONS, wrong, k=9) == 1.0


@pytest.mark.parametrize("container", [tuple, np.array, pd.Series])
def test_containers_give_equal_answers(container):
    expected = RetrievalQA().fit(DOCUMENTS).predict(QUESTIONS)
    assert RetrievalQA().fit(container(DOCUMENTS)).predict(container(QUESTIONS)) == expected


@pytest.mark.parametrize("encoder", ["tfidf", TfidfVectorizer()])
def test_copies_and_files_of_a_retriever_give_equal_answers(tmp_path, encoder):
    qa = RetrievalQA(encoder, n_candidates=2).fit(DOCUMENTS)
    expected = qa.predict(QUESTIONS)
    assert pickle.loads(pickle.dumps(qa)).predict(QUESTIONS) == expected
    assert copy.deepcopy(qa).predict(QUESTIONS) == expected
    assert clone(qa).fit(DOCUMENTS).predict(QUESTIONS) == expected
    if encoder == "tfidf":
        assert appliednn.load(qa.save(tmp_path / "qa.ann")).predict(QUESTIONS) == expected


def test_a_document_without_words_and_a_wrong_count_are_refused():
    with pytest.raises(ValueError, match="hold no word"):
        RetrievalQA().fit(["", "..."])
    with pytest.raises(ValueError, match="1 answers were given for 4"):
        RetrievalQA().fit(DOCUMENTS, ["one"])
    with pytest.raises(ValueError, match="4 questions and 1 truths"):
        RetrievalQA().fit(DOCUMENTS).score(QUESTIONS, [0])


# -- spans --------------------------------------------------------------------------------------

RELATIONS = [
    ("{a} was born in {b}.", "Where was {a} born?"),
    ("The capital of {a} is {b}.", "What is the capital of {a}?"),
    ("{b} wrote the book {a}.", "Who wrote {a}?"),
    ("{a} has {b} inhabitants.", "How many inhabitants does {a} have?"),
    ("In {b}, {a} won the prize.", "When did {a} win the prize?"),
]


def names(n, rng):
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    return ["".join(rng.choice(syllables, rng.integers(2, 4))).title() for _ in range(n)]


def facts(n, seed, n_facts=3, unanswered=0.0):
    """Made-up facts about made-up names: no answer can be known but from the context."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        rows = []
        for relation in rng.permutation(5)[:n_facts]:
            a, b = names(2, rng)
            b = str(rng.integers(1000, 3000)) if relation > 2 else b
            rows.append((relation, a, b))
        context = " ".join(RELATIONS[r][0].format(a=a, b=b) for r, a, b in rows)
        relation, a, b = rows[rng.integers(n_facts)]
        nothing = rng.random() < unanswered
        a = names(1, rng)[0] if nothing else a
        X.append((RELATIONS[relation][1].format(a=a), context))
        y.append("" if nothing else b)
    return X, y


# As many words everywhere, so that one compiled network serves all fits.
SMALL = {"units": 24, "embedding_dim": 24, "epochs": 10, "max_words": 20}
SMALL |= {"verbose": False, "random_state": 0}


@pytest.fixture(scope="module")
def reader():
    return ExtractiveQA(**SMALL).fit(*facts(300, seed=0))


def test_answers_about_names_never_seen_are_found_far_better_than_by_overlap(reader):
    X, y = facts(100, seed=1)
    assert reader.score(X, y) > 0.9
    pairs = zip(reader.predict_baseline(X), y, strict=True)
    baseline = np.mean([answer_f1(a["text"], t) for a, t in pairs])
    assert 0.2 < baseline < 0.8
    assert reader.validation_score_ > reader.baseline_score_ + 0.2
    assert reader.evaluate(X, y)["exact"] <= reader.score(X, y)


def test_an_answer_is_the_part_of_the_context_at_its_place(reader):
    X, _ = facts(20, seed=2)
    for answer, (_, context) in zip(reader.predict(X), X, strict=True):
        assert context[answer["start"] : answer["end"]] == answer["text"] != ""
        assert 0 <= answer["score"] <= 1


def test_long_contexts_are_read_to_the_end(reader):
    filler = "Nothing happened on that day. " * 80
    question, fact = "Where was Zolanu born?", "Zolanu was born in Retivo."
    for context in (filler + fact, fact + " " + filler, filler + fact + " " + filler):
        answer = reader.predict([(question, context)])[0]
        assert answer["text"] == "Retivo"


def test_answers_given_as_text_place_or_dict_train_alike():
    X, y = facts(30, seed=3)
    places = [(c.index(a), c.index(a) + len(a)) for (_, c), a in zip(X, y, strict=True)]
    dicts = [{"text": a, "start": p[0]} for a, p in zip(y, places, strict=True)]
    questions, contexts = zip(*X, strict=True)
    assert read_answers(y, questions, contexts) == places
    assert read_answers(places, questions, contexts) == places
    assert read_answers(dicts, questions, contexts) == places
    frame = pd.DataFrame(X, columns=["question", "context"])
    first, second = (ExtractiveQA(**{**SMALL, "epochs": 1}) for _ in range(2))
    assert first.fit(frame, dicts).predict(frame) == second.fit(X, y).predict(X)


def test_no_answer_is_given_only_where_training_knew_it(reader):
    X, y = facts(300, seed=4, n_facts=2, unanswered=0.4)
    own = ExtractiveQA(**SMALL).fit(X, y)
    test, truth = facts(100, seed=5, n_facts=2, unanswered=0.4)
    found = [answer["text"] == "" for answer in own.predict(test)]
    assert np.mean(np.array(found) == [t == "" for t in truth]) > 0.8
    assert own.has_empty_answers_ and not reader.has_empty_answers_
    assert all(answer["text"] for answer in reader.predict(test))


def test_the_best_span_is_that_of_all_pairs():
    rng = np.random.default_rng(0)
    token = np.array([-1, -1, 4, 4, 5, 6, 7, 7, 8, -1])
    scores = rng.normal(size=(20, 12, 2))
    windows = [Window(i, {}, token) for i in range(20)]
    for longest in (1, 2, 9):
        for values, found in zip(scores, best_spans(scores, windows, longest), strict=True):
            chances = values[:10] - logsumexp(values[:10], axis=0)
            pairs = {
                (i, j): chances[i, 0] + chances[j, 1]
                for i in range(2, 9)
                for j in range(i, 9)
                if token[j] - token[i] < longest
            }
            i, j = max(pairs, key=pairs.get)
            assert found[0] == pytest.approx(pairs[i, j])
            assert found[1:3] == (token[i], token[j])
            assert found[3] == pytest.approx(chances[0].sum())


@pytest.mark.parametrize("fine_tune", [True, False])
def test_an_encoder_with_a_pointing_head_answers(tmp_path, fine_tune):
    X, y = facts(120, seed=6, n_facts=2)
    texts = [text for pair in X for text in pair]
    own = MaskedLanguagePretrainer(
        vocab_size=200, width=32, n_layers=1, n_heads=2, max_length=64, epochs=2, random_state=0
    )
    encoder = own.set_params(verbose=False).fit(texts).encoder()
    qa = ExtractiveQA("encoder", encoder=encoder, fine_tune=fine_tune, window=16, stride=8,
                      epochs=3, learning_rate=2e-3, random_state=0, verbose=False)  # fmt: skip
    qa.fit(X, y)
    assert qa.history_["loss"][-1] < qa.history_["loss"][0]
    moved = np.abs(qa.network_.weights[0] - encoder.bert_.network.weights[0]).max()
    assert (moved > 0) == fine_tune
    expected = qa.predict(X[:10])
    for answer, (_, context) in zip(expected, X[:10], strict=True):
        assert context[answer["start"] : answer["end"]] == answer["text"]
    assert appliednn.load(qa.save(tmp_path / "qa.ann")).predict(X[:10]) == expected


def test_copies_and_files_of_a_reader_give_equal_answers(reader, tmp_path):
    X, _ = facts(10, seed=7)
    expected = reader.predict(X)
    assert pickle.loads(pickle.dumps(reader)).predict(X) == expected
    assert appliednn.load(reader.save(tmp_path / "qa.ann")).predict(X) == expected
    assert clone(reader).get_params() == reader.get_params()


def test_two_readers_with_one_seed_agree_bit_for_bit():
    X, y = facts(30, seed=8)
    first, second = (ExtractiveQA(**{**SMALL, "epochs": 2}).fit(X, y) for _ in range(2))
    for a, b in zip(first.network_.weights, second.network_.weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "y, words",
    [
        (["Paris"], "1 answers"),
        (["Bern", "x"], "does not stand"),
        ([(0, 99), "Bern"], "start < end"),
        (["", None], "no question has an answer"),
        ("Bern", "one answer for each"),
    ],
)
def test_answers_that_are_none_are_refused(y, words):
    X = [("Where?", "She lives in Rome."), ("Where?", "He lives in Bern.")]
    with pytest.raises(ValueError, match=words):
        ExtractiveQA().fit(X, y)
