"""Class weights against scikit-learn's."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from appliednn.imbalance import class_shares, resolve_class_weight


def test_balanced_equals_scikit_learns_and_evens_the_shares():
    y = np.repeat(["a", "b", "c"], [70, 20, 10])
    weights = resolve_class_weight("balanced", y)
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(list(weights.values()), expected)
    np.testing.assert_allclose(class_shares(y, np.unique(y), weights), [1 / 3] * 3)


def test_labels_may_come_as_text_and_others_weigh_one():
    assert resolve_class_weight({"2": 4}, np.array([1, 2, 3])) == {1: 1.0, 2: 4.0, 3: 1.0}
    assert resolve_class_weight({True: 2.5}, np.array([True, False])) == {False: 1.0, True: 2.5}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("even", "expected balanced"),
        ({"z": 1}, "label 'z' is in no training row; labels: a, b"),
        ({"a": 0}, "expected a number above 0"),
    ],
)
def test_says_what_is_wrong(weights, message):
    with pytest.raises(ValueError, match=message):
        resolve_class_weight(weights, ["a", "b"])
