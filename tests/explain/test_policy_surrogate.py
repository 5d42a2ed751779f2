"""Surrogate trees: return and fidelity against replayed episodes and hand-made counts."""

import pickle

import gymnasium as gym
import numpy as np
import pytest
from policy_agents import ContinuousAgent, LinearAgent, OpaqueAgent
from sklearn.metrics import r2_score
from sklearn.tree import DecisionTreeClassifier

import appliednn
from appliednn.core.errors import UsageError
from appliednn.explain.policies import surrogate_tree
from appliednn.explain.policies._fidelity import fidelity
from appliednn.explain.policies._forks import Forks
from appliednn.explain.policies._gaps import choose_weights, lookahead_gaps
from appliednn.explain.policies._prune import without_idle_splits
from appliednn.explain.policies._surrogate import leaf_actions
from appliednn.reinforcement import run_episodes

QUICK = {"n_iterations": 3, "n_episodes": 2, "n_validation": 3, "n_evaluation": 4}


@pytest.fixture(scope="module")
def tree():
    return surrogate_tree(LinearAgent.balancing(), max_depth=2, **QUICK)


def test_a_tree_taught_on_its_own_states_beats_plain_imitation(tree):
    plain = surrogate_tree(
        LinearAgent.balancing(), max_depth=2, weights="plain", **{**QUICK, "n_iterations": 1}
    )
    assert tree.evaluation.mean.value > plain.evaluation.mean.value + 100
    assert tree.tree_.get_depth() <= 2


def test_a_policy_that_is_a_tree_is_found_again():
    agent = LinearAgent([[0, 0, 0, -1.0], [0, 0, 0, 1.0]])  # follows the sign of one number
    found = surrogate_tree(agent, max_depth=1, **QUICK)
    assert found.fidelity["own_states"].value > 0.97
    assert found.fidelity["teacher_states"].value > 0.97
    assert found.reliable
    assert found.tree_.tree_.feature[0] == 3
    assert abs(found.tree_.tree_.threshold[0]) < 0.1
    assert "pole velocity" in found.rules()
    assert "push right" in found.rules()


def test_return_and_fidelity_are_those_of_replayed_episodes(tree):
    agent, seeds = LinearAgent.balancing(), tree.evaluation.seeds
    np.testing.assert_array_equal(tree.teacher_evaluation.seeds, seeds)
    replay = run_episodes(
        lambda rows, first: tree.tree_.predict(rows), "CartPole-v1", seeds, record=True
    )
    np.testing.assert_array_equal(replay.returns, tree.evaluation.returns)
    rows = np.concatenate(replay.observations)
    share = np.mean(agent.predict(rows) == tree.tree_.predict(rows))
    assert tree.fidelity["own_states"].value == pytest.approx(share)
    low, high = tree.fidelity["own_states"].ci
    assert low <= share <= high


def test_the_best_candidate_by_validation_is_kept(tree):
    frame = tree.to_frame()
    assert frame["chosen"].sum() == 1
    finalists = frame[frame["final_return"].notna()]
    assert len(finalists) == 4
    assert finalists["return"].min() >= frame[frame["final_return"].isna()]["return"].max()
    kept = frame[frame["chosen"]].iloc[0]
    assert kept["final_return"] == finalists["final_return"].max()
    assert kept["n_leaves"] == tree.n_leaves
    assert list(frame["weights"]) == ["lookahead", "decision_gap", "plain"] * 3
    assert kept["weights"] == tree.weights


def test_two_searches_with_one_seed_agree(tree):
    again = surrogate_tree(LinearAgent.balancing(), max_depth=2, **QUICK)
    np.testing.assert_array_equal(again.tree_.tree_.threshold, tree.tree_.tree_.threshold)
    assert again.to_dict() == tree.to_dict()


def test_trees_survive_files_and_pickles(tree, tmp_path):
    rows = np.random.default_rng(0).normal(size=(50, 4)) * 0.2
    loaded = appliednn.load(tree.save(tmp_path / "tree.ann"))
    for other in (loaded, pickle.loads(pickle.dumps(tree))):
        np.testing.assert_array_equal(other.predict(rows), tree.predict(rows))
        assert other.to_dict() == tree.to_dict()
        assert other.feature_names == tree.feature_names


def test_predictions_are_scikit_learns(tree):
    rows = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    np.testing.assert_array_equal(tree.predict(rows), tree.tree_.predict(rows))
    assert tree.predict(rows[0]) == tree.predict(rows[:1])[0]
    with pytest.raises(UsageError, match="reads 4 numbers"):
        tree.predict(np.zeros((2, 3)))


def test_every_action_is_tried_before_a_step_and_nothing_is_disturbed():
    log, actions = {}, [0, 1, 1, 0, 2, 2]
    with Forks(gym.make("MountainCar-v0"), log) as env:
        env.reset(seed=5)
        seen = [env.step(a)[0] for a in actions]
    for k in range(len(actions)):  # each fork replayed from the seed, without any copying
        for tried in range(3):
            with gym.make("MountainCar-v0") as plain:
                plain.reset(seed=5)
                for a in actions[:k]:
                    plain.step(a)
                following, reward, ended, _, _ = plain.step(tried)
            np.testing.assert_array_equal(log[5][k][0][tried], following)
            assert log[5][k][1][tried] == reward
            assert log[5][k][2][tried] == ended
        np.testing.assert_array_equal(log[5][k][0][actions[k]], seen[k])


def test_gaps_are_those_of_one_step_returns():
    class Valued:
        gamma = 0.5

        def value(self, observations):
            return observations[:, 0]

    first = (np.array([[4.0], [2.0]]), (1.0, 0.0), (False, False))
    last = (np.array([[4.0], [9.0]]), (1.0, 1.0), (False, True))
    gaps = lookahead_gaps(Valued(), {3: [last], 1: [first]}, [1, 3])
    # 1 + 0.5 * 4 against 0 + 0.5 * 2; 1 + 0.5 * 4 against 1, for the episode is over.
    np.testing.assert_allclose(gaps, [2.0, 2.0])


def test_weights_follow_from_what_the_agent_gives():
    agent = LinearAgent.balancing()
    assert choose_weights(agent, None, "auto") == ["lookahead", "decision_gap", "plain"]
    agent.value = lambda observations: agent.decision_function(observations).max(axis=1)
    assert choose_weights(agent, None, "auto") == [
        "q_gap",
        "plain",
    ]  # the largest is the state's value
    assert choose_weights(OpaqueAgent(agent), None, "auto") == ["plain"]
    assert choose_weights(ContinuousAgent([[1.0, 0, 0]]), None, "auto") == ["plain"]
    with pytest.raises(UsageError, match="take weights='plain'"):
        surrogate_tree(ContinuousAgent([[1.0, 0, 0]]), weights="q_gap")
    with pytest.raises(UsageError, match="needs value"):
        surrogate_tree(OpaqueAgent(agent), weights="lookahead")
    with pytest.raises(UsageError, match="must be one of"):
        surrogate_tree(agent, weights="logits")


def test_continuous_actions_are_imitated_by_a_regression_tree():
    agent = ContinuousAgent([[0.0, -1.0, -0.5]])
    found = surrogate_tree(agent, max_depth=4, max_steps=60, **QUICK)
    seeds = found.evaluation.seeds
    theirs = run_episodes(agent.policy(), "Pendulum-v1", seeds, record=True, max_steps=60)
    rows = np.concatenate(theirs.observations)
    expected = r2_score(agent.predict(rows), found.tree_.predict(rows))
    assert found.fidelity["teacher_states"].value == pytest.approx(expected)
    assert expected > 0.8
    assert found.predict(rows[:5]).shape == (5, 1)
    assert "torque" in found.action_names
    assert "angular velocity" in found.rules()


def test_fidelity_counts_states_and_resamples_episodes():
    teacher = [np.array([0, 1, 1]), np.array([1])]
    student = [np.array([0, 1, 0]), np.array([0])]
    found = fidelity("f", teacher, student, continuous=False)
    assert found.value == 0.5
    assert found.n == 2
    assert found.ci[0] == 0.0
    flat = fidelity("f", [np.ones(3)], [np.zeros(3)], continuous=True)
    assert flat.value is None
    two = np.random.default_rng(0).normal(size=(30, 2))
    near = two + np.random.default_rng(1).normal(size=(30, 2)) * 0.1
    pooled = fidelity("f", [two], [near], continuous=True).value
    expected = r2_score(two, near, multioutput="variance_weighted")
    assert pooled == pytest.approx(expected)


def test_splits_between_equal_answers_are_taken_out():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)).astype(np.float32)
    for n_idle, y in (
        (1, rng.choice(3, 400, p=[0.7, 0.2, 0.1])),
        (0, np.column_stack([rng.choice(2, 400, p=[0.8, 0.2]), rng.choice(3, 400)])),
    ):
        whole = DecisionTreeClassifier(max_depth=5, random_state=0).fit(X, y)
        before, n_before = whole.predict(X), whole.get_n_leaves()
        pruned = without_idle_splits(whole, leaf_actions(whole))
        np.testing.assert_array_equal(pruned.predict(X), before)
        assert pruned.get_n_leaves() <= n_before - n_idle
        actions, tree = leaf_actions(pruned), pruned.tree_
        for node in np.flatnonzero(tree.children_left >= 0):
            a, b = tree.children_left[node], tree.children_right[node]
            if tree.children_left[a] < 0 and tree.children_left[b] < 0:
                assert (actions[a] != actions[b]).any()
        assert pruned.get_depth() == int(pruned.decision_path(X).sum(axis=1).max()) - 1
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(pruned)).predict(X), before)
