"""Reading texts: every container, every refusal."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from appliednn.text import as_texts, as_token_lists, normalize

TEXTS = ["ein Äpfel", "", "two"]


@pytest.mark.parametrize(
    "container",
    [
        TEXTS,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype=object),
        pd.Series(TEXTS, dtype="string"),
        pd.Series(TEXTS, dtype="string[pyarrow]", index=[7, 7, 1]),
        pd.Series(TEXTS, dtype="category"),
        pd.Index(TEXTS),
        pd.DataFrame({"text": TEXTS}),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        np.array(TEXTS)[:, None],
        iter(TEXTS),
    ],
    ids=lambda c: type(c).__name__,
)
def test_every_container_gives_the_same_list(container):
    found = as_texts(container)
    assert found == TEXTS
    assert all(type(text) is str for text in found)


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT], ids=repr)
def test_missing_texts_are_empty_with_one_warning(missing):
    with pytest.warns(UserWarning, match="2 missing texts") as caught:
        assert as_texts(pd.Series(["a", missing, missing], dtype=object)) == ["a", "", ""]
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("one text", "a single string"),
        (b"bytes", "a single string"),
        ([], "0 texts"),
        (None, "NoneType"),
        ({"a": 1}, "dict"),
        (["a", 3], r"X\[1\] is int 3"),
        ([b"a"], "decode it"),
        (np.zeros((2, 2)), "2 columns"),
        (np.zeros((2, 2, 2)), "shape"),
        (5, "int 5"),
    ],
)
def test_what_is_no_column_of_texts_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        as_texts(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [(["a b"], "text.split"), ([["a", 1]], "int 1"), ([3], "int 3"), ([["a", None]], "None")],
)
def test_sentences_must_be_lists_of_tokens(given, said):
    with pytest.raises(ValueError, match=said):
        as_token_lists(given)


def test_forms_of_one_character_are_one():
    assert normalize("A\u0308PFEL") == normalize("Äpfel") == "äpfel"
    assert normalize("Straße") == "strasse"
    assert normalize("Ａ", form=None, fold_case=False) == "Ａ"
