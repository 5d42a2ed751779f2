"""Policies under stress against physics, closed forms and other policies."""

import gymnasium as gym
import numpy as np
import pytest
from policy_agents import BALANCE, ContinuousAgent, LinearAgent

from appliednn.core.errors import UsageError
from appliednn.explain.policies import environment_family
from appliednn.reinforcement import make_env, run_episodes
from appliednn.robustness.policies import (
    DYNAMICS,
    ReturnCurve,
    action_noise_curve,
    dynamics_curves,
    policy_noise_curve,
    sticky_action_curve,
    stress_frame,
    unseen_seeds,
)
from appliednn.robustness.policies._dynamics import scaled
from appliednn.robustness.policies._wrappers import NoisyActions, NoisySensors, StickyActions

AGENT = LinearAgent.balancing()
SEEDS = [3, 5, 8, 13, 21, 34]


def test_sensors_are_blurred_by_the_level_times_the_scale():
    scale = np.array([1.0, 2.0, 0.0, 4.0])
    seen = []
    for level in (0.0, 0.1, 1.0):
        with NoisySensors(gym.make("CartPole-v1"), level, 7, scale) as env:
            steps = [env.reset(seed=1)[0]]
            steps += [env.step(k % 2)[0] for k in range(20)]
            seen.append(np.array(steps, dtype=np.float64))
    small, large = seen[1] - seen[0], seen[2] - seen[0]
    np.testing.assert_allclose(large, 10 * small, atol=1e-5)  # the same draws at every level
    np.testing.assert_array_equal(large[:, 2], 0.0)
    drawn = large[:, [0, 1, 3]] / scale[[0, 1, 3]]
    assert abs(drawn.std() - 1) < 0.2
    assert abs(drawn.mean()) < 0.3


def test_noise_depends_on_the_episodes_seed_alone():
    noisy = policy_noise_curve(AGENT, levels=[8.0], scale=0.1, seeds=SEEDS)
    turned = policy_noise_curve(AGENT, levels=[8.0], scale=0.1, seeds=SEEDS[::-1])
    np.testing.assert_array_equal(noisy.values[0], turned.values[0][::-1])
    other = policy_noise_curve(AGENT, levels=[8.0], scale=0.1, seeds=SEEDS, random_state=1)
    assert (noisy.values != other.values).any()


def test_noise_costs_return_and_the_loss_is_paired():
    curve = policy_noise_curve(AGENT, levels=[30.0, 1.0], seeds=SEEDS)
    assert curve.levels == (1.0, 30.0)
    assert (curve.clean == 500).all()
    assert curve.at[0].value > curve.at[1].value
    assert curve.lost[1].value == pytest.approx((curve.clean - curve.values[1]).mean())
    assert curve.lost[1].ci[0] > 100
    frame = curve.to_frame()
    assert list(frame["level"]) == [0.0, 1.0, 30.0]
    assert frame["return"].iloc[0] == 500
    assert frame["lost"].iloc[2] == pytest.approx(curve.lost[1].value)


def test_frames_are_stacked_from_blurred_sensors():
    class Stacked(LinearAgent):
        frame_stack = 2

        def policy(self, deterministic=True, seed=0):
            def act(observations, first):
                rows.append(observations[0])
                return np.zeros(len(observations), int)

            return act

    rows = []
    agent = Stacked(np.zeros((2, 8)))
    policy_noise_curve(agent, levels=[1.0], scale=1.0, seeds=[2])
    noisy = np.array(rows[len(rows) // 2 :])
    np.testing.assert_array_equal(noisy[1:, :4], noisy[:-1, 4:])  # the old frame is as it was seen


def test_random_actions_are_as_good_as_the_random_policy():
    found = action_noise_curve(AGENT, levels=[1.0], n_episodes=60).at[0]
    rng = np.random.default_rng(0)
    chance = run_episodes(
        lambda rows, first: rng.integers(0, 2, len(rows)), "CartPole-v1", range(200)
    ).returns.mean()
    assert found.ci[0] < chance < found.ci[1]


def test_noise_on_a_continuous_action_stays_within_its_range():
    class Echo(gym.Env):
        action_space = gym.spaces.Box(-2, 2, (1,))
        observation_space = gym.spaces.Box(-1, 1, (1,))

        def reset(self, *, seed=None, options=None):
            return np.zeros(1, np.float32), {}

        def step(self, action):
            taken.append(float(action[0]))
            return np.zeros(1, np.float32), 0.0, False, False, {}

    taken = []
    env = NoisyActions(Echo(), 0.25, 0)
    env.reset(seed=1)
    for _ in range(2000):
        env.step(np.array([0.0], np.float32))
    assert np.std(taken) == pytest.approx(0.25 * 2, rel=0.05)  # a quarter of a half range of 2
    for _ in range(50):
        env.step(np.array([2.0], np.float32))
    assert max(taken) <= 2.0


def test_always_sticky_actions_repeat_the_first_for_ever():
    curve = sticky_action_curve(AGENT, levels=[1.0], seeds=SEEDS)
    first = {}
    for seed in SEEDS:
        with gym.make("CartPole-v1") as env:
            first[seed] = int(AGENT.predict(env.reset(seed=seed)[0]))
    expected = [
        run_episodes(lambda r, f, a=a: np.full(len(r), a), "CartPole-v1", [seed]).returns[0]
        for seed, a in first.items()
    ]
    np.testing.assert_array_equal(curve.values[0], expected)


def test_actions_stick_as_often_as_asked():
    with StickyActions(gym.make("MountainCar-v0"), 0.3, 0) as env:
        env.reset(seed=0)
        repeats = 0
        for k in range(190):
            before, wanted = env.last, (k % 2) * 2
            env.step(wanted)
            repeats += before is not None and env.last != wanted
    # A repetition shows only where the action before differs from the one wanted.
    assert 0.15 < repeats / 190 < 0.3


def cart_pole_step(state, action, *, gravity=9.8, masscart=1.0, masspole=0.1, length=0.5):
    """One Euler step after Barto, Sutton and Anderson (1983)."""
    x, v, angle, turn = state
    force, tau, total = (10.0 if action else -10.0), 0.02, masscart + masspole
    push = (force + masspole * length * turn**2 * np.sin(angle)) / total
    spin = (gravity * np.sin(angle) - np.cos(angle) * push) / (
        length * (4 / 3 - masspole * np.cos(angle) ** 2 / total)
    )
    speed_up = push - masspole * length * spin * np.cos(angle) / total
    return np.array([x + tau * v, v + tau * speed_up, angle + tau * turn, turn + tau * spin])


@pytest.mark.parametrize("attribute", ["gravity", "masscart", "masspole", "length"])
def test_scaled_physics_are_those_of_the_equations(attribute):
    given = {"gravity": 9.8, "masscart": 1.0, "masspole": 0.1, "length": 0.5}
    with gym.make("CartPole-v1") as env:
        env.reset(seed=0)
        scaled(env, attribute, 3.0, "CartPole")
        env.unwrapped.state = state = np.array([0.1, -0.2, 0.05, 0.3])
        for action in (1, 0, 1, 1):
            expected = cart_pole_step(state, action, **{attribute: 3 * given[attribute]})
            seen = env.step(action)[0]
            np.testing.assert_allclose(seen, expected, rtol=1e-5)
            state = expected


def test_an_unchanged_world_gives_unchanged_returns():
    curves = dynamics_curves(
        AGENT, perturbations={"length": [1.0, 8.0], "force_mag": [0.0]}, seeds=SEEDS
    )
    np.testing.assert_array_equal(curves["length"].values[0], curves["length"].clean)
    assert curves["force_mag"].lost[0].ci[0] > 100  # nothing holds the pole
    levels, values, _, _ = curves["force_mag"].points()
    assert levels == [0.0, 1.0]
    assert values[1] == 500
    frame = stress_frame(curves)
    assert set(frame["stress"]) == {"length", "force_mag"}
    assert len(frame) == 5


@pytest.mark.parametrize("family", DYNAMICS)
def test_default_perturbations_name_attributes_that_exist(family):
    make_env("CartPole-v1").close()  # registers the package's own environments
    ours = [i for i in gym.registry if not i.startswith("phys2d")]
    known = [i for i in ours if environment_family(i) == family]
    with make_env(known[-1]) as env:
        for attribute in DYNAMICS[family]:
            before = getattr(env.unwrapped, attribute)
            scaled(env, attribute, 1.5, family)
            assert getattr(env.unwrapped, attribute) == pytest.approx(1.5 * before)


def test_seen_seeds_flatter_where_they_differ():
    weak = LinearAgent(np.stack([-BALANCE, BALANCE]) * [0, 0, 1, 0])  # by the angle alone
    drawn = run_episodes(weak.policy(), "CartPole-v1", range(40)).returns
    best = np.argsort(-drawn)[:8]
    found = unseen_seeds(weak, seen=best, n_episodes=30)
    assert found.gap.value == pytest.approx(found.seen.mean.value - found.fresh.mean.value)
    assert found.gap.ci[0] > 0
    assert not set(found.seen.seeds) & set(found.fresh.seeds)
    same = unseen_seeds(AGENT, seen=SEEDS, n_episodes=6)
    assert same.gap.value == 0
    assert same.gap.ci == (0, 0)


def test_curves_keep_the_names_of_curves_of_tables():
    curve = ReturnCurve(
        "noise", "sd", (0.5, 1.0), np.array([5.0, 7.0]), np.array([[4.0, 6.0], [1.0, 1.0]]), [1, 2]
    )
    assert [e.value for e in curve.at] == [5.0, 1.0]
    assert [e.value for e in curve.lost] == [1.0, 5.0]
    assert curve.clean_estimate.value == 6.0
    assert curve.nearest(0.6) == 0
    assert curve.points()[0] == [0.0, 0.5, 1.0]
    assert list(curve.estimates("noise", "Return at noise")) == ["noise[0.5]", "noise[1]"]
    one = ReturnCurve("noise", "sd", (1.0,), np.array([5.0]), np.array([[4.0]]), [1])
    assert one.lost[0].ci is None
    assert one.points()[2] == [5.0, 4.0]


def test_errors_say_what_to_do():
    with pytest.raises(UsageError, match="positive"):
        policy_noise_curve(AGENT, levels=[0.0])
    with pytest.raises(UsageError, match="n_episodes or seeds"):
        sticky_action_curve(AGENT, n_episodes=0)
    with pytest.raises(UsageError, match="masscart"):
        dynamics_curves(AGENT, perturbations={"weight": [2.0]})
    with pytest.raises(UsageError, match="give perturbations="):
        dynamics_curves(ContinuousAgent([[1.0]], env=OneStep), None)
    with pytest.raises(UsageError, match="seen is empty"):
        unseen_seeds(AGENT, seen=[])


class OneStep(gym.Env):
    action_space = gym.spaces.Box(-1, 1, (1,))
    observation_space = gym.spaces.Box(-1, 1, (1,))

    def reset(self, *, seed=None, options=None):
        return np.zeros(1, np.float32), {}

    def step(self, action):
        return np.zeros(1, np.float32), 0.0, True, False, {}
