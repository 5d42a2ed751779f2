"""Question answering: SQuAD's measures, retrieval beside brute force, spans, files."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer

import appliednn
from appliednn.text import RetrievalQA
from appliednn.text.answering import answer_f1, exact_match, normalize_answer
from appliednn.text.answering._sentences import split_sentences

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


def test_sentences_end_where_punctuation_ends_them():
    text = 'He said "Stop." Then 3.5 km later, e.g. there, it ended!\n\nnew part。次の文。 End'
    assert split_sentences(text) == [
        'He said "Stop.',
        "Then 3.5 km later, e.g. there, it ended!",
        "new part。",
        "次の文。",
        "End",
    ]
    assert split_sentences(" \n ") == []


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
