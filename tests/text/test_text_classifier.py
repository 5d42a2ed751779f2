"""TextClassifier and TextRegressor against closed forms, finite differences and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from appliednn import TextClassifier, TextRegressor
from appliednn.core._numpy_forward import sigmoid
from appliednn.text import MaskedLanguagePretrainer, WordVectors
from appliednn.text.classification._folds import held_out_folds
from appliednn.text.classification._linear import LinearPart, Mix, clearly_better

ARCHITECTURES = ["bag", "cnn", "lstm", "transformer"]
GOOD = ["good", "great", "fine", "lovely", "nice"]
BAD = ["bad", "awful", "poor", "dull", "nasty"]


def reviews(n=120, seed=0, negation=False):
    """Return texts that are positive by a word; with negation, by its order with "not" too."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        positive = rng.random() < 0.5
        flip = negation and rng.random() < 0.5
        word = rng.choice(GOOD if positive != flip else BAD)
        fill = rng.choice(["the film", "a plot", "this book", "one song"])
        texts.append(f"{fill} is {'not ' if flip else ''}{word} {'indeed' * rng.integers(2)}")
        labels.append("pos" if positive else "neg")
    return texts, np.array(labels)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def fitted(request):
    texts, labels = reviews()
    model = TextClassifier(
        request.param,
        epochs=15,
        embedding_dim=16,
        units=16,
        learning_rate=1e-2,
        dropout=0.1,
        random_state=0,
    )
    return model.fit(texts, labels)


def test_every_architecture_learns_the_words(fitted):
    texts, labels = reviews(seed=1)
    assert fitted.score(texts, labels) > 0.95
    network = fitted._network_outputs(
        fitted.network_, fitted.reader_.prepare(texts), np.arange(len(texts))
    )
    assert np.mean((network[:, 0] > 0) == (labels == "pos")) > 0.95
    assert fitted.validation_score_ > 0.9
    assert fitted.baseline_score_ > 0.9


def test_probabilities_are_the_sigmoid_of_decisions(fitted):
    texts = ["a good film", "", "unseen wörds 😀"]
    proba, decision = fitted.predict_proba(texts), fitted.decision_function(texts)
    np.testing.assert_allclose(proba[:, 1], sigmoid(decision), rtol=1e-5)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-6)
    assert (fitted.predict(texts) == np.where(decision > 0, "pos", "neg")).all()


def test_a_text_is_answered_alike_alone_and_among_others(fitted):
    texts = ["a good film", "x", "the plot " * 30 + "is bad", ""]
    together = fitted.decision_function(texts)
    alone = [fitted.decision_function([text])[0] for text in texts]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)


def test_attributions_add_up_to_the_output(fitted):
    texts = ["a good film is not bad", "one nice song is dull indeed"]
    found = fitted.token_attributions(texts)
    start = fitted.decision_function([""])[0]
    for text, one in zip(texts, found, strict=True):
        assert " ".join(one.tokens) == text
        gap = fitted.decision_function([text])[0] - start
        np.testing.assert_allclose(one.values.sum(), gap, rtol=0.05, atol=0.05)
    against = fitted.token_attributions(texts, target="neg")
    np.testing.assert_allclose(against[0].values, -found[0].values)


def test_attributions_name_the_word_that_decides(fitted):
    (found,) = fitted.token_attributions(["this book is lovely"])
    assert found.tokens[int(np.argmax(found.values))] == "lovely"
    with pytest.raises(ValueError, match="'maybe'"):
        fitted.token_attributions(["x"], target="maybe")


def test_attention_weighs_words(fitted):
    if fitted.architecture == "bag":
        with pytest.raises(AttributeError, match="bag"):
            fitted.attention(["a film"])
        return
    (found,) = fitted.attention(["this book is lovely"])
    assert found.tokens == ["this", "book", "is", "lovely"]
    assert (found.values >= 0).all()
    assert found.values.sum() == pytest.approx(1)


def test_replacement_gains_are_the_slope_of_the_loss(fitted):
    if fitted.architecture == "bag":
        with pytest.raises(AttributeError, match="bag"):
            fitted.replacement_gains(["a film"], ["pos"], ["good"])
        return
    text, words = "this book is lovely", ["awful", "zzz"]
    (gains,) = fitted.replacement_gains([text], ["pos"], words)
    assert gains.shape == (4, 2)
    assert (gains[:, 1] == 0).all()
    (ids,) = fitted.reader_.prepare([text])
    (new,) = fitted.reader_.prepare(["awful"])
    rows = fitted.network_.call("embed", {"ids": np.array([[*ids, *new]], np.int32)})[0]
    h, losses = 1e-2, []
    for sign in (-1, 1):
        moved = rows[None, :4].copy()
        moved[0, 3] += sign * h * (rows[4] - rows[3])
        raw = fitted.network_.call(
            "output", {"ids": ids[None], "embedded": moved, "target": np.zeros(1, np.int32)}
        )
        losses.append(np.logaddexp(0, -float(raw[0])))
    slope = (losses[1] - losses[0]) / (2 * h)
    np.testing.assert_allclose(gains[3, 0], slope, rtol=0.05, atol=1e-4)


@pytest.mark.parametrize("architecture", ["cnn", "lstm", "transformer"])
def test_networks_that_read_words_in_order_understand_negation(architecture):
    texts, labels = reviews(700, negation=True)
    model = TextClassifier(
        architecture, linear=False, epochs=15, embedding_dim=16, units=16, learning_rate=1e-2,
        dropout=0.1, random_state=0,
    )  # fmt: skip
    held, right = reviews(200, seed=1, negation=True)
    assert model.fit(texts, labels).score(held, right) > 0.95
    assert model.linear_ is None


def test_several_classes_of_any_dtype_and_their_order():
    texts = ["red rose", "blue sky", "green leaf"] * 8
    model = TextClassifier(epochs=3, random_state=0).fit(texts, [3, 1, 2] * 8)
    assert model.predict(["sky", "a leaf", "rose"]).tolist() == [1, 2, 3]
    assert model.predict_proba(texts).shape == (24, 3)
    assert model.decision_function(texts).shape == (24, 3)


def test_several_labels_at_once():
    texts = ["red rose", "blue sky", "red and blue", "nothing"] * 8
    y = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]] * 8)
    model = TextClassifier(epochs=3, random_state=0).fit(texts, y)
    assert model.predict(["a red one", "blue", "blue red"]).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [1, 1, 0],
    ]
    assert model.predict_proba(texts).shape == (32, 3)


def test_a_zero_weight_equals_removal():
    texts, labels = reviews(60)
    weights = np.r_[np.ones(40), np.zeros(20)]
    options = {"epochs": 2, "random_state": 0}
    weighted = TextClassifier(**options).fit(texts, labels, sample_weight=weights)
    fewer = TextClassifier(**options).fit(texts[:40], labels[:40])
    np.testing.assert_array_equal(
        weighted.decision_function(texts), fewer.decision_function(texts)
    )


def test_class_weights_move_the_decision():
    texts, labels = reviews(80)
    labels[::3] = "neg"
    plain = TextClassifier(epochs=2, random_state=0).fit(texts, labels)
    heavy = TextClassifier(epochs=2, random_state=0, class_weight={"pos": 20.0, "neg": 1.0})
    heavy.fit(texts, labels)
    assert heavy.decision_function(texts).mean() > plain.decision_function(texts).mean()


def test_given_validation_texts_pick_the_epoch():
    texts, labels = reviews(60)
    held, right = reviews(30, seed=2)
    model = TextClassifier("cnn", epochs=4, n_iter_no_change=10, random_state=0)
    model.fit(texts, labels, X_val=held, y_val=right)
    assert model.best_epoch_ == int(np.argmin(model.history_["val_loss"]))
    with pytest.raises(ValueError, match="X_val and y_val"):
        model.fit(texts, labels, X_val=held)


def test_it_works_in_pipelines_and_searches():
    texts, labels = reviews(60)
    shout = make_pipeline(
        FunctionTransformer(lambda X: [t.upper() for t in X]),
        TextClassifier(epochs=1, random_state=0),
    )
    assert cross_val_score(shout, texts, labels, cv=2).mean() > 0.8
    grid = GridSearchCV(TextClassifier(epochs=1, random_state=0), {"C": [0.1, 1.0]}, cv=2)
    assert grid.fit(pd.Series(texts), labels).best_score_ > 0.8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"word_ngrams": (2, 1)}, "smallest <= largest"),
        ({"word_ngrams": (1.5, 2)}, "two whole numbers"),
        ({"word_ngrams": None, "char_ngrams": None}, "at least one"),
        ({"architecture": "rnn"}, "architecture"),
    ],
)
def test_wrong_parameters_are_named(options, said):
    with pytest.raises(ValueError, match=said):
        TextClassifier(**options).fit(["a", "b"], [0, 1])


def test_wrong_data_is_named():
    with pytest.raises(ValueError, match="1 class"):
        TextClassifier().fit(["a", "b"], [1, 1])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        TextClassifier().fit(["a", "b"], [1])
    with pytest.raises(ValueError, match="no words"):
        TextClassifier().fit(["", " "], [0, 1])
    with pytest.raises(ValueError, match="y to be passed"):
        TextClassifier().fit(["a", "b"], None)


def test_two_texts_are_enough():
    model = TextClassifier(epochs=1, random_state=0).fit(["yes", "no"], [1, 0])
    assert model.predict(["yes", "no"]).tolist() == [1, 0]
    assert model.validation_score_ is None


@pytest.mark.parametrize("architecture", ["bag", "cnn"])
def test_numbers_are_learned_from_words(architecture):
    rng = np.random.default_rng(0)
    values = {"one": 1.0, "two": 2.0, "three": 3.0, "ten": 10.0}
    chosen = [rng.choice(list(values), 3) for _ in range(150)]
    y = np.array([sum(values[w] for w in words) for words in chosen])
    texts = [" and ".join(words) for words in chosen]
    model = TextRegressor(
        architecture, epochs=25, embedding_dim=16, units=16, learning_rate=1e-2, random_state=0
    ).fit(texts[:120], y[:120])
    assert model.score(texts[120:], y[120:]) > 0.8
    both = TextRegressor(architecture, epochs=1, random_state=0).fit(texts, np.c_[y, -y])
    assert both.predict(texts).shape == (150, 2)


# -- pretrained encoders ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder():
    texts, _ = reviews(200)
    own = MaskedLanguagePretrainer(
        width=16, n_layers=1, n_heads=2, epochs=2, vocab_size=200, random_state=0
    )
    return own.fit(texts).encoder()


@pytest.mark.parametrize("fine_tune", [False, True])
def test_a_pretrained_encoder_reads_texts_as_it_is_or_trained(encoder, fine_tune):
    texts, labels = reviews(80)
    held, right = reviews(60, seed=1)
    model = TextClassifier(
        "encoder", encoder=encoder, fine_tune=fine_tune, learning_rate=5e-3, epochs=4,
        random_state=0,
    ).fit(texts, labels)  # fmt: skip
    assert model.score(held, right) > 0.9
    assert model.mix_.network > 0
    (found,) = model.token_attributions(["this book is lovely"])
    assert found.tokens[int(np.argmax(found.values))] == "lovely"
    with pytest.raises(AttributeError, match="encoder"):
        model.attention(["a"])


def test_a_head_on_a_frozen_encoder_is_logistic_regression(encoder):
    texts, labels = reviews(80)
    model = TextClassifier("encoder", encoder=encoder, linear=False, random_state=0)
    model.fit(texts, labels)
    vectors = encoder.transform(texts)
    expected = LogisticRegression(max_iter=2000).fit(vectors, labels)
    np.testing.assert_allclose(
        model.decision_function(texts), expected.decision_function(vectors), atol=1e-3
    )


def test_several_classes_through_a_trained_encoder(encoder):
    texts = ["good film", "bad film", "a plot"] * 8
    model = TextClassifier(
        "encoder", encoder=encoder, fine_tune=True, epochs=1, random_state=0
    ).fit(texts, ["a", "b", "c"] * 8)
    assert model.predict_proba(texts).shape == (24, 3)
    numbers = TextRegressor("encoder", encoder=encoder, random_state=0)
    assert numbers.fit(texts, [1.0, -1.0, 0.0] * 8).score(texts, [1.0, -1.0, 0.0] * 8) > 0.9


def test_word_vectors_are_what_training_starts_from():
    vectors = WordVectors(["Film", "good", "unseen"], np.arange(12.0).reshape(3, 4))
    model = TextClassifier(
        "cnn", embeddings=vectors, units=4, epochs=1, learning_rate=1e-9, random_state=0
    ).fit(["a good film", "a bad film"] * 6, [1, 0] * 6)
    (ids,) = model.reader_.prepare(["good film"])
    rows = model.network_.call("embed", {"ids": ids[None]})[0]
    np.testing.assert_allclose(rows, vectors.vectors[[1, 0]], atol=1e-6)
    assert model.predict(["good"]).shape == (1,)


# -- parts --------------------------------------------------------------------------------------


def toy_matrix(n=60, seed=0):
    import scipy.sparse as sp

    return sp.random_array(
        (n, 12), density=0.4, format="csr", rng=np.random.default_rng(seed), dtype=np.float64
    )


def test_the_linear_part_is_the_mean_of_two_machines():
    matrix = toy_matrix()
    y = np.asarray(matrix @ np.arange(12.0) > 12)
    weights = np.ones(60)
    part = LinearPart.fit_classes(matrix, y, "binary", 1, weights, 1.0, 0)
    present = (matrix.toarray() > 0).astype(float)
    inside, outside = 1 + present[y].sum(axis=0), 1 + present[~y].sum(axis=0)
    ratio = np.sqrt(np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())))
    expected = 0
    for rows in (matrix.toarray(), matrix.toarray() * ratio):
        machine = LinearSVC(random_state=0, dual=True, max_iter=5000).fit(rows, y)
        expected = expected + machine.decision_function(rows) / 2
    np.testing.assert_allclose(part.outputs(matrix)[:, 0], expected, atol=2e-3)


def test_the_linear_part_of_numbers_is_ridge():
    matrix = toy_matrix()
    y = np.random.default_rng(1).normal(size=(60, 2))
    part = LinearPart.fit_numbers(matrix, y, np.ones(60), 1.0, 0)
    expected = Ridge(alpha=1.0).fit(matrix.toarray(), y).predict(matrix.toarray())
    np.testing.assert_allclose(part.outputs(matrix), expected, atol=1e-4)


def test_the_mix_finds_the_part_that_knows():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)
    knows = (3.0 * (2 * truth - 1) + rng.logistic(size=4000))[:, None]
    noise = rng.normal(size=(4000, 1))
    mix = Mix.learn(knows, noise, truth, "binary", np.ones(4000))
    assert mix.network > 5 * abs(mix.linear)
    swapped = Mix.learn(noise, knows, truth, "binary", np.ones(4000))
    assert swapped.linear > 5 * abs(swapped.network)
    alone = Mix.learn(knows, knows, truth, "binary", np.ones(4000), alone=True)
    assert alone.network == 0


def test_mixed_numbers_are_least_squares():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 5000, 1))
    y = 0.3 * a + 0.9 * b
    mix = Mix.learn(a, b, y, "regression", np.ones(5000))
    np.testing.assert_allclose([mix.network, mix.linear], [0.3, 0.9], atol=0.01)


def test_clearly_better_is_one_standard_error():
    one = np.r_[np.ones(60), np.zeros(40)]
    other = np.r_[np.zeros(60), np.ones(40)]
    gap, error = 0.2, np.std(one - other) / np.sqrt(100)
    assert clearly_better(one, other, np.ones(100)) == (gap > error)
    assert not clearly_better(one, one, np.ones(100))


def test_few_rows_are_all_held_out_once_and_many_in_part():
    folds = held_out_folds(np.arange(40) % 2, 40, 0.1, 0)
    assert sorted(np.concatenate([held for _, held in folds])) == list(range(40))
    ((rows, held),) = held_out_folds(np.arange(2000) % 4, 2000, 0.1, 0)
    assert len(held) == 200
    assert (np.bincount(held % 4) == 50).all()
    assert len(np.intersect1d(rows, held)) == 0
    assert held_out_folds(None, 5, 0.1, 0) == []
