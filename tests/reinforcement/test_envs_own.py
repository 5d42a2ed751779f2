"""Own environments against closed forms: physics, exact values, accounts, and chance."""

import itertools

import numpy as np
import pandas as pd
import pytest

from appliednn.core.errors import UsageError
from appliednn.reinforcement import (
    Catch,
    GridWorld,
    RandomPolicy,
    RecallCue,
    RobotArm,
    TradingEnv,
    buy_and_hold,
    generate_prices,
    heuristic_policy,
    policy_values,
    run_episodes,
    value_iteration,
)

# -- grid world -----------------------------------------------------------------------------------


def test_values_of_a_corridor_are_the_closed_form():
    exact = value_iteration(*GridWorld(("S...G",)).model(), gamma=0.9)
    steps = np.arange(4, 0, -1)
    expected = 0.9 ** (steps - 1) - 0.02 * (1 - 0.9**steps) / (1 - 0.9)
    np.testing.assert_allclose(exact.values[:4], expected)
    assert exact.values[4] == 0
    assert exact.policy[:4].tolist() == [1, 1, 1, 1]


def test_the_shortest_way_of_the_default_map_crosses_hazards():
    world = GridWorld()
    exact = value_iteration(*world.model(), gamma=1.0)
    assert exact.values[0] == pytest.approx(1 - 5 * 0.02)
    act = lambda observations, first: exact.policy[observations.argmax(axis=1)]  # noqa: E731
    episodes = run_episodes(act, GridWorld, seeds=[0])
    assert episodes.returns[0] == pytest.approx(exact.values[0])
    assert episodes.lengths[0] == 5
    assert episodes.info_sums["cost"][0] == 2
    careful = value_iteration(*GridWorld(hazard_reward=-1.0).model(), gamma=1.0)
    act = lambda observations, first: careful.policy[observations.argmax(axis=1)]  # noqa: E731
    around = run_episodes(act, GridWorld, seeds=[0])
    assert (around.lengths[0], around.info_sums["cost"][0]) == (9, 0)


def test_values_of_a_policy_are_its_mean_return_in_a_slippery_world():
    make = lambda: GridWorld(("S.#", "..G"), slip=0.3)  # noqa: E731
    model = make().model()
    np.testing.assert_allclose(model[0].sum(axis=2), 1)
    exact = value_iteration(*model, gamma=1.0)
    np.testing.assert_allclose(policy_values(exact.policy, *model, gamma=1.0), exact.values)
    act = lambda observations, first: exact.policy[observations.argmax(axis=1)]  # noqa: E731
    returns = run_episodes(act, make, seeds=range(1000)).returns
    error = returns.std() / np.sqrt(len(returns))
    assert abs(returns.mean() - exact.values[0]) < 4 * error


def test_values_that_never_settle_are_said():
    transitions, rewards = np.ones((1, 1, 1)), np.ones((1, 1))
    with pytest.raises(UsageError, match="not settled"):
        value_iteration(transitions, rewards, np.array([False]), gamma=1.0, max_sweeps=50)


@pytest.mark.parametrize(
    ("layout", "says"),
    [(("S.", "G"), "one length"), (("SX", ".G"), "characters"), (("..", ".G"), "no start")],
)
def test_unusable_maps_are_refused(layout, says):
    with pytest.raises(UsageError, match=says):
        GridWorld(layout)


# -- robot arm ------------------------------------------------------------------------------------


def test_energy_stays_without_friction_and_torque():
    arm = RobotArm(damping=0.0)
    arm.reset(seed=1)
    arm.state = (0.3, 1.0, 1.0, -2.0)
    before = arm.energy()
    drift = [abs(arm.energy() / before - 1) for _ in range(60) if arm.step((0.0, 0.0))]
    assert max(drift) < 0.02


def test_work_of_the_torques_is_the_energy_won():
    arm = RobotArm(damping=0.0)
    arm.reset(seed=1)
    arm.state = (0.0, 0.5, 0.0, 0.0)
    work = 0.0
    for _ in range(20):
        before = arm.state
        arm.step((0.3, -0.1))
        turned = np.subtract(arm.state[:2], before[:2])
        work += float(np.dot((0.6, -0.2), turned))
    assert arm.energy() == pytest.approx(work, rel=0.05)


def test_tip_follows_from_the_joint_angles_and_targets_can_be_reached():
    arm = RobotArm()
    for seed in range(30):
        observation, _ = arm.reset(seed=seed)
        first, second = arm.state[:2]
        tip = 0.5 * np.exp(1j * first) + 0.5 * np.exp(1j * (first + second))
        target = complex(*observation[6:8])
        assert complex(*observation[8:10]) == pytest.approx(target - tip, abs=1e-6)
        assert 0.2 <= abs(target) <= 0.95


# -- trading --------------------------------------------------------------------------------------

PRICES = generate_prices(60, 2, random_state=5)


def played(env, actions):
    rows = [env.reset(seed=0)[0]]
    rewards = []
    for action in actions:
        observation, reward, *_ = env.step(action)
        rows.append(observation)
        rewards.append(reward)
    return np.array(rows), np.array(rewards)


def test_future_prices_change_nothing_that_was_seen_or_earned_before():
    actions = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    seen, earned = played(TradingEnv(PRICES, "weights", window=5), actions)
    for step in (0, 7, 39):
        other = PRICES.copy()
        other[5 + step + 1 :] *= np.random.default_rng(step).uniform(0.5, 2, (54 - step, 2))
        seen2, earned2 = played(TradingEnv(other, "weights", window=5), actions[: step + 1])
        np.testing.assert_array_equal(seen2[: step + 1], seen[: step + 1])
        np.testing.assert_array_equal(earned2[:step], earned[:step])
        assert earned2[step] != earned[step]


def test_wealth_is_that_of_accounts_kept_in_units_and_cash():
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (40, 2))
    env = TradingEnv(PRICES, "weights", window=5, cost=0.002, slippage=0.001)
    _, earned = played(env, actions)
    cash, units, wealth = 1.0, np.zeros(2), [1.0]
    for step, action in enumerate(actions):
        price, after = PRICES[5 + step], PRICES[6 + step]
        named = action / max(1, np.abs(action).sum())
        owned = cash + units @ price
        traded = np.abs(named * owned - units * price).sum()
        owned -= 0.003 * traded
        units = named * owned / price
        cash = owned - units @ price
        wealth.append(cash + units @ after)
    np.testing.assert_allclose(np.exp(np.cumsum(earned)), wealth[1:], rtol=1e-9)


def test_buy_and_hold_earns_the_price_change_less_one_trade():
    make = lambda: TradingEnv(PRICES[:, 0], window=5)  # noqa: E731
    episodes = run_episodes(buy_and_hold(make()), make, seeds=[0])
    expected = np.log(PRICES[-1, 0] / PRICES[5, 0]) + np.log(1 - 0.0015)
    assert episodes.returns[0] == pytest.approx(expected)
    assert episodes.lengths[0] == 54
    assert episodes.truncated[0]
    assert episodes.info_sums["turnover"][0] == pytest.approx(1)


def test_all_lost_ends_the_episode():
    env = TradingEnv(np.array([10.0, 10.0, 25.0, 25.0]), window=1)
    env.reset(seed=0)
    _, reward, terminated, _, _ = env.step(0)  # short while the price more than doubles
    assert terminated
    assert reward == pytest.approx(np.log(1e-6), rel=1e-3)


def test_episodes_start_where_they_fit_and_frames_are_taken():
    frame = pd.DataFrame(PRICES, columns=["a", "b"])
    env = TradingEnv(frame, "weights", window=5, episode_length=10)
    starts = set()
    for seed in range(300):
        env.reset(seed=seed)
        starts.add(env._now)
    assert starts == set(range(5, 50))
    assert np.array_equal(env.prices, PRICES)


def test_unseeded_prices_are_a_walk_whose_sign_persists():
    prices = generate_prices(200_000, trend=0.004, volatility=0.01, random_state=0)[:, 0]
    returns = np.diff(np.log(prices))
    # Noise is independent, the sign's correlation over one step is 2 * persistence - 1.
    covariance = np.mean(returns[1:] * returns[:-1])
    assert covariance == pytest.approx(0.004**2 * 0.94, rel=0.1)
    assert returns.var() == pytest.approx(0.004**2 + 0.01**2, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"prices": np.array([1.0, -1.0] * 10)}, "above 0"),
        ({"prices": np.ones(5)}, "give 12 or more"),
        ({"prices": np.ones((20, 2))}, "2 assets"),
        ({"prices": pd.DataFrame({"a": ["x"] * 20})}, "table of numbers"),
        ({"cost": -1.0}, "costs from 0"),
    ],
)
def test_unusable_prices_are_refused(arguments, says):
    with pytest.raises(UsageError, match=says):
        TradingEnv(**arguments)


# -- pictures and memory --------------------------------------------------------------------------


def test_following_the_block_catches_all_and_chance_does_not():
    episodes = run_episodes(heuristic_policy(Catch), Catch, seeds=range(20))
    assert episodes.returns.tolist() == [5.0] * 20
    assert run_episodes(RandomPolicy(Catch), Catch, seeds=range(20)).returns.mean() < 0


def test_no_policy_without_memory_recalls_the_cue():
    for answer, stack in itertools.product(range(3), (1, 5)):
        act = lambda observations, first, a=answer: np.full(len(observations), a)  # noqa: E731
        episodes = run_episodes(
            act, lambda: RecallCue(3), range(40), frame_stack=stack, record=True
        )
        asked = np.array([track[-1] for track in episodes.observations])
        assert len(np.unique(asked, axis=0)) == 1  # the question looks the same after any cue
        cues = {track[0][:3].argmax() for track in episodes.observations}
        assert cues == {0, 1, 2}
    values = [1.0 if answer == cue else -0.5 for answer in range(3) for cue in range(3)]
    assert np.mean(values) == 0.0  # chance


def test_a_policy_that_remembers_recalls_the_cue_side_by_side():
    memory = {}

    def act(observations, first):
        for row in np.flatnonzero(first):
            memory[row] = observations[row, :-1].argmax()
        return np.array([memory.get(row, 0) for row in range(len(observations))])

    assert run_episodes(act, "appliednn/RecallCue-v0", range(40), side_by_side=7).returns.all()
