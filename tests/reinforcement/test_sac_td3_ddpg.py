"""DDPG, TD3 and SAC: they aim, keep to the action space, go on exactly, are saved."""

import pickle

import numpy as np
import pytest
from _small_worlds import Aim, Chain, Point
from scipy import stats
from sklearn.base import clone

from appliednn import load
from appliednn.reinforcement import DDPGAgent, SACAgent, TD3Agent

pytest.importorskip("gymnasium")
import gymnasium

_TINY = {
    "total_timesteps": 120,
    "learning_starts": 40,
    "batch_size": 8,
    "buffer_size": 100,
    "hidden_layer_sizes": (8,),
    "eval_freq": None,
    "random_state": 3,
    "verbose": False,
}
_AGENTS = pytest.mark.parametrize("kind", [DDPGAgent, TD3Agent, SACAgent])


def _same(a, b):
    return all(
        np.array_equal(x, y) for x, y in zip(a.network_.weights, b.network_.weights, strict=True)
    )


@_AGENTS
def test_actions_go_where_the_reward_is(kind):
    """The best action is known: the observation itself, and 4, in bounds of unequal width."""
    agent = kind(
        Aim, total_timesteps=2000, learning_starts=300, train_freq=50, gradient_steps=50,
        batch_size=64, learning_rate=3e-3, tau=0.02, hidden_layer_sizes=(32, 32), gamma=0.9,
        eval_freq=None, random_state=0, verbose=False,
    ).fit()  # fmt: skip
    goals = np.linspace(-0.9, 0.9, 13)[:, None]
    actions = agent.predict(goals)
    assert actions[:, 0] == pytest.approx(goals[:, 0], abs=0.35)
    assert actions[:, 1] == pytest.approx(4.0, abs=1.2)
    assert agent.score(n_episodes=50) > -0.1  # random actions: about -4
    assert np.allclose(agent.decision_function(goals), actions)
    assert agent.value(goals) == pytest.approx(0.0, abs=0.6)


@_AGENTS
def test_two_halves_are_one_whole(kind):
    settings = {**_TINY, "noise_correlation": 0.9}
    whole, halves = kind("Pendulum-v1", **settings).fit(), kind("Pendulum-v1", **settings)
    halves.partial_fit(n_steps=60).partial_fit(n_steps=60)
    assert halves.n_steps_ == whole.n_steps_ == 120
    assert _same(whole, halves)
    assert _same(whole, clone(whole).fit())
    assert not _same(whole, clone(whole).set_params(random_state=4).fit())


@_AGENTS
def test_saved_agents_act_the_same(kind, tmp_path):
    agent = kind("Pendulum-v1", **_TINY, save_replay=True, n_step=2).fit()
    X = np.random.default_rng(0).normal(size=(9, 3))
    for twin in (load(agent.save(tmp_path / "a.ann")), pickle.loads(pickle.dumps(agent))):
        assert np.array_equal(twin.predict(X), agent.predict(X))
        assert np.array_equal(twin.value(X), agent.value(X))
        twin.partial_fit(n_steps=5)
        assert twin._learning["n_updates"] == agent._learning["n_updates"] + 5
    assert clone(agent).get_params() == agent.get_params()


@_AGENTS
def test_drawn_actions_stay_in_the_space(kind):
    agent = kind(Aim, **_TINY).fit()
    drawn = agent.predict(np.zeros((300, 1)), deterministic=False)
    space = agent.action_space_
    assert all(action in space for action in drawn)
    assert len(np.unique(drawn[:, 0])) > 100
    kept = agent._learning["buffer"].actions
    assert np.abs(kept).max() <= 1 and kept.dtype == np.float32


@_AGENTS
def test_gradients_of_actions_are_differences(kind):
    agent = kind(Aim, **{**_TINY, "activation": "tanh"}).fit()
    X, weights = np.array([[0.3], [-0.5]]), np.array([[1.0, 0.0], [0.5, -2.0]])
    change = agent.decision_function(X + 1e-2) - agent.decision_function(X - 1e-2)
    expected = (change * weights).sum(axis=1) / 2e-2
    assert agent.decision_gradient(X, weights)[:, 0] == pytest.approx(expected, abs=5e-3)


def _sees(agent):
    """Check what an agent of images keeps, and the shapes of its answers."""
    assert agent._learning["buffer"].observations.dtype == np.uint8
    images = np.stack([agent.make_env().reset(seed=s)[0] for s in range(4)])
    assert agent.value(images).shape == (4,)
    gradient = agent.decision_gradient(images, np.ones((4, 1)))
    assert gradient.shape == images.shape and np.abs(gradient).max() > 0


def test_images_are_read_by_convolutions():
    agent = SACAgent(
        Point, total_timesteps=700, learning_starts=200, train_freq=50, gradient_steps=50,
        batch_size=16, learning_rate=1e-3, hidden_layer_sizes=(32, 32), tau=0.05, gamma=0.9,
        eval_freq=None, random_state=0, verbose=False,
    ).fit()  # fmt: skip
    _sees(agent)
    assert agent.score(n_episodes=40) > -0.1  # without looking: -0.25 at best


@pytest.mark.parametrize("kind", [DDPGAgent, TD3Agent])
def test_images_are_read_without_a_soft_policy_too(kind):
    agent = kind(Point, **{**_TINY, "total_timesteps": 46}).fit()
    _sees(agent)
    assert np.isfinite(agent.history_["actor_loss"][-1])


@pytest.mark.parametrize("shape", [[3], [6, 6, 1]])
def test_the_actor_of_td3_reads_the_first_critic(shape):
    from appliednn.core._architecture import Architecture
    from appliednn.reinforcement.agents.off_policy._replay_actor_critic import _first

    net = Architecture.of(
        "deterministic_actor_critic", observation_shape=shape, n_actions=2, hidden_layer_sizes=[7]
    ).build()
    rng = np.random.default_rng(0)
    states = rng.integers(0, 255, (5, *shape)).astype(np.float32)
    actions = rng.uniform(-1, 1, (5, 2)).astype(np.float32)
    both = np.asarray(net.get_layer("critic")([states, actions]))
    assert both.shape == (5, 2, 1) and not np.allclose(both[:, 0], both[:, 1])
    assert np.asarray(_first(net, states, actions)) == pytest.approx(both[:, 0], rel=1e-4)


def test_the_noise_of_td3_is_the_one_that_was_asked_for():
    agent = TD3Agent(Aim, **{**_TINY, "total_timesteps": 41}, action_noise=0.05).fit()
    state = np.zeros((3000, 1))
    noise = (agent.predict(state, deterministic=False) - agent.predict(state)) / [3, 4]
    assert noise.std(axis=0) == pytest.approx(0.05, rel=0.1)


def test_noise_that_wanders_has_the_spread_and_the_memory_that_were_asked_for():
    agent = TD3Agent(
        Aim, **{**_TINY, "total_timesteps": 4000, "buffer_size": 5000}, action_noise=0.01,
        noise_correlation=0.9, learning_rate=1e-12, n_envs=2, train_freq=2000,
    ).fit()  # fmt: skip
    buffer = agent._learning["buffer"]
    random = buffer.actions[:2000].reshape(-1, 2, 2)
    assert random.std() == pytest.approx(1 / np.sqrt(3), rel=0.1)  # uniform, and as slow
    assert np.corrcoef(random[:-1, 0, 0], random[1:, 0, 0])[0, 1] > 0.8
    goals = buffer.observations[2000 : len(buffer)]
    best = (agent.predict(goals) - [0, 6]) / [3, 4]
    noise = (buffer.actions[2000 : len(buffer)] - best).reshape(-1, 2, 2)  # step, env, part
    assert noise.std(axis=(0, 1)) == pytest.approx(0.01, rel=0.25)
    steps = noise.transpose(1, 2, 0).reshape(4, -1)
    correlations = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in steps]
    assert correlations == pytest.approx([0.9] * 4, abs=0.06)


def test_a_soft_policy_draws_squashed_normal_actions():
    agent = SACAgent(Aim, **{**_TINY, "total_timesteps": 41}).fit()
    scores = agent._fast_scores()(np.zeros((1, 1), np.float32))[0]
    drawn = agent.predict(np.zeros((3000, 1)), deterministic=False)
    raw = np.arctanh(np.clip((drawn - [0, 6]) / [3, 4], -1 + 1e-7, 1 - 1e-7))
    z = (raw - scores[:2]) / np.exp(scores[2:])
    assert stats.kstest(z[:, 0], "norm").pvalue > 1e-3
    assert stats.kstest(z[:, 1], "norm").pvalue > 1e-3


def test_a_given_temperature_stays():
    fixed = SACAgent("Pendulum-v1", **_TINY, temperature=0.3).fit()
    learnt = SACAgent("Pendulum-v1", **_TINY).fit()
    assert np.exp(fixed.network_.part("temperature")[0]) == pytest.approx(0.3)
    assert learnt.history_["temperature"][-1] != 1.0


def test_ddpg_is_td3_without_its_safeguards():
    plain = DDPGAgent("Pendulum-v1", **_TINY).fit()
    assert "policy_delay" not in plain.get_params() and plain.network_.weights
    assert len(plain.network_.part("critic")[0]) == 1
    twin = TD3Agent("Pendulum-v1", **_TINY).fit()
    assert len(twin.network_.part("critic")[0]) == 2


def test_actions_without_bounds_and_choices_are_refused():
    with pytest.raises(ValueError, match="learns box actions"):
        SACAgent(Chain, **_TINY).fit()

    class Endless(Aim):
        def __init__(self):
            super().__init__()
            self.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float32)

    with (
        pytest.warns(UserWarning, match="no bounds"),
        pytest.raises(ValueError, match="RescaleAction"),
    ):
        TD3Agent(Endless, **_TINY).fit()
