"""The contract that every estimator of texts keeps."""

import copy
import pickle
import random

import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError

import appliednn
from appliednn import TextClassifier, TextRegressor
from appliednn.text import TokenTagger, WordEmbedding

TEXTS = ["red rose", "blue sky", "red wine and rose", "deep blue sea", "rose", "sky"] * 3
LABELS = ["red", "blue"] * 9
NUMBERS = [1.0, -1.0] * 9

#: Estimator, what it is fitted on, what it is asked.
CASES = {
    "TextClassifier": (TextClassifier(epochs=2, random_state=0), (TEXTS, LABELS), "predict_proba"),
    "TextClassifier[cnn]": (
        TextClassifier("cnn", epochs=2, units=4, embedding_dim=4, random_state=0),
        (TEXTS, LABELS),
        "predict_proba",
    ),
    "TextRegressor": (TextRegressor(epochs=2, random_state=0), (TEXTS, NUMBERS), "predict"),
    "TokenTagger": (
        TokenTagger(epochs=2, hidden_units=4, word_dim=4, char_filters=4, random_state=0),
        (
            [text.split() for text in TEXTS],
            [["O", "B-X", "O", "O"][: len(t.split())] for t in TEXTS],
        ),
        "predict_proba",
    ),
    "WordEmbedding": (WordEmbedding(dim=4, epochs=2, random_state=0), (TEXTS,), "transform"),
}


def answers(estimator, method, X):
    """Return an estimator's answers in a form that compares."""
    return getattr(estimator, method)(X)


def same(one, two):
    """Assert that answers are equal to the last bit."""
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, two)
    elif isinstance(one, list | tuple) and one and isinstance(one[0], np.ndarray):
        for a, b in zip(one, two, strict=True):
            np.testing.assert_array_equal(a, b)
    else:
        assert one == two


@pytest.fixture(scope="module", params=CASES)
def case(request):
    estimator, data, method = CASES[request.param]
    return clone(estimator).fit(*data), estimator, data, method


def test_fitting_changes_no_parameter_and_clones_keep_them(case):
    fitted, estimator, _, _ = case
    assert repr(clone(fitted)) == repr(estimator)
    for name, value in estimator.get_params().items():
        assert repr(getattr(fitted, name)) == repr(value), name


@pytest.mark.parametrize(
    "through",
    [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy],
    ids=["pickle", "deepcopy"],
)
def test_copies_answer_alike(case, through):
    fitted, _, data, method = case
    same(answers(through(fitted), method, data[0]), answers(fitted, method, data[0]))


def test_model_files_answer_alike(case, tmp_path):
    fitted, _, data, method = case
    loaded = appliednn.load(fitted.save(tmp_path / "m.ann"))
    same(answers(loaded, method, data[0]), answers(fitted, method, data[0]))
    assert type(loaded) is type(fitted)


def test_two_fits_with_one_seed_agree_bit_for_bit_and_global_state_is_left_alone(case):
    fitted, estimator, data, method = case
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    again = clone(estimator).fit(*data)
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert before == after
    same(answers(again, method, data[0]), answers(fitted, method, data[0]))


def test_fit_writes_no_file(case, tmp_path, monkeypatch):
    _, estimator, data, _ = case
    monkeypatch.chdir(tmp_path)
    clone(estimator).fit(*data)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_fitted_says_so(case):
    _, estimator, data, method = case
    with pytest.raises(NotFittedError):
        answers(clone(estimator), method, data[0])


def test_the_history_is_plain(case):
    fitted, _, _, _ = case
    assert {"loss", "lr", "seconds"} <= set(fitted.history_)
    assert all(type(v) is float for values in fitted.history_.values() for v in values)
    assert fitted.n_epochs_ == len(fitted.history_["loss"])


def test_one_text_is_answered(case):
    fitted, _, data, method = case
    assert len(answers(fitted, method, data[0][:1])) == 1


def test_tags_say_what_it_is():
    assert is_classifier(TextClassifier())
    assert is_regressor(TextRegressor())
    for estimator in (TextClassifier(), TextRegressor()):
        tags = estimator.__sklearn_tags__().input_tags
        assert tags.string
        assert tags.one_d_array
        assert not tags.two_d_array
