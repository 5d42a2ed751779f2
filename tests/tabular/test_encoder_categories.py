import json
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, RobustScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import appliednn
from appliednn.core.errors import IntegrityError
from appliednn.core.persistence import save
from appliednn.tabular import TabularEncoder

AUTO = {"categorical": "auto", "onehot_scaling": "robust", "max_onehot": 3}
SETTINGS = [
    AUTO,
    {**AUTO, "max_onehot": 0},
    {**AUTO, "numeric": "quantile", "max_categories": 2},
    {"onehot_scaling": "robust", "missing": "median"},
    {"categorical": "auto", "max_onehot": 3},
]
rng = np.random.default_rng(0)


def make_frame(n=61):
    pick = np.random.default_rng(n)
    frame = pd.DataFrame(
        {
            "many": pick.choice(list("uvwxyz"), n),
            "age": pick.normal(40, 10, n),
            "three": pick.choice(["ä", "b", "c"], n, p=[0.6, 0.3, 0.1]),
            "sex": pick.choice(["m", "f"], n, p=[0.7, 0.3]),
            "member": pick.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(pick.integers(0, 900, n), "D"),
        }
    )
    for name in ("many", "three", "sex", "age"):
        frame.loc[pick.random(n) < 0.1, name] = None
    return frame


FRAME = make_frame()


def outputs(encoder, X, name):
    return encoder.transform(X)[:, encoder.get_feature_names_out().tolist().index(name)]


def clipped(z):
    return z / np.sqrt(1 + (z / 3) ** 2)


@parametrize_with_checks(
    [TabularEncoder(**params) for params in SETTINGS],
    expected_failed_checks=lambda estimator: {},
)
def test_sklearn_common_checks(estimator, check):
    check(estimator)


def test_auto_makes_few_levels_columns_and_many_levels_codes():
    encoder = TabularEncoder(categorical="auto", max_onehot=3).fit(FRAME)
    names = encoder.get_feature_names_out().tolist()
    assert names[:3] == ["age", "member", "since_seconds"]
    indicators = ["age_missing", "three_missing", "sex_missing"]
    columns = ["three_b", "three_c", "three_ä", "sex_f", "sex_m"]
    assert names[-9:] == [*indicators, *columns, "many"]
    n_cyclic = len(names) - 12
    expected = {"value": 3, "cyclic": n_cyclic, "missing": 3, "onehot": 5, "code": 1}
    assert encoder.output_kinds_.tolist() == [k for k, n in expected.items() for _ in range(n)]
    assert encoder.n_values_ == 3 and encoder.cardinalities_ == [7]
    assert encoder.input_index_[-6:].tolist() == [2, 2, 2, 3, 3, 0]
    codes = TabularEncoder(categorical="embedding").fit(FRAME)
    np.testing.assert_array_equal(outputs(encoder, FRAME, "many"), outputs(codes, FRAME, "many"))
    onehot = TabularEncoder().fit(FRAME)
    for name in columns:
        np.testing.assert_array_equal(outputs(encoder, FRAME, name), outputs(onehot, FRAME, name))


@pytest.mark.parametrize(("max_onehot", "n_codes"), [(0, 3), (1, 3), (2, 2), (3, 1), (6, 0)])
def test_max_onehot_is_the_most_levels_of_onehot_columns(max_onehot, n_codes):
    encoder = TabularEncoder(categorical="auto", max_onehot=max_onehot).fit(FRAME)
    assert len(encoder.cardinalities_) == n_codes
    assert (encoder.output_kinds_ == "code").sum() == n_codes


def test_infrequent_levels_count_as_one_level():
    X = pd.DataFrame({"c": list("aaabbbccd")})
    new = pd.DataFrame({"c": ["a", "d", "c", "new", None]})
    for max_onehot, expected in (
        (3, [[1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0], [0, 0, 0]]),
        (2, [[1], [0], [0], [0], [0]]),
    ):
        encoder = TabularEncoder(categorical="auto", max_onehot=max_onehot, max_categories=2)
        assert encoder.fit(X).transform(new).tolist() == expected
    sign = TabularEncoder(onehot_scaling="robust", max_categories=1).fit(X)
    assert sign.get_feature_names_out().tolist() == ["c_a"]
    # 3 of 9 rows are 1, 6 are -1: the median is -1, the quartiles -1 and 1
    np.testing.assert_allclose(
        sign.transform(new)[:, 0], clipped(np.array([1.0, 0.0, 0.0, 0.5, 0.5])), rtol=1e-6
    )


def test_two_levels_become_one_column():
    # n = 4 k + 1: the quartiles of scikit-learn's definition fall on the same rows as ours
    levels = np.repeat(["b", "a", None], [12, 20, 5])
    X = pd.DataFrame({"c": levels})
    encoder = TabularEncoder(onehot_scaling="robust", missing="median").fit(X)
    assert encoder.get_feature_names_out().tolist() == ["c_a"]
    assert encoder.output_kinds_.tolist() == ["onehot"] and encoder.n_values_ == 0
    raw = np.repeat([[-1.0], [1.0], [0.0]], [12, 20, 5], axis=0)
    expected = clipped(RobustScaler().fit_transform(raw))
    np.testing.assert_allclose(encoder.transform(X), expected, rtol=1e-6)
    new = pd.DataFrame({"c": ["never seen", None]})
    np.testing.assert_allclose(encoder.transform(new), expected[[-1, -1]], rtol=1e-6)


def test_onehot_columns_are_scaled_like_numbers():
    levels = np.repeat(["a", "b", "c", None], [31, 17, 9, 8])
    X = pd.DataFrame({"c": levels})
    encoder = TabularEncoder(onehot_scaling="robust").fit(X)
    plain = OneHotEncoder(categories=[["a", "b", "c"]], handle_unknown="ignore")
    raw = plain.fit_transform(X).toarray()
    assert encoder.get_feature_names_out().tolist() == ["c_missing", "c_a", "c_b", "c_c"]
    out = encoder.transform(X)
    assert set(out[:, 0]) == {0.0, 1.0}
    scaled = RobustScaler().fit_transform(raw)
    scaled[:, 2] *= 2.0  # 9 of 65: no interquartile range, so half of the range is one unit
    np.testing.assert_allclose(out[:, 1:], clipped(scaled), rtol=1e-6)
    np.testing.assert_array_equal(out[:, 1:], TabularEncoder().fit_transform(raw))
    assert not encoder.numeric_mask_.any() and np.isnan(encoder.center_).all()


def test_one_level_and_no_level():
    X = pd.DataFrame({"same": ["a"] * 5, "gaps": ["a", "a", "a", None, "a"], "none": [None] * 5})
    for params in SETTINGS:
        encoder = TabularEncoder(**params).fit(X)
        assert encoder.kinds_ == ["category", "category", "empty"]
        new = pd.DataFrame({"same": ["a", "x"], "gaps": [None, "a"], "none": ["now", None]})
        out = encoder.transform(new)
        assert np.isfinite(out).all() and (outputs(encoder, new, "none") == 0).all()
    scaled = TabularEncoder(onehot_scaling="robust").fit(X)
    assert outputs(scaled, X, "same_a").tolist() == [0.0] * 5
    # 4 of 5 rows are 1: median 1, quartiles both 1, half the range 0.5
    expected = clipped(np.array([0.0, 0.0, 0.0, -2.0, 0.0]))
    np.testing.assert_allclose(outputs(scaled, X, "gaps_a"), expected, rtol=1e-6)


@pytest.mark.parametrize("params", SETTINGS)
def test_weights_are_repeated_rows_and_zero_is_removal(params):
    weights = rng.integers(0, 4, len(FRAME))
    weighted = TabularEncoder(**params).fit(FRAME, sample_weight=weights)
    repeated = TabularEncoder(**params).fit(FRAME.iloc[np.repeat(np.arange(len(FRAME)), weights)])
    for name in ("onehot_center_", "onehot_factor_", "output_kinds_", "landmarks_"):
        np.testing.assert_array_equal(getattr(weighted, name), getattr(repeated, name))
    np.testing.assert_array_equal(weighted.transform(FRAME), repeated.transform(FRAME))


@pytest.mark.parametrize("params", SETTINGS)
def test_sparse_rows_and_arrays_know_no_categories(params):
    dense = rng.poisson(0.7, size=(300, 3)).astype(float)
    encoder = TabularEncoder(**params).fit(sparse.csr_array(dense))
    plain = TabularEncoder(numeric=encoder.numeric).fit(dense)
    np.testing.assert_array_equal(
        encoder.transform(sparse.csr_array(dense)), plain.transform(dense)
    )
    assert set(encoder.output_kinds_) == {"value"} and encoder.n_values_ == 3
    mixed = TabularEncoder(**params).fit(FRAME[["sex", "three"]].to_numpy(dtype=object))
    named = TabularEncoder(**params).fit(FRAME[["sex", "three"]])
    np.testing.assert_array_equal(
        mixed.transform(FRAME[["sex", "three"]].to_numpy(dtype=object)),
        named.transform(FRAME[["sex", "three"]]),
    )


@pytest.mark.parametrize("params", [{}, *SETTINGS])
def test_few_rows_are_read_as_many_are(params):
    encoder = TabularEncoder(**params).fit(FRAME)
    odd = FRAME.iloc[:20].assign(
        three=pd.Categorical(["b"] * 19 + [None]),
        sex=[1, 1.0, True, "m", "f", None, np.nan, pd.NA, b"m", ("m",), ["m"], 2.5] + ["f"] * 8,
        many=np.float32(0.1),
        age=[str(k) for k in range(20)],
        member=[True, False, None, "true"] * 5,
    )
    for frame in (FRAME, odd):
        many = encoder.transform(pd.concat([frame] * 4, ignore_index=True))[: len(frame)]
        for rows in (1, 7):
            few = [
                encoder.transform(frame.iloc[start : start + rows])
                for start in range(0, len(frame), rows)
            ]
            np.testing.assert_array_equal(np.concatenate(few), many)


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.1, 2.0, 0.1], dtype=np.float32),
        pd.array([1, None, 3], dtype="Int64"),
        pd.array(["x", None, "y"], dtype="string"),
        pd.Categorical([1.0, None, 2.5]),
        pd.to_datetime(["2020-01-01 00:00", None, "2020-01-01 05:00"]),
        pd.to_timedelta(["1 days", None, "2 hours"]),
        pd.period_range("2020-01", periods=3, freq="M"),
        pd.array([True, None, False], dtype="boolean"),
        np.array([True, False, True]),
    ],
    ids=lambda values: str(values.dtype),
)
def test_a_category_is_found_by_its_text_in_every_dtype(values):
    texts = [str(v) for v in pd.Series(values).dropna()] + ["1", "2", "3"]
    encoder = TabularEncoder(categorical="embedding").fit(pd.DataFrame({"c": texts}))
    X = pd.DataFrame({"c": values})
    few = encoder.transform(X)
    many = encoder.transform(pd.concat([X] * 20, ignore_index=True))
    np.testing.assert_array_equal(many, np.tile(few, (20, 1)))
    np.testing.assert_array_equal(few[:, 0] == 0, pd.isna(values))


def test_numbers_and_booleans_of_a_frame_are_read_as_an_array_is():
    X = pd.DataFrame(rng.normal(size=(50, 6)), columns=list("abcdef"))
    X["b"], X["c"] = X["b"] > 0, (10 * X["c"]).astype("int8")
    X.loc[3, "d"] = np.nan
    encoder = TabularEncoder().fit(X)
    array = TabularEncoder().fit(X.to_numpy(dtype=float))
    theirs = array.transform(X.to_numpy(dtype=float))
    theirs[:, 1] = X["b"]  # the array cannot tell that these are booleans
    np.testing.assert_array_equal(encoder.transform(X), theirs)
    np.testing.assert_array_equal(encoder.transform(X.astype({"e": "Float64"})), theirs)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        encoder.transform(X.assign(f=np.inf))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        TabularEncoder(missing="error").fit(X.dropna()).transform(X)
    with pytest.raises(ValueError, match="same order"):
        encoder.transform(X[list("bacdef")])


@pytest.mark.parametrize("params", SETTINGS)
def test_state_pickle_and_model_file_round_trips(params, tmp_path):
    encoder = TabularEncoder(**params).fit(FRAME)
    described, arrays = encoder.to_state()
    again = TabularEncoder.from_state(json.loads(json.dumps(described)), arrays)
    loaded = appliednn.load(save(encoder, tmp_path / "e.ann"))
    for other in (again, loaded, pickle.loads(pickle.dumps(encoder))):
        np.testing.assert_array_equal(other.transform(FRAME), encoder.transform(FRAME))
        np.testing.assert_array_equal(other.output_kinds_, encoder.output_kinds_)
        assert other.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
        assert other.get_params() == encoder.get_params()
        assert other.n_values_ == encoder.n_values_


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("onehot_center_", np.zeros(3)),
        ("onehot_factor_", np.full(4, np.nan)),
        ("onehot_factor_", np.zeros(0)),
        ("categories_", [["u"], [], ["b", "c", "ä"], ["f", "m"], [], []]),
        ("categories_", [list("uvwxyz"), [], ["b", "b", "ä"], ["f", "m"], [], []]),
        ("categories_", [list("uvwxyz"), [], [], ["f", "m"], [], []]),
        ("categories_", [list("uvwxyz"), ["a"], ["b", "c", "ä"], ["f", "m"], [], []]),
        ("infrequent_", [[], [], [], ["zz"], [], []]),
        ("params", {"onehot_scaling": "robust"}),
        ("params", {"categorical": "auto"}),
        ("params", {"categorical": "auto", "max_onehot": -1}),
        ("params", {"onehot_scaling": "__import__"}),
    ],
)
def test_state_that_was_changed_is_refused(part, value):
    described, arrays = TabularEncoder(**AUTO).fit(FRAME).to_state()
    assert arrays["onehot_center_"].shape == (4,)
    if part in arrays:
        arrays = {**arrays, part: value}
    else:
        described = {**described, part: value}
    with pytest.raises(IntegrityError):
        TabularEncoder.from_state(described, arrays)


@pytest.mark.parametrize("shape", [(2, 1), (2, 1001), (1, 10), (2, 2, 5)])
def test_quantiles_that_were_changed_are_refused(shape):
    encoder = TabularEncoder(numeric="quantile").fit(FRAME[["age", "since"]])
    described, arrays = encoder.to_state()
    assert arrays["landmarks_"].shape == (2, 10)
    with pytest.raises(IntegrityError, match="quantiles of shape"):
        TabularEncoder.from_state(described, {**arrays, "landmarks_": np.zeros(shape)})


@pytest.mark.parametrize("params", [{}, {"categorical": "embedding", "numeric": "quantile"}])
def test_states_from_before_these_parameters_still_load(params):
    encoder = TabularEncoder(**params).fit(FRAME)
    described, arrays = encoder.to_state()
    later = {"max_onehot", "onehot_scaling"}
    described["params"] = {k: v for k, v in described["params"].items() if k not in later}
    arrays = {name: a for name, a in arrays.items() if not name.startswith("onehot_")}
    old = TabularEncoder.__new__(TabularEncoder)
    names = {*later, "onehot_center_", "onehot_factor_", "output_kinds_", "n_values_"}
    old.__setstate__({k: v for k, v in encoder.__getstate__().items() if k not in names})
    for again in (TabularEncoder.from_state(described, arrays), old):
        np.testing.assert_array_equal(again.transform(FRAME), encoder.transform(FRAME))
        assert again.get_params() == encoder.get_params()


def test_a_linear_model_reads_scaled_categories():
    X, y = make_frame(401), rng.random(401)
    y = (X["sex"] == "m").to_numpy() ^ (y < 0.05)
    model = make_pipeline(TabularEncoder(onehot_scaling="robust"), LogisticRegression())
    assert model.fit(X, y).score(X, y) > 0.85
