import numpy as np
import pandas as pd
import pytest
from scipy.stats import iqr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from appliednn.robustness import (
    accepts_missing,
    add_noise,
    fill_values,
    knock_out,
    mask_at_random,
    robust_scale,
)


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "real": rng.normal(5, 3, 4000),
            "count": rng.poisson(4, 4000),
            "flag": rng.integers(0, 2, 4000),
            "yes": rng.random(4000) < 0.5,
            "text": rng.choice(["a", "b"], 4000),
            "kind": pd.Categorical(rng.choice(["u", "v", "w"], 4000)),
            "mostly": np.where(rng.random(4000) < 0.1, rng.normal(size=4000), 0.0),
            "constant": 7.0,
            "nullable": pd.array(rng.integers(0, 9, 4000), dtype="Int64"),
        }
    )


def test_scale_is_the_iqr_over_that_of_a_normal(frame):
    scale = robust_scale(frame)
    assert set(scale) == {"real", "count", "mostly", "nullable"}
    assert scale["real"] == pytest.approx(iqr(frame["real"], scale="normal"))
    assert scale["mostly"] == pytest.approx(frame["mostly"].std(ddof=0))


def test_scale_reads_numbers_kept_as_objects_and_ignores_missing():
    values = pd.DataFrame(
        {"a": np.array([1.0, 2.0, 4.0, np.nan], dtype=object), "b": list("xyzz")}
    )
    expected = iqr([1, 2, 4], scale="normal")
    assert robust_scale(values) == {"a": pytest.approx(expected)}


def test_noise_has_the_stated_spread_and_touches_nothing_else(frame):
    frame.loc[:9, "real"] = np.nan
    scale = robust_scale(frame)
    noisy = add_noise(frame, 0.5, scale, np.random.default_rng(1))
    for column in ("real", "count", "nullable"):
        change = noisy[column].astype(float) - frame[column].astype(float)
        assert change.std() == pytest.approx(0.5 * scale[column], rel=0.05)
        assert abs(change.mean()) < 0.05 * scale[column]
    assert noisy["real"].isna().sum() == 10
    for column in ("flag", "yes", "text", "kind", "constant"):
        pd.testing.assert_series_equal(noisy[column], frame[column])
    again = add_noise(frame, 0.5, scale, np.random.default_rng(1))
    pd.testing.assert_frame_equal(noisy, again)


def test_each_cell_goes_missing_with_the_stated_chance(frame):
    gaps = mask_at_random(frame, 0.2, np.random.default_rng(0)).isna().to_numpy()
    np.testing.assert_allclose(gaps.mean(axis=0), 0.2, atol=0.025)
    pairs = np.corrcoef(gaps.T)[np.triu_indices(gaps.shape[1], 1)]
    assert np.abs(pairs).max() < 0.06  # one column's gaps say nothing about another's
    assert not frame.isna().any(axis=None)


def test_fills_are_medians_and_modes_and_fit_every_dtype(frame):
    fills = fill_values(frame)
    assert fills["real"] == pytest.approx(np.median(frame["real"]))
    assert fills["kind"] == frame["kind"].mode()[0]
    frame["nullable"] = pd.array(np.tile([1, 2], 2000), dtype="Int64")
    fills = fill_values(frame)
    assert fills["nullable"] == 1.5
    filled = mask_at_random(frame, 0.5, np.random.default_rng(0), fills)
    assert not filled.isna().any(axis=None)
    assert (filled["real"] == fills["real"]).mean() == pytest.approx(0.5, abs=0.03)


def test_knocking_out_a_column_leaves_the_others(frame):
    for column in frame.columns:
        gone = knock_out(frame, {column: slice(None)})
        assert gone[column].isna().all()
        pd.testing.assert_frame_equal(gone.drop(columns=column), frame.drop(columns=column))


def test_refusals_are_told_by_column():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0] * 5, "b": list("uvuv") * 5})
    y = [0, 1] * 10
    plain = LogisticRegression().fit(X[["a"]], y)
    assert "NaN" in accepts_missing(plain.predict, X[["a"]])["a"]
    tolerant = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    tolerant.fit(X[["b"]], y)
    assert accepts_missing(tolerant.predict, X[["b"]]) == {"b": ""}

    def reads_a(rows):
        return plain.predict(rows[["a"]])

    told = accepts_missing(reads_a, X)
    assert told["b"] == ""
    assert told["a"] != ""
