"""SHAP values against closed forms, and what must hold for any model."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import appliednn
from appliednn.explain import FramePool, NetworkPool, make_pool, row_correlations, shap_values

ROWS, BACKGROUND = np.arange(6), np.arange(6, 30)


class Polynomial:
    """f(z) = 3 z0 - z1 + z0 z2, with its gradient."""

    unit, differentiable = "points", True

    def scores(self, Z):
        Z = Z.astype(float)
        return (3 * Z[:, 0] - Z[:, 1] + Z[:, 0] * Z[:, 2])[:, None]

    def gradient(self, Z, target):
        return np.column_stack([3 + Z[:, 2], -np.ones(len(Z)), Z[:, 0]])


@pytest.fixture
def numbers():
    return pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc"))


@pytest.fixture(scope="module")
def network(mixed_frame):
    X, y = mixed_frame
    return appliednn.MLPClassifier((16,), epochs=6, random_state=0).fit(X, y)


def targets(pool, rows):
    return pool.scores(pool.whole(rows)).argmax(axis=1)


def test_linear_models_have_their_closed_form(numbers):
    y = (numbers["a"] - numbers["b"] > 0).astype(int)
    logistic = LogisticRegression().fit(numbers, y)
    linear = LinearRegression().fit(numbers, numbers["a"] * 2 - numbers["c"])
    mean = numbers.iloc[BACKGROUND].mean().to_numpy()
    away = numbers.iloc[ROWS].to_numpy() - mean
    for model, weights, target in ((logistic, logistic.coef_[0], 1), (linear, linear.coef_, 0)):
        pool = make_pool(model, numbers)
        found = shap_values(pool, ROWS, BACKGROUND, np.full(6, target))
        np.testing.assert_allclose(found.values, weights * away, atol=1e-10)
        assert found.completeness_gap() < 1e-10
    other = shap_values(make_pool(logistic, numbers), ROWS, BACKGROUND, np.zeros(6, int))
    np.testing.assert_allclose(other.values, -logistic.coef_[0] * away, atol=1e-10)


def test_expected_gradients_share_a_product_evenly(numbers):
    pool = NetworkPool(numbers, numbers.to_numpy(), np.arange(3), Polynomial())
    found = shap_values(pool, ROWS, BACKGROUND, np.zeros(6, int))
    x, b = numbers.to_numpy()[ROWS][:, None], numbers.to_numpy()[BACKGROUND][None]
    step, middle = x - b, (x + b) / 2
    first = (3 + middle[:, :, 2]) * step[:, :, 0]
    third = middle[:, :, 0] * step[:, :, 2]
    expected = np.stack([first, -step[:, :, 1], third], axis=2).mean(axis=1)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


def test_columns_of_one_feature_are_summed(numbers):
    source = np.array([0, 1, 1])
    pool = NetworkPool(numbers[["a", "b"]], numbers.to_numpy(), source, Polynomial())
    alone = NetworkPool(numbers, numbers.to_numpy(), np.arange(3), Polynomial())
    both, each = (shap_values(p, ROWS, BACKGROUND, np.zeros(6, int)) for p in (pool, alone))
    summed = np.column_stack([each.values[:, 0], each.values[:, 1:].sum(axis=1)])
    np.testing.assert_allclose(both.values, summed, atol=1e-9)


def test_a_network_is_differentiated_and_agrees_with_permutations(network, mixed_frame):
    frame = mixed_frame[0].iloc[:60].reset_index(drop=True)
    pool, background = make_pool(network, frame), np.arange(20, 50)
    rows = np.arange(20)
    aims = targets(pool, rows)
    fast = shap_values(pool, rows, background, aims, n_steps=32)
    assert "gradients" in fast.how
    assert fast.completeness_gap() < 0.02
    slow = shap_values(
        FramePool(frame, lambda X: network.decision_function(X), "log-odds"),
        rows,
        background,
        np.zeros(20, int),
    )
    signed = slow.values * np.where(aims == 1, 1, -1)[:, None]
    assert np.abs(signed - fast.values).mean() < 0.35 * np.abs(signed).mean()
    assert row_correlations(signed, fast.values).mean() > 0.85


def test_mixing_before_or_after_encoding_is_the_same(network, mixed_frame):
    frame = mixed_frame[0].iloc[:50].reset_index(drop=True)
    pool = make_pool(network, frame)
    raw = FramePool(frame, network.decision_function, "log-odds")
    index = np.random.default_rng(1).integers(0, 50, (80, frame.shape[1]))
    np.testing.assert_allclose(pool.scores(index)[:, 1], raw.scores(index)[:, 0], atol=1e-4)


def test_gradients_of_log_odds_match_differences():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(120, 3))
    y = rng.choice(["a", "b", "c"], 120)
    model = appliednn.MLPClassifier((8,), activation="tanh", epochs=3, random_state=0).fit(X, y)
    pool = make_pool(model, pd.DataFrame(X))
    aim = np.array([0, 1, 2, 2])
    at = pool.Z[:4].astype(np.float64)
    slope = pool.head.gradient(at.astype(np.float32), aim)
    for j in range(3):
        step = np.zeros(at.shape)
        step[:, j] = 1e-2
        ends = [
            pool.head.scores((at + s * step).astype(np.float32))[np.arange(4), aim]
            for s in (1, -1)
        ]
        np.testing.assert_allclose(slope[:, j], (ends[0] - ends[1]) / 2e-2, atol=2e-3)
    p = model.predict_proba(X[:4])
    expected = np.log(p / (1 - p))
    np.testing.assert_allclose(pool.head.scores(pool.Z[:4]), expected, atol=1e-4)


def test_mixed_columns_with_gaps_add_up_for_any_model(mixed_frame):
    frame, y = mixed_frame
    frame = frame[["age", "income", "city", "grade", "member"]]
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["city", "grade"]), remainder="passthrough"
    )
    model = make_pipeline(encode, HistGradientBoostingClassifier(max_iter=10)).fit(frame, y)
    pool = make_pool(model, frame.iloc[:60].reset_index(drop=True))
    found = shap_values(pool, np.arange(10), np.arange(10, 40), targets(pool, np.arange(10)))
    assert found.completeness_gap() < 1e-9
    assert np.abs(found.values).mean(axis=0).argmax() in (0, 2)  # age and city make the label
    np.testing.assert_allclose(
        found.values[:, [3, 4]].mean(), 0, atol=0.1 * np.abs(found.values).max()
    )


def test_seeds_repeat_and_the_global_generator_is_left_alone(numbers):
    model = HistGradientBoostingClassifier(max_iter=5).fit(numbers, numbers["a"] > 0)
    pool = make_pool(model, numbers)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (
        shap_values(pool, ROWS, BACKGROUND, np.zeros(6, int), seed=s, n_background=8).values
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0


def test_one_feature_and_constant_features_are_explained(numbers):
    single = numbers[["a"]]
    model = LinearRegression().fit(single, 2 * single["a"])
    found = shap_values(make_pool(model, single), ROWS, BACKGROUND, np.zeros(6, int))
    mean = single.iloc[BACKGROUND].mean().to_numpy()
    np.testing.assert_allclose(found.values, 2 * (single.iloc[ROWS].to_numpy() - mean), atol=1e-9)
    flat = numbers.assign(c=1.0)
    model = LinearRegression().fit(flat, flat["a"])
    found = shap_values(make_pool(model, flat), ROWS, BACKGROUND, np.zeros(6, int))
    np.testing.assert_array_equal(found.values[:, 2], 0)


def test_a_network_that_embeds_categories_takes_permutations(mixed_frame):
    frame, y = mixed_frame
    model = appliednn.MLPClassifier((8,), epochs=2, categorical="embedding", random_state=0)
    pool = make_pool(model.fit(frame, y), frame.iloc[:40].reset_index(drop=True))
    found = shap_values(pool, ROWS, BACKGROUND, targets(pool, ROWS))
    assert isinstance(pool, NetworkPool)
    assert "permutations" in found.how
    assert found.completeness_gap() < 1e-4
