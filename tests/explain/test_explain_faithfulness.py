"""The tests of explanations: right ones pass, each kind of wrong one gets the stamp."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import appliednn
from appliednn.explain import (
    DO_NOT_RELY,
    FramePool,
    faithfulness,
    lime_values,
    make_pool,
    shap_values,
)
from appliednn.explain._faithfulness import Removal

ROWS, BACKGROUND = np.arange(30), np.arange(30, 120)


@pytest.fixture(scope="module")
def linear():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(120, 6)), columns=list("abcdef"))
    y = X.to_numpy() @ [3, -2, 1, 0.5, 0, 0] + rng.logistic(size=120) > 0
    return make_pool(LogisticRegression().fit(X, y), X)


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(120, 6)), columns=list("abcdef"))
    y = (X["a"] - X["b"] + 0.5 * X["c"] > 0).astype(int)
    return make_pool(appliednn.MLPClassifier((16,), epochs=30, random_state=0).fit(X, y), X)


def aims(pool):
    return pool.scores(pool.whole(ROWS)).argmax(axis=1)


def judged(method, pool):
    return faithfulness(method, pool, ROWS, BACKGROUND, aims(pool))


def failed(outcome):
    return {t.key for t in outcome.failed}


def changed(change):
    """Return SHAP with its values changed by ``change(values, rng)``."""

    def method(pool, rows, background, target, seed=0):
        made = shap_values(pool, rows, background, target, seed=seed)
        return replace(made, values=change(made.values, np.random.default_rng(seed)))

    return method


def test_exact_values_of_a_linear_model_are_reliable(linear):
    for method in (shap_values, lime_values):
        outcome = judged(method, linear)
        assert outcome.verdict == "reliable"
        assert {t.key for t in outcome.tests if t.passed is None} == {"randomisation_likeness"}
    told = {t.key: t for t in outcome.tests}["randomisation_likeness"]
    assert "only a network" in told.estimate.reason


def test_random_attributions_get_the_stamp(linear, network):
    noise = changed(lambda values, rng: rng.normal(size=values.shape))
    for pool in (linear, network):
        outcome = judged(noise, pool)
        assert outcome.verdict == DO_NOT_RELY
        assert {"seed_stability", "completeness_gap"} <= failed(outcome)
        assert {"deletion_gain", "insertion_gain"} & failed(outcome)


def test_random_attributions_hardly_ever_beat_chance(linear):
    passed = 0
    made = shap_values(linear, ROWS, BACKGROUND, aims(linear))
    for seed in range(40):
        fixed = replace(made, values=np.random.default_rng(seed).normal(size=(30, 6)))

        def method(*args, seed=0, fixed=fixed):
            return fixed

        outcome = faithfulness(method, linear, ROWS, BACKGROUND, aims(linear), seed=seed)
        passed += not {"deletion_gain", "insertion_gain"} & failed(outcome)
    assert passed <= 3


def test_the_wrong_sign_and_missing_parts_are_noticed(linear):
    assert failed(judged(changed(lambda v, rng: -v), linear)) == {
        "deletion_gain",
        "insertion_gain",
        "completeness_gap",
    }
    assert failed(judged(changed(lambda v, rng: 0.8 * v), linear)) == {"completeness_gap"}


def test_a_network_passes_and_an_explanation_of_the_data_alone_does_not(network):
    outcome = judged(shap_values, network)
    assert outcome.verdict == "reliable"
    assert all(t.passed for t in outcome.tests)
    weights = np.array([1, -1, 0.5, 0, 0, 0])

    def of_the_data(pool, rows, background, target, seed=0):
        """Attributions that never ask the network: what a regression of the labels would say."""
        made = shap_values(pool, rows, background, target, seed=seed)
        sign = np.where(target == 1, 1, -1)[:, None]
        return replace(made, values=sign * pool.frame.iloc[rows].to_numpy() * weights)

    assert "randomisation_likeness" in failed(judged(of_the_data, network))


def test_the_area_under_deletion_has_its_closed_form():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(40, 4)))
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    pool = FramePool(X, lambda rows: rows.to_numpy() @ weights, "points")
    rows, zeros = np.arange(10), np.zeros(10, int)
    removal = Removal(pool, rows, np.arange(10, 40), zeros, n_removal=30, seed=0)
    phi = weights * (X.to_numpy()[:10] - X.to_numpy()[10:].mean(axis=0))
    order = np.argsort(-phi, axis=1)
    ranked = np.take_along_axis(phi, order, axis=1)
    full = X.to_numpy()[:10] @ weights
    expected = np.mean([full - ranked[:, :k].sum(axis=1) for k in (1, 2, 3)], axis=0)
    np.testing.assert_allclose(removal.area(phi), expected)


def test_too_few_rows_and_one_feature_are_not_tested(linear):
    few = faithfulness(shap_values, linear, ROWS[:5], BACKGROUND, aims(linear)[:5])
    assert few.verdict == "not tested"
    assert "5 rows; it takes 10" in few.tests[0].estimate.reason
    single = FramePool(linear.frame[["a"]], lambda X: X["a"], "points")
    one = faithfulness(shap_values, single, ROWS, BACKGROUND, np.zeros(30, int))
    assert one.verdict == "not tested"
    assert "one feature" in one.tests[0].estimate.reason
