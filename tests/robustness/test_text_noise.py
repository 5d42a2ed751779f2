"""Spoiled texts and attacks on words: what changes, how much, and what stays."""

import unicodedata

import numpy as np
import pytest

from appliednn.robustness import _text_noise as noise
from appliednn.robustness._text_attack import substitute_words
from appliednn.robustness._text_synonyms import synonyms

TEXT = "Please remember the big movie, it was really good and nobody forgot about its story."


def distance(a, b):
    """Return the edit distance with swaps of neighbours (Damerau-Levenshtein), by the book."""
    d = {(i, -1): i + 1 for i in range(-1, len(a))} | {(-1, j): j + 1 for j in range(-1, len(b))}
    for i in range(len(a)):
        for j in range(len(b)):
            cost = a[i] != b[j]
            d[i, j] = min(d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + cost)
            if i and j and a[i] == b[j - 1] and a[i - 1] == b[j]:
                d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
    return d[len(a) - 1, len(b) - 1]


@pytest.mark.parametrize("word", ["word", "letter", "Zebra", "ab", "ooo"])
def test_a_typo_is_one_edit_and_keeps_the_first_letter(word):
    for seed in range(30):
        made = noise.typo(word, np.random.default_rng(seed))
        assert distance(word, made) == 1
        assert made[0] == word[0]


def test_the_share_of_mistyped_words_is_the_rate():
    long = " ".join(["sentence"] * 4000)
    made = noise.typos(long, np.random.default_rng(0), 0.1).split(" ")
    assert np.mean([w != "sentence" for w in made]) == pytest.approx(0.1, abs=0.02)
    assert noise.typos("to be or", np.random.default_rng(0), 1.0) == "to be or"


@pytest.mark.parametrize(
    "how", [noise.look_alikes, noise.accents, noise.hidden_characters], ids=lambda f: f.__name__
)
def test_hostile_letters_look_the_same_and_are_not(how):
    made = how(TEXT, np.random.default_rng(0), 1.0)
    assert made != TEXT
    plain = unicodedata.normalize("NFD", made).replace("\u200b", "")
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    back = str.maketrans("асеорхуіАВСЕНКМОРТХ", "aceopxyiABCEHKMOPTX")  # noqa: RUF001
    assert plain.translate(back) == TEXT


def test_synonyms_keep_their_case_and_lead_back():
    table = synonyms()
    for word, others in table.items():
        assert word not in others
        assert all(word in table[other] for other in others)
    made = noise.swap_synonyms("MOVIE Movie movie", np.random.default_rng(0), 1.0)
    assert made == "FILM Film film"


def test_marks_go_and_words_stay():
    made = noise.bare_marks(TEXT, np.random.default_rng(0), 0.5)
    assert made.split() == TEXT.replace(",", "").replace(".", "").split()


def test_spoiling_is_repeatable_and_each_text_has_its_own_draw():
    texts = [TEXT] * 5
    first = noise.spoil(texts, noise.typos, 0.5, seed=3)
    assert first == noise.spoil(texts, noise.typos, 0.5, seed=3)
    assert len(set(first)) > 1
    assert noise.spoil(texts[:2], noise.typos, 0.5, seed=3) == first[:2]


def _margin(*words):
    return lambda texts: np.array([sum(w in t.split() for w in words) - 0.5 for t in texts])


def test_the_attack_finds_the_word_that_decides_and_stops_there():
    made = substitute_words(TEXT, _margin("good"), np.random.default_rng(0), share=0.2)
    assert made.flipped and made.changed == 1
    assert "good" not in made.text.split()
    assert made.n_words == 15


def test_the_attack_keeps_to_its_budget():
    margin = _margin("good", "big", "really")
    made = substitute_words(TEXT, margin, np.random.default_rng(0), share=0.07)
    assert not made.flipped and made.changed == 1
    assert substitute_words(TEXT, margin, np.random.default_rng(0), share=0.2).flipped


def test_the_search_beats_random_exchanges():
    hits = {
        at_random: sum(
            substitute_words(
                TEXT, _margin("good"), np.random.default_rng(s), share=0.1, at_random=at_random
            ).flipped
            for s in range(40)
        )
        for at_random in (False, True)
    }
    assert hits[False] == 40 and hits[True] < 15


def test_a_text_without_words_to_exchange_is_left_as_it_is():
    made = substitute_words("it is !", _margin("it"), np.random.default_rng(0))
    assert (made.text, made.changed, made.flipped) == ("it is !", 0, False)
