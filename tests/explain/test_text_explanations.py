"""Attributions of words: what they must be of a model that only adds words up, and their tests."""

import numpy as np
import pytest

from appliednn.explain import (
    DO_NOT_RELY,
    TextExplanation,
    TextPool,
    lime_words,
    network_words,
    shap_words,
    text_faithfulness,
)
from appliednn.explain._text_gradients import place_tokens

WEIGHTS = {"good": 2.0, "bad": -3.0, "fine": 1.0, "ugly": -1.0, "so": 0.0, "it": 0.0, "was": 0.0}
RNG = np.random.default_rng(0)
TEXTS = [" ".join(RNG.choice(list(WEIGHTS), 7)) for _ in range(20)]
ROWS, TARGET = np.arange(20), np.zeros(20, dtype=int)


def adds_up(texts):
    return np.array([[sum(WEIGHTS[w] for w in t.split())] for t in texts])


POOL = TextPool(TEXTS, adds_up, "points")


def by_hand(row):
    return np.array([WEIGHTS[w] for w in TEXTS[row].split()])


def test_shap_values_of_a_sum_are_its_parts_and_add_up():
    made = shap_words(POOL, ROWS, TARGET)
    for row in ROWS:
        np.testing.assert_allclose(made.values[row], by_hand(row), atol=1e-9)
    assert made.completeness_gap() < 1e-9
    np.testing.assert_allclose(made.scores, adds_up(TEXTS)[:, 0])
    np.testing.assert_allclose(made.base, 0.0)


def test_lime_finds_the_parts_of_a_sum():
    made = lime_words(POOL, ROWS, TARGET, seed=1, n_samples=400)
    for row in ROWS:
        np.testing.assert_allclose(made.values[row], by_hand(row), atol=0.1)
    assert made.local_r2.min() > 0.98


def test_one_word_gets_the_whole_score():
    pool = TextPool(["good!"], lambda t: np.array([[2.0 * ("good" in x)] for x in t]), "points")
    one = np.zeros(1, dtype=int)
    assert shap_words(pool, one, one).values[0].tolist() == [2.0]


def test_repeated_words_are_explained_place_by_place():
    pool = TextPool(["so good so", "it was"], lambda t: np.array([[len(x)] for x in t]), "length")
    made = shap_words(pool, np.array([0]), np.array([0]))
    assert len(made.values[0]) == 3
    assert made.values[0].sum() == pytest.approx(len("so good so"))


def test_what_is_true_passes_its_tests_and_what_is_random_fails_them():
    true = shap_words(POOL, ROWS, TARGET)
    assert text_faithfulness(true, POOL, ROWS).verdict == "reliable"
    rng = np.random.default_rng(3)
    false, other = (
        TextExplanation(
            "LIME", "", true.words, [rng.normal(size=7) for _ in ROWS], true.scores, true.base,
            TARGET, "points",
        )
        for _ in range(2)
    )  # fmt: skip
    outcome = text_faithfulness(false, POOL, ROWS, again=other)
    assert outcome.verdict == DO_NOT_RELY
    assert {"deletion_gain", "seed_stability"} <= {t.key for t in outcome.failed}


def test_attributions_that_are_all_alike_do_not_pass_by_the_order_of_places():
    """A model that reads the first word alone: ties broken by place would look like skill."""
    pool = TextPool(
        TEXTS,
        lambda t: np.array([[WEIGHTS.get(x.split()[0] if x else "", 0.0)] for x in t]),
        "points",
    )
    scores = pool.score(TEXTS)[:, 0]
    flat = TextExplanation(
        "SHAP", "", [pool.words(r) for r in ROWS], [np.zeros(7)] * 20, scores, np.zeros(20),
        TARGET, "points",
    )  # fmt: skip
    tests = {t.key: t for t in text_faithfulness(flat, pool, ROWS).tests}
    assert not tests["deletion_gain"].passed


def test_few_texts_and_a_score_that_never_varies_are_not_judged():
    made = shap_words(POOL, ROWS[:4], TARGET[:4])
    tests = {t.key: t for t in text_faithfulness(made, POOL, ROWS[:4]).tests}
    assert tests["deletion_gain"].passed is None
    dull = TextPool(TEXTS, lambda t: np.ones((len(t), 1)), "points")
    made = shap_words(dull, ROWS, TARGET)
    outcome = text_faithfulness(made, dull, ROWS)
    assert outcome.verdict == "not tested"


def test_tokens_of_a_network_are_put_on_the_words_they_are_part_of():
    pool = TextPool(["Unlike you, I ran."], adds_up, "points")
    given = [(["[CLS]", "un", "##like", "you", ",", "i", "ran", "."], np.arange(8.0))]
    with pytest.raises(ValueError, match="no words of the text"):
        network_words(lambda t: given, pool, np.array([0]), np.array([0]))
    values, found = place_tokens(*given[0], pool.words(0))
    assert values.tolist() == [3.0, 3.0, 5.0, 6.0]
    assert found.tolist() == [False, True, True, True, False, True, True, False]


def test_attributions_of_a_network_are_tested_like_any_other():
    made = network_words(
        lambda texts: [(t.split(), [WEIGHTS[w] for w in t.split()]) for t in texts],
        POOL, ROWS, TARGET,
    )  # fmt: skip
    np.testing.assert_allclose(made.values[3], by_hand(3))
    assert text_faithfulness(made, POOL, ROWS).verdict == "reliable"


def test_random_state_of_the_caller_is_left_alone():
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    shap_words(POOL, ROWS[:2], TARGET[:2])
    lime_words(POOL, ROWS[:2], TARGET[:2])
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
