"""The package's own agents, from environments and from logs, under explanations and stress."""

import gymnasium as gym
import numpy as np
import pytest
from policy_agents import LinearAgent

from appliednn.core.errors import UsageError
from appliednn.explain.policies import (
    counterfactual_states,
    explain_policy,
    has_q_values,
    surrogate_tree,
    visited_states,
)
from appliednn.reinforcement import BehaviorCloning, DiscreteCQL, DQNAgent, PPOAgent, SACAgent
from appliednn.robustness.policies import (
    dynamics_curves,
    pgd_observations,
    policy_attack_curves,
    policy_noise_curve,
)

TINY = {"hidden_layer_sizes": (16,), "random_state": 0, "verbose": False, "eval_freq": None}
QUICK = {"n_iterations": 2, "n_episodes": 1, "n_validation": 2, "n_evaluation": 2}


class TwoDials(gym.Env):
    """Two choices at a time, paid where they match what is seen."""

    observation_space = gym.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gym.spaces.MultiDiscrete([2, 3])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = 20
        return self._see(), {}

    def step(self, action):
        right = [self.seen[0] > 0, int(np.clip(self.seen[1] * 1.5 + 1.5, 0, 2))]
        reward = float((np.asarray(action) == right).sum())
        self.left -= 1
        return self._see(), reward, False, self.left == 0, {}

    def _see(self):
        self.seen = self.np_random.uniform(-1, 1, 3).astype(np.float32)
        return self.seen


@pytest.fixture(scope="module")
def ppo():
    return PPOAgent("CartPole-v1", total_timesteps=2048, frame_stack=2, **TINY).fit()


@pytest.fixture(scope="module")
def dqn():
    return DQNAgent("CartPole-v1", total_timesteps=600, learning_starts=100, **TINY).fit()


@pytest.fixture(scope="module")
def log(ppo):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4)).astype(np.float32) * 0.2
    return X, (X[:, 3] + X[:, 2] > 0).astype(int)


def test_attributions_of_networks_add_up_and_are_told_from_random_ones(ppo):
    found = explain_policy(ppo, test=True, n_steps=48)
    X = found.observations
    logits = ppo.decision_function(X)[np.arange(len(X)), ppo.predict(X)]
    np.testing.assert_allclose(found.scores, logits, rtol=1e-4, atol=1e-5)
    assert found.completeness_gap() < 0.02
    assert found.names[4:] == ["cart position", "cart velocity", "pole angle", "pole velocity"]
    likeness = {t.key: t for t in found.faithfulness.tests}["randomisation_likeness"]
    assert likeness.estimate.value is not None


def test_q_values_are_told_from_logits(ppo, dqn):
    assert has_q_values(dqn, visited_states(dqn, n_episodes=1).observations)
    assert not has_q_values(ppo, visited_states(ppo, n_episodes=1).observations)
    assert explain_policy(dqn, n_states=5).unit == "Q-value"
    assert explain_policy(ppo, n_states=5).unit == "logit"
    kinds = surrogate_tree(dqn, max_depth=2, **QUICK).history["weights"]
    assert kinds == ["q_gap", "plain"] * 2
    # Frames are stacked in the copies that are stepped ahead, too.
    assert "lookahead" in surrogate_tree(ppo, max_depth=2, **QUICK).history["weights"]


def test_counterfactual_states_of_a_network_change_its_action(dqn):
    found = counterfactual_states(dqn, n_states=30)
    changed = found.found
    assert changed.mean() > 0.5
    again = dqn.predict(found.counterfactuals[changed])
    np.testing.assert_array_equal(again, found.new_actions[changed])
    assert (again != found.actions[changed]).all()


def test_stress_reaches_agents_with_stacked_frames(ppo):
    noise = policy_noise_curve(ppo, levels=[20.0], n_episodes=3)
    assert noise.values.shape == (1, 3)
    assert (noise.values[0] != noise.clean).any()
    found = policy_attack_curves(ppo, eps=[0.5], n_episodes=2, n_steps=2)
    assert found.changed["pgd"][0].value > found.changed["random"][0].value
    same = dynamics_curves(ppo, perturbations={"length": [1.0]}, n_episodes=2)["length"]
    np.testing.assert_array_equal(same.values[0], same.clean)


def test_several_decisions_at_a_time_are_explained_and_attacked():
    agent = PPOAgent(TwoDials, total_timesteps=256, n_envs=2, **TINY).fit()
    states = visited_states(agent, n_episodes=3)
    found = explain_policy(agent, states, action=3, against="runner_up")
    logits = agent.decision_function(found.observations)
    runner_up = np.delete(logits[:, 2:], 1, axis=1).max(axis=1)
    np.testing.assert_allclose(found.scores, logits[:, 3] - runner_up, atol=1e-4)
    other = counterfactual_states(agent, states, within_range=False, n_states=20)
    ok = other.found
    assert ok.any()
    assert (other.actions[ok] != other.new_actions[ok]).any(axis=1).all()
    seen = states.observations
    attacked = pgd_observations(agent, seen, 0.5, states.scale)
    before, after = agent.predict(seen), agent.predict(attacked)
    assert (before != after).any(axis=1).mean() > 0.05


def test_continuous_agents_are_explained_and_attacked():
    agent = SACAgent("Pendulum-v1", total_timesteps=220, learning_starts=100, **TINY).fit()
    states = visited_states(agent, n_episodes=1)
    found = explain_policy(agent, states, n_steps=48)
    assert found.unit == "action mean"
    assert found.completeness_gap() < 0.05
    moved = pgd_observations(agent, states.observations, 0.3, states.scale)
    assert (agent.predict(moved) != agent.predict(states.observations)).mean() > 0.5
    other = counterfactual_states(agent, states, min_change=0.05, n_states=10)
    size = np.abs(other.new_actions - other.actions)[other.found]
    np.testing.assert_allclose(size, 0.2, atol=0.01)


def test_policies_from_logs_play_where_they_are_told_to(log):
    X, actions = log
    cloned = BehaviorCloning(hidden_layer_sizes=(16,), epochs=5, random_state=0)
    cloned = cloned.fit(X, actions)
    with pytest.raises(UsageError, match="give env="):
        visited_states(cloned)
    tree = surrogate_tree(cloned, "CartPole-v1", max_depth=2, **QUICK)
    assert set(tree.history["weights"]) == {"plain"}  # a clone knows no values
    assert tree.feature_names[3] == "pole velocity"
    found = explain_policy(cloned, X, n_states=20, n_steps=48)
    assert found.unit == "logit"
    cql = DiscreteCQL(hidden_layer_sizes=(16,), n_steps=50, random_state=0)
    cql = cql.fit(X, actions, np.ones(400), np.arange(400) % 20 == 19)
    assert explain_policy(cql, X, n_states=20).unit == "Q-value"
    assert policy_noise_curve(cql, "CartPole-v1", levels=[1.0], n_episodes=2).unit


def test_a_policy_with_a_memory_is_not_explained_by_single_observations():
    class Counting(LinearAgent):
        """Pushes left and right by turns, whatever it sees."""

        def policy(self, deterministic=True, seed=0):
            turn = np.zeros(64, int)

            def act(observations, first):
                rows = np.arange(len(first))
                turn[rows] = np.where(first, 0, turn[rows] + 1)
                return turn[rows] % 2

            return act

    agent = Counting.balancing()
    for refused in (visited_states, explain_policy, surrogate_tree, policy_attack_curves):
        with pytest.raises(UsageError, match="what it remembers"):
            refused(agent)
    assert policy_noise_curve(agent, levels=[1.0], n_episodes=2).clean.mean() > 10
