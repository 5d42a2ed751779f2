"""BLEU, chrF and ROUGE against sacrebleu and rouge-score: recorded values, and live ones."""

import random

import numpy as np
import pytest

from appliednn.text import corpus_bleu, corpus_chrf, rouge_scores
from appliednn.text.metrics import sentence_bleu, sentence_chrf

WRITTEN = [
    "The cat sat on the mat, and it cost $3.50 - cheap!",
    "A man is riding a horse.",
    'Zwei junge Männer stehen "draußen" im Schnee &amp; warten',
    "Nothing alike",
    "He said: it's 1,000-fold better (or 10%).",
    "",
]
FIRST = [
    "The cat sat on a mat; it cost $3.50 -- cheap!",
    "A man rides a brown horse.",
    "Zwei junge männer warten draußen im Schnee & frieren .",
    "Completely different words here",
    "He said it's 1,000-fold better, or 10%.",
    "Some words",
]
SECOND = [
    "On the mat sat the cat. It cost 3.50 dollars.",
    "A man is on a horse",
    "Draußen stehen zwei junge Männer und warten.",
    "Nothing is alike",
    "It is 1,000-fold better, he said.",
    "",
]


def made_up(n=60):
    """Return texts, and two references for each, that differ in words and order."""
    rng = random.Random(0)
    words = [
        "a",
        "the",
        "man",
        "dog's",
        "runs,",
        "quickly.",
        "over",
        "3.5",
        "2-day",
        "(old)",
        "hills",
        "&",
        '"far"',
        "Äcker",
    ]
    texts = [[rng.choice(words) for _ in range(rng.randint(1, 14))] for _ in range(n)]

    def changed(text):
        kept = [w if rng.random() < 0.8 else rng.choice(words) for w in text]
        return " ".join(w for w in kept if rng.random() < 0.9)

    return [" ".join(t) for t in texts], [changed(t) for t in texts], [changed(t) for t in texts]


def test_recorded_values_of_sacrebleu():
    both = list(zip(FIRST, SECOND, strict=True))
    assert corpus_bleu(WRITTEN, FIRST) == pytest.approx(29.815246, abs=1e-6)
    assert corpus_bleu(WRITTEN, both) == pytest.approx(33.440026, abs=1e-6)
    assert corpus_chrf(WRITTEN, both) == pytest.approx(62.873952, abs=1e-6)
    plus = corpus_chrf(WRITTEN, FIRST, word_order=2)
    assert plus == pytest.approx(50.830689, abs=1e-6)


@pytest.mark.parametrize("tokenize", ["13a", "none", "char"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_bleu_equals_sacrebleu(tokenize, lowercase):
    sacrebleu = pytest.importorskip("sacrebleu")
    for written, first, second in ((WRITTEN, FIRST, SECOND), made_up()):
        options = {"tokenize": tokenize, "lowercase": lowercase}
        one = sacrebleu.corpus_bleu(written, [first], force=True, **options).score
        assert corpus_bleu(written, first, **options) == pytest.approx(one, abs=1e-9)
        two = sacrebleu.corpus_bleu(written, [first, second], force=True, **options).score
        both = list(zip(first, second, strict=True))
        assert corpus_bleu(written, both, **options) == pytest.approx(two, abs=1e-9)
        for text, reference in zip(written, first, strict=True):
            expected = sacrebleu.sentence_bleu(text, [reference], **options).score
            assert sentence_bleu(text, reference, **options) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_equals_sacrebleu(word_order):
    sacrebleu = pytest.importorskip("sacrebleu")
    for written, first, second in ((WRITTEN, FIRST, SECOND), made_up()):
        both = list(zip(first, second, strict=True))
        for lowercase in (False, True):
            options = {"word_order": word_order, "lowercase": lowercase}
            peer = sacrebleu.CHRF(**options)
            one = peer.corpus_score(written, [first]).score
            assert corpus_chrf(written, first, **options) == pytest.approx(one, abs=1e-9)
            two = peer.corpus_score(written, [first, second]).score
            assert corpus_chrf(written, both, **options) == pytest.approx(two, abs=1e-9)
        for text, reference in zip(written, first, strict=True):
            expected = sacrebleu.sentence_chrf(text, [reference], word_order=word_order).score
            found = sentence_chrf(text, reference, word_order=word_order)
            assert found == pytest.approx(expected, abs=1e-9)


def test_rouge_equals_rouge_score():
    rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")
    kinds = ["rouge1", "rouge2", "rouge3", "rougeL"]
    scorer = rouge_scorer.RougeScorer(kinds)
    written, references, _ = made_up()
    written = [text.replace("Ä", "A") for text in written]  # the peer knows no other letters
    references = [text.replace("Ä", "A") for text in references]
    found = rouge_scores(written, references, kinds)
    for i, (text, reference) in enumerate(zip(written, references, strict=True)):
        for kind, expected in scorer.score(reference, text).items():
            own = [float(values[i]) for values in found[kind]]
            assert own == pytest.approx(tuple(expected), abs=1e-12)


def test_rouge_reads_letters_of_any_language():
    score = rouge_scores(["Ärger übt"], ["ärger übt Macht"])["rouge1"]
    assert (score.precision[0], score.recall[0]) == (1.0, pytest.approx(2 / 3))


def test_a_perfect_text_scores_highest_and_a_foreign_one_zero():
    text = ["one two three four five"]
    assert corpus_bleu(text, text) == pytest.approx(100)
    assert corpus_chrf(text, text) == pytest.approx(100)
    assert corpus_bleu(text, ["six"]) == corpus_chrf(["ab"], ["cd"]) == 0.0
    np.testing.assert_array_equal(rouge_scores(["a"], [""])["rougeL"].f1, [0.0])


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="2 texts and references for 1"):
        corpus_bleu(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="tokenize='intl'"):
        corpus_bleu(["a"], ["a"], tokenize="intl")
    with pytest.raises(ValueError, match="kind 'rougeX'"):
        rouge_scores(["a"], ["a"], ["rougeX"])
    with pytest.raises(ValueError, match="single string"):
        corpus_chrf("a", ["a"])
