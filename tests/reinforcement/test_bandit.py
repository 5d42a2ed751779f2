"""ContextualBandit: closed forms, regret, scikit-learn's habits."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

import appliednn
from appliednn.reinforcement import ContextualBandit
from appliednn.reinforcement.bandits._best_action import best_action_probabilities

LINEAR = ("linucb", "thompson", "epsilon_greedy")


@pytest.fixture(scope="module")
def log():
    """300 decisions, evenly drawn among three actions; rewards linear in two numbers."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    codes = rng.integers(0, 3, 300)
    slopes = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])
    rewards = (X * slopes[codes]).sum(axis=1) + 0.3 * codes + rng.normal(0, 0.2, 300)
    return X, np.array(["x", "y", "z"])[codes], rewards, np.full(300, 1 / 3)


def small_network(**more):
    options = {"hidden_layer_sizes": 16, "epochs": 30, "learning_rate": 0.01, "random_state": 0}
    return ContextualBandit("neural", **{**options, **more})


@pytest.fixture(scope="module")
def network(log):
    return small_network().fit(*log)


# -- closed forms -------------------------------------------------------------------------------


def test_expected_rewards_are_ridge_regressions(log):
    X, actions, rewards, _ = log
    bandit = ContextualBandit(ridge=2.5).fit(X, actions, rewards)
    rows = np.hstack([X, np.ones((len(X), 1))])
    for k, action in enumerate(bandit.actions_):
        own = actions == action
        ridge = Ridge(alpha=2.5, fit_intercept=False).fit(rows[own], rewards[own])
        found = bandit.decision_function(X)[:, k]
        np.testing.assert_allclose(found, ridge.predict(rows), rtol=1e-4, atol=1e-5)


def test_upper_bounds_are_those_of_the_matrix_formula(log):
    X, actions, rewards, _ = log
    bandit = ContextualBandit(alpha=1.7, ridge=0.5).fit(X, actions, rewards)
    rows = np.hstack([X.astype(np.float32).astype(float), np.ones((len(X), 1))])
    for k, action in enumerate(bandit.actions_):
        own = actions == action
        inverse = np.linalg.inv(rows[own].T @ rows[own] + 0.5 * np.eye(3))
        theta = inverse @ rows[own].T @ rewards[own]
        bound = rows @ theta + 1.7 * np.sqrt(np.einsum("nd,de,ne->n", rows, inverse, rows))
        np.testing.assert_allclose(bandit.upper_bound(X)[:, k], bound, rtol=1e-9)


def test_thompson_posterior_is_gaussian_regression(log):
    """By sequential conditioning on one reward at a time (Bayes' rule), not by one solve."""
    X, actions, rewards, _ = log
    bandit = ContextualBandit("thompson", ridge=2.0).fit(X, actions, rewards)
    rows = np.hstack([X.astype(np.float32).astype(float), np.ones((len(X), 1))])
    mean, covariance = np.zeros(3), np.eye(3) / 2.0
    for x, r in zip(rows[actions == "y"], rewards[actions == "y"], strict=True):
        gain = covariance @ x / (x @ covariance @ x + 1.0)
        mean, covariance = (
            mean + gain * (r - x @ mean),
            covariance - np.outer(gain, x @ covariance),
        )
    k = bandit.actions_.tolist().index("y")
    np.testing.assert_allclose(bandit.arms_.coefficients[k], mean, rtol=1e-8)
    np.testing.assert_allclose(np.linalg.inv(bandit.arms_.precision[k]), covariance, atol=1e-10)


def test_thompson_probabilities_are_those_of_draws(log):
    X, actions, rewards, _ = log
    bandit = ContextualBandit("thompson", alpha=3.0).fit(X[:30], actions[:30], rewards[:30])
    rows = np.hstack([X[:6].astype(np.float32).astype(float), np.ones((6, 1))])
    rng = np.random.default_rng(1)
    draws = np.array(
        [
            rng.multivariate_normal(theta, 9.0 * np.linalg.inv(precision), 20_000) @ rows.T
            for theta, precision in zip(
                bandit.arms_.coefficients, bandit.arms_.precision, strict=True
            )
        ]
    )
    shares = np.array([(draws.argmax(axis=0) == k).mean(axis=0) for k in range(3)]).T
    np.testing.assert_allclose(bandit.predict_proba(X[:6]), shares, atol=4 * 0.5 / 20_000**0.5)


def test_chance_to_be_greatest_has_the_closed_form_for_two():
    mean, deviation = (
        np.array([[0.0, 0.5], [2.0, -1.0], [0.0, 0.1]]),
        np.array([[1.0, 2.0], [0.5, 0.1], [1e-6, 3.0]]),
    )
    gap = (mean[:, 0] - mean[:, 1]) / np.hypot(deviation[:, 0], deviation[:, 1])
    found = best_action_probabilities(mean, deviation)[:, 0]
    np.testing.assert_allclose(found, stats.norm.cdf(gap), atol=3e-4)


def test_chance_to_be_greatest_among_equals_is_even():
    found = best_action_probabilities(np.zeros((1, 7)), np.ones((1, 7)))
    np.testing.assert_allclose(found, 1 / 7, atol=1e-6)


@pytest.mark.parametrize("policy", LINEAR)
def test_partial_fits_give_what_one_fit_gives(log, policy):
    X, actions, rewards, _ = log
    whole = ContextualBandit(policy).fit(X, actions, rewards)
    parts = ContextualBandit(policy, actions=["x", "y", "z"])
    for rows in np.array_split(np.arange(300), 7):
        parts.partial_fit(X[rows], actions[rows], rewards[rows])
    np.testing.assert_allclose(parts.upper_bound(X), whole.upper_bound(X), rtol=1e-10)
    assert parts.action_counts_.tolist() == whole.action_counts_.tolist()


def test_weighting_by_propensity_is_weighted_ridge(log):
    X, actions, rewards, _ = log
    propensity = np.random.default_rng(3).uniform(0.1, 0.9, 300)
    bandit = ContextualBandit(weighting="propensity", max_weight=2.0)
    bandit.fit(X, actions, rewards, propensity)
    rows, own = np.hstack([X, np.ones((300, 1))]), actions == "x"
    ridge = Ridge(alpha=1.0, fit_intercept=False)
    ridge.fit(rows[own], rewards[own], np.minimum(1 / (3 * propensity[own]), 2.0))
    found = bandit.decision_function(X)[:, 0]
    np.testing.assert_allclose(found, ridge.predict(rows), rtol=1e-4, atol=1e-5)


# -- policies -----------------------------------------------------------------------------------


def test_epsilon_is_shared_by_all_actions(log, network):
    X = log[0]
    shares = network.predict_proba(X)
    greedy = network.decision_function(X).argmax(axis=1)
    np.testing.assert_allclose(shares[np.arange(300), greedy], 0.9 + 0.1 / 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


def test_network_finds_the_best_actions(log, network):
    X = log[0]
    slopes = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])
    means = X @ slopes.T + 0.3 * np.arange(3)
    earned = means[np.arange(300), np.searchsorted(network.actions_, network.predict(X))]
    assert earned.mean() > means.mean() + 0.9 * (means.max(axis=1).mean() - means.mean())


@pytest.mark.parametrize("policy", ["thompson", "epsilon_greedy"])
def test_select_draws_with_the_probabilities_it_reports(log, policy):
    X, actions, rewards, _ = log
    bandit = ContextualBandit(policy, alpha=4.0, epsilon=0.5)
    bandit.fit(X[:20], actions[:20], rewards[:20])
    row = np.repeat(X[:1], 4000, axis=0)
    taken, propensity = bandit.select(row, random_state=0)
    shares = bandit.predict_proba(X[:1])[0]
    for k, action in enumerate(bandit.actions_):
        np.testing.assert_allclose((taken == action).mean(), shares[k], atol=0.03)
        assert np.all(propensity[taken == action] == shares[k])


def test_an_action_never_tried_is_tried_first(log):
    X, actions, rewards, _ = log
    bandit = ContextualBandit(actions=["x", "y", "z", "new"], alpha=10.0)
    bandit.fit(X, actions, rewards)
    assert set(bandit.select(X)[0]) == {"new"}
    assert set(bandit.predict(X[rewards > 1])) <= {"x", "y", "z"}


def serve(bandit, rounds, seed):
    """Return the regret of each round of a bandit that learns on line, four visitors a round."""
    rng = np.random.default_rng([seed, 9])
    theta = np.random.default_rng(seed).normal(0, 1, (4, 3))
    regret = []
    for t in range(rounds):
        X = rng.normal(size=(4, 3))
        means = X @ theta.T
        taken = rng.integers(0, 4, 4) if t == 0 else bandit.select(X, random_state=t)[0]
        rewards = means[np.arange(4), taken] + rng.normal(0, 0.5, 4)
        bandit.partial_fit(X, taken, rewards)
        regret.append((means.max(axis=1) - means[np.arange(4), taken]).sum())
    return np.array(regret)


@pytest.fixture(scope="module")
def explored_evenly():
    """Regret of exploring a tenth of the time, and always."""
    return [
        serve(ContextualBandit("epsilon_greedy", actions=range(4), epsilon=epsilon), 150, 0)
        for epsilon in (0.1, 1.0)
    ]


@pytest.mark.parametrize("policy", ["linucb", "thompson"])
def test_regret_grows_slower_than_time_and_stays_below_even_exploration(policy, explored_evenly):
    own = serve(ContextualBandit(policy, actions=range(4), alpha=0.5), 150, 0)
    even, drawn = explored_evenly
    assert own[75:].sum() < 0.4 * own[:75].sum()
    assert own.sum() < even.sum() < 0.5 * drawn.sum()


# -- value --------------------------------------------------------------------------------------


def test_score_is_the_doubly_robust_formula(log):
    X, actions, rewards, propensity = log
    bandit = ContextualBandit().fit(X[:150], actions[:150], rewards[:150])
    X, actions, rewards, propensity = (part[150:] for part in log)
    expected, rows = bandit.decision_function(X), np.arange(150)
    best, taken = expected.argmax(axis=1), np.searchsorted(bandit.actions_, actions)
    left = (best == taken) / propensity * (rewards - expected[rows, taken])
    value = (expected[rows, best] + left).mean()
    assert bandit.score(X, actions, rewards, propensity) == pytest.approx(value, rel=1e-12)
    direct = bandit.score(X, actions, rewards)
    assert direct == pytest.approx(expected.max(axis=1).mean(), rel=1e-12)


def test_score_is_near_the_true_value_of_the_choices(log):
    X, actions, rewards, _ = log
    bandit = ContextualBandit().fit(X[:200], actions[:200], rewards[:200])
    slopes = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])
    means = (X @ slopes.T + 0.3 * np.arange(3))[200:]
    chosen = np.searchsorted(bandit.actions_, bandit.predict(X[200:]))
    result = bandit.evaluate(*(part[200:] for part in log))
    assert abs(result.value - means[np.arange(100), chosen].mean()) < 4 * result.standard_error


def test_grid_search_over_rewards_by_metadata_routing(log):
    from sklearn import config_context

    X, actions, rewards, propensity = log
    with config_context(enable_metadata_routing=True):
        bandit = (
            ContextualBandit("epsilon_greedy")
            .set_fit_request(rewards=True, propensity=True)
            .set_score_request(rewards=True, propensity=True)
        )
        search = GridSearchCV(bandit, {"ridge": [1e4, 1.0]}, cv=3)
        search.fit(X, actions, rewards=rewards, propensity=propensity)
    assert search.best_params_ == {"ridge": 1.0}


# -- habits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [*LINEAR, "neural"])
def test_pickle_and_file_give_equal_answers(log, network, policy, tmp_path):
    X = log[0]
    bandit = network if policy == "neural" else ContextualBandit(policy).fit(*log)
    bandit.save(tmp_path / "bandit.ann")
    for again in (pickle.loads(pickle.dumps(bandit)), appliednn.load(tmp_path / "bandit.ann")):
        np.testing.assert_array_equal(again.predict_proba(X), bandit.predict_proba(X))
        assert again.get_params() == bandit.get_params()
        again.partial_fit(*log)


def test_two_fits_of_the_network_agree_and_leave_global_state_alone(log, network):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = clone(network).fit(*log)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    first, second = network.decision_function(log[0]), again.decision_function(log[0])
    np.testing.assert_array_equal(first, second)


def test_a_frame_of_mixed_columns_is_read(mixed_frame):
    frame, answer = mixed_frame
    rng = np.random.default_rng(0)
    actions = rng.choice([10, 20], len(frame))
    rewards = (answer == "yes") * (actions == 20) + (answer == "no") * (actions == 10)
    bandit = ContextualBandit(numeric="standard").fit(frame, actions, rewards)
    assert bandit.feature_names_in_.tolist() == frame.columns.tolist()
    right = np.where(answer == "yes", 20, 10)
    assert (bandit.predict(frame) == right).mean() > 0.85


def test_one_action_is_taken_for_certain(log):
    X, _, rewards, _ = log
    bandit = ContextualBandit("thompson").fit(X, ["only"] * 300, rewards)
    assert bandit.predict_proba(X).tolist() == [[1.0]] * 300


def test_labels_of_pandas_keep_their_values(log):
    X, actions, rewards, _ = log
    bandit = ContextualBandit().fit(X, pd.Series(actions, dtype="category"), pd.Series(rewards))
    assert set(bandit.predict(X)) <= {"x", "y", "z"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"propensity": np.full(300, 0.0)}, "above 0"),
        ({"propensity": np.full(300, 1.2)}, "at most 1"),
        ({"propensity": np.full(300, np.nan)}, "propensity is nan"),
        ({"propensity": np.full(299, 0.5)}, "shape"),
        ({"rewards": np.full(300, np.nan)}, "rewards holds 300"),
        ({"rewards": ["good"] * 300}, "must be numbers"),
        ({"actions": [None] * 300}, "missing labels"),
        ({"actions": [1, "a"] * 150}, "no order|among the known"),
        ({"actions": ["x"] * 299}, "inconsistent"),
    ],
)
def test_columns_that_cannot_be_learnt_from_are_refused(log, change, message):
    X, actions, rewards, propensity = log
    columns = {"actions": actions, "rewards": rewards, "propensity": propensity, **change}
    if isinstance(columns["actions"], list) and 1 in columns["actions"]:
        columns["actions"] = np.array(columns["actions"], dtype=object)
    with pytest.raises(ValueError, match=message):
        ContextualBandit().fit(X, **columns)


def test_unknown_actions_are_named(log):
    X, actions, rewards, propensity = log
    bandit = ContextualBandit().fit(X, actions, rewards)
    strange = np.where(actions == "x", "w", actions)
    with pytest.raises(ValueError, match=r"holds \['w'\]"):
        bandit.partial_fit(X, strange, rewards)
    with pytest.raises(ValueError, match=r"holds \['w'\]"):
        bandit.score(X, strange, rewards, propensity)


def test_missing_values_are_an_error_on_request(log):
    X, actions, rewards, _ = log
    X = X.copy()
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="missing"):
        ContextualBandit(missing="error").fit(X, actions, rewards)
    assert ContextualBandit().fit(X, actions, rewards).n_features_in_ == 2


def test_weighting_needs_propensities_and_bounds_need_linear_rewards(log, network):
    with pytest.raises(ValueError, match="no propensity"):
        ContextualBandit(weighting="propensity").fit(*log[:3])
    with pytest.raises(ValueError, match="linear rewards only"):
        network.upper_bound(log[0])
