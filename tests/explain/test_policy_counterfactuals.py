"""Counterfactual states against distances to known boundaries."""

import numpy as np
import pytest
from policy_agents import ContinuousAgent, CurvedAgent, LinearAgent, OpaqueAgent
from scipy.optimize import linprog, minimize

from appliednn.core.errors import UsageError
from appliednn.explain.policies import counterfactual_states
from appliednn.explain.policies._nearest import shortest_step

W = np.array([[1.0, -2.0, 0.5, 0.3], [0.0, 1.0, 1.0, -1.0], [-1.0, 0.5, 0.0, 2.0]])
b = np.array([0.3, 0.0, -0.2])


@pytest.fixture(scope="module")
def rows():
    X = np.random.default_rng(0).normal(size=(150, 4)) * [1.0, 5.0, 0.1, 2.0]
    return X.astype(np.float32)


def distances_to_planes(agent, X, scale):
    """Return the scaled distance of each row to the boundary with every other action, (n, k)."""
    values, chosen = agent.decision_function(X), agent.predict(X)
    lead = values[np.arange(len(X)), chosen][:, None] - values
    normal = agent.W[chosen][:, None] - agent.W[None]
    size = np.linalg.norm(normal * scale, axis=2)
    return np.divide(lead, size, out=np.full(lead.shape, np.inf), where=size > 0)


def test_a_linear_policy_of_two_actions_gives_the_distance_to_the_hyperplane(rows):
    agent = LinearAgent(W[:2], b[:2])
    found = counterfactual_states(agent, rows, within_range=False, n_states=150)
    exact = distances_to_planes(agent, rows.astype(float), found.scale).min(axis=1)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-4, atol=1e-4)
    assert (agent.predict(found.counterfactuals) != agent.predict(rows)).all()
    # The shortest way is along the normal, in scaled units.
    ways = found.changes / found.scale
    normal = (W[1] - W[0]) * found.scale
    cosine = np.abs(ways @ normal) / np.linalg.norm(normal) / np.linalg.norm(ways, axis=1)
    assert cosine[found.distance > 0.05].min() > 0.999


def test_of_several_actions_the_nearest_counts(rows):
    agent = LinearAgent(W, b)
    found = counterfactual_states(agent, rows, within_range=False, n_states=150)
    planes = distances_to_planes(agent, rows.astype(float), found.scale)
    np.testing.assert_allclose(found.distance, planes.min(axis=1), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(found.new_actions, planes.argmin(axis=1))


def test_a_given_action_is_reached_at_the_least_cost(rows):
    agent, X = LinearAgent(W, b), rows[:25].astype(float)
    found = counterfactual_states(agent, rows[:25], background=rows, target=2, within_range=False)
    assert set(found.new_actions) == {2}
    already = agent.predict(rows[:25]) == 2
    np.testing.assert_array_equal(found.distance[already], 0.0)
    for i in np.flatnonzero(~already)[:8]:
        G = (W[2] - W[:2]) * found.scale  # each row of G step + lead must be positive
        lead = (b[2] - b[:2]) + (W[2] - W[:2]) @ X[i]
        exact = minimize(
            lambda step: step @ step, np.zeros(4), jac=lambda step: 2 * step,
            constraints={"type": "ineq", "fun": lambda s, G=G, lead=lead: G @ s + lead},
        )  # fmt: skip
        assert found.distance[i] <= np.sqrt(exact.fun) * 1.02 + 1e-4
        assert found.distance[i] >= np.sqrt(exact.fun) * 0.999 - 1e-4


def test_one_feature_alone_is_changed_when_asked(rows):
    agent = LinearAgent(W[:2], b[:2])
    found = counterfactual_states(agent, rows, within_range=False, max_features=1, n_states=150)
    lead = np.abs(agent.decision_function(rows) @ [1, -1])
    exact = (lead[:, None] / np.abs((W[0] - W[1]) * found.scale)).min(axis=1)
    np.testing.assert_allclose(found.distance, exact, rtol=1e-4, atol=1e-4)
    assert ((found.changes != 0).sum(axis=1) == 1).all()


def test_the_range_of_visited_states_holds_and_may_leave_nothing(rows):
    agent = LinearAgent(W[:2], b[:2])
    found = counterfactual_states(agent, rows, n_states=150)
    ok = found.found
    assert (found.counterfactuals[ok] >= rows.min(axis=0)).all()
    assert (found.counterfactuals[ok] <= rows.max(axis=0)).all()
    free = counterfactual_states(agent, rows, within_range=False, n_states=150)
    assert (found.distance >= free.distance * (1 - 1e-5) - 1e-6).all()
    # Whether a change of one feature can suffice within the range is a linear programme.
    one = counterfactual_states(agent, rows, max_features=1, n_states=150)
    for i in range(0, 150, 10):
        sign = 1 - 2 * agent.predict(rows[i])
        normal = sign * (W[1] - W[0])
        gain = 0.0
        for j in range(4):
            low, high = rows[:, j].min() - rows[i, j], rows[:, j].max() - rows[i, j]
            gain = max(gain, -linprog([-normal[j]], bounds=[(low, high)]).fun)
        possible = gain > abs(agent.decision_function(rows[i]) @ [1, -1])
        assert one.found[i] == possible
    assert np.isnan(one.counterfactuals[~one.found]).all()
    assert (one.new_actions[~one.found] == -1).all()


class Disc(LinearAgent):
    """Action 1 outside the unit circle."""

    def __init__(self):
        super().__init__(np.zeros((2, 2)))

    def decision_function(self, observations):
        inside = 1 - (np.asarray(observations, dtype=float) ** 2).sum(axis=1)
        return np.column_stack([inside, -inside])

    def decision_gradient(self, observations, weights):
        return (weights[:, :1] - weights[:, 1:]) * -2 * np.asarray(observations, dtype=float)


def test_a_curved_boundary_is_found_by_sliding_along_it():
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    X = np.concatenate([r * ring for r in (0.3, 0.8, 1.4, 2.0)]).astype(np.float32)
    found = counterfactual_states(Disc(), X, within_range=False, n_states=240)
    np.testing.assert_allclose(found.scale, found.scale[0], rtol=1e-6)
    exact = np.abs(1 - np.linalg.norm(X, axis=1)) / found.scale[0]
    np.testing.assert_allclose(found.distance, exact, rtol=2e-3)


def test_a_monotone_change_of_the_values_changes_nothing(rows):
    plain, curved = (cls(W[:2] / 10, b[:2]) for cls in (LinearAgent, CurvedAgent))
    one, two = (
        counterfactual_states(agent, rows, within_range=False) for agent in (plain, curved)
    )
    np.testing.assert_allclose(one.distance, two.distance, rtol=1e-3, atol=1e-5)


def test_a_continuous_action_moves_by_the_share_asked_for():
    w = np.array([[0.2, 0.4, 0.1]])
    agent = ContinuousAgent(w)
    X = np.random.default_rng(1).uniform(-1, 1, (40, 3)).astype(np.float32)
    found = counterfactual_states(agent, X, min_change=0.1, within_range=False)
    moved = np.abs(agent.predict(found.counterfactuals) - agent.predict(X))[:, 0]
    np.testing.assert_allclose(moved, 0.4, rtol=1e-3)  # a tenth of [-2, 2]
    np.testing.assert_allclose(found.distance, 0.4 / np.linalg.norm(w * found.scale), rtol=1e-3)


def test_without_gradients_the_way_to_visited_states_is_searched(rows):
    inner = LinearAgent(W[:2], b[:2])
    found = counterfactual_states(OpaqueAgent(inner), rows, n_states=60)
    best = counterfactual_states(inner, found.observations, background=rows, n_states=60)
    assert found.found.all()
    assert (found.distance >= best.distance * (1 - 1e-5)).all()
    assert (inner.predict(found.counterfactuals) == found.new_actions).all()


def test_the_shortest_step_in_a_box_is_optimal():
    rng = np.random.default_rng(2)
    slope, need = rng.normal(size=(20, 3)), rng.uniform(0.1, 0.8, 20)
    low, high = -rng.uniform(0, 1, (20, 3)), rng.uniform(0, 1, (20, 3))
    found = shortest_step(slope, need, low, high)
    for i in range(20):
        most = np.maximum(slope[i] * low[i], slope[i] * high[i]).sum()
        if most <= need[i]:
            assert slope[i] @ found[i] == pytest.approx(most, rel=1e-6)
            continue
        exact = minimize(
            lambda s: s @ s, np.zeros(3), jac=lambda s: 2 * s,
            bounds=list(zip(low[i], high[i], strict=True)),
            constraints={"type": "ineq", "fun": lambda s, i=i: slope[i] @ s - need[i]},
        )  # fmt: skip
        assert found[i] @ found[i] == pytest.approx(exact.fun, rel=1e-3)


def test_frames_and_errors_speak_of_actions_and_features(rows):
    agent = LinearAgent(W[:2])
    frame = counterfactual_states(agent, rows, n_states=5).to_frame()
    assert set(frame["action"]) <= {"push left", "push right"}
    assert "change of pole angle" in frame.columns
    with pytest.raises(UsageError, match=r"0\.\.1"):
        counterfactual_states(agent, rows, target=5)
    with pytest.raises(UsageError, match="no feature varies"):
        counterfactual_states(agent, rows[:1])
    with pytest.raises(UsageError, match="max_features"):
        counterfactual_states(agent, rows, max_features=0)
