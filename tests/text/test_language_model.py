"""LanguageModel: what it has read between steps, how it scores, how it writes; and counting."""

import math
import pickle
import random
from itertools import product

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor

import appliednn
from appliednn.core._architecture import Architecture
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text import BytePairEncoder, CharacterVocabulary, LanguageModel
from appliednn.text.generation._decoding import beam_search, greedy, write
from appliednn.text.generation._marks import END, N_MARKS
from appliednn.text.generation._ngrams import KneserNey
from appliednn.text.generation._reader import LanguageReader
from appliednn.text.generation._sampling import draw, kept_by_mass, kept_by_rank, log_softmax
from appliednn.text.generation._streams import training_chunks, windows_with_past

N_IDS, CONTEXT = 12, 5
LSTM = Architecture.of("lstm_language", n_ids=N_IDS, units=8, n_layers=2, tied=False, dropout=0.1)
TRANSFORMER = Architecture.of(
    "transformer_language",
    n_ids=N_IDS,
    width=8,
    n_layers=2,
    heads=2,
    context=CONTEXT,
    tied=True,
    dropout=0.1,
)
SENTENCES = ["the cat sat. ", "the dog ran. ", "a cat ran. ", "a dog sat. "]


def texts(n=150, seed=0):
    rng = random.Random(seed)
    return ["".join(rng.choice(SENTENCES) for _ in range(3)) for _ in range(n)]


def small(**changes):
    options = {
        "hidden_units": 24,
        "epochs": 6,
        "batch_size": 8,
        "context": 20,
        "learning_rate": 0.02,
        "random_state": 0,
        "verbose": False,
    }
    return LanguageModel(**{**options, **changes})


@pytest.fixture(scope="module")
def model():
    return small().fit(texts())


@pytest.fixture(scope="module", params=[LSTM, TRANSFORMER], ids=["lstm", "transformer"])
def network(request):
    fresh = SequenceNetwork.fresh(request.param, 3)
    rng = np.random.default_rng(0)
    noisy = [w + rng.normal(0, 0.5, w.shape).astype("f") if w.ndim else w for w in fresh.weights]
    return SequenceNetwork(request.param, noisy)


# -- decoding -----------------------------------------------------------------------------------


def prompts(seed=1):
    rng = np.random.default_rng(seed)
    return [np.append(END, rng.integers(N_MARKS, N_IDS, n)).astype(np.int32) for n in (3, 0, 7)]


def test_steps_with_what_was_kept_equal_reading_everything_again(network):
    reader = LanguageReader(network, prompts(), room=6)
    logits, read = reader.logits, [list(ids) for ids in prompts()]
    rng = np.random.default_rng(0)
    for _ in range(6):
        for row, ids in enumerate(read):
            again = network.call("logits", {"ids": np.array([ids], dtype=np.int32)})[0, -1]
            np.testing.assert_allclose(logits[row], again, atol=2e-5)
        tokens = rng.integers(N_MARKS, N_IDS, len(read))
        for ids, token in zip(read, tokens.tolist(), strict=True):
            ids.append(token)
        logits = reader.step(tokens)


def test_prompts_of_any_length_are_continued_side_by_side_as_alone(network):
    def continued(batch):
        reader = LanguageReader(network, batch, room=8)
        return write(reader, reader.logits, greedy, 8)

    together = continued(prompts())
    assert together == [continued([prompt])[0] for prompt in prompts()]
    assert any(together)


def test_a_wide_beam_finds_the_best_of_all_texts(network):
    prompt, length = prompts()[0], 3
    best, best_score = None, -math.inf
    tokens = range(N_MARKS, N_IDS)
    for n in range(length + 1):
        for ids in product(tokens, repeat=n):
            text = [*prompt, *ids, *([END] if n < length else [])]
            logits = network.call("logits", {"ids": np.array([text], dtype=np.int32)})[0]
            log_probs = log_softmax(logits)
            written = text[len(prompt) :]
            score = sum(
                log_probs[len(prompt) - 1 + i, token] for i, token in enumerate(written)
            ) / ((5 + len(written)) / 6)
            if n < length and score > best_score:
                best, best_score = list(ids), score
    reader = LanguageReader(network, [prompt], room=length)
    found = beam_search(reader, reader.logits, 2000, length, length_penalty=1.0)
    assert found == [best]


def test_a_beam_of_one_is_greedy(network):
    reader = LanguageReader(network, prompts(), room=8)
    expected = write(reader, reader.logits, greedy, 8)
    reader = LanguageReader(network, prompts(), room=8)
    assert beam_search(reader, reader.logits, 1, 8) == expected


def test_draws_follow_the_probabilities():
    logits = np.log([[0.5, 0.25, 0.15, 0.1]])
    rng = np.random.default_rng(0)
    n = 4000

    def shares(**options):
        drawn = draw(np.repeat(logits, n, axis=0), [rng] * n, **options)
        return np.bincount(drawn, minlength=4) / n

    np.testing.assert_allclose(shares(), [0.5, 0.25, 0.15, 0.1], atol=0.03)
    np.testing.assert_allclose(shares(top_k=2), [2 / 3, 1 / 3, 0, 0], atol=0.03)
    np.testing.assert_allclose(shares(top_p=0.8), [5 / 9, 2.5 / 9, 1.5 / 9, 0], atol=0.03)
    squared = np.array([0.25, 0.0625, 0.0225, 0.01])
    np.testing.assert_allclose(shares(temperature=0.5), squared / squared.sum(), atol=0.03)


def test_truncation_keeps_the_likeliest_and_one_at_least():
    log_probs = np.log([[0.2, 0.5, 0.3]])
    assert np.isfinite(kept_by_rank(log_probs, 1)).tolist() == [[False, True, False]]
    assert np.isfinite(kept_by_mass(log_probs, 0.01)).tolist() == [[False, True, False]]
    assert np.isfinite(kept_by_mass(log_probs, 1.0)).all()


# -- counting -----------------------------------------------------------------------------------


def kneser_ney_by_hand(train, order, n_ids):
    """Return p(token | context) by dicts, order by order."""
    grams = {tuple(train[i : i + order]): 0 for i in range(len(train) - order + 1)}
    for i in range(len(train) - order + 1):
        grams[tuple(train[i : i + order])] += 1
    levels = [grams]
    for _ in range(order - 1):
        lower = {}
        for gram in levels[-1]:
            lower[gram[1:]] = lower.get(gram[1:], 0) + 1
        levels.append(lower)
    levels.reverse()

    def p(context, token):
        value = 1 / n_ids
        for n, counts in enumerate(levels, start=1):
            past = tuple(context[len(context) - n + 1 :]) if n > 1 else ()
            following = {g: c for g, c in counts.items() if g[:-1] == past}
            if len(past) < n - 1 or not following:
                break
            once = sum(c == 1 for c in counts.values())
            twice = sum(c == 2 for c in counts.values())
            discount = once / (once + 2 * twice) if once and twice else 0.5
            total = sum(following.values())
            own = max(following.get((*past, token), 0) - discount, 0)
            value = own / total + discount * len(following) / total * value
        return value

    return p


def test_kneser_ney_equals_counting_by_hand_and_adds_up_to_one():
    rng = np.random.default_rng(0)
    train = rng.choice(5, 120, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    model, by_hand = KneserNey(3, 6).fit(train), kneser_ney_by_hand(train.tolist(), 3, 6)
    test = rng.integers(0, 6, 25)
    expected = [math.log(by_hand(test[:i].tolist(), int(test[i]))) for i in range(1, len(test))]
    np.testing.assert_allclose(model.log_probs(test), expected, rtol=1e-10)
    every = [model.log_probs(np.array([0, 1, k]))[-1] for k in range(6)]
    assert np.exp(every).sum() == pytest.approx(1)


def test_long_ngrams_of_many_tokens_are_shortened_to_fit():
    assert KneserNey(9, 100_000).order == 3


# -- training and scores ------------------------------------------------------------------------


def test_pieces_cover_the_stream_once_and_overlap_by_a_token():
    stream = np.arange(100, dtype=np.int32)
    chunks = training_chunks(stream, 7, np.random.default_rng(0))
    inner = np.sort(chunks[:, :-1].ravel())
    assert np.array_equal(inner, np.arange(inner[0], inner[0] + len(inner)))
    assert len(chunks) == 99 // 7
    assert (np.diff(chunks, axis=1) == 1).all()


@pytest.mark.parametrize("n", [1, 5, 6, 7, 23])
def test_windows_count_every_step_once_with_enough_before_it(n):
    parts = windows_with_past(n, window=6, past=2)
    counted = [step for _, first, end in parts for step in range(first, end)]
    assert counted == list(range(n))
    assert all(first - start >= 2 for start, first, _ in parts[1:])
    assert all(end - start <= 6 for start, _, end in parts)


def test_it_learns_what_comes_next(model):
    assert model.validation_score_ > model.baseline_scores_["unigram"] + 1
    assert model.score(texts(20, seed=9)) > -0.8
    assert model.perplexity(["the cat sat. "]) < model.perplexity(["tac eht .tas"]) / 3
    assert model.best_epoch_ == int(np.argmin(model.history_["val_loss"]))
    assert model.baseline_score_ == max(model.baseline_scores_.values())


def test_scores_are_mean_log_probabilities(model):
    text = "the cat sat. a dog ran. the "
    ids = np.append(END, model.vocabulary_.encode(text)).astype(np.int32)
    logits = model.network_.call("logits", {"ids": ids[None, :-1]})[0]
    expected = np.take_along_axis(log_softmax(logits), ids[1:, None], axis=1).mean()
    found = model.score_samples([text, "", "a cat"])
    assert found[0] == pytest.approx(expected, abs=1e-5)
    assert np.isnan(found[1]) and np.isfinite(found[2])
    assert model.score([text]) == pytest.approx(expected, abs=1e-5)
    assert model.perplexity([text]) == pytest.approx(math.exp(-expected), rel=1e-4)
    assert model.bits_per_character([text]) == pytest.approx(-expected / math.log(2), rel=1e-4)


def test_a_transformer_learns_and_scores_long_texts_in_windows_as_one_block_sees_them():
    one = small(architecture="transformer", hidden_units=16, heads=2, context=6, batch_size=64)
    one.fit(texts())
    assert one.validation_score_ > one.baseline_scores_["unigram"] + 1
    text = "".join(texts(3))
    ids = np.append(END, one.vocabulary_.encode(text)).astype(np.int32)
    logits = one.network_.call("logits", {"ids": ids[None, :-1]})[0]
    expected = np.take_along_axis(log_softmax(logits), ids[1:, None], axis=1).mean()
    assert one.score([text]) == pytest.approx(expected, abs=1e-5)


def test_two_fits_agree_and_nothing_global_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random.seed(5)
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (small(epochs=1).fit(texts(30)) for _ in range(2))
    assert random.getstate() == before[0]
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    for a, b in zip(one.network_.weights, two.network_.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not list(tmp_path.iterdir())


def test_copies_score_and_write_alike(model, tmp_path):
    loaded = appliednn.load(model.save(tmp_path / "model.ann"))
    again = pickle.loads(pickle.dumps(model))
    expected = model.score_samples(SENTENCES)
    for other in (loaded, again):
        np.testing.assert_array_equal(other.score_samples(SENTENCES), expected)
        assert other.generate(["the "], 9) == model.generate(["the "], 9)
    assert clone(model).get_params() == model.get_params()


def test_texts_may_come_in_any_container(model):
    expected = model.score_samples(SENTENCES)
    for X in (tuple(SENTENCES), np.array(SENTENCES), pd.Series(SENTENCES)):
        np.testing.assert_array_equal(model.score_samples(X), expected)
    with pytest.raises(ValueError, match="single string"):
        model.score("the cat")


def test_callbacks_see_each_epoch():
    class Count(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.seen = seen

        def on_epoch_end(self, epoch, logs=None):
            self.seen.append(sorted(logs))

        def __deepcopy__(self, memo):
            return Count()

    seen = []
    monitor = ScoringMonitor(scoring={"nats": lambda model, X, y: model.score(X)})
    fitted = small(epochs=2, callbacks=[Count()]).set_callbacks(monitor)
    fitted.fit(texts(30), np.zeros(30))  # scikit-learn's monitor is silent without y
    assert seen == [["loss", "lr", "seconds", "val_loss"]] * 2
    table = monitor.get_logs().data_as_pandas
    scores = table[table["task_name"] == "epoch"]["nats"]
    assert len(scores) == 2
    assert scores.iloc[fitted.best_epoch_] == pytest.approx(fitted.score(texts(30)))


def test_a_time_limit_ends_training():
    limited = small(epochs=10_000_000, max_seconds=0.5).fit(texts(20))
    assert limited.stop_reason_ == "max_seconds"


# -- writing ------------------------------------------------------------------------------------


def test_it_writes_what_it_read(model):
    (text,) = model.generate(["the c"], 8)
    assert text == "the cat sat. " or text == "the cat ran. "
    assert model.generate(["the c"], 8, strip_prompt=True) == [text[5:]]


def test_every_sampler_writes_and_seeds_repeat(model):
    for sampler in ("greedy", "sample", "top_k", "top_p", "beam"):
        one = model.generate(["the ", "a "], 12, sampler=sampler, seed=3)
        assert one == model.generate(["the ", "a "], 12, sampler=sampler, seed=3)
        assert all(text.startswith(p) for text, p in zip(one, ["the ", "a "], strict=True))
    drawn = {model.generate(["the "], 12, "sample", seed=s, temperature=2.0)[0] for s in range(5)}
    assert len(drawn) > 1


def test_a_drawn_text_does_not_depend_on_those_beside_it(model):
    both = model.generate(["the ", "a "], 12, sampler="sample", seed=1)
    assert model.generate(["the "], 12, sampler="sample", seed=1) == both[:1]


def test_writing_stops_before_a_given_text(model):
    (text,) = model.generate(["the cat s"], 30, stop=["ran", "."])
    assert text == "the cat sat"
    assert "." not in model.generate(["the "], 30, sampler="beam", stop=".")[0]


def test_word_pieces_write_whole_words():
    pieces = small(tokens="bpe", vocab_size=300, epochs=12, context=10).fit(texts())
    assert isinstance(pieces.vocabulary_, BytePairEncoder)
    assert pieces.generate(["the dog"], 2, stop=".")[0] in ("the dog sat", "the dog ran")
    assert pieces.bits_per_character(SENTENCES) < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampler": "best"}, "sampler='best'"),
        ({"temperature": 0}, "temperature=0"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"max_new_tokens": 0}, "max_new_tokens=0"),
        ({"stop": ""}, "stop holds an empty text"),
    ],
)
def test_mistakes_in_writing_are_named(model, options, message):
    with pytest.raises(ValueError, match=message):
        model.generate(["the "], **options)


def test_mistakes_in_fitting_are_named():
    with pytest.raises(ValueError, match="multiple of 8"):
        small(architecture="transformer", hidden_units=12).fit(texts(5))
    with pytest.raises(ValueError, match="expected more text"):
        small().fit([""])


def test_a_very_short_text_is_enough():
    tiny = small(epochs=1, ngram_order=9).fit(["abcabcabcab"])
    assert np.isfinite([tiny.validation_score_, tiny.baseline_score_]).all()
    assert len(tiny.generate([""], 3, sampler="sample")[0]) <= 3
    assert small(epochs=1).fit(["a"]).baseline_score_ is None


def test_characters_are_the_default(model):
    assert isinstance(model.vocabulary_, CharacterVocabulary)
