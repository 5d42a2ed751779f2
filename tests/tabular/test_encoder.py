import datetime
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder

from appliednn.core.errors import IntegrityError
from appliednn.tabular import TabularEncoder

FRAME = pd.DataFrame(
    {
        "age": [20.0, 30.0, 40.0, np.nan, 60.0, 25.0],
        "job": pd.Series(["b", "a", None, "b", "ü☃", "b"], dtype=object),
        "owns": [True, False, True, True, False, True],
        "level": pd.Categorical([1, 2, 1, 3, 1, 2]),
        "count": pd.array([1, 2, None, 4, 5, 9], dtype="Int64"),
        "since": pd.to_datetime(
            ["2020-01-31", "2021-07-05", None, "2020-03-02", "2024-12-25", "2022-02-02"]
        ),
    }
)


def column(encoder, X, name):
    return encoder.transform(X)[:, encoder.get_feature_names_out().tolist().index(name)]


def test_layout_of_a_mixed_frame():
    encoder = TabularEncoder().fit(FRAME)
    assert encoder.kinds_ == ["numeric", "category", "boolean", "category", "numeric", "datetime"]
    assert encoder.get_feature_names_out().tolist() == [
        "age", "owns", "count", "since_seconds",
        "since_month_sin", "since_month_cos", "since_weekday_sin", "since_weekday_cos",
        "age_missing", "job_missing", "count_missing", "since_missing",
        "job_a", "job_b", "job_ü☃", "level_1", "level_2", "level_3",
    ]  # fmt: skip
    assert encoder.input_index_.tolist() == [0, 2, 4] + [5] * 5 + [0, 1, 4, 5] + [1] * 3 + [3] * 3
    assert np.flatnonzero(encoder.numeric_mask_).tolist() == [0, 2, 3]
    assert encoder.cardinalities_ == []
    out = encoder.transform(FRAME)
    assert out.dtype == np.float32 and out.flags.c_contiguous and np.isfinite(out).all()
    assert out.shape == (6, encoder.n_features_out_)
    assert column(encoder, FRAME, "owns").tolist() == [1, 0, 1, 1, 0, 1]
    assert column(encoder, FRAME, "age_missing").tolist() == [0, 0, 0, 1, 0, 0]


def test_onehot_matches_scikit_learn():
    X = FRAME[["job"]].fillna("zz")
    ours = TabularEncoder().fit(X)
    theirs = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(X)
    new = pd.DataFrame({"job": ["a", "unknown", "b"]})
    np.testing.assert_array_equal(ours.transform(new), theirs.transform(new))


def test_embedding_codes_trail_and_zero_is_missing_unknown_and_infrequent():
    encoder = TabularEncoder(categorical="embedding", max_categories=2).fit(FRAME)
    names = encoder.get_feature_names_out().tolist()
    assert names[-2:] == ["job", "level"] and "job_missing" not in names
    assert encoder.cardinalities_ == [3, 3]
    assert encoder.categories_[1] == ["a", "b"] and encoder.infrequent_[1] == ["ü☃"]
    assert encoder.transform(FRAME)[:, -2].tolist() == [2, 1, 0, 2, 0, 2]
    new = FRAME.assign(job="never seen")
    assert encoder.transform(new)[:, -2].tolist() == [0] * 6


def test_max_categories_groups_the_rarest():
    X = pd.DataFrame({"c": list("aaabbbccd")})
    encoder = TabularEncoder(max_categories=2).fit(X)
    assert encoder.get_feature_names_out().tolist() == ["c_a", "c_b", "c_infrequent"]
    new = pd.DataFrame({"c": ["a", "d", "c", "new", None]})
    assert encoder.transform(new).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0] * 3, [0] * 3]
    weighted = TabularEncoder(max_categories=1).fit(X, sample_weight=[1] * 8 + [9])
    assert weighted.categories_[0] == ["d"]


def test_frame_weights_are_repeated_rows_and_zero_is_removal():
    weights = [2, 1, 3, 0, 0, 2]
    for params in ({}, {"categorical": "embedding", "numeric": "quantile"}):
        weighted = TabularEncoder(**params).fit(FRAME, sample_weight=weights)
        rows = np.repeat(np.arange(6), weights)
        repeated = TabularEncoder(**params).fit(FRAME.iloc[rows])
        assert weighted.categories_ == repeated.categories_
        assert "ü☃" not in weighted.categories_[1]
        np.testing.assert_array_equal(weighted.transform(FRAME), repeated.transform(FRAME))


def test_mixed_types_and_numeric_strings_are_categories():
    X = np.array([["1", 1, 1.5], ["2", True, "x"], ["1", 1.0, None]], dtype=object)
    encoder = TabularEncoder().fit(X)
    assert encoder.kinds_ == ["category", "category", "category"]
    assert encoder.categories_ == [["1", "2"], ["1", "True"], ["1.5", "x"]]
    assert TabularEncoder().fit([[1, "a"], [2.5, "b"]]).kinds_ == ["numeric", "category"]
    assert TabularEncoder().fit([["1"], ["2"]]).kinds_ == ["category"]


def test_category_reads_the_same_as_int_float_and_text():
    encoder = TabularEncoder().fit(pd.DataFrame({"c": pd.Categorical([1, 2, 3])}))
    for values in (pd.Categorical([1, 2]), [1, 2], [1.0, 2.0], ["1", "2"]):
        out = encoder.transform(pd.DataFrame({"c": values}))
        assert out.tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("dtype", ["string", "str", "category", object])
def test_every_text_dtype_gives_one_encoding(dtype):
    X = pd.DataFrame({"c": pd.Series(["x", "y", None, "x"], dtype=object)})
    expected = TabularEncoder().fit_transform(X)
    np.testing.assert_array_equal(TabularEncoder().fit_transform(X.astype(dtype)), expected)
    assert expected.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("dtype", ["Float64", "float32", "float64[pyarrow]", object])
def test_every_number_dtype_gives_one_encoding(dtype):
    X = pd.DataFrame({"a": [1.0, 2.0, np.nan, 8.0], "b": [1.0, 2.0, 3.0, 4.0]})
    expected = TabularEncoder().fit_transform(X)
    np.testing.assert_array_equal(TabularEncoder().fit_transform(X.astype(dtype)), expected)


def test_nullable_booleans_and_their_words():
    X = pd.DataFrame({"b": pd.array([True, False, None, True], dtype="boolean")})
    encoder = TabularEncoder().fit(X)
    assert encoder.transform(X).tolist() == [[1, 0], [0, 0], [1, 1], [1, 0]]
    words = pd.DataFrame({"b": ["True", "false", None, "TRUE"]})
    np.testing.assert_array_equal(encoder.transform(words), encoder.transform(X))
    assert TabularEncoder().fit_transform(pd.DataFrame({"b": [True, True]})).tolist() == [[0], [0]]


def test_dates_against_pandas_own_calendar():
    X = pd.DataFrame(
        {"t": pd.to_datetime(["1969-05-04 06:00", "2020-02-29 18:00", "2031-11-11 00:00"])}
    )
    encoder = TabularEncoder(numeric="standard").fit(X)
    seconds = X["t"].map(pd.Timestamp.timestamp)
    np.testing.assert_allclose(
        column(encoder, X, "t_seconds"),
        (seconds - seconds.mean()) / seconds.std(ddof=0),
        rtol=1e-6,
    )
    month, day, hour = X["t"].dt.month - 1, X["t"].dt.day_of_week, X["t"].dt.hour
    for name, value, period in (("month", month, 12), ("weekday", day, 7), ("hour", hour, 24)):
        np.testing.assert_allclose(
            column(encoder, X, f"t_{name}_sin"), np.sin(2 * np.pi * value / period), atol=1e-6
        )
        np.testing.assert_allclose(
            column(encoder, X, f"t_{name}_cos"), np.cos(2 * np.pi * value / period), atol=1e-6
        )
    assert encoder.scale_info()[0]["unit"] == "seconds"


def test_dates_with_zones_strings_periods_and_missing():
    naive = pd.DataFrame({"t": pd.to_datetime(["2020-01-01 05:00", "2021-06-01 12:00"])})
    encoder = TabularEncoder().fit(naive)
    zoned = pd.DataFrame({"t": naive["t"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")})
    assert (
        column(encoder, zoned, "t_seconds").tolist()
        == column(encoder, naive, "t_seconds").tolist()
    )
    assert column(encoder, zoned, "t_hour_sin")[0] == pytest.approx(np.sin(2 * np.pi * 14 / 24))
    texts = pd.DataFrame({"t": ["2020-01-01 05:00", "2021-06-01 12:00"]})
    np.testing.assert_array_equal(encoder.transform(texts), encoder.transform(naive))
    gone = encoder.transform(pd.DataFrame({"t": pd.to_datetime([None])}))
    np.testing.assert_array_equal(gone, np.zeros_like(gone))
    offsets = pd.DataFrame({"t": ["2020-01-01T05:00+00:00", "2021-06-01T14:00+02:00"]})
    np.testing.assert_array_equal(
        column(encoder, offsets, "t_seconds"), column(encoder, naive, "t_seconds")
    )
    objects = pd.DataFrame({"t": [datetime.date(2020, 1, 1), datetime.datetime(2021, 6, 1, 12)]})
    assert (
        column(encoder, objects.astype(object), "t_seconds")[1] == encoder.transform(naive)[1, 0]
    )
    months = pd.DataFrame({"t": pd.period_range("2020-01", periods=3, freq="M")})
    assert TabularEncoder().fit(months).kinds_ == ["datetime"]
    with pytest.raises(ValueError, match="column 't' held dates .* holds numbers"):
        encoder.transform(pd.DataFrame({"t": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="column 't' held dates"):
        encoder.transform(pd.DataFrame({"t": ["soon", "later"]}))


def test_numbers_that_arrive_as_text():
    encoder = TabularEncoder().fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}))
    texts = encoder.transform(pd.DataFrame({"a": ["1", " 2.0 ", None]}))
    np.testing.assert_array_equal(
        texts, encoder.transform(pd.DataFrame({"a": [1.0, 2.0, np.nan]}))
    )
    with pytest.raises(ValueError, match="column 'a' held numbers .* such as 'abc'"):
        encoder.transform(pd.DataFrame({"a": ["1", "abc"]}))
    with pytest.raises(ValueError, match="infinity"):
        encoder.transform(pd.DataFrame({"a": ["1", "inf"]}))


def test_renamed_or_reordered_columns_are_refused_as_by_scikit_learn():
    encoder = TabularEncoder().fit(FRAME)
    with pytest.raises(ValueError, match="must be in the same order"):
        encoder.transform(FRAME[FRAME.columns[::-1]])
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.transform(FRAME.rename(columns={"age": "years"}))
    with pytest.raises(ValueError, match="missing: job|seen at fit time, yet now missing"):
        encoder.transform(FRAME.drop(columns="job"))


def test_columns_without_a_value():
    X = pd.DataFrame({"a": [None, None], "b": [np.nan, np.nan], "c": pd.to_datetime([None, None])})
    encoder = TabularEncoder().fit(X)
    assert encoder.kinds_ == ["empty"] * 3 and not encoder.numeric_mask_.any()
    now = pd.DataFrame({"a": ["text", 3], "b": [1.0, 2.0], "c": pd.to_datetime(["2020", None])})
    np.testing.assert_array_equal(encoder.transform(now), np.zeros((2, 3)))


def test_missing_error_names_the_column():
    with pytest.raises(ValueError, match="NaN: column 'job'"):
        TabularEncoder(missing="error").fit(FRAME[["job"]])
    encoder = TabularEncoder(missing="error").fit(FRAME[["owns", "level"]])
    with pytest.raises(ValueError, match="NaN: column 'level'"):
        encoder.transform(FRAME[["owns", "level"]].assign(level=None))


def test_id_columns_are_refused_for_onehot():
    X = pd.DataFrame({"id": [f"u{i}" for i in range(10_001)]})
    with pytest.raises(ValueError, match="10001 columns, 10001 of them from 'id'"):
        TabularEncoder().fit(X)
    assert TabularEncoder(categorical="embedding").fit(X).cardinalities_ == [10_002]


def test_name_clash_set_output_and_names_given_later():
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0], "a_missing": [1.0, 2.0, 4.0]})
    out = TabularEncoder().set_output(transform="pandas").fit_transform(X)
    assert out.columns.tolist() == ["a", "a_missing", "a_missing_"]
    encoder = TabularEncoder().fit(X.to_numpy())
    assert encoder.get_feature_names_out(["p", "q"]).tolist() == ["p", "q", "p_missing"]


@pytest.mark.parametrize("params", [{}, {"categorical": "embedding", "numeric": "quantile"}])
def test_state_and_pickle_round_trips(params):
    import json

    encoder = TabularEncoder(**params).fit(FRAME)
    described, arrays = encoder.to_state()
    again = TabularEncoder.from_state(json.loads(json.dumps(described)), arrays)
    for other in (again, pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(other.transform(FRAME), encoder.transform(FRAME))
        assert other.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
        assert other.get_params() == clone(encoder).get_params()


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("kinds_", ["numeric"] * 5),
        ("missing_index_", [99]),
        ("categories_", [[1]] * 6),
        ("cyclic_", [[0, "month"]]),
        ("params", {"numeric": "os.system"}),
        ("params", {"no_such": 1}),
    ],
)
def test_state_that_does_not_fit_together_is_refused(part, value):
    described, arrays = TabularEncoder().fit(FRAME).to_state()
    with pytest.raises(IntegrityError):
        TabularEncoder.from_state({**described, part: value}, arrays)
    with pytest.raises(IntegrityError):
        TabularEncoder.from_state(described, {**arrays, "value_fill_": np.zeros(99)})


def test_complex_and_misshapen_input():
    with pytest.raises(ValueError, match="Complex data not supported"):
        TabularEncoder().fit(pd.DataFrame({"a": [1j, 2.0], "b": ["x", "y"]}))
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        TabularEncoder().fit(FRAME.iloc[:0])
    with pytest.raises(ValueError, match="Found array with 0 feature"):
        TabularEncoder().fit(FRAME[[]])
    with pytest.raises(ValueError, match="2.?[dD]"):
        TabularEncoder().fit(FRAME["job"])
