"""Word pieces and characters: learned as a plain recount would, and exactly back to text."""

import pickle
from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

import appliednn
from appliednn.text import BytePairEncoder, CharacterVocabulary
from appliednn.text.generation._pair_merges import joined, learn_merges

TEXTS = [
    "the lower the slower, she said: 12345 times.",
    "Lower!  lowest\tslowest\n\n newer newest widest",
    "die größten Bäume, größer als größere",
] * 2
ODD = [
    "",
    " ",
    "\n\n  x",
    "naïve 漢字 \U0001f600 end ",
    "a_b__c ²½ 12345678",
    "\ud800 lone",
    "\x00\r\n",
]


def merges_by_recount(words, n_merges, known, min_count=2):
    """Count all pairs anew before each merge."""
    symbols = {word: list(word) for word in words}
    known, out = set(known), []
    for _ in range(n_merges):
        counts = Counter()
        for word, n in words.items():
            for a, b in zip(symbols[word], symbols[word][1:], strict=False):
                if a in known and b in known:
                    counts[a, b] += n
        if not counts:
            break
        pair = min(counts, key=lambda p: (-counts[p], p))
        if counts[pair] < min_count:
            break
        out.append(pair)
        known.add(pair[0] + pair[1])
        symbols = {word: joined(s, pair) for word, s in symbols.items()}
    return out


@pytest.mark.parametrize("seed", range(5))
def test_merges_equal_those_of_counting_anew_each_time(seed):
    rng = np.random.default_rng(seed)
    words = {
        "".join(rng.choice(list("abc"), rng.integers(1, 9))): int(rng.integers(1, 6))
        for _ in range(40)
    }
    expected = merges_by_recount(words, 60, set("ab"))
    assert learn_merges(words, 60, set("ab")) == expected
    assert len(expected) > 10


@pytest.mark.parametrize("text", ODD + TEXTS)
def test_decoding_gives_every_text_back(text):
    encoder = BytePairEncoder(vocab_size=320).fit(TEXTS)
    assert encoder.decode(encoder.encode(text)) == text


def test_a_word_is_joined_as_the_merges_were_learned():
    encoder = BytePairEncoder(vocab_size=340).fit(TEXTS)
    symbols = list(" slowest")
    for pair in encoder.merges_:
        symbols = joined(symbols, pair)
    assert encoder.pieces("x slowest")[1:] == symbols
    assert len(symbols) < len(" slowest")


def test_numbers_stay_below_the_size_and_frequent_words_become_short():
    encoder = BytePairEncoder(vocab_size=330).fit(TEXTS)
    assert encoder.n_ids_ <= 330
    assert max(encoder.encode(ODD[3] + TEXTS[0])) < encoder.n_ids_
    large = BytePairEncoder(vocab_size=400).fit(TEXTS)
    assert len(large.encode(TEXTS[1])) < len(encoder.encode(TEXTS[1])) < len(TEXTS[1])


def test_unknown_characters_are_bytes():
    encoder = BytePairEncoder(vocab_size=300).fit(["ab ab"])
    assert encoder.encode("é").tolist() == [3 + byte for byte in "é".encode()]
    assert encoder.decode([3 + 0xC3]) == "\ufffd"
    assert encoder.decode([0, 1, 2]) == ""


@pytest.mark.parametrize("model", [BytePairEncoder(vocab_size=300), CharacterVocabulary()])
def test_copies_encode_alike(model, tmp_path):
    model = clone(model).fit(TEXTS)
    again = pickle.loads(pickle.dumps(model))
    loaded = appliednn.load(model.save(tmp_path / "pieces.ann"))
    for text in TEXTS[:3]:
        expected = model.encode(text)
        np.testing.assert_array_equal(again.encode(text), expected)
        np.testing.assert_array_equal(loaded.encode(text), expected)
        assert loaded.decode(expected) == text
    assert model.inverse_transform(model.transform(TEXTS)) == TEXTS


def test_characters_are_numbered_in_order_and_unknown_ones_marked():
    vocabulary = CharacterVocabulary(min_count=2).fit(["abab\U0001f600\U0001f600", "c"])
    assert vocabulary.characters_ == "ab\U0001f600"
    assert vocabulary.encode("ac\U0001f600").tolist() == [4, 3, 6]
    assert vocabulary.decode([4, 3, 6, 2]) == "a\ufffd\U0001f600"
    assert CharacterVocabulary(max_size=1).fit(["abb"]).characters_ == "b"


def test_a_size_without_room_for_pieces_is_refused():
    with pytest.raises(ValueError, match="vocab_size"):
        BytePairEncoder(vocab_size=259).fit(TEXTS)
