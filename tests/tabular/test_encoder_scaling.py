import numpy as np
import pytest
from scipy import sparse
from scipy.stats import norm
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.stats import _weighted_percentile

from appliednn.tabular import TabularEncoder
from appliednn.tabular.encoder._scaling import weighted_quantiles

METHODS = ["robust", "standard", "minmax", "quantile", "passthrough"]
rng = np.random.default_rng(0)
X = rng.normal(size=(201, 4)) * [1.0, 100.0, 1e-3, 5.0] + [0.0, 1e6, 0.0, -3.0]


@parametrize_with_checks(
    [
        TabularEncoder(),
        TabularEncoder(numeric="quantile"),
        TabularEncoder(missing="error"),
        TabularEncoder(categorical="auto", onehot_scaling="robust", max_onehot=3),
    ],
    expected_failed_checks=lambda estimator: {},
)
def test_sklearn_common_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("q", [0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
def test_weighted_quantiles_match_scikit_learn(q):
    values, weights = rng.integers(0, 20, 50).astype(float), rng.integers(1, 4, 50).astype(float)
    expected = _weighted_percentile(values, weights, 100 * q, average=True)
    assert weighted_quantiles(values, np.array([q]), weights)[0] == expected
    repeated = np.repeat(values, weights.astype(int))
    assert weighted_quantiles(repeated, np.array([q]))[0] == expected
    by_numpy = np.quantile(repeated, q, method="averaged_inverted_cdf")
    assert weighted_quantiles(repeated, np.array([q]))[0] == by_numpy


def test_standard_and_minmax_match_scikit_learn():
    for name, scaler in (("standard", StandardScaler()), ("minmax", MinMaxScaler())):
        ours = TabularEncoder(numeric=name).fit_transform(X)
        np.testing.assert_allclose(ours, scaler.fit_transform(X), rtol=2e-6, atol=2e-6)


def test_robust_is_scikit_learns_followed_by_the_smooth_clip():
    # 201 rows: both definitions of the quartiles fall on the same rows
    encoder = TabularEncoder().fit(X)
    z = RobustScaler().fit_transform(X)
    np.testing.assert_allclose(encoder.transform(X), z / np.sqrt(1 + (z / 3) ** 2), rtol=0.05)
    low, mid, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0, method="averaged_inverted_cdf")
    np.testing.assert_array_equal(encoder.center_, mid)
    np.testing.assert_allclose(encoder.scale_, high - low, rtol=1e-14)


@pytest.mark.parametrize("n", [100, 301, 3000])
def test_quantile_follows_scikit_learns_transformer(n):
    # as many quantiles as "Revisiting Deep Learning Models for Tabular Data" takes
    data = np.random.default_rng(1).normal(size=(n, 3)) ** 3
    new = np.random.default_rng(2).normal(size=(500, 3)) ** 3
    count = max(min(n // 30, 1000), 10)
    ours = TabularEncoder(numeric="quantile").fit(data)
    theirs = QuantileTransformer(n_quantiles=count, output_distribution="normal").fit(data)
    for rows in (data, new):
        expected = theirs.transform(rows)
        inner = np.abs(expected) < 2
        np.testing.assert_allclose(ours.transform(rows)[inner], expected[inner], atol=0.04)
        np.testing.assert_allclose(ours.transform(rows)[~inner], expected[~inner], atol=0.3)


def test_quantile_of_few_values():
    # no more quantiles than rows; equal values take the middle of their ranks; constants give 0
    encoder = TabularEncoder(numeric="quantile").fit([[0.0, 5.0], [1.0, 5.0]])
    assert encoder.transform([[0.5, 5.0], [0.5, 9.0]]).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    halves = np.repeat([[0.0], [1.0]], 300, axis=0)
    out = TabularEncoder(numeric="quantile").fit_transform(halves)
    np.testing.assert_allclose(np.unique(out), norm.ppf([0.25, 0.75]), atol=0.05)


def test_number_of_quantiles_counts_whole_weights_and_no_others():
    data = np.random.default_rng(0).normal(size=(90, 1))
    counts = np.tile([0, 4, 11], 30)
    weighted = TabularEncoder(numeric="quantile").fit(data, sample_weight=counts)
    repeated = TabularEncoder(numeric="quantile").fit(np.repeat(data, counts, axis=0))
    assert weighted.landmarks_.shape == repeated.landmarks_.shape == (1, 15)
    np.testing.assert_array_equal(weighted.landmarks_, repeated.landmarks_)
    for scale in (1e-3, 1.1):
        scaled = TabularEncoder(numeric="quantile").fit(data, sample_weight=(counts + 0.5) * scale)
        assert scaled.landmarks_.shape == (1, 10)


def test_fall_backs_of_the_robust_scale():
    # IQR 0, range 4: half the range; constant: 0; closed form of the smooth clip
    X = np.array([[0.0, 7.0], [0.0, 7.0], [0.0, 7.0], [0.0, 7.0], [4.0, 7.0]])
    encoder = TabularEncoder().fit(X)
    assert encoder.scale_.tolist() == [2.0, 0.0]
    out = encoder.transform([[4.0, 8.0]])
    assert out[0, 0] == pytest.approx(2 / np.sqrt(1 + 4 / 9), rel=1e-6)
    assert out[0, 1] == 0.0
    assert encoder.numeric_mask_.tolist() == [True, False]


def test_scale_tells_a_small_eps_in_raw_units():
    encoder = TabularEncoder().fit(X)
    eps = 1e-3
    moved = encoder.transform(encoder.center_[None] + eps * encoder.scale_)
    np.testing.assert_allclose(moved[0], eps, rtol=1e-3)
    assert [d["name"] for d in encoder.scale_info()] == ["x0", "x1", "x2", "x3"]


@pytest.mark.parametrize("numeric", METHODS)
def test_integer_weights_are_repeated_rows_and_zero_is_removal(numeric):
    data = X.copy()
    data[::5, 1] = np.nan
    weights = rng.integers(0, 4, len(data))
    weighted = TabularEncoder(numeric=numeric).fit(data, sample_weight=weights)
    repeated = TabularEncoder(numeric=numeric).fit(np.repeat(data, weights, axis=0))
    np.testing.assert_allclose(weighted.transform(data), repeated.transform(data), rtol=1e-6)
    if numeric != "standard":  # sums in another order: equal to rounding only
        np.testing.assert_array_equal(weighted.center_, repeated.center_)
    as_sparse = TabularEncoder(numeric=numeric).fit(sparse.csc_array(data), sample_weight=weights)
    np.testing.assert_allclose(as_sparse.transform(data), repeated.transform(data), rtol=1e-6)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.coo_array, sparse.csc_array])
def test_sparse_input_gives_the_dense_result(kind):
    dense = rng.poisson(0.7, size=(5000, 3)).astype(float)
    ours = TabularEncoder().fit(kind(dense))
    np.testing.assert_array_equal(
        ours.transform(kind(dense)), TabularEncoder().fit(dense).transform(dense)
    )
    assert ours.transform(kind(dense)).flags.c_contiguous


@pytest.mark.parametrize("numeric", METHODS)
def test_plain_path_gives_the_bits_of_the_checked_path(numeric):
    gaps = X.copy()
    gaps[::3, 1] = gaps[1::4, 2] = np.nan
    encoder = TabularEncoder(numeric=numeric).fit(gaps)
    many = np.tile(gaps, (60, 1))
    for rows in (X, X[:1], X.astype(np.float32), np.asfortranarray(X), gaps, gaps[:1], many):
        fast = encoder.transform(rows)
        encoder._plain, kept = None, encoder._plain
        np.testing.assert_array_equal(fast, encoder.transform(rows))
        encoder._plain = kept


def test_extreme_values_stay_finite():
    encoder = TabularEncoder().fit(X)
    huge = np.array([[1e308, -1e308, 1e308, 3e38], [1e300, 0, 0, 0]])
    out = encoder.transform(huge)
    assert np.isfinite(out).all()
    assert out[0, 0] == pytest.approx(3.0)
    wide = TabularEncoder(numeric="standard").fit([[-1e308], [1e308]])
    assert np.isfinite(wide.transform([[1e308]])).all()


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinity_is_refused_in_scikit_learns_words(bad):
    encoder = TabularEncoder().fit(X)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        encoder.transform([[bad, 0.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="Input X contains infinity"):
        encoder.transform(np.array([[0.0, bad, 0.0, 0.0]]))
    with pytest.raises(ValueError, match="Input X contains infinity"):
        TabularEncoder().fit([[bad], [1.0]])


def test_missing_numbers():
    data = np.array([[1.0, np.nan, np.nan], [2.0, np.nan, 5.0], [4.0, np.nan, 9.0]])
    encoder = TabularEncoder().fit(data)
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1", "x2", "x2_missing"]
    out = encoder.transform([[np.nan, 3.0, np.nan]])
    np.testing.assert_array_equal(out, [[0.0, 0.0, 0.0, 1.0]])
    assert TabularEncoder(missing="median").fit(data).n_features_out_ == 3
    with pytest.raises(ValueError, match="Input X contains NaN"):
        TabularEncoder(missing="error").fit(data)
