"""Off-policy estimators against values that are known exactly."""

import itertools
import json
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor

from appliednn.reinforcement import compare_policies, off_policy_value
from appliednn.reinforcement.offline._reward_model import RidgeCrossFit
from appliednn.reinforcement.offline._value_intervals import hall_interval, normal_interval

ACTIONS = np.array(["a", "b", "c"])
CORNERS = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
METHODS = ("ips", "snips", "dm", "dr", "switch", "switch-dr")


@pytest.fixture(scope="module")
def process():
    """Mean rewards, the log's policy and the one asked for: in eight corners, each (8, 3)."""
    rng = np.random.default_rng(1)
    means = CORNERS @ rng.normal(0, 0.6, (3, 3)) + [0.2, 0.5, 0.8]
    policies = []
    for slope in (0.4, -0.4):
        odds = np.exp(slope * means + CORNERS @ rng.normal(0, 0.3, (3, 3)))
        policies.append(odds / odds.sum(axis=1, keepdims=True))
    return means, *policies


def draw(process, n, seed, noise=1.0):
    """Return the policy asked for and a log of n decisions."""
    means, logging, target = process
    rng = np.random.default_rng([seed, 2])
    corner = rng.integers(0, 8, n)
    code = (rng.random((n, 1)) > np.cumsum(logging[corner], axis=1)[:, :-1]).sum(axis=1)
    rewards = means[corner, code] + noise * rng.normal(size=n)
    return target[corner], ACTIONS[code], rewards, logging[corner], CORNERS[corner]


def everything(process):
    """Return a log that holds each corner and action as often as the log's policy takes it.

    Without noise, an estimator's value on it is its expectation.
    """
    means, logging, target = process
    counts = np.maximum(1, np.round(logging * 2000)).astype(int)
    corner, code = (np.repeat(part.ravel(), counts.ravel()) for part in np.indices((8, 3)))
    exact = counts / counts.sum(axis=1, keepdims=True)
    weight = counts.sum(axis=1) / counts.sum()  # of the corners
    truth = float((weight * (target * means).sum(axis=1)).sum())
    return truth, (
        target[corner],
        ACTIONS[code],
        means[corner, code],
        exact[corner],
        CORNERS[corner],
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_expectation_of_every_estimator_is_the_true_value(process, method):
    truth, log = everything(process)
    result = off_policy_value(
        *log, method=method, n_boot=2, reward_model=DecisionTreeRegressor(random_state=0)
    )
    assert result.value == pytest.approx(truth, abs=1e-9)
    assert result.mean_weight == pytest.approx(1.0, abs=1e-12)


def test_values_are_those_of_the_formulas(process):
    target, actions, rewards, logging, X = draw(process, 200, 0)
    code, rows = np.searchsorted(ACTIONS, actions), np.arange(200)
    w = target[rows, code] / logging[rows, code]
    q = np.random.default_rng(0).normal(size=(200, 3))
    every = target / logging
    cut = np.minimum(w, 1.5)
    small = w <= 1.2
    expected = {
        ("ips", ()): (w * rewards).mean(),
        ("ips", ("clip",)): (cut * rewards).mean(),
        ("snips", ()): (w * rewards).sum() / w.sum(),
        ("dm", ()): (target * q).sum(axis=1).mean(),
        ("dr", ()): ((target * q).sum(axis=1) + w * (rewards - q[rows, code])).mean(),
        ("switch", ()): (w * rewards * small + (target * q * (every > 1.2)).sum(axis=1)).mean(),
    }
    for (method, options), value in expected.items():
        more = {"clip": 1.5} if options else {}
        result = off_policy_value(
            target,
            actions,
            rewards,
            logging,
            method=method,
            reward_model=q,
            threshold=1.2,
            n_boot=2,
            **more,
        )
        assert result.value == pytest.approx(value, rel=1e-12), method
    assert result.effective_n == pytest.approx(w.sum() ** 2 / (w**2).sum())


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_the_true_value_about_as_often_as_they_say(process, method):
    means, _, target = process
    truth = float((target * means).sum(axis=1).mean())
    runs = 40
    held = 0
    for seed in range(runs):
        low, high = off_policy_value(*draw(process, 300, seed), method=method, n_boot=60).ci
        held += low <= truth <= high
    # Few bootstrap samples cost a little coverage: tails of one in a thousand around 0.93, 0.97.
    assert stats.binom.ppf(0.001, runs, 0.93) <= held <= stats.binom.ppf(0.999, runs, 0.97)


def test_correction_for_skewness_moves_the_interval_to_where_the_mean_is():
    """Of exponential numbers: both sides are missed alike, and less often than without."""
    samples = np.random.default_rng(0).exponential(1.0, (1500, 60))
    misses = {}
    for interval in (hall_interval, normal_interval):
        ends = np.array([interval(sample, 0.95) for sample in samples])
        misses[interval] = (ends[:, 0] > 1).mean(), (ends[:, 1] < 1).mean()
    assert max(misses[hall_interval]) < 0.042 < 0.05 < max(misses[normal_interval])
    assert sum(misses[hall_interval]) < sum(misses[normal_interval])
    even = np.array([0.0, 1.0] * 30)
    assert hall_interval(even, 0.95) == pytest.approx(normal_interval(even, 0.95))


def test_bernstein_holds_more_often_than_it_says_and_needs_its_bounds(process):
    target, actions, rewards, logging, X = draw(process, 300, 0, noise=0.0)
    clip = float((process[2] / process[1]).max())
    options = {"interval": "bernstein", "clip": clip, "reward_range": (-3, 4)}
    truth = float((process[2] * process[0]).sum(axis=1).mean())
    for method in ("ips", "dr"):
        bound = off_policy_value(target, actions, rewards, logging, X, method=method, **options)
        assert bound.ci[0] < truth < bound.ci[1]
        normal = off_policy_value(target, actions, rewards, logging, X, method=method)
        assert np.ptp(bound.ci) > np.ptp(normal.ci)
    with pytest.raises(ValueError, match="method='ips' or 'dr'"):
        off_policy_value(target, actions, rewards, logging, X, method="snips", **options)
    with pytest.raises(ValueError, match="needs clip="):
        off_policy_value(target, actions, rewards, logging, X, interval="bernstein")
    with pytest.raises(ValueError, match="rewards lie in"):
        off_policy_value(
            target, actions, rewards, logging, X, **{**options, "reward_range": (0, 1)}
        )


def test_a_good_model_lowers_the_error_of_doubly_robust(process):
    log = draw(process, 500, 3, noise=0.3)
    ips, dr = (off_policy_value(*log, method=m) for m in ("ips", "dr"))
    assert dr.standard_error < 0.6 * ips.standard_error


def test_a_wrong_model_leaves_doubly_robust_right_and_the_direct_method_wrong(process):
    truth, log = everything(process)
    wrong = np.full((len(log[1]), 3), 5.0)
    assert off_policy_value(*log, reward_model=wrong).value == pytest.approx(truth, abs=1e-9)
    direct = off_policy_value(*log, method="dm", reward_model=wrong, n_boot=2)
    assert direct.value == pytest.approx(5.0)


def test_wrong_propensities_leave_doubly_robust_right_if_the_model_is(process):
    truth, (target, actions, rewards, logging, X) = everything(process)
    even = np.full_like(logging, 1 / 3)
    right = np.repeat(process[0][None], 1, axis=0)[0]
    corner = ((X + 1) / 2 @ [4, 2, 1]).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = off_policy_value(target, actions, rewards, even, reward_model=right[corner])
    assert result.value == pytest.approx(truth, abs=1e-9)


def test_the_log_itself_is_the_value_of_its_own_policy(process):
    _, actions, rewards, logging, X = draw(process, 400, 1)
    for method in ("ips", "snips"):
        result = off_policy_value(logging, actions, rewards, logging, X, method=method)
        assert result.value == pytest.approx(rewards.mean(), rel=1e-12)
        assert result.effective_n == pytest.approx(400)


@pytest.mark.parametrize("kind", ["estimator", "labels", "function", "one label"])
def test_a_policy_may_be_given_in_several_ways(process, kind):
    _, actions, rewards, logging, X = draw(process, 300, 2)
    model = LogisticRegression().fit(X, actions)
    policy, matrix = {
        "estimator": (model, model.predict_proba(X)),
        "labels": (model.predict(X), model.predict(X)[:, None] == ACTIONS),
        "function": (model.predict, model.predict(X)[:, None] == ACTIONS),
        "one label": ("b", np.tile(ACTIONS == "b", (300, 1))),
    }[kind]
    found, expected = (
        off_policy_value(p, actions, rewards, logging, X).value
        for p in (policy, np.asarray(matrix, dtype=float))
    )
    assert found == pytest.approx(expected, rel=1e-12)


def test_pairs_make_the_difference_of_like_policies_sharp(process):
    target, actions, rewards, logging, X = draw(process, 500, 4)
    like = 0.9 * target + 0.1 / 3
    for method in ("dr", "dm"):
        shown = compare_policies(
            {"old": target, "new": like},
            actions,
            rewards,
            logging,
            X,
            baseline="old",
            method=method,
        )
        new, difference = shown.values["new"], shown.differences["new"]
        assert difference.value == pytest.approx(new.value - shown.values["old"].value)
        assert np.ptp(difference.ci) < 0.3 * np.ptp(new.ci)
    assert shown.values["logged"].value == pytest.approx(rewards.mean())
    assert shown.to_frame().index.tolist() == ["old", "new", "logged"]
    json.dumps(shown.to_dict())


def test_differences_hold_the_true_difference(process):
    means, logging, target = process
    truth = float(((target - logging) * means).sum(axis=1).mean())
    held = 0
    for seed in range(60):
        own, actions, rewards, probability, X = draw(process, 300, seed)
        shown = compare_policies({"new": own}, actions, rewards, probability, X, n_boot=60)
        low, high = shown.differences["new"].ci
        held += low <= truth <= high
    assert stats.binom.ppf(0.001, 60, 0.93) <= held


def test_what_the_log_never_shows_is_warned_of(process):
    _, actions, rewards, logging, X = draw(process, 300, 5)
    kept = actions != "c"
    own = (actions[kept], rewards[kept], logging[kept][:, :2].sum(axis=1) / 2, X[kept])
    with pytest.warns(UserWarning, match="never shows"):
        result = off_policy_value(
            np.full((kept.sum(), 3), 1 / 3), *own, method="ips", labels=ACTIONS
        )
    assert result.unsupported == pytest.approx(1 / 3)


def test_propensities_that_do_not_fit_are_warned_of(process):
    target, actions, rewards, logging, X = draw(process, 1000, 6)
    own = logging[np.arange(1000), np.searchsorted(ACTIONS, actions)]
    with pytest.warns(UserWarning, match="check the propensities"):
        off_policy_value(target, actions, rewards, own / 2, X)


def test_a_value_that_rests_on_few_decisions_is_warned_of():
    actions, propensity = ["a"] * 97 + ["b"] * 3, [0.97] * 97 + [0.03] * 3
    with pytest.warns(UserWarning, match="effective sample of 3 decisions"):
        off_policy_value("b", actions, np.ones(100), propensity, method="snips")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"propensity": None}, "needs propensity"),
        ({"method": "switch"}, "every action"),
        ({"X": None}, "give X"),
        ({"policy": np.full((300, 2), 0.5)}, "a column for each"),
        ({"policy": np.full((300, 3), 0.5)}, "sum 1"),
        ({"policy": "d"}, "not among the known actions"),
        ({"policy": np.array(["a"] * 299)}, "299 rows"),
        ({"reward_model": np.zeros((300, 2))}, "reward_model has shape"),
        ({"method": "best"}, "'method' parameter"),
    ],
)
def test_what_cannot_be_estimated_is_said(process, options, message):
    target, actions, rewards, logging, X = draw(process, 300, 7)
    own = logging[np.arange(300), np.searchsorted(ACTIONS, actions)]
    given = {"policy": target, "propensity": own, "X": X, **options}
    with pytest.raises(ValueError, match=message):
        off_policy_value(actions=actions, rewards=rewards, **given)


def test_any_regressor_models_the_reward_of_rows_it_has_not_seen(process):
    log = draw(process, 300, 8)
    own = off_policy_value(*log, method="dm", n_boot=2, reward_model=LinearRegression())
    assert own.value == pytest.approx(
        off_policy_value(*log, method="dm", n_boot=2).value, abs=0.02
    )
    memory = off_policy_value(*log, reward_model=DecisionTreeRegressor(random_state=0))
    assert abs(memory.value - own.value) < 3 * memory.standard_error


def test_the_model_by_default_is_ridge_regression_of_the_other_folds(process):
    """Also on a bootstrap sample, and for an action that a fold's other rows lack."""
    target, actions, rewards, logging, X = draw(process, 200, 10)
    rng = np.random.default_rng(0)
    codes, folds = np.searchsorted(ACTIONS, actions), rng.permutation(200) % 4
    Z = X + rng.normal(0, 0.5, X.shape)
    codes[codes == 2] = 0
    codes[folds == 1] = np.where(rng.random(50) < 0.3, 2, codes[folds == 1])
    for rows in (np.arange(200), rng.integers(0, 200, 200)):
        found = RidgeCrossFit(Z, codes, rewards, 3, folds).predict(rows)
        for fold in range(4):
            train, held = rows[folds[rows] != fold], folds == fold
            for a in range(3):
                own = train[codes[train] == a]
                expected = np.full(held.sum(), rewards[train].mean())
                if len(own):
                    expected = Ridge(1.0).fit(Z[own], rewards[own]).predict(Z[held])
                np.testing.assert_allclose(found[held, a], expected, rtol=1e-8)


def test_results_are_json_without_single_decisions(process):
    result = off_policy_value(*draw(process, 300, 9), method="switch", n_boot=5)
    text = json.dumps(result.to_dict())
    assert len(text) < 900 and json.loads(text)["estimator"] == "switch"
