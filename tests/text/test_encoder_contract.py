"""The contract of estimators, for encoders, answers and links (others: test_text_common.py)."""

import os
import random

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from appliednn.core._architecture import Architecture
from appliednn.core._sequence_network import SequenceNetwork
from appliednn.text import (
    Bert,
    EntityLinker,
    ExtractiveQA,
    MaskedLanguagePretrainer,
    RetrievalQA,
    SentenceEncoder,
    WordPiece,
)
from appliednn.text.encoder._wordpiece import SPECIAL

TEXTS = ["red rose wine", "blue sky sea", "red wine and rose", "deep blue sea", "rose", "sky"]
PAIRS = [("What is red?", f"The {w} is red. The sky is blue.") for w in ("rose", "wine", "sun")]
TABLE = [{"id": i, "name": name} for i, name in enumerate(("red rose", "blue sky"))]
MENTIONS = [("rose", "red"), ("sky", "deep blue")]
NETWORK = {
    "vocabulary": 40, "width": 8, "layers": 1, "heads": 2, "inner": 8, "positions": 16, "types": 2,
    "epsilon": 1e-9, "activation": "gelu", "pooling": "mean", "dropout": 0.0,
}  # fmt: skip


def tiny():
    network = SequenceNetwork.fresh(Architecture.of("bert", **NETWORK), 0)
    return Bert(WordPiece([*SPECIAL, *"abcdefghijklmnopqrstuvw"]), network, 16)


CASES = {
    "encoder": (lambda: SentenceEncoder(tiny()), (TEXTS,), TEXTS, "transform"),
    "pretrainer": (
        lambda: MaskedLanguagePretrainer(60, width=8, n_layers=1, n_heads=2, epochs=1,
                                         verbose=False, random_state=0),
        (TEXTS,), TEXTS, "evaluate",
    ),
    "retrieval": (RetrievalQA, (TEXTS,), TEXTS, "predict"),
    "spans": (
        lambda: ExtractiveQA(units=4, embedding_dim=4, max_words=0, epochs=1, verbose=False,
                             random_state=0),
        (PAIRS, ["rose", "wine", "sun"]), PAIRS, "predict",
    ),
    "linker": (EntityLinker, (TABLE,), MENTIONS, "candidates"),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def case(request):
    make, data, asked, method = CASES[request.param]
    return make(), data, asked, method


def plain(found):
    return found.tolist() if isinstance(found, np.ndarray) else found


def test_fitting_is_repeatable_and_leaves_parameters_files_and_global_state_alone(
    case, tmp_path, monkeypatch
):
    estimator, data, asked, method = case
    monkeypatch.chdir(tmp_path)
    np.random.seed(3)  # noqa: NPY002
    random.seed(3)
    flags = {k: v for k, v in os.environ.items() if k.startswith("TF_")}
    state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    found = [plain(getattr(clone(estimator).fit(*data), method)(asked)) for _ in range(2)]
    assert found[0] == found[1]
    assert state == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    assert flags == {k: v for k, v in os.environ.items() if k.startswith("TF_")}
    assert list(tmp_path.iterdir()) == []


def test_fit_gives_the_estimator_back_unchanged(case):
    estimator, data, _, _ = case
    fitted = clone(estimator)
    assert fitted.fit(*data) is fitted
    assert repr(fitted.get_params()) == repr(estimator.get_params())
    own = {name for name in vars(fitted) if not name.startswith("_")}
    assert {n for n in own if not n.endswith("_")} == set(fitted.get_params())


def test_one_row_is_answered(case):
    estimator, data, asked, method = case
    fitted = clone(estimator).fit(*data)
    found = getattr(fitted, method)(asked[:1])
    assert isinstance(found, dict) or len(found) == 1


def test_what_is_not_fitted_says_so_unless_it_need_not_be(case):
    estimator, _, asked, method = case
    fresh = clone(estimator)
    if not fresh.__sklearn_tags__().requires_fit:
        assert getattr(fresh, method)(asked).shape == (len(asked), 8)
        return
    with pytest.raises(NotFittedError):
        getattr(fresh, method)(asked)


@pytest.mark.parametrize(
    "estimator",
    [
        SentenceEncoder(pooling="median"),
        MaskedLanguagePretrainer(mask_share=1.5),
        RetrievalQA(n_candidates=0),
        ExtractiveQA(architecture="bert"),
        EntityLinker(nil_threshold=2),
    ],
)
def test_parameters_out_of_range_are_refused(estimator):
    with pytest.raises(ValueError, match="must be"):
        estimator.fit(TEXTS, TEXTS)
