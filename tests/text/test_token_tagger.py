"""TokenTagger: what it learns, lengths, windows, containers, entities, the common contract."""

import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import appliednn
from appliednn.core import backend
from appliednn.text import TokenTagger, entity_scores
from appliednn.text.tagging._bilstm import BiLSTM
from appliednn.text.tagging._context_features import N_TEMPLATES, context_keys
from appliednn.text.tagging._schemes import first_illegal
from appliednn.text.tagging._token_encoder import TokenEncoder
from appliednn.text.tagging._windows import cut_places, windows_of

SMALL = {
    "word_dim": 8,
    "char_dim": 4,
    "char_filters": 6,
    "hidden_units": 8,
    "epochs": 12,
    "learning_rate": 0.02,
    "batch_size": 16,
    "random_state": 0,
}
FIRST, LAST = ["Ada", "Bo", "Cy", "Dee"], ["Moss", "Reed", "Vale"]
PLACES = ["Ulm", "Bern", "New York", "Bad Ems"]


def corpus(n=120, seed=0):
    """Sentences from templates: people and places, of one or two words."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        person = [rng.choice(FIRST), rng.choice(LAST)][: rng.integers(1, 3)]
        place = rng.choice(PLACES).split()
        who = ["B-PER", "I-PER"][: len(person)]
        where = ["B-LOC", "I-LOC"][: len(place)]
        if rng.random() < 0.5:
            X.append([*person, "lives", "in", *place, "."])
            y.append([*who, "O", "O", *where, "O"])
        else:
            X.append(["In", *place, "we", "met", *person])
            y.append(["O", *where, "O", "O", *who])
    return X, y


@pytest.fixture(scope="module")
def fitted():
    return TokenTagger(**SMALL).fit(*corpus())


@pytest.mark.parametrize(
    ("architecture", "features"),
    [("bilstm_crf", False), ("bilstm", True), ("transformer", False)],
)
def test_it_learns_entities_of_templates(architecture, features):
    tagger = TokenTagger(architecture, features=features, **SMALL).fit(*corpus())
    X, y = corpus(40, seed=1)
    assert tagger.score(X, y) > 0.95
    assert first_illegal(tagger.predict(X), "IOB2") is None
    assert (tagger.scheme_, tagger.constrained_) == ("IOB2", True)
    assert tagger.validation_score_ >= max(tagger.history_["val_score"])


def test_score_is_the_f1_of_entities_and_the_baseline_stands_beside(fitted):
    X, y = corpus(30, seed=2)
    assert fitted.score(X, y) == entity_scores(y, fitted.predict(X), mode="strict")["f1"]
    assert 0.0 <= fitted.baseline_score_ <= fitted.validation_score_ <= 1.0


def test_tags_are_as_many_as_tokens_whatever_the_sentence(fitted):
    X = [[], ["Ada"], ["\u00e9\u4e2d\U0001f600", "", " "], ["x" * 500] * 40, ["lives"] * 700, []]
    assert [len(tags) for tags in fitted.predict(X)] == [0, 1, 3, 40, 700, 0]
    shares = fitted.predict_proba(X)
    assert [s.shape for s in shares] == [(len(x), 5) for x in X]
    for share in shares:
        np.testing.assert_allclose(share.sum(axis=1), 1.0)


def test_a_sentence_is_tagged_alike_alone_and_among_others(fitted):
    X, _ = corpus(25, seed=3)
    together = fitted.predict_proba(X)
    for sentence, share in zip(X, together, strict=True):
        np.testing.assert_allclose(fitted.predict_proba([sentence])[0], share, atol=1e-5)


def test_long_sentences_are_read_in_windows(fitted):
    X, y = corpus(60, seed=4)
    long, tags = [sum(X, [])], [sum(y, [])]
    assert len(long[0]) > 2.5 * fitted.max_length
    assert fitted.score(long, tags) > 0.8  # longer than anything it was trained on
    short = clone(fitted).set_params(max_length=9).fit(long * 2 + X, tags * 2 + y)
    assert short.score(long, tags) > 0.9


def test_windows_answer_each_token_once_and_far_from_their_edges():
    for length, longest in ((1, 4), (4, 4), (11, 4), (100, 8), (37, 9)):
        windows = windows_of(length, longest)
        answered = [i for *_, first, last in windows for i in range(first, last)]
        assert answered == list(range(length))
        for begin, end, first, last in windows:
            assert begin <= first < last <= end <= length and end - begin <= longest
            assert begin == 0 or first - begin >= (longest - 1) // 4


def test_training_pieces_never_begin_inside_an_entity():
    rng = np.random.default_rng(0)
    may_start = np.array([True, True, False])
    for _ in range(50):
        tags = rng.integers(0, 3, 40)
        places = cut_places(tags, 6, may_start)
        assert places[0] == 0 and places[-1] == 40 and places == sorted(set(places))
        assert may_start[tags[places[1:-1]]].all()


def test_the_lstm_of_padded_sentences_equals_keras_ones_one_by_one():
    rng = np.random.default_rng(0)
    lengths, x = np.array([5, 2, 1]), rng.normal(size=(3, 5, 4)).astype("float32")
    ours = BiLSTM(3)
    found = np.array(ours([x, lengths]))
    kernel, recurrent, bias = (np.array(w) for w in ours.get_weights())
    assert bias[:, 1].min() == 1.0 and np.abs(bias[:, [0, 2, 3]]).max() == 0.0
    for i, n in enumerate(lengths):
        for direction in range(2):
            theirs = keras.layers.LSTM(3, return_sequences=True, go_backwards=bool(direction))
            one = x[i : i + 1, :n]
            theirs.build(one.shape)
            part = kernel[:, 12 * direction : 12 * (direction + 1)]
            theirs.set_weights([part, recurrent[direction], bias[direction].ravel()])
            expected = np.array(theirs(one))[0]
            expected = expected[::-1] if direction else expected
            part = found[i, :n, 3 * direction : 3 * (direction + 1)]
            np.testing.assert_allclose(part, expected, atol=1e-5)


def test_features_know_neighbours_but_not_across_sentences():
    X = [["a", "b"], ["c"], ["a", "b", "c"]]
    encoder = TokenEncoder.learn(X)
    found = encoder.encode(X).features
    assert found.shape == (6, N_TEMPLATES) and (found > 0).all()
    alone = encoder.encode([["c"]]).features[0]
    np.testing.assert_array_equal(found[2], alone)
    assert (found[0] == found[3]).mean() < 1.0  # what follows "b" differs
    new = encoder.encode([["zzz"]]).features[0]
    assert (new == 0).any()
    hashes = np.arange(4 * 12, dtype=np.uint32).reshape(4, 12)
    keys = context_keys(hashes, np.array([1, 2, 3]), np.array([2, 1]))
    assert len(np.unique(keys)) > 0.8 * keys.size


def test_entities_have_places_and_probabilities(fitted):
    X = [["Ada", "Moss", "lives", "in", "New", "York", "."], []]
    entities = fitted.predict_entities(X)
    assert [e[:3] for e in entities[0]] == [(0, 2, "PER"), (4, 6, "LOC")]
    assert entities[1] == []
    share = fitted.predict_proba(X)[0]
    column = {tag: i for i, tag in enumerate(fitted.classes_)}
    expected = min(share[4, column["B-LOC"]], share[5, column["I-LOC"]])
    assert entities[0][1][3] == pytest.approx(expected)


def test_entities_of_plain_texts_are_places_of_characters(fitted):
    text = "Ada Moss lives in New York."
    entities = fitted.predict_entities([text, ""])
    assert [text[b:e] for b, e, *_ in entities[0]] == ["Ada Moss", "New York"]
    assert entities[1] == []


def test_plain_tags_have_no_scheme():
    X, y = corpus(60)
    y = [["NAME" if tag != "O" else "WORD" for tag in tags] for tags in y]
    tagger = TokenTagger(**SMALL).fit(X, y)
    assert tagger.scheme_ is None and tagger.score(X, y) > 0.95
    with pytest.raises(ValueError, match="stand for themselves"):
        tagger.predict_entities(X)


def test_tags_that_break_the_rules_are_learned_as_they_are():
    X, y = corpus(60)
    y = [[tag.replace("B-", "I-") for tag in tags] for tags in y]
    tagger = TokenTagger(**SMALL).fit(X, y)
    assert (tagger.scheme_, tagger.constrained_) == ("IOB2", False)
    assert tagger.score(X, y) > 0.9
    with pytest.raises(ValueError, match=r"y\[0\]\[\d\] is 'I-\w+', which scheme='IOB2'"):
        TokenTagger(scheme="IOB2").fit(X, y)


def test_one_sentence_and_one_tag_are_enough():
    tagger = TokenTagger(**{**SMALL, "epochs": 2}).fit([["a", "b"]], [["X", "X"]])
    assert tagger.predict([["c"], []]) == [["X"], []]
    assert tagger.validation_score_ is None


def test_given_held_out_sentences_pick_the_epoch():
    tagger = TokenTagger(**{**SMALL, "epochs": 3})
    tagger.fit(*corpus(), *corpus(20, seed=5))
    assert tagger.score(*corpus(20, seed=5)) == tagger.validation_score_
    with pytest.raises(ValueError, match="go together"):
        tagger.fit(*corpus(), X_val=[["a"]])


def test_two_fits_agree_and_files_and_pickles_answer_alike(fitted, tmp_path):
    X, y = corpus(20, seed=6)
    expected, shares = fitted.predict(X), fitted.predict_proba(X)
    again = clone(fitted).fit(*corpus())
    for a, b in zip(fitted.network_.weights, again.network_.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    fitted.save(tmp_path / "tagger.ann")
    for other in (pickle.loads(pickle.dumps(fitted)), appliednn.load(tmp_path / "tagger.ann")):
        assert other.predict(X) == expected and other.get_params() == fitted.get_params()
        for a, b in zip(other.predict_proba(X), shares, strict=True):
            np.testing.assert_array_equal(a, b)
        assert other.score(X, y) == fitted.score(X, y)


def test_entities_are_found_more_readily_where_that_raises_f1():
    rng = np.random.default_rng(0)
    X, y = corpus(150)
    # Of like sentences some are tagged and some are not: no more than a third of the entities.
    y = [tags if rng.random() < 0.35 else ["O"] * len(tags) for tags in y]
    tagger = TokenTagger(**{**SMALL, "epochs": 4}).fit(X, y, X, y)
    plain = clone(tagger).set_params(maximize_f1=False).fit(X, y, X, y)
    assert tagger.margin_ > 0.0 and plain.margin_ == 0.0
    scores = [entity_scores(y, model.predict(X)) for model in (tagger, plain)]
    assert scores[0]["recall"] > scores[1]["recall"] and scores[0]["f1"] > scores[1]["f1"]
    assert first_illegal(tagger.predict(X), "IOB2") is None
    for a, b in zip(tagger.predict_proba(X), plain.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_time_limit_ends_training():
    tagger = TokenTagger(**{**SMALL, "epochs": 100_000, "n_iter_no_change": None})
    tagger.set_params(max_seconds=0.5).fit(*corpus())
    assert tagger.stop_reason_ == "max_seconds"


def test_word_vectors_are_what_training_starts_from():
    from appliednn.text import WordVectors

    X, y = corpus(60)
    vectors = WordVectors(["ada", "ULM", "unseen"], np.eye(3, dtype=np.float32))
    tagger = TokenTagger(**{**SMALL, "epochs": 1, "learning_rate": 1e-9}, embeddings=vectors)
    tagger.fit(X, y)
    names = [
        v.path for v in backend.sequence_functions(tagger.network_.architecture).model.variables
    ]
    table = tagger.network_.weights[names.index("word_vectors/embeddings")]
    rows = [2 + tagger.encoder_.words.index(word) for word in ("ada", "ulm", "unseen")]
    np.testing.assert_allclose(table[rows], np.eye(3), atol=1e-6)


def test_clear_errors():
    tagger = TokenTagger(**SMALL)
    with pytest.raises(NotFittedError):
        tagger.predict([["a"]])
    with pytest.raises(ValueError, match=r"X\[0\] has 2 entries and y\[0\] has 1"):
        tagger.fit([["a", "b"]], [["O"]])
    with pytest.raises(ValueError, match="expected a list of tokens"):
        tagger.fit(["a b"], [["O", "O"]])
    with pytest.raises(ValueError, match="no token in any sentence"):
        tagger.fit([[]], [[]])
    with pytest.raises(ValueError, match="y is None"):
        tagger.fit([["a"]], None)
    with pytest.raises(ValueError, match="'dropout' parameter"):
        TokenTagger(dropout=2).fit([["a"]], [["O"]])
