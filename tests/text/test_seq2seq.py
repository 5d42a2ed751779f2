"""Seq2SeqModel: cached steps, beams, what it learns, copies; the decoder against plain reading."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

import appliednn
from appliednn.core._architecture import Architecture
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text import Seq2SeqModel, corpus_bleu, corpus_chrf
from appliednn.text.generation._decoding import beam_search
from appliednn.text.generation._marks import END, N_MARKS, START
from appliednn.text.generation._reader import TranslationReader
from appliednn.text.generation._sampling import log_softmax
from appliednn.text.generation._token_losses import token_losses
from appliednn.text.generation._word_table import word_by_word, word_table

N_IDS = 11
_SHARED = {"n_ids": N_IDS, "width": 8, "n_layers": 2, "dropout": 0.1, "smoothing": 0.1}
NETWORKS = {
    "gru": Architecture.of("gru_translation", **_SHARED),
    "transformer": Architecture.of("transformer_translation", heads=2, hidden=16, **_SHARED),
}
WORDS = {"one": "eins", "two": "zwei", "three": "drei", "red": "rot", "blue": "blau"}


def pairs(n=240, seed=0):
    """Return random short texts and their words' translations, the last word first."""
    rng = np.random.default_rng(seed)
    sources = [" ".join(rng.choice(list(WORDS), rng.integers(1, 4))) for _ in range(n)]
    return sources, [" ".join(WORDS[w] for w in text.split()[::-1]) for text in sources]


def small(**changes):
    options = {
        "architecture": "gru",
        "vocab_size": 320,
        "hidden_units": 32,
        "n_layers": 1,
        "dropout": 0.05,
        "epochs": 30,
        "max_tokens": 150,
        "learning_rate": 0.01,
        "validation_fraction": 0.1,
        "metric": "chrf",
        "random_state": 0,
        "verbose": False,
    }
    return Seq2SeqModel(**{**options, **changes})


@pytest.fixture(scope="module")
def model():
    return small().fit(*pairs())


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request):
    fresh = SequenceNetwork.fresh(NETWORKS[request.param], 3)
    rng = np.random.default_rng(0)
    noisy = [w + rng.normal(0, 0.5, w.shape).astype("f") if w.ndim else w for w in fresh.weights]
    return SequenceNetwork(NETWORKS[request.param], noisy)


def sources():
    rng = np.random.default_rng(1)
    return [np.append(rng.integers(N_MARKS, N_IDS, n), END).astype(np.int32) for n in (4, 1, 7)]


def plain_logits(network, source, written):
    batch = {"source": source[None], "target": np.array([[START, *written]], dtype=np.int32)}
    return network.call("logits", batch)[0]


def test_steps_with_what_was_kept_equal_reading_everything_again(network):
    reader = TranslationReader(network, sources())
    logits, written = reader.logits, [[] for _ in sources()]
    rng = np.random.default_rng(0)
    for _ in range(20):
        for row, source in enumerate(sources()):
            expected = plain_logits(network, source, written[row])[-1]
            np.testing.assert_allclose(logits[row], expected, atol=5e-5)
        tokens = rng.integers(N_MARKS, N_IDS, len(written))
        for ids, token in zip(written, tokens.tolist(), strict=True):
            ids.append(token)
        logits = reader.step(tokens)


def test_chosen_texts_go_on_with_what_they_kept(network):
    reader = TranslationReader(network, sources())
    reader.step(np.array([3, 4, 5]))
    reader.choose(np.array([2, 0, 2]))
    found = reader.step(np.array([6, 7, 8]))
    for logits, row, written in zip(found, (2, 0, 2), ([5, 6], [3, 7], [5, 8]), strict=True):
        expected = plain_logits(network, sources()[row], written)[-1]
        np.testing.assert_allclose(logits, expected, atol=5e-5)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_beams_equal_a_plain_search_that_keeps_nothing(network, penalty):
    def plain(source, width, limit):
        live, ended = [([], 0.0)], []
        for step in range(1, limit + 1):
            options = []
            for ids, score in live:
                log_probs = log_softmax(plain_logits(network, source, ids)[-1])
                log_probs[[0, START]] = -np.inf
                options += [(score + p, ids, token) for token, p in enumerate(log_probs)]
            options = sorted(options, key=lambda option: -option[0])[: 2 * width]
            length = ((5 + step) / 6) ** penalty
            ended += [(s / length, ids) for s, ids, token in options[:width] if token == END]
            live = [([*ids, token], s) for s, ids, token in options if token != END][:width]
            longest = limit if penalty else step + 1
            bound = max(s for _, s in live) / ((5 + longest) / 6) ** penalty
            if len(ended) >= width or (ended and bound <= max(ended)[0]):
                break
        return max(ended)[1] if ended else live[0][0]

    for width in (1, 3):
        reader = TranslationReader(network, sources())
        found = beam_search(reader, reader.logits, width, [6, 9, 4], penalty)
        expected = [plain(s, width, n) for s, n in zip(sources(), (6, 9, 4), strict=True)]
        assert found == expected


def test_smoothed_losses_are_cross_entropies_with_smoothed_targets():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 5)).astype(np.float32)
    ids = rng.integers(0, 5, (2, 3)).astype(np.int32)
    targets = 0.9 * np.eye(5)[ids] + 0.1 / 5
    expected = -(targets * log_softmax(logits)).sum(axis=-1)
    np.testing.assert_allclose(token_losses(logits, ids, 0.1), expected, rtol=1e-5)


def test_padding_changes_no_score(network):
    both = {
        "source": np.array([[4, 5, END, 0, 0], [6, 7, 8, 9, END]], dtype=np.int32),
        "target": np.array([[START, 5, 0], [START, 6, 7]], dtype=np.int32),
    }
    found = network.call("logits", both)[0, :2]
    np.testing.assert_allclose(found, plain_logits(network, np.int32([4, 5, END]), [5]), atol=5e-5)


def test_it_learns_words_and_their_order(model):
    test, expected = pairs(40, seed=7)
    written = model.predict(test)
    assert np.mean([a == b for a, b in zip(written, expected, strict=True)]) > 0.8
    assert model.score(test, expected, metric="bleu") == corpus_bleu(written, expected)
    assert model.score(test, expected) == corpus_chrf(written, expected) > 80
    assert model.validation_score_ > model.baseline_score_ == max(model.baseline_scores_.values())
    assert set(model.baseline_scores_) == {"copy", "word by word"}
    assert model.best_epoch_ == int(np.argmin(model.history_["val_loss"]))


def test_a_transformer_learns_them_too():
    other = small(architecture="transformer", heads=2, learning_rate=0.005)
    other.fit(*pairs())
    test, expected = pairs(40, seed=7)
    assert other.score(test, expected) > 80


def test_a_translation_does_not_depend_on_those_beside_it(model):
    test, _ = pairs(12, seed=3)
    assert model.predict(test) == [model.predict([text])[0] for text in test]


def test_scores_of_targets_are_mean_log_probabilities(model):
    source, target = "two red", "rot zwei"
    ids = [START, *model.vocabulary_.encode(target), END]
    encoded = np.append(model.vocabulary_.encode(source), END).astype(np.int32)
    log_probs = log_softmax(plain_logits(model.network_, encoded, ids[1:-1]))
    expected = np.mean([log_probs[i, token] for i, token in enumerate(ids[1:])])
    found = model.score_samples([source, "one"], [target, "drei rot rot"])
    assert found[0] == pytest.approx(expected, abs=1e-5)
    assert found[0] > found[1]


def test_copies_translate_alike(model, tmp_path):
    test, _ = pairs(6, seed=5)
    expected = model.predict(test)
    assert appliednn.load(model.save(tmp_path / "model.ann")).predict(test) == expected
    assert pickle.loads(pickle.dumps(model)).predict(test) == expected
    assert clone(model).get_params() == model.get_params()


def test_the_word_table_has_the_likeliest_word_of_model_1():
    rng = np.random.default_rng(0)
    X, y = pairs(30, seed=2)
    X = [*X, "green green", "one green"]
    y = [*y, "gruen gruen", "gruen"]
    p = {a: {b: 1.0 for text in y for b in text.split()} for text in X for a in text.split()}
    for _ in range(4):
        counts = {a: dict.fromkeys(row, 0.0) for a, row in p.items()}
        for source, target in zip(X, y, strict=True):
            for b in target.split():
                total = sum(p[a][b] for a in source.split())
                for a in source.split():
                    counts[a][b] += p[a][b] / total
        p = {a: {b: n / sum(row.values()) for b, n in row.items()} for a, row in counts.items()}
    table = word_table(X, y, rounds=4)
    assert {a: max(row, key=row.get) for a, row in p.items()} == table
    assert all(table[a] == b for a, b in WORDS.items())
    assert word_by_word(table, f"two {rng.integers(9)}")[:4] == "zwei"


def test_two_fits_agree():
    one, two = (small(epochs=2).fit(*pairs()) for _ in range(2))
    for a, b in zip(one.network_.weights, two.network_.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_empty_and_long_sources(model):
    assert model.predict(["", "one"])[0] == ""
    with pytest.warns(UserWarning, match="1 sources have more than max_length=128"):
        model.predict(["one " * 200], max_length=3)


def test_pairs_that_are_too_long_or_empty_are_left_out():
    X, y = pairs()
    fitted = small(epochs=1, max_length=20, validation_fraction=0)
    fitted.fit([*X, "", "one " * 60], [*y, "eins", "eins"])
    assert (fitted.n_pairs_, fitted.n_left_out_) == (240, 2)


def test_given_validation_pairs_choose_the_epoch():
    fitted = small(epochs=2).fit(*pairs(), X_val=["one"], y_val=["eins"])
    assert fitted.n_pairs_ == 240
    assert len(fitted.history_["val_loss"]) == 2


def test_mistakes_are_named(model):
    with pytest.raises(ValueError, match="X holds 2 texts, y 1"):
        small().fit(["a", "b"], ["c"])
    with pytest.raises(ValueError, match="none is left to train on"):
        small().fit([""], [""])
    with pytest.raises(ValueError, match="multiple of 8"):
        small(architecture="transformer", hidden_units=20).fit(*pairs(20))
    with pytest.raises(ValueError, match="beam_width=0"):
        model.predict(["one"], beam_width=0)
    with pytest.raises(ValueError, match="metric='meteor'"):
        model.score(["one"], ["eins"], metric="meteor")
