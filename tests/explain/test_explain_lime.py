"""LIME on binned rows: it finds what an additive model adds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from appliednn.explain import FramePool, lime_values, make_pool


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    n = 200
    return pd.DataFrame(
        {
            "t": rng.choice(["x", "y"], n),
            "flag": rng.random(n) < 0.5,
            "gap": np.where(rng.random(n) < 0.5, np.nan, 1.0),
            "noise": rng.normal(size=n),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D"),
        }
    )


def test_effects_of_two_valued_features_are_recovered(frame):
    def score(X):
        return 2.0 * (X["t"] == "x") - 1.0 * X["flag"] + 0.5 * X["gap"].isna()

    pool = FramePool(frame, score, "points")
    rows = np.arange(8)
    found = lime_values(pool, rows, np.arange(8, 200), np.zeros(8, int), n_samples=800)
    near = frame.iloc[rows]
    expected = np.column_stack(
        [
            np.where(near["t"] == "x", 2.0, -2.0),
            np.where(near["flag"], -1.0, 1.0),
            np.where(near["gap"].isna(), 0.5, -0.5),
            np.zeros(8),
            np.zeros(8),
        ]
    )
    np.testing.assert_allclose(found.values, expected, atol=0.05)
    assert found.local_r2.min() > 0.99


def test_numbers_and_dates_move_the_score_the_right_way(frame):
    def score(X):
        return X["noise"].to_numpy() + (X["when"] > "2024-02-15").to_numpy() * 3.0

    pool = FramePool(frame, score, "points")
    high = np.array([frame["noise"].idxmax(), frame["when"].idxmax()])
    low = np.array([frame["noise"].idxmin(), frame["when"].idxmin()])
    rows = np.concatenate([high, low])
    found = lime_values(pool, rows, np.arange(200), np.zeros(4, int), n_samples=500)
    assert found.values[0, 3] > 0.5 > -0.5 > found.values[2, 3]
    assert found.values[1, 4] > 0.5 > -0.5 > found.values[3, 4]
    assert np.abs(found.values[:, :3]).max() < 0.3


def test_the_row_itself_is_among_its_neighbours(frame):
    asked = []
    pool = FramePool(frame[["noise"]], lambda X: asked.append(X) or X["noise"], "points")
    lime_values(pool, np.array([7]), np.arange(20, 200), np.zeros(1, int), n_samples=50)
    assert asked[0]["noise"].iloc[0] == frame["noise"].iloc[7]
    assert len(asked[0]) == 50


def test_seeds_repeat_and_no_global_state_moves(frame):
    numbers = frame[["noise", "gap"]].fillna(0.0)
    model = LinearRegression().fit(numbers, numbers["noise"])
    pool = make_pool(model, numbers)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (
        lime_values(pool, np.arange(2), np.arange(2, 99), np.zeros(2, int), seed=s, n_samples=99)
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(one.values, same.values)
    assert np.abs(one.values - other.values).max() > 0
