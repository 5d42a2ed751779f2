"""Episodes depend on their seed and on the policy, not on what runs beside them."""

import gymnasium
import numpy as np
import pytest

from appliednn.core.errors import UsageError
from appliednn.reinforcement import ConstantPolicy, RandomPolicy, make_env, run_episodes


def lean(observations, first):
    """Push by the angle alone: fails after a while, at other times for other seeds."""
    return (observations[:, 2] > 0).astype(int)


def test_an_episode_is_that_of_a_plain_loop():
    episodes = run_episodes(lean, "CartPole-v1", seeds=[3, 8, 5], record=True)
    for i, seed in enumerate([3, 8, 5]):
        env = gymnasium.make("CartPole-v1")
        observation, _ = env.reset(seed=seed)
        seen, taken, done = [], [], False
        while not done:
            action = int(observation[2] > 0)
            seen.append(observation)
            taken.append(action)
            observation, _, terminated, truncated, _ = env.step(action)
            done = terminated or truncated
        np.testing.assert_array_equal(episodes.observations[i], seen)
        np.testing.assert_array_equal(episodes.actions[i], taken)
        np.testing.assert_array_equal(episodes.final_observations[i], observation)
        assert episodes.rewards[i].sum() == episodes.returns[i] == len(taken)
        assert episodes.lengths[i] == len(taken)
        assert (episodes.terminated[i], episodes.truncated[i]) == (terminated, truncated)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "appliednn/GridWorld-v0"])
def test_what_runs_beside_an_episode_has_no_influence(name):
    act = RandomPolicy(name)
    alone = run_episodes(act, name, range(7), side_by_side=1)
    for width in (2, 16):
        beside = run_episodes(act, name, range(7), side_by_side=width)
        np.testing.assert_array_equal(alone.returns, beside.returns)
        np.testing.assert_array_equal(alone.lengths, beside.lengths)
    one = run_episodes(act, name, [4])
    assert one.returns[0] == alone.returns[4]


def test_first_marks_the_rows_whose_episode_just_began():
    marks = []

    def act(observations, first):
        marks.append(first)
        return np.ones(len(observations), int)

    episodes = run_episodes(act, "CartPole-v1", range(5), side_by_side=2)
    assert sum(mark.sum() for mark in marks) == len(episodes)
    assert marks[0].all()


def test_policies_are_told_the_seeds_of_episodes_that_begin():
    class Told(ConstantPolicy):
        seeds: list = []  # noqa: RUF012

        def begin(self, rows, seeds):
            assert len(rows) == len(seeds) <= 2
            self.seeds.extend(seeds.tolist())

    act = Told(1)
    run_episodes(act, "CartPole-v1", [9, 4, 6], side_by_side=2)
    assert sorted(act.seeds) == [4, 6, 9]


def test_numbers_in_info_are_added_up():
    class Counting(gymnasium.Wrapper):
        def step(self, action):
            observation, reward, terminated, truncated, _ = self.env.step(action)
            info = {"steps": 1, "pushed": action == 1, "text": "no number", "list": [1, 2]}
            if terminated:
                info["late"] = np.float32(0.5)
            return observation, reward, terminated, truncated, info

    episodes = run_episodes(lean, lambda: Counting(make_env("CartPole-v1")), [0, 1], record=True)
    assert set(episodes.info_sums) == {"steps", "pushed", "late"}
    np.testing.assert_array_equal(episodes.info_sums["steps"], episodes.lengths)
    pushes = [actions.sum() for actions in episodes.actions]
    np.testing.assert_array_equal(episodes.info_sums["pushed"], pushes)
    np.testing.assert_array_equal(episodes.info_sums["late"], [0.5, 0.5])


def test_an_episode_is_cut_off_at_the_given_length():
    episodes = run_episodes(lean, "CartPole-v1", [0, 1], max_steps=12)
    assert episodes.lengths.tolist() == [12, 12]
    assert episodes.truncated.all()
    assert not episodes.terminated.any()


def test_recorded_actions_are_those_that_the_environment_got():
    far = ConstantPolicy([9.0])
    episodes = run_episodes(far, "Pendulum-v1", [0], record=True, max_steps=3)
    assert episodes.actions[0].tolist() == [[2.0]] * 3


def test_an_episode_needs_a_seed():
    with pytest.raises(UsageError, match="one for each episode"):
        run_episodes(lean, "CartPole-v1", [])
