"""Behaviour cloning and conservative Q-learning against tables that are solved exactly."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold

import appliednn
from appliednn.reinforcement import BehaviorCloning, DiscreteCQL, LoggedTransitions

GAMMA = 0.9
SIDE, GOAL, PIT = 4, 15, 5
MOVES = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])


def follow(state, action):
    """Return the next state of a grid, the reward, and whether the episode ends."""
    place = np.clip(np.array(divmod(state, SIDE)) + MOVES[action], 0, SIDE - 1)
    state = int(place[0] * SIDE + place[1])
    return state, {GOAL: 1.0, PIT: -1.0}.get(state, 0.0), state in (GOAL, PIT)


def optimal_q():
    """Return Q-values by value iteration, (16, 4)."""
    q = np.zeros((16, 4))
    for _ in range(200):
        for s in range(16):
            for a in range(4):
                following, reward, ended = follow(s, a)
                q[s, a] = reward + (0.0 if ended else GAMMA * q[following].max())
    return q


def drawn_log(n, seed=0, shares=None):
    """Return n steps of a policy that draws actions, from drawn states."""
    rng = np.random.default_rng(seed)
    states = np.array([s for s in range(16) if s not in (GOAL, PIT)])
    rows, state = [], 0
    for _ in range(n):
        action = int(rng.choice(4, p=None if shares is None else shares[state]))
        following, reward, ended = follow(state, action)
        cut = not ended and rng.random() < 0.1
        rows.append((state, action, reward, ended, cut, following))
        state = int(rng.choice(states)) if ended or cut else following
    state, action, reward, ended, cut, following = map(np.array, zip(*rows, strict=True))
    eye = np.eye(16, dtype=np.float32)
    return LoggedTransitions.from_arrays(eye[state], action, reward, ended, cut, eye[following])


@pytest.fixture(scope="module")
def grid_log():
    return drawn_log(4000)


def small_cql(**more):
    options = {
        "n_steps": 1500,
        "alpha": 0.05,
        "gamma": GAMMA,
        "tau": 0.05,
        "hidden_layer_sizes": 32,
        "learning_rate": 0.005,
        "batch_size": 64,
        "n_actions": 4,
        "random_state": 0,
    }
    return DiscreteCQL(**{**options, **more})


@pytest.fixture(scope="module")
def cql(grid_log):
    return small_cql().fit(grid_log)


def test_cql_finds_the_policy_of_value_iteration_in_evenly_drawn_steps(cql):
    q = optimal_q()
    inner = [s for s in range(16) if s not in (GOAL, PIT)]
    chosen = cql.predict(np.eye(16))
    best = q.max(axis=1)
    wrong = [s for s in inner if q[s, chosen[s]] < best[s] - 1e-9]
    assert wrong == []


def test_without_caution_q_values_are_those_of_value_iteration(grid_log):
    plain = small_cql(alpha=0.0, n_steps=2500).fit(grid_log)
    inner = [s for s in range(16) if s not in (GOAL, PIT)]
    np.testing.assert_allclose(
        plain.decision_function(np.eye(16))[inner], optimal_q()[inner], atol=0.08
    )
    np.testing.assert_allclose(
        plain.value(np.eye(16))[inner], optimal_q()[inner].max(1), atol=0.08
    )


def test_caution_keeps_to_what_was_logged():
    """Two states and two actions; in state 1 the log never takes action 1, which pays in 0."""
    rng = np.random.default_rng(0)
    state = rng.integers(0, 2, 600)
    action = np.where(state == 0, rng.integers(0, 2, 600), 0)
    log = np.array([[1.0, 0.0], [1.0, 1.0]])[state], action, 1.0 * action, np.ones(600, bool)
    q = {
        alpha: small_cql(alpha=alpha, n_steps=500, normalize_observations=False)
        .fit(*log)
        .decision_function(np.array([[1.0, 0.0], [1.0, 1.0]]))
        for alpha in (0.0, 1.0)
    }
    assert q[0.0][1, 1] > q[0.0][1, 0]  # generalised from state 0
    assert q[1.0][1, 1] < q[1.0][1, 0]
    assert q[1.0][0, 1] > q[1.0][0, 0]


def test_score_on_a_log_is_near_the_value_of_the_greedy_policy(cql):
    """Starts of the episodes are drawn, the policy is the best one."""
    log = drawn_log(4000, seed=1)
    states = log.observations[log.starts].argmax(axis=1)
    expected = optimal_q().max(axis=1)[states].mean()
    assert cql.score(log) == pytest.approx(expected, rel=0.02)


def test_two_halves_of_learning_equal_the_whole(grid_log):
    whole = small_cql(n_steps=700).fit(grid_log)
    halves = small_cql(n_steps=350).fit(grid_log)
    halves = pickle.loads(pickle.dumps(halves)).partial_fit(grid_log)
    for one, other in zip(whole.network_.weights, halves.network_.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert halves.n_steps_ == 700 and halves.history_["n_steps"] == [350, 700]
    again = clone(whole).fit(grid_log)
    np.testing.assert_array_equal(
        again.decision_function(np.eye(16)), whole.decision_function(np.eye(16))
    )


def test_cql_says_what_it_cannot_learn(cql, grid_log):
    with pytest.raises(ValueError, match="real numbers"):
        DiscreteCQL().fit([[0.0], [1.0]], [0.5, 1.5], [0, 0], [0, 1])
    with pytest.raises(ValueError, match="rewards, terminals were not given"):
        DiscreteCQL().fit([[0.0]], [0])
    with pytest.raises(ValueError, match="what followed it"):
        DiscreteCQL().fit([[0.0]], [0], [0.0], [0])
    with pytest.raises(ValueError, match="learning began with"):
        cql.partial_fit([[0.0]], [0], [0.0], [1])
    with pytest.raises(ValueError, match="expected at least 4"):
        DiscreteCQL(n_actions=2).fit(grid_log)


def test_time_is_kept(grid_log):
    slow = small_cql(n_steps=10**6, max_seconds=0.5).fit(grid_log)
    assert slow.stop_reason_ == "max_seconds" and slow.n_steps_ < 10**6


# -- cloning ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shares():
    """A policy of 16 states that takes one action of four with probability 0.7."""
    best = np.random.default_rng(4).integers(0, 4, 16)
    return np.eye(4)[best] * 0.6 + 0.1


@pytest.fixture(scope="module")
def cloned(shares):
    log = drawn_log(4000, seed=2, shares=shares)
    return BehaviorCloning(
        hidden_layer_sizes=32, learning_rate=0.01, epochs=15, random_state=0
    ).fit(log), log


def test_cloning_gives_the_majority_action_of_each_state(cloned):
    policy, log = cloned
    states = log.observations.argmax(axis=1)
    for state in np.unique(states):
        counts = np.bincount(log.actions[states == state], minlength=4)
        top = np.sort(counts)[-2:]
        if top[1] - top[0] > 3 * np.sqrt(counts.sum()) / 2:
            assert policy.predict(np.eye(16)[state]) == counts.argmax()
            frequency = counts / counts.sum()
            error = 4 * 0.5 / np.sqrt(counts.sum())
            np.testing.assert_allclose(
                policy.predict_proba(np.eye(16)[state]), frequency, atol=error
            )


def test_a_cloned_policy_knows_no_values(cloned):
    assert not hasattr(cloned[0], "value")
    with pytest.raises(AttributeError, match="reads no rewards"):
        cloned[0].value(np.eye(16))


def test_drawn_actions_follow_the_probabilities(cloned):
    policy, _ = cloned
    drawn = policy.predict(np.tile(np.eye(16)[0], (4000, 1)), deterministic=False)
    expected = policy.predict_proba(np.eye(16)[:1])[0]
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 4000, expected, atol=0.035)


def test_real_actions_are_cloned_within_the_logged_bounds():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(800, 3))
    done = seen @ [[1.0, 0.0], [0.5, -2.0], [0.0, 1.0]] + [3.0, 0.0]
    policy = BehaviorCloning(epochs=40, learning_rate=0.01, random_state=0).fit(seen, done)
    assert policy.score(seen, done) > 0.99
    far = policy.predict(np.full((1, 3), 50.0))[0]
    assert np.all(far <= done.max(axis=0) + 1e-5) and np.all(far >= done.min(axis=0) - 1e-5)
    with pytest.raises(ValueError, match="discrete actions"):
        policy.predict_proba(seen)


def test_a_row_of_no_weight_counts_as_removed():
    rng = np.random.default_rng(0)
    seen, done = rng.normal(size=(100, 2)), rng.integers(0, 3, 100)
    weights = (np.arange(100) < 60).astype(float)
    policy = BehaviorCloning(epochs=2, random_state=0)
    one = policy.fit(seen, done, weights).decision_function(seen)
    other = clone(policy).fit(seen[:60], done[:60]).decision_function(seen)
    np.testing.assert_array_equal(one, other)


def test_grid_search_compares_clones_by_the_share_of_equal_actions():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(240, 2))
    done = (seen[:, 0] > 0).astype(int)
    policy = BehaviorCloning(learning_rate=0.01, hidden_layer_sizes=8, random_state=0)
    search = GridSearchCV(policy, {"epochs": [1, 20]}, cv=KFold(2)).fit(seen, done)
    for epochs, score in zip([1, 20], search.cv_results_["mean_test_score"], strict=True):
        policy.set_params(epochs=epochs)
        shares = [
            (policy.fit(seen[a], done[a]).predict(seen[b]) == done[b]).mean()
            for a, b in KFold(2).split(seen)
        ]
        assert score == pytest.approx(np.mean(shares))


def test_images_are_cloned():
    rng = np.random.default_rng(0)
    side = rng.integers(0, 2, 200)
    images = rng.integers(0, 60, (200, 8, 8, 1)).astype(np.uint8)
    images[side == 0, :, :4] += 150
    images[side == 1, :, 4:] += 150
    policy = BehaviorCloning(epochs=4, batch_size=32, random_state=0).fit(images, side)
    assert policy.score(images, side) > 0.95
    gradient = policy.decision_gradient(images[:2], [[1.0, 0.0]] * 2)
    assert gradient.shape == (2, 8, 8, 1) and np.abs(gradient).max() > 0


# -- what all answer ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cql", "cloned"])
def test_gradients_are_those_of_finite_differences(kind, cql, cloned):
    policy = cql if kind == "cql" else cloned[0]
    seen = np.random.default_rng(0).uniform(0, 1, (3, 16)).astype(np.float32)
    weights = np.array([[1.0, 0.0, -1.0, 0.0]] * 3)
    gradient = policy.decision_gradient(seen, weights)
    for j in range(16):
        step = np.zeros(16, np.float32)
        step[j] = 1e-2
        up, down = (policy.decision_function(seen + s * step) for s in (1, -1))
        slope = ((up - down) * weights).sum(axis=1) / 2e-2
        np.testing.assert_allclose(gradient[:, j], slope, atol=0.05 * np.abs(gradient).max())


@pytest.mark.parametrize("kind", ["cql", "cloned"])
def test_pickle_and_file_give_equal_answers(kind, cql, cloned, tmp_path):
    policy = cql if kind == "cql" else cloned[0]
    policy.save(tmp_path / "policy.ann")
    for again in (pickle.loads(pickle.dumps(policy)), appliednn.load(tmp_path / "policy.ann")):
        np.testing.assert_array_equal(
            again.decision_function(np.eye(16)), policy.decision_function(np.eye(16))
        )
        np.testing.assert_array_equal(again.predict(np.eye(16)), policy.predict(np.eye(16)))
        assert again.action_space_ == policy.action_space_
        assert again.get_params() == policy.get_params()


def test_global_random_state_is_left_alone(grid_log):
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    small_cql(n_steps=20).fit(grid_log)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_policy_from_a_log_acts_in_an_environment():
    from appliednn.reinforcement import run_episodes

    def expert(seen, first):
        return ((seen[:, 2] + 0.5 * seen[:, 3]) > 0).astype(int)

    log = LoggedTransitions.from_episodes(
        run_episodes(expert, "CartPole-v1", range(4), record=True, max_steps=200)
    )
    policy = BehaviorCloning("CartPole-v1", epochs=30, learning_rate=0.01, random_state=0)
    policy.fit(log)
    assert policy.action_space_.n == 2
    assert policy.score() > 300
    assert policy.evaluate(n_episodes=2, seeds=[0, 1]).returns.shape == (2,)
    with pytest.raises(ValueError, match="the environment has"):
        BehaviorCloning("MountainCar-v0").fit(log)
    with pytest.raises(ValueError, match="no environment was given"):
        BehaviorCloning(epochs=1).fit(log).score()
