"""Masked language models: vocabulary, masks, learning beside unigrams, folders, fine-tuning."""

import pickle
from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import appliednn
from appliednn.core._sequence_trainer import SequencePlan, SequenceTrainer
from appliednn.text import MaskedLanguagePretrainer, SentenceEncoder, WordPiece
from appliednn.text.encoder import learn_word_pieces
from appliednn.text.encoder._fine_tune import (
    PieceReader,
    VectorReader,
    fit_vector_head,
    head_architecture,
    start_weights,
)
from appliednn.text.encoder._masking import Masking
from appliednn.text.encoder._wordpiece import SPECIAL

ANIMALS, FOODS = ["cat", "dog", "hen", "fox"], ["bread", "soup", "rice", "cake"]


def sentences(n=300, seed=0):
    """Sentences whose verb follows from the noun: animals run or sleep, foods are eaten hot."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        animal = rng.random() < 0.5
        noun = rng.choice(ANIMALS if animal else FOODS)
        end = rng.choice(["runs in the park", "sleeps all day"] if animal else
                         ["is eaten warm", "tastes of salt"])  # fmt: skip
        texts.append(f"{rng.choice(['the', 'a', 'my'])} {noun} {end}")
        labels.append(int(animal))
    return texts, np.array(labels)


SMALL = {"vocab_size": 120, "width": 32, "n_layers": 1, "n_heads": 2, "verbose": False}


@pytest.fixture(scope="module")
def pretrained():
    return MaskedLanguagePretrainer(**SMALL, epochs=25, learning_rate=3e-3, random_state=0).fit(
        sentences()[0]
    )


# -- vocabulary ---------------------------------------------------------------------------------


def brute_force_pieces(texts, size):
    """Merge the most frequent pair again and again, everything counted anew each time."""
    words = Counter(word for text in texts for word in text.split())
    spelled = {w: [w[0], *(f"##{c}" for c in w[1:])] for w in words}
    letters = Counter()
    for w, count in words.items():
        for piece in spelled[w]:
            letters[piece] += count
    pieces = [*SPECIAL, *sorted(letters, key=lambda p: (-letters[p], p))]
    while len(pieces) < size:
        pairs = Counter()
        for w, count in words.items():
            for pair in zip(spelled[w], spelled[w][1:], strict=False):
                pairs[pair] += count
        if not pairs or max(pairs.values()) < 2:
            break
        pair = min(pairs, key=lambda p: (-pairs[p], p))
        joined = pair[0] + pair[1].removeprefix("##")
        if joined not in pieces:
            pieces.append(joined)
        for w, parts in spelled.items():
            out, i = [], 0
            while i < len(parts):
                if tuple(parts[i : i + 2]) == pair:
                    out.append(joined)
                    i += 2
                else:
                    out.append(parts[i])
                    i += 1
            spelled[w] = out
    return pieces


@pytest.mark.parametrize("size", [20, 40, 80, 1_000])
def test_pieces_are_those_of_merging_with_everything_counted_anew(size):
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("aab cd"), 30)) for _ in range(20)]
    assert learn_word_pieces(texts, size) == brute_force_pieces(texts, size)


def test_a_learnt_vocabulary_spells_every_word_of_its_texts():
    texts, _ = sentences(50)
    pieces = WordPiece(learn_word_pieces(texts, 60))
    for text in texts:
        numbers = pieces.encode(text)
        assert pieces.unknown not in numbers
        assert pieces.decode(numbers) == text


# -- masks --------------------------------------------------------------------------------------


def test_masks_hide_the_share_that_was_asked_for_and_keep_the_truth():
    tokenizer = WordPiece([*SPECIAL, *(f"w{i}" for i in range(95))])
    rng = np.random.default_rng(0)
    rows = [[2, *rng.integers(5, 100, n), 3] for n in rng.integers(0, 60, 400)]
    kinds, picked = Counter(), 0
    masking = Masking(tokenizer, share=0.2, batch_size=32)
    seen = 0
    for batch in masking.batches(rows, np.random.default_rng(1), shuffle=False):
        seen += len(batch["ids"])
        for r in range(len(batch["ids"])):
            n, k = batch["lengths"][r] - 2, batch["counts"][r]
            assert k == (max(1, round(0.2 * n)) if n else 0)
            places = batch["picked"][r, :k]
            assert len(set(places)) == k and ((places > 0) & (places <= n)).all()
            shown, truth = batch["ids"][r, places], batch["truth"][r, :k]
            kinds.update(np.where(shown == 4, "mask", np.where(shown == truth, "kept", "other")))
            picked += k
            rest = batch["ids"][r].copy()
            rest[places] = truth
            assert rest[: n + 2].tolist() in rows
    assert seen == 400
    assert kinds["mask"] / picked == pytest.approx(0.8, abs=0.03)
    assert kinds["other"] / picked == pytest.approx(0.1, abs=0.03)


# -- pretraining --------------------------------------------------------------------------------


def test_hidden_words_are_found_far_better_than_by_their_frequencies(pretrained):
    texts, _ = sentences(100, seed=9)
    found = pretrained.evaluate(texts)
    assert pretrained.validation_loss_ < 0.6 * pretrained.baseline_loss_
    assert found["loss"] < 0.6 * found["baseline_loss"]
    assert found["accuracy"] > found["baseline"] + 0.3
    assert pretrained.score(texts) == found["accuracy"]
    assert pretrained.history_["val_loss"][-1] < pretrained.history_["val_loss"][0]


def test_the_baseline_is_the_frequency_of_pieces(pretrained):
    texts, _ = sentences(40, seed=5)
    found = pretrained.evaluate(texts, random_state=3)
    ids = pretrained.tokenizer_.batch(texts)
    masking = Masking(pretrained.tokenizer_, 0.15, 64)
    truth = []
    for batch in masking.batches(ids, np.random.default_rng(3), shuffle=False):
        truth += [
            t for row, k in zip(batch["truth"], batch["counts"], strict=True) for t in row[:k]
        ]
    chances = np.exp(pretrained._unigram)
    assert chances.sum() == pytest.approx(1.0)
    assert found["baseline_loss"] == pytest.approx(-np.log(chances[truth]).mean())
    assert found["baseline"] == pytest.approx(np.mean(np.array(truth) == chances.argmax()))


def test_two_fits_with_one_seed_agree_and_leave_global_state_alone():
    texts, _ = sentences(60)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second, other = (
        MaskedLanguagePretrainer(**SMALL, epochs=2, contrastive_epochs=1, random_state=seed)
        .fit(texts)
        .encoder()
        .transform(texts[:5])
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_contrastive_epochs_spread_vectors_of_different_texts():
    texts, _ = sentences(200)
    unlike = list(dict.fromkeys(texts))[:30]

    def mean_cosine(epochs):
        own = MaskedLanguagePretrainer(
            **SMALL, epochs=2, contrastive_epochs=epochs, learning_rate=5e-3, random_state=0
        )
        vectors = own.fit(texts).encoder().transform(unlike)
        return (vectors @ vectors.T)[np.triu_indices(30, 1)].mean()

    assert mean_cosine(4) < mean_cosine(0) - 0.1


def test_a_folder_and_files_give_equal_vectors(pretrained, tmp_path):
    texts, _ = sentences(10, seed=3)
    expected = pretrained.encoder().transform(texts)
    folder = pretrained.save_folder(tmp_path / "folder")
    np.testing.assert_array_equal(SentenceEncoder(folder).transform(texts), expected)
    loaded = appliednn.load(pretrained.save(tmp_path / "own.ann"))
    for copied in (loaded, pickle.loads(pickle.dumps(pretrained))):
        np.testing.assert_array_equal(copied.encoder().transform(texts), expected)
        assert copied.score(texts) == pretrained.score(texts)
    assert clone(pretrained).get_params() == pretrained.get_params()


def test_pretraining_goes_on_from_an_encoder_with_its_vocabulary(pretrained, tmp_path):
    texts, _ = sentences(60, seed=4)
    folder = pretrained.save_folder(tmp_path)
    more = MaskedLanguagePretrainer(source=folder, epochs=1, learning_rate=1e-4, verbose=False)
    more.set_params(random_state=0).fit(texts)
    assert more.tokenizer_.vocabulary == pretrained.tokenizer_.vocabulary
    near = more.encoder().transform(texts[:5])
    assert np.abs(near - pretrained.encoder().transform(texts[:5])).max() < 0.2


def test_long_texts_are_parted_and_time_is_kept():
    text = " ".join(sentences(40)[0])
    own = MaskedLanguagePretrainer(
        **SMALL, max_length=16, epochs=100_000, max_seconds=1.0, random_state=0
    ).fit([text, text])
    assert own.stop_reason_ == "max_seconds"
    assert max(map(len, own._parts([text]))) == 16
    pieces = [p for row in own._parts([text]) for p in row[1:-1]]
    assert pieces == own.tokenizer_.encode(text)


def test_what_cannot_be_learnt_from_is_refused():
    with pytest.raises(ValueError, match="expected at least 2"):
        MaskedLanguagePretrainer().fit(["", "  ", "one"])
    with pytest.raises(ValueError, match="no multiple"):
        MaskedLanguagePretrainer(width=10, n_heads=3).fit(["a b", "c d"])


# -- heads --------------------------------------------------------------------------------------


def fine_tuned(bert, texts, target, kind, n_outputs, epochs=4):
    reader = PieceReader(bert, 20)
    architecture = head_architecture(bert, n_outputs, kind, dropout=0.1)
    prepared = reader.prepare(texts)

    def batches(epoch):
        rng = np.random.default_rng(epoch)
        for rows, batch in reader.batches(prepared, np.arange(len(texts)), 16, rng):
            yield {**batch, "y": target[rows], "w": np.ones(len(rows), np.float32)}

    plan = SequencePlan(epochs, learning_rate=3e-3, schedule="cosine", warmup=0.1, verbose=False)
    start = start_weights(architecture, bert, seed=0)
    return SequenceTrainer(architecture, plan, batches, start=start).fit()


def answers(network, reader, texts, n_outputs):
    prepared, out = reader.prepare(texts), np.empty((len(texts), n_outputs), np.float32)
    for rows, batch in reader.batches(prepared, np.arange(len(texts)), 64):
        out[rows] = network.call("forward", batch)
    return out


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression"])
def test_a_fine_tuned_encoder_learns_every_kind_of_target(pretrained, kind):
    texts, labels = sentences(120, seed=2)
    target, n_outputs = {
        "binary": (labels.astype(np.int32), 1),
        "multiclass": (labels.astype(np.int32), 2),
        "multilabel": (np.column_stack([labels, 1 - labels]).astype(np.float32), 2),
        "regression": ((2.0 * labels[:, None] - 1.0).astype(np.float32), 1),
    }[kind]
    bert = pretrained.encoder().bert_
    result = fine_tuned(bert, texts, target, kind, n_outputs)
    test, truth = sentences(60, seed=3)
    raw = answers(result.network, PieceReader(bert, 20), test, n_outputs)
    found = raw.argmax(axis=1) if kind == "multiclass" else raw[:, 0] > 0
    assert np.mean(found == truth) > 0.95
    assert result.history["loss"][-1] < 0.5 * result.history["loss"][0]
    assert np.abs(result.network.weights[0] - bert.network.weights[0]).max() > 0


def test_a_head_on_vectors_is_a_logistic_regression(pretrained):
    texts, labels = sentences(120, seed=2)
    reader = VectorReader(pretrained.encoder().bert_, 20)
    vectors = reader.prepare(texts)
    np.testing.assert_array_equal(vectors, pretrained.encoder().transform(texts))
    weights = np.linspace(0.5, 2.0, len(texts)).astype(np.float32)
    model = LogisticRegression(C=3.0, max_iter=2_000).fit(vectors, labels, sample_weight=weights)
    result = fit_vector_head(vectors, labels, "binary", 1, weights, C=3.0)
    raw = answers(result.network, reader, texts, 1)
    np.testing.assert_allclose(raw[:, 0], model.decision_function(vectors), atol=1e-3)
    several = np.array([ANIMALS.index(w) if (w := t.split()[1]) in ANIMALS else 4 for t in texts])
    model = LogisticRegression(C=3.0, max_iter=2_000).fit(vectors, several)
    result = fit_vector_head(vectors, several, "multiclass", 5, np.ones(120), C=3.0)
    raw = answers(result.network, reader, texts, 5)
    np.testing.assert_array_equal(raw.argmax(axis=1), model.predict(vectors))


def test_a_head_copes_with_classes_and_labels_that_are_not_there():
    vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    sign = (vectors[:, 0] > 0).astype(int)
    reader = VectorReader.__new__(VectorReader)
    network = fit_vector_head(vectors, 2 * sign, "multiclass", 4, np.ones(30), C=10).network
    raw = network.call("forward", {"vectors": vectors})
    assert np.isin(raw.argmax(axis=1), (0, 2)).all()
    assert np.mean(raw.argmax(axis=1) == 2 * sign) > 0.9
    labels = np.column_stack([sign, np.zeros(30), np.ones(30)])
    network = fit_vector_head(vectors, labels, "multilabel", 3, np.ones(30), C=10).network
    raw = network.call("forward", {"vectors": vectors})
    assert (raw[:, 1] < -3).all() and (raw[:, 2] > 3).all()
    part = next(reader.batches(vectors, np.arange(30), 8))[1]
    assert part["vectors"].shape == (8, 4)
