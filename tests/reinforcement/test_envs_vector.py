"""Environments side by side: every transition is true, and comes again with the same seed."""

import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from appliednn.reinforcement import VectorEnv, make_env


def seeds_of(seed, n):
    sequences = (np.random.SeedSequence(seed, spawn_key=(i,)) for i in range(n))
    return [int(sequence.generate_state(1)[0] >> 1) for sequence in sequences]


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1", "appliednn/Catch-v0"])
def test_transitions_are_those_of_gymnasiums_own_vector(name):
    ours = VectorEnv(name, n_envs=3, seed=4)
    theirs = SyncVectorEnv([lambda: make_env(name)] * 3, autoreset_mode=AutoresetMode.SAME_STEP)
    np.testing.assert_array_equal(ours.reset(), theirs.reset(seed=seeds_of(4, 3))[0])
    theirs.action_space.seed(0)
    ended = 0
    for _ in range(230):
        action = theirs.action_space.sample()
        step = ours.step(action)
        observations, rewards, terminated, truncated, info = theirs.step(action)
        np.testing.assert_array_equal(step.observations, observations)
        np.testing.assert_allclose(step.rewards, rewards, rtol=1e-6)
        np.testing.assert_array_equal(step.terminated, terminated)
        np.testing.assert_array_equal(step.truncated, truncated)
        np.testing.assert_array_equal(step.ended, np.flatnonzero(terminated | truncated))
        for row, final in zip(step.ended, step.final_observations, strict=True):
            np.testing.assert_array_equal(final, info["final_obs"][row])
            np.testing.assert_array_equal(step.next_observations()[row], final)
        ended += len(step.ended)
    assert ended >= 3


def test_returns_and_lengths_are_those_of_whole_episodes():
    envs = VectorEnv("CartPole-v1", n_envs=2, seed=1)
    envs.reset()
    rewards, found = [[], []], []
    for _ in range(60):
        step = envs.step(np.ones(2, int))
        for row in range(2):
            rewards[row].append(float(step.rewards[row]))
        for row, total, length in zip(step.ended, step.returns, step.lengths, strict=True):
            found.append((total, length) == (sum(rewards[row]), len(rewards[row])))
            rewards[row] = []
    assert len(found) >= 8
    assert all(found)


def test_a_time_limit_truncates_and_a_fall_terminates():
    envs = VectorEnv(lambda: gymnasium.make("CartPole-v1", max_episode_steps=5), 1, seed=0)
    envs.reset()
    steps = [envs.step(np.zeros(1, int)) for _ in range(5)]
    assert [bool(s.truncated[0]) for s in steps] == [False] * 4 + [True]
    assert not any(s.terminated[0] for s in steps)
    full = VectorEnv("CartPole-v1", 1, seed=0)
    full.reset()
    fallen = next(s for s in (full.step(np.zeros(1, int)) for _ in range(50)) if len(s.ended))
    assert (bool(fallen.terminated[0]), bool(fallen.truncated[0])) == (True, False)


def test_continuous_actions_are_clipped_to_the_space():
    far, edge = VectorEnv("Pendulum-v1", 2, seed=0), VectorEnv("Pendulum-v1", 2, seed=0)
    far.reset()
    edge.reset()
    np.testing.assert_array_equal(
        far.step(np.array([[50.0], [-50.0]])).observations,
        edge.step(np.array([[2.0], [-2.0]])).observations,
    )


def test_a_later_step_leaves_an_earlier_ones_arrays_alone():
    envs = VectorEnv("MountainCar-v0", 2, seed=0)
    envs.reset()
    step = envs.step(np.array([0, 2]))
    kept = [np.array(part) for part in step]
    for _ in range(3):
        envs.step(np.array([2, 0]))
    for before, after in zip(kept, step, strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_pickled_collection_begins_new_episodes_that_can_be_foretold():
    envs = VectorEnv("CartPole-v1", 2, seed=3)
    first = envs.reset()
    data = pickle.dumps(envs)
    again, twin = pickle.loads(data), pickle.loads(data)
    begun = again.reset()
    np.testing.assert_array_equal(begun, twin.reset())
    assert not np.array_equal(begun, first)
    assert not np.array_equal(begun, again.reset())
    assert len(data) < 1000


def test_processes_give_the_same_transitions():
    within = VectorEnv("appliednn/Catch-v0", 2, seed=6)
    apart = VectorEnv("appliednn/Catch-v0", 2, seed=6, processes=True)
    try:
        np.testing.assert_array_equal(within.reset(), apart.reset())
        for moment in range(60):
            actions = np.array([moment % 3, 2])
            for one, other in zip(within.step(actions), apart.step(actions), strict=True):
                np.testing.assert_array_equal(one, other)
    finally:
        apart.close()
