"""What holds for every agent: scikit-learn's habits, repeatability, persistence, clear errors."""

import os
import pickle
import random

import gymnasium
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

import appliednn
from appliednn.reinforcement import (
    A2CAgent,
    DDPGAgent,
    DQNAgent,
    PPOAgent,
    RecurrentPPOAgent,
    REINFORCEAgent,
    SACAgent,
    SeedSplit,
    TD3Agent,
    presets,
)

QUICK = {
    "n_eval_episodes": 2, "hidden_layer_sizes": (8,), "random_state": 0, "verbose": False,
}  # fmt: skip
REPLAY = {"learning_starts": 32, "batch_size": 16, "train_freq": 16, "gradient_steps": 4}
AGENTS = {
    "PPO": PPOAgent("CartPole-v1", total_timesteps=512, **QUICK),
    "RecurrentPPO": RecurrentPPOAgent("CartPole-v1", total_timesteps=512, lstm_units=8, **QUICK),
    "A2C": A2CAgent("CartPole-v1", total_timesteps=512, **QUICK),
    "REINFORCE": REINFORCEAgent("CartPole-v1", total_timesteps=300, **QUICK),
    "DQN": DQNAgent("CartPole-v1", total_timesteps=256, **REPLAY, **QUICK),
    "DDPG": DDPGAgent("Pendulum-v1", total_timesteps=256, **REPLAY, **QUICK),
    "TD3": TD3Agent("Pendulum-v1", total_timesteps=256, **REPLAY, **QUICK),
    "SAC": SACAgent("Pendulum-v1", total_timesteps=256, **REPLAY, **QUICK),
}
CONTINUOUS = {"DDPG", "TD3", "SAC"}


def states(name, n=5):
    return np.random.default_rng(0).uniform(-0.5, 0.5, (n, 3 if name in CONTINUOUS else 4))


def answers(agent, X):
    return [agent.predict(X), agent.decision_function(X), agent.value(X)]


def assert_same(one, other, X):
    for a, b in zip(answers(one, X), answers(other, X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(agent).fit() for name, agent in AGENTS.items()}


@pytest.fixture(params=AGENTS)
def name(request):
    return request.param


def test_clone_and_set_params_keep_everything(name):
    agent = AGENTS[name]
    assert clone(agent).get_params() == agent.get_params()
    assert clone(agent).set_params(gamma=0.5).gamma == 0.5


def test_fit_twice_is_the_same_and_leaves_no_trace(name, fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    again = clone(AGENTS[name]).fit()
    assert_same(fitted[name], again, states(name))
    assert {**fitted[name].history_, "seconds": 0} == {**again.history_, "seconds": 0}
    assert random.getstate() == before[0]
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert os.listdir(tmp_path) == []


def test_pickle_and_model_file_give_the_same_answers(name, fitted, tmp_path):
    agent, X = fitted[name], states(name)
    loaded = appliednn.load(agent.save(tmp_path / "agent.ann"))
    for copy in (pickle.loads(pickle.dumps(agent)), loaded):
        assert_same(agent, copy, X)
        assert copy.get_params() == agent.get_params()
        assert copy.evaluate(n_episodes=2).returns.tolist() == (
            agent.evaluate(n_episodes=2).returns.tolist()
        )


def test_a_loaded_agent_goes_on_learning(name, fitted, tmp_path):
    loaded = appliednn.load(fitted[name].save(tmp_path / "agent.ann"))
    n = loaded.n_steps_
    loaded.partial_fit(n_steps=64)
    assert loaded.n_steps_ >= n + 64
    assert fitted[name].n_steps_ == n


def test_two_halves_learn_what_the_whole_does(name, fitted):
    halves, whole = clone(AGENTS[name]), fitted[name]
    half = halves.total_timesteps // 2
    halves.partial_fit(n_steps=half).partial_fit(n_steps=half)
    if name == "REINFORCE":  # whose rounds are episodes: a half ends with its last one
        n = min(len(whole.history_["loss"]), len(halves.history_["loss"]))
        assert n > 1
        assert halves.history_["loss"][:n] == whole.history_["loss"][:n]
        return
    assert halves.n_steps_ == whole.n_steps_
    pairs = zip(halves._learning["weights"], whole._learning["weights"], strict=True)
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours, theirs)


def test_answers_have_the_shapes_of_the_spaces(name, fitted):
    agent, X = fitted[name], states(name)
    actions = agent.predict(X)
    assert all(agent.action_space_.contains(a) for a in actions)
    np.testing.assert_allclose(agent.predict(X[0]), actions[0], rtol=1e-5)
    assert agent.value(X).shape == (5,)
    assert agent.n_features_in_ == X.shape[1]
    if name in CONTINUOUS:
        with pytest.raises(AttributeError):
            agent.predict_proba(X)
    else:
        np.testing.assert_allclose(agent.predict_proba(X).sum(axis=1), 1.0, rtol=1e-5)


def test_the_gradient_is_the_slope_of_the_decision(name, fitted):
    agent, X = fitted[name], states(name)
    k = agent.decision_function(X).shape[1]
    weights = np.random.default_rng(1).normal(size=(len(X), k))
    gradient = agent.decision_gradient(X, weights)
    for j in range(X.shape[1]):
        step = np.zeros(X.shape[1])
        step[j] = 2e-3
        ends = [(agent.decision_function(X + s * step) * weights).sum(axis=1) for s in (1, -1)]
        np.testing.assert_allclose(
            gradient[:, j], (ends[0] - ends[1]) / 4e-3, rtol=0.05, atol=3e-3
        )


def test_evaluation_counts_what_gymnasium_gives(name, fitted):
    agent = fitted[name]
    evaluation = agent.evaluate(n_episodes=2, seeds=[11, 12])
    act, env = agent.policy(), gymnasium.make(agent.env)
    for seed, wanted in zip([11, 12], evaluation.returns, strict=True):
        (observation, _), total, done, first = env.reset(seed=seed), 0.0, False, True
        while not done:
            action = act(observation[None], np.array([first]))[0]
            observation, reward, terminated, truncated, _ = env.step(action)
            total, done, first = total + reward, terminated or truncated, False
        assert total == pytest.approx(wanted, rel=1e-6)
    env.close()


def test_bad_observations_are_refused_in_words(name, fitted):
    agent, X = fitted[name], states(name)
    for bad, words in (
        (X[:, :-1], "of shape"),
        (np.full_like(X, np.nan), "missing, infinite"),
        (X.astype(str), "expected numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            agent.predict(bad)
    with pytest.raises(NotFittedError):
        clone(agent).predict(X)


def test_unknown_environments_and_wrong_parameters_are_refused(name):
    agent = clone(AGENTS[name])
    with pytest.raises(ValueError, match="did you mean"):
        agent.fit("CartPole-v7x" if name not in CONTINUOUS else "Pendulumm-v1")
    with pytest.raises(ValueError, match="no environment was given"):
        agent.set_params(env=None).fit()
    with pytest.raises(ValueError, match="total_timesteps"):
        agent.set_params(env="CartPole-v1", total_timesteps=0).fit()


def test_an_environment_may_be_a_factory_or_an_instance(name, fitted):
    by_factory = clone(AGENTS[name]).set_params(env=lambda: gymnasium.make(AGENTS[name].env))
    assert_same(fitted[name], by_factory.fit(), states(name))
    instance = gymnasium.make(AGENTS[name].env)
    assert_same(fitted[name], clone(AGENTS[name]).set_params(env=None).fit(instance), states(name))


def test_time_ends_learning(name):
    agent = clone(AGENTS[name]).set_params(total_timesteps=10**8, max_seconds=0.2, eval_freq=None)
    agent.fit()
    assert agent.stop_reason_ == "max_seconds"
    assert agent.n_steps_ < 10**8


def test_a_target_return_ends_learning(name):
    agent = clone(AGENTS[name]).set_params(target_return=-(10.0**6), eval_freq=64)
    assert agent.fit().stop_reason_ == "target_return"


def test_discrete_algorithms_refuse_real_actions_and_the_other_way_round():
    with pytest.raises(ValueError, match="DQNAgent learns discrete"):
        clone(AGENTS["DQN"]).fit("Pendulum-v1")
    with pytest.raises(ValueError, match="SACAgent learns box"):
        clone(AGENTS["SAC"]).fit("CartPole-v1")


def test_grid_search_takes_seeds_as_folds():
    agent = clone(AGENTS["PPO"]).set_params(total_timesteps=256, n_eval_episodes=1)
    search = GridSearchCV(agent, {"gamma": [0.9, 0.99]}, cv=SeedSplit(2), refit=True)
    search.fit(np.arange(2))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    folds = search.cv_results_["split0_test_score"], search.cv_results_["split1_test_score"]
    assert (folds[0] != folds[1]).any()  # another seed is another training
    assert search.best_estimator_.n_steps_ == 256


def test_every_preset_makes_an_agent():
    for agent, environments in presets().items():
        for env_id in environments:
            made = getattr(appliednn.reinforcement, agent).from_preset(env_id, random_state=1)
            made._validate_params()
            assert (made.env, made.random_state) == (env_id, 1)
    with pytest.raises(ValueError, match="no preset for 'Nowhere-v0'"):
        PPOAgent.from_preset("Nowhere-v0")


class Choices(gymnasium.Env):
    """Two decisions at once; a reward for each that agrees with the observation's signs."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gymnasium.spaces.MultiDiscrete([2, 3])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._left = 8
        return self._draw(), {}

    def _draw(self):
        self._seen = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        return self._seen

    def step(self, action):
        right = (action[0] == (self._seen[0] > 0), action[1] == 1 + np.sign(self._seen[1]))
        self._left -= 1
        return self._draw(), float(sum(right)), self._left == 0, False, {}


def test_several_decisions_are_learnt_together():
    agent = PPOAgent(
        Choices, total_timesteps=12_000, n_eval_episodes=10, gamma=0.1, random_state=0,
        verbose=False,
    )  # fmt: skip
    agent.fit()
    X = np.array([[0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [-0.5, -0.5]])
    assert agent.predict(X).tolist() == [[1, 2], [0, 2], [1, 0], [0, 0]]
    assert agent.predict_proba(X).shape == (4, 5)
    assert agent.score() > 12  # of 16; chance gives 6.7


def test_images_are_learnt_from_through_convolutions(tmp_path):
    agent = PPOAgent(
        "appliednn/Catch-v0", total_timesteps=2048, n_epochs=2, n_eval_episodes=2,
        hidden_layer_sizes=(16,), random_state=0, verbose=False, frame_stack=2,
    )  # fmt: skip
    agent.fit()
    assert agent.observation_space_.shape[-1] == 2
    env = agent.make_env()
    image, _ = env.reset(seed=0)
    loaded = appliednn.load(agent.save(tmp_path / "agent.ann"))
    np.testing.assert_allclose(
        loaded.decision_function(image), agent.decision_function(image), rtol=1e-5
    )
    gradient = agent.decision_gradient(image[None], np.eye(agent.action_space_.n)[:1])
    assert gradient.shape == (1, *image.shape)
    assert np.abs(gradient).max() > 0


class Breaks(gymnasium.Wrapper):
    """CartPole that raises after so many steps in all."""

    def __init__(self, error):
        super().__init__(gymnasium.make("CartPole-v1"))
        self._error = error

    def step(self, action):
        Breaks.left -= 1
        if Breaks.left == 0:
            raise self._error("the simulator stopped")
        return super().step(action)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_was_learnt_before_a_break_is_kept(error):
    Breaks.left = 2000
    agent = PPOAgent(
        lambda: Breaks(error), total_timesteps=100_000, eval_freq=256, n_eval_episodes=1,
        random_state=0, verbose=False,
    )  # fmt: skip
    if error is KeyboardInterrupt:
        assert agent.fit().stop_reason_ == "interrupted"
    else:
        with pytest.raises(RuntimeError, match="the simulator stopped"):
            agent.fit()
        assert agent.stop_reason_ == "RuntimeError"
    assert 0 < agent.n_steps_ < 2000
    assert agent.predict(np.zeros(4)) in (0, 1)
    agent.partial_fit("CartPole-v1", n_steps=256)  # and goes on elsewhere
    assert agent.stop_reason_ == "total_timesteps"


class NotANumber(Choices):
    """Choices whose rewards are no numbers."""

    def step(self, action):
        observation, _, *rest = super().step(action)
        return observation, float("nan"), *rest


def test_rewards_that_are_no_numbers_are_told_of():
    agent = PPOAgent(NotANumber, total_timesteps=256, verbose=False)
    with pytest.raises(ValueError, match="not finite numbers"):
        agent.fit()


def test_threads_of_linear_algebra_are_as_before_after_overlapping_fits():
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_info, threadpool_limits

    def threads():
        return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]

    # two of a kind share a compiled program, which only one fit at a time may hold
    agents = [clone(AGENTS[n]).set_params(total_timesteps=300) for n in ("PPO", "REINFORCE")]
    agents.append(clone(AGENTS["PPO"]).set_params(total_timesteps=300, random_state=1))
    with threadpool_limits(2, "blas"):
        before = threads()
        with ThreadPoolExecutor(3) as pool:
            fitted = list(pool.map(lambda agent: agent.fit(), agents))
        assert threads() == before
    for one, agent in zip(fitted, agents, strict=True):
        assert_same(one, clone(agent).fit(), states("PPO"))
