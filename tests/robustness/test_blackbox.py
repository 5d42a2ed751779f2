import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from appliednn.core.errors import UsageError
from appliednn.robustness import (
    RawBox,
    RowMetric,
    blackbox_search,
    boundary_distance,
    corner_search,
    robust_scale,
)


@pytest.fixture(scope="module")
def linear():
    X, y = make_classification(150, 4, n_redundant=0, random_state=0)
    frame = pd.DataFrame(X * [1, 10, 100, 1], columns=list("abcd"))
    frame["text"] = "t"
    model = LogisticRegression(max_iter=2000).fit(frame[list("abcd")], y)
    return model, frame, y


def test_search_finds_a_linear_models_closed_form_in_raw_units(linear):
    model, frame, y = linear
    scale = robust_scale(frame)
    box = RawBox(frame, scale)
    sign = np.where(y == 1, -1, 1)

    def score(rows):
        return sign * model.decision_function(rows[list("abcd")])

    worst = blackbox_search(score, box, 0.2, n_tries=60)
    reach = 0.2 * sum(abs(w) * scale[c] for w, c in zip(model.coef_[0], "abcd", strict=True))
    np.testing.assert_allclose(score(worst), score(frame) + reach, rtol=1e-6)
    assert (worst["text"] == "t").all()


def test_boundary_distance_is_near_the_closed_form_from_above(linear):
    model, frame, y = linear
    scale = robust_scale(frame)
    few = frame.head(3)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    found = boundary_distance(
        lambda rows: model.predict(rows[list("abcd")]),
        RawBox(few, scale),
        np.array([0, 1]),
        max_iter=8,
        max_eval=300,
    )
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    slope = sum(abs(w) * scale[c] for w, c in zip(model.coef_[0], "abcd", strict=True))
    exact = np.abs(model.decision_function(few[list("abcd")])) / slope
    assert (found >= exact * 0.999).all()
    assert (found <= exact * 1.6).all()


def test_missing_cells_stay_missing_and_untouched_cells_exact():
    frame = pd.DataFrame({"a": [0.1, np.nan, 0.3], "b": [1, 2, 3]})
    box = RawBox(frame, {"a": 0.7, "b": 3.0})
    same = box.frame(box.Z.copy())
    np.testing.assert_array_equal(same["a"], frame["a"])
    moved = box.frame(box.Z + 1)
    assert np.isnan(moved["a"][1])
    np.testing.assert_allclose(moved["b"], [4, 5, 6])
    with pytest.raises(UsageError, match="no continuous column"):
        RawBox(frame, {})


def test_corner_search_reaches_the_best_corner_of_a_small_box():
    rng = np.random.default_rng(0)
    quadratic = rng.normal(size=(5, 5))

    def score(Z):
        return np.einsum("ni,ij,nj->n", Z, quadratic, Z)

    corners = np.array(np.meshgrid(*[[-1, 1]] * 5)).reshape(5, -1).T
    found = corner_search(score, np.zeros((4, 5)), 1.0, n_tries=300)
    np.testing.assert_allclose(score(found), score(corners).max())


def test_row_metric_intervals_match_scipys_bootstrap():
    from scipy.stats import bootstrap

    rng = np.random.default_rng(0)
    y, predicted = rng.normal(size=300), rng.normal(size=300)
    metric = RowMetric("rmse")
    values = metric.values(y, predicted)
    ours = metric.estimate("RMSE", values)
    theirs = bootstrap(
        (values,), lambda v, axis: np.sqrt(v.mean(axis=axis)), method="percentile", rng=0
    ).confidence_interval
    np.testing.assert_allclose(ours.ci, [theirs.low, theirs.high], rtol=0.02)
    hits = (rng.random((2, 300)) < [[0.9], [0.7]]).astype(float)
    lost = RowMetric("accuracy").worsenings(["lost"], hits[0], hits[1][:, None])[0]
    paired = bootstrap((hits[0] - hits[1],), np.mean, method="percentile", rng=0)
    assert lost.value == pytest.approx((hits[0] - hits[1]).mean())
    np.testing.assert_allclose(lost.ci, paired.confidence_interval, atol=0.012)
