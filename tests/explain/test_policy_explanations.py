"""Attributions of decisions against the closed forms of linear policies."""

import numpy as np
import pytest
from policy_agents import BALANCE, ContinuousAgent, CurvedAgent, LinearAgent, OpaqueAgent

from appliednn.core.errors import UsageError
from appliednn.explain.policies import (
    VisitedStates,
    action_names,
    explain_policy,
    feature_names,
    visited_states,
)

THREE = np.array([[1.0, -2.0, 0.5, 0.0], [0.0, 1.0, 1.0, -1.0], [-1.0, 0.5, 0.0, 2.0]])


@pytest.fixture(scope="module")
def states():
    return visited_states(LinearAgent.balancing(), n_episodes=3, max_states=200)


def test_visited_states_are_those_of_seeded_greedy_episodes(states):
    again = visited_states(LinearAgent.balancing(), n_episodes=3, max_states=200)
    np.testing.assert_array_equal(states.observations, again.observations)
    assert len(states) == 200
    assert states.names == ["cart position", "cart velocity", "pole angle", "pole velocity"]
    assert np.abs(states.observations[:, 2]).max() < 0.21  # the pole stands in all of them
    assert set(states.episode) == {0, 1, 2}


def test_a_linear_policy_has_its_closed_form(states):
    agent = LinearAgent(THREE, b=[0.1, 0.0, -0.2])
    X, mean = states.observations.astype(float), states.observations.astype(float).mean(axis=0)
    W = THREE[agent.predict(X)]
    along = explain_policy(agent, states, n_states=200)
    np.testing.assert_allclose(along.values, W * (X - mean), atol=1e-8)
    shap = explain_policy(agent, states, n_states=200, n_background=200, method="shap")
    np.testing.assert_allclose(shap.values, W * (X - mean), atol=1e-8)
    slope = explain_policy(agent, states, n_states=200, method="saliency")
    np.testing.assert_allclose(slope.values, W * states.scale, atol=1e-8)
    assert "standard deviation" in slope.unit


def test_attributions_of_a_curved_policy_add_up(states):
    agent = CurvedAgent.balancing()
    X = states.observations.astype(float)
    chosen, base = agent.predict(X), X.mean(axis=0, keepdims=True)
    rows = np.arange(200)
    found = explain_policy(agent, states, n_states=200)
    expected = agent.decision_function(X)[rows, chosen] - agent.decision_function(base)[0, chosen]
    np.testing.assert_allclose(found.values.sum(axis=1), expected, atol=1e-7)
    assert found.completeness_gap() < 1e-6
    shap = explain_policy(agent, states, n_states=200, n_background=200, method="shap")
    expected = (
        agent.decision_function(X)[rows, chosen] - agent.decision_function(X).mean(axis=0)[chosen]
    )
    np.testing.assert_allclose(shap.values.sum(axis=1), expected, atol=1e-6)


def test_one_background_state_is_the_baseline(states):
    agent = CurvedAgent.balancing()
    found = explain_policy(agent, states, background=np.zeros((1, 4)), n_states=20)
    np.testing.assert_allclose(found.base, 0.0, atol=1e-12)
    np.testing.assert_allclose(found.values.sum(axis=1), found.scores, atol=1e-7)


def test_the_lead_over_the_runner_up_is_a_difference_of_decision_values(states):
    agent = LinearAgent(THREE)
    X = states.observations.astype(float)
    order = np.argsort(-agent.decision_function(X), axis=1)
    W = THREE[order[:, 0]] - THREE[order[:, 1]]
    found = explain_policy(agent, states, against="runner_up", n_states=200)
    np.testing.assert_allclose(found.values, W * (X - X.mean(axis=0)), atol=1e-8)
    np.testing.assert_allclose(found.scores, (W * X).sum(axis=1), atol=1e-8)
    assert (found.scores >= 0).all()
    assert " over " in found.labels[found.target[0]]


def test_an_agent_without_gradients_is_explained_by_permutations(states):
    inner = LinearAgent(THREE)
    few = states.sample(10)
    found = explain_policy(OpaqueAgent(inner), few, background=states, method="shap")
    assert "permutation" in found.how
    assert found.completeness_gap() < 1e-6
    smooth = explain_policy(inner, few, background=states, method="shap")
    assert np.corrcoef(found.values.ravel(), smooth.values.ravel())[0, 1] > 0.95
    with pytest.raises(UsageError, match="method='shap'"):
        explain_policy(OpaqueAgent(inner), few)


def test_the_house_tests_of_explanations_run_on_policies(states):
    agent = CurvedAgent.balancing()
    good = explain_policy(agent, states, test=True).faithfulness
    assert good.verdict == "reliable"
    assert {t.key for t in good.tests} >= {"deletion_gain", "completeness_gap"}
    # A gradient says the same of every state of a linear policy: no order of removal.
    flat = explain_policy(LinearAgent.balancing(), states, method="saliency", test=True)
    assert flat.faithfulness.verdict == "do not rely on this"
    assert "completeness_gap" not in {t.key for t in flat.faithfulness.tests}


def test_numbers_of_a_continuous_action_are_explained_one_at_a_time():
    W = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]])
    agent = ContinuousAgent(W)
    X = np.random.default_rng(0).normal(size=(30, 3))
    for action in (0, 1):
        found = explain_policy(agent, X, action=action)
        np.testing.assert_allclose(found.values, W[action] * (X - X.mean(axis=0)), atol=1e-8)
    assert found.unit == "action mean"
    with pytest.raises(UsageError, match="no runner-up"):
        explain_policy(agent, X, against="runner_up")


class PixelAgent(LinearAgent):
    def decision_function(self, observations):
        return super().decision_function(np.reshape(observations, (len(observations), -1)))

    def decision_gradient(self, observations, weights):
        return super().decision_gradient(None, weights).reshape(np.shape(observations))

    def value(self, observations):
        return self.decision_function(observations).max(axis=1)


def test_images_are_explained_by_maps_of_gradients():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 255, (12, 3, 4, 2)).astype(np.uint8)
    W = rng.normal(size=(2, 24))
    agent = PixelAgent(W)
    found = explain_policy(agent, images)
    flat = images.reshape(12, -1).astype(float)
    expected = W[found.target] * (flat - flat.mean(axis=0))
    np.testing.assert_allclose(found.maps, expected.reshape(images.shape), atol=1e-6)
    assert found.names[0] == "0,0,0"
    assert found.unit == "Q-value"  # the largest is the value of the state
    with pytest.raises(UsageError, match="gradients only"):
        explain_policy(agent, images, method="shap")


def test_summaries_name_features_and_actions(states):
    agent = LinearAgent.balancing()
    found = explain_policy(agent, states)
    assert found.importance()[0].name == "pole velocity"
    sizes = np.abs(found.values).mean(axis=0)
    assert found.importance()[0].value == pytest.approx(sizes.max())
    frame = found.to_frame()
    assert set(frame["target"]) == {"push left", "push right"}
    few = found.take(np.flatnonzero(found.actions == 1))
    assert set(few.to_frame()["target"]) == {"push right"}
    assert len(few.observations) == len(few.values) == len(few.actions)


def test_names_are_known_for_classic_environments_and_stacks():
    import gymnasium as gym

    with gym.make("Acrobot-v1") as env:
        assert len(feature_names(env, (6,))) == len(set(feature_names(env, (6,)))) == 6
        assert action_names(env, 3)[1] == "no torque"
    stacked = feature_names("CartPole-v1", (8,))
    assert stacked[0] == "cart position (1 ago)"
    assert stacked[4] == "cart position"
    assert feature_names("Unknown-v3", (2,)) == ["x0", "x1"]


def test_errors_say_what_to_do(states):
    agent = LinearAgent(np.stack([-BALANCE, BALANCE]))
    with pytest.raises(UsageError, match="saliency, integrated_gradients, shap"):
        explain_policy(agent, states, method="lime")
    with pytest.raises(UsageError, match=r"0\.\.1"):
        explain_policy(agent, states, action=2)
    with pytest.raises(UsageError, match="non-empty array"):
        explain_policy(agent, np.zeros(4))
    agent.env = None
    with pytest.raises(UsageError, match="give env="):
        explain_policy(agent)


def test_a_sample_is_repeatable_and_no_larger_than_asked():
    states = VisitedStates(np.arange(20.0)[:, None], np.zeros(20, int), ["x"])
    few = states.sample(5, seed=3)
    np.testing.assert_array_equal(few.observations, states.sample(5, seed=3).observations)
    assert len(few) == 5
    assert states.sample(50) is states
