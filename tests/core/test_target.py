"""Labels and numbers as users have them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import DataConversionWarning

from appliednn.core._target import ClassTarget, NumberTarget, read_labels, read_numbers

BITS = np.array([0, 1, 1, 0, 1])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([False, True])[BITS], [False, True]),
        (pd.Series(np.array(["b c", "é"])[BITS], index=[9, 9, 1, 1, 0]), ["b c", "é"]),
        (pd.Series(BITS == 1, dtype="boolean"), [False, True]),
        (pd.Series(BITS, dtype="Int64"), [0, 1]),
        (pd.Series(pd.Categorical(np.array(["z", "a"])[BITS])), ["a", "z"]),
        (pd.Series(np.array(["z", "a"])[BITS], dtype="string"), ["a", "z"]),
        ([-1, 1, 1, -1, 1], [-1, 1]),
    ],
)
def test_labels_stay_as_given(labels, classes):
    target = ClassTarget.learn(read_labels(labels))
    assert target.classes.tolist() == classes
    assert all(type(a) is type(b) for a, b in zip(target.classes.tolist(), classes, strict=True))
    assert target.encode(read_labels(labels)).tolist() == [
        classes.index(label) for label in list(labels)
    ]


def test_a_frame_of_one_column_is_a_column_with_scikit_learns_warning():
    with pytest.warns(DataConversionWarning):
        assert read_labels(pd.DataFrame({"y": BITS})).shape == (5,)


@pytest.mark.parametrize("labels", [[None, "a", "a"], [1, "a", "a"]])
def test_labels_without_an_order_are_named(labels):
    with pytest.raises(ValueError, match="labels of the types .*one type"):
        read_labels(np.array(labels, dtype=object))


def test_a_single_class_is_written_as_its_owner_does():
    with pytest.raises(ValueError, match="holds 1 class, 3; "):
        ClassTarget.learn(np.array([3, 3]))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a", "b"], "a regressor needs numbers"),
        (pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01"])), "dates or time spans"),
    ],
)
def test_numbers_must_be_numbers(y, message):
    with pytest.raises(ValueError, match=message):
        read_numbers(y)


def test_rates_are_relative_to_their_weighted_mean():
    y, weights = np.array([2.0, 4.0, 0.0]), np.array([1.0, 1.0, 2.0])
    target = NumberTarget.learn(y, weights, "poisson")
    assert target.scale.tolist() == [1.5]
    np.testing.assert_allclose(target.decode(np.zeros((2, 1))), [1.5, 1.5])
    np.testing.assert_allclose(target.decode(np.log(target.encode(y[:2]))[:, None]), y[:2])
