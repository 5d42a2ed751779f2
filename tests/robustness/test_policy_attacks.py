"""Attacks on observations against the closed form of linear policies."""

import numpy as np
import pytest
from policy_agents import ContinuousAgent, CurvedAgent, LinearAgent, OpaqueAgent

from appliednn.core.errors import UsageError
from appliednn.robustness.policies import pgd_observations, policy_attack_curves

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(200, 4)) * [1, 3, 0.1, 2]).astype(np.float32)
SCALE = X.astype(float).std(axis=0)
W = np.array([[1.0, -2.0, 0.5, 0.0], [0.0, 1.0, 1.0, -1.0], [-1.0, 0.5, 0.0, 2.0]])


def test_a_linear_policy_is_attacked_along_the_sign_of_its_weights():
    agent = LinearAgent(W[:2])
    found = pgd_observations(agent, X, 0.3, SCALE)
    chosen = agent.predict(X)
    normal = (W[1] - W[0]) * np.where(chosen == 0, 1, -1)[:, None]
    np.testing.assert_allclose(found, X + 0.3 * SCALE * np.sign(normal), rtol=1e-5, atol=1e-6)
    lead = np.abs(agent.decision_function(X) @ [1, -1])
    reach = 0.3 * (SCALE * np.abs(W[1] - W[0])).sum()
    clear = np.abs(lead - reach) > 1e-4
    flipped = agent.predict(found) != chosen
    np.testing.assert_array_equal(flipped[clear], (lead < reach)[clear])


def test_of_several_actions_every_one_within_reach_is_found():
    agent = LinearAgent(W)
    found = pgd_observations(agent, X, 0.4, SCALE, n_steps=20)
    values, chosen = agent.decision_function(X.astype(float)), agent.predict(X)
    rows = np.arange(len(X))
    lead = values[rows, chosen][:, None] - values
    reach = 0.4 * (SCALE * np.abs(W[chosen][:, None] - W[None])).sum(axis=2)
    possible = ((lead < reach) & (np.arange(3) != chosen[:, None])).any(axis=1)
    flipped = agent.predict(found) != chosen
    assert not (flipped & ~possible).any()
    assert flipped.sum() >= 0.97 * possible.sum()


@pytest.mark.parametrize("agent", [LinearAgent(W), CurvedAgent(W / 3)])
def test_attacks_stay_within_eps_and_never_help(agent):
    found = pgd_observations(agent, X, 0.2, SCALE)
    assert (np.abs(found - X) <= 0.2 * SCALE * (1 + 1e-5) + 1e-6).all()
    assert found.dtype == X.dtype
    rows, chosen = np.arange(len(X)), agent.predict(X)

    def lead(points):
        values = agent.decision_function(points)
        own = values[rows, chosen].copy()
        values[rows, chosen] = -np.inf
        return own - values.max(axis=1)

    assert (lead(found) <= lead(X) + 1e-6).all()
    corners = X + 0.2 * SCALE * RNG.choice([-1.0, 1.0], X.shape)
    assert lead(found).mean() < lead(corners).mean()


def test_a_continuous_action_is_moved_the_better_way():
    w = np.array([[0.3, -0.2, 1.0, 0.1]])
    agent = ContinuousAgent(w)
    found = pgd_observations(agent, X, 0.2, SCALE)
    reach = 0.2 * (SCALE * np.abs(w)).sum()
    start, means = agent.predict(X)[:, 0], agent.decision_function(X)[:, 0]
    best = np.maximum(np.clip(means + reach, -2, 2) - start, start - np.clip(means - reach, -2, 2))
    moved = np.abs(agent.predict(found)[:, 0] - start)
    np.testing.assert_allclose(moved, best, rtol=1e-4, atol=1e-5)


def test_differences_and_gradients_lead_to_the_same_points():
    # Seventeen numbers take decision_gradient, sixteen of them differences.
    W = RNG.normal(size=(3, 16)) / 4
    points = RNG.normal(size=(60, 16)).astype(np.float32)
    wider = CurvedAgent(np.column_stack([W, np.zeros(3)]))
    by_slope = pgd_observations(wider, np.column_stack([points, points[:, 0]]), 0.2, 1.0)
    by_differences = pgd_observations(OpaqueAgent(CurvedAgent(W)), points, 0.2, 1.0)
    same = np.isclose(by_slope[:, :16], by_differences, atol=1e-6)
    assert same.mean() > 0.99


def test_images_stay_images():
    class Pixels(LinearAgent):
        def decision_function(self, observations):
            return super().decision_function(np.reshape(observations, (len(observations), -1)))

        def decision_gradient(self, observations, weights):
            slope = super().decision_gradient(None, weights)
            return slope.reshape(np.shape(observations))

    images = RNG.integers(0, 256, (9, 2, 3, 1)).astype(np.uint8)
    agent = Pixels(RNG.normal(size=(2, 6)))
    found = pgd_observations(agent, images, 0.5, 10.0, low=0, high=255)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - images.astype(int)).max() == 5


def test_attacks_cost_more_than_random_changes_of_their_size():
    agent = LinearAgent.balancing()
    result = policy_attack_curves(agent, eps=[2.0, 0.2], n_episodes=4, n_steps=4)
    pgd, chance = result.curves["pgd"], result.curves["random"]
    np.testing.assert_array_equal(pgd.seeds, chance.seeds)
    assert pgd.levels == (0.2, 2.0)
    assert pgd.at[1].value < 200 < chance.at[1].value
    assert all(check.passed for check in result.sanity)
    assert result.changed["pgd"][0].value > result.changed["random"][0].value
    frame = result.to_frame()
    assert list(frame["stress"]) == ["pgd"] * 3 + ["random"] * 3
    assert frame["changed"].iloc[0] == 0
    assert frame["changed"].iloc[2] == result.changed["pgd"][1].value


def test_equal_seeds_give_equal_attacks_in_any_order():
    agent = LinearAgent.balancing()
    seeds = [4, 9, 1]
    one = policy_attack_curves(agent, eps=[2.0], seeds=seeds, n_steps=2, scale=0.3)
    two = policy_attack_curves(agent, eps=[2.0], seeds=seeds[::-1], n_steps=2, scale=0.3)
    for name in ("pgd", "random"):
        np.testing.assert_array_equal(one.curves[name].values[0], two.curves[name].values[0][::-1])


def test_errors_say_what_to_do():
    agent = LinearAgent.balancing()
    wide = OpaqueAgent(LinearAgent(RNG.normal(size=(2, 17))))
    with pytest.raises(UsageError, match="policy_noise_curve"):
        pgd_observations(wide, np.zeros((3, 17), np.float32), 0.1, 1.0)
    with pytest.raises(UsageError, match="positive"):
        pgd_observations(agent, X, 0.0, SCALE)
    with pytest.raises(UsageError, match="positive"):
        policy_attack_curves(agent, eps=[-1.0])
