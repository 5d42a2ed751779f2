"""DQN: exact values of a small problem, repeatable and resumable learning, saved agents."""

import pickle
import random

import numpy as np
import pytest
from _small_worlds import Aim, Chain, Conveyor, Spot
from sklearn.base import clone

from appliednn import load
from appliednn.reinforcement import DQNAgent

pytest.importorskip("gymnasium")

_TINY = {
    "total_timesteps": 240,
    "learning_starts": 40,
    "train_freq": 8,
    "gradient_steps": 4,
    "target_update_interval": 16,
    "batch_size": 8,
    "buffer_size": 150,
    "hidden_layer_sizes": (8,),
    "n_step": 1,
    "eval_freq": None,
    "random_state": 3,
    "verbose": False,
}
_SOLVING = {
    "total_timesteps": 3000,
    "learning_starts": 200,
    "train_freq": 100,
    "gradient_steps": 80,
    "target_update_interval": 100,
    "batch_size": 32,
    "learning_rate": 3e-3,
    "gamma": 0.8,
    "hidden_layer_sizes": (24,),
    "n_step": 1,
    "exploration_initial_eps": 1.0,
    "exploration_final_eps": 1.0,
    "eval_freq": None,
    "random_state": 0,
    "verbose": False,
}


def _weights(agent):
    return [w.copy() for w in agent.network_.weights]


def _same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    "flags",
    [
        {"double": False},
        {"double": True, "dueling": True},
        {"double": True, "prioritized": True, "n_envs": 4},
    ],
)
def test_values_are_those_of_value_iteration(flags):
    """Also where a time limit cuts most episodes off: it is no end of the world."""
    agent = DQNAgent(Chain, **_SOLVING, **flags).fit()
    exact = Chain.optimal_values(0.8)
    found = agent.decision_function(np.eye(6)[:5])
    assert found == pytest.approx(exact, abs=0.06)
    assert np.array_equal(agent.predict(np.eye(6)[:5]), exact.argmax(axis=1))
    assert agent.value(np.eye(6)[:5]) == pytest.approx(found.max(axis=1), abs=1e-5)


@pytest.mark.parametrize("n_step", [2, 4])
def test_values_over_several_steps_are_exact_where_all_actions_are_equal(n_step):
    """Rewards of many steps add up over what random actions did: no matter on a conveyor."""
    agent = DQNAgent(Conveyor, **{**_SOLVING, "n_step": n_step}, n_envs=2).fit()
    exact = Conveyor.optimal_values(0.8)
    assert agent.decision_function(np.eye(6)[:5]) == pytest.approx(exact, abs=0.04)


def test_one_seed_gives_one_agent():
    first, second = DQNAgent(Chain, **_TINY).fit(), DQNAgent(Chain, **_TINY).fit()
    other = DQNAgent(Chain, **{**_TINY, "random_state": 4}).fit()
    assert _same(_weights(first), _weights(second))
    assert not _same(_weights(first), _weights(other))
    assert first.history_["loss"] == second.history_["loss"]


@pytest.mark.parametrize("flags", [{}, {"prioritized": True, "n_step": 3, "n_envs": 2}])
def test_two_halves_are_one_whole(flags):
    whole = DQNAgent(Chain, **{**_TINY, **flags}).fit()
    halves = DQNAgent(Chain, **{**_TINY, **flags})
    halves.partial_fit(n_steps=120).partial_fit(n_steps=120)
    assert halves.n_steps_ == whole.n_steps_ == 240
    assert _same(_weights(whole), _weights(halves))


def test_the_global_generators_are_left_alone():
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    DQNAgent(Chain, **_TINY).fit()
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert before == after


def test_the_target_is_copied_after_whole_rounds():
    """16 steps are two rounds of 8, eight gradient steps: 25 rounds from step 40 to 240."""
    agent = DQNAgent(Chain, **{**_TINY, "total_timesteps": 232}).fit()  # 25 rounds
    assert agent._learning["n_updates"] == 4 * 25
    assert not _same(agent.network_.part("q"), agent.network_.part("target"))
    agent.partial_fit(n_steps=8)
    assert _same(agent.network_.part("q"), agent.network_.part("target"))


def test_the_buffer_is_saved_on_request_only(tmp_path):
    kept = DQNAgent("CartPole-v1", **_TINY, save_replay=True).fit()
    light = DQNAgent("CartPole-v1", **_TINY).fit()
    X = np.random.default_rng(0).normal(size=(20, 4))
    for agent in (kept, light):
        for twin in (load(agent.save(tmp_path / "a.ann")), pickle.loads(pickle.dumps(agent))):
            assert np.array_equal(twin.decision_function(X), agent.decision_function(X))
            assert ("buffer" in twin._learning) == agent.save_replay
            twin.partial_fit(n_steps=16)
            assert twin.n_steps_ == 256
            learnt = twin._learning["n_updates"] - agent._learning["n_updates"]
            assert learnt == (8 if agent.save_replay else 0)  # the light one refills first
    twin.partial_fit(n_steps=40)
    assert twin._learning["n_updates"] > light._learning["n_updates"]
    rows = load(kept.save(tmp_path / "b.ann"))._learning["buffer"].rows(np.arange(150))
    for name, values in kept._learning["buffer"].rows(np.arange(150)).items():
        assert np.array_equal(rows[name], values)


def test_a_clone_keeps_parameters_and_nothing_else():
    agent = DQNAgent(Chain, **_TINY, dueling=True).fit()
    twin = clone(agent)
    assert twin.get_params() == agent.get_params() and not hasattr(twin, "network_")


def test_probabilities_are_the_frequencies_of_drawn_actions():
    agent = DQNAgent(Chain, **_TINY, exploration_final_eps=0.3).fit()
    state = np.eye(6)[2]
    chances = agent.predict_proba(state)
    assert chances.sum() == pytest.approx(1) and chances.max() == pytest.approx(0.85)
    drawn = agent.predict(np.tile(state, (4000, 1)), deterministic=False)
    assert np.bincount(drawn, minlength=2) / 4000 == pytest.approx(chances, abs=0.03)
    assert agent.predict_proba(np.eye(6)).shape == (6, 2)


def test_gradients_of_values_are_differences():
    agent = DQNAgent(Chain, **_TINY, activation="tanh", normalize_observations=True).fit()
    X = np.random.default_rng(1).random((3, 6))
    weights = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
    gradient = agent.decision_gradient(X, weights)
    for j in range(6):
        step = 1e-2 * np.eye(6)[j]
        change = agent.decision_function(X + step) - agent.decision_function(X - step)
        expected = (change * weights).sum(axis=1) / 2e-2
        assert gradient[:, j] == pytest.approx(expected, abs=2e-3)


def test_images_are_read_by_convolutions():
    agent = DQNAgent(
        Spot, total_timesteps=600, learning_starts=100, train_freq=50, gradient_steps=25,
        batch_size=32, learning_rate=1e-3, exploration_fraction=0.5, hidden_layer_sizes=(16,),
        dueling=True, n_eval_episodes=40, eval_freq=200, random_state=0, verbose=False,
    ).fit()  # fmt: skip
    assert agent._learning["buffer"].observations.dtype == np.uint8
    assert agent.best_return_ >= 0.95  # guessing earns 0.5
    images = np.stack([agent.make_env().reset(seed=s)[0] for s in range(5)])
    assert agent.decision_function(images).shape == (5, 2)
    assert agent.decision_gradient(images, np.ones((5, 2))).shape == images.shape


def test_learning_stops_in_time():
    agent = DQNAgent("CartPole-v1", **{**_TINY, "total_timesteps": 10**6}, max_seconds=1.0).fit()
    assert agent.stop_reason_ == "max_seconds" and agent.n_steps_ < 10**6


def test_without_a_gradient_step_the_loss_is_unknown():
    with pytest.warns(UserWarning, match="nothing was learnt in 240 steps"):
        agent = DQNAgent(Chain, **{**_TINY, "learning_starts": 500}).fit()
    assert np.isnan(agent.history_["loss"]).all()
    assert np.isfinite(agent.history_["return"]).all()


def test_real_actions_are_refused():
    with pytest.raises(ValueError, match="learns discrete actions"):
        DQNAgent(Aim, **_TINY).fit()


def test_diverged_learning_is_told():
    with pytest.raises(FloatingPointError, match="lower learning_rate"):
        DQNAgent(Chain, **_TINY, learning_rate=1e30, double=False).fit()
