import pickle

import numpy as np
import pytest
from sklearn.base import clone

import appliednn
from appliednn.reinforcement import PPOAgent

STATES = np.array([[0.0, 0.1, 0.05, 0.3], [0.2, -0.4, -0.03, -0.6], [0.0, 0.0, 0.0, 0.0]])


@pytest.fixture(scope="module")
def agent():
    return PPOAgent(
        "CartPole-v1", total_timesteps=1024, n_eval_episodes=2, random_state=0, verbose=False
    ).fit()


def same_answers(one, other):
    np.testing.assert_array_equal(one.predict(STATES), other.predict(STATES))
    np.testing.assert_array_equal(one.predict_proba(STATES), other.predict_proba(STATES))
    np.testing.assert_array_equal(one.value(STATES), other.value(STATES))


def test_a_second_fit_with_the_seed_is_the_same_to_the_bit(agent):
    again = clone(agent).fit()
    same_answers(agent, again)
    assert {**agent.history_, "seconds": 0} == {**again.history_, "seconds": 0}


def test_pickle_and_model_file_give_the_same_answers(agent, tmp_path):
    same_answers(agent, pickle.loads(pickle.dumps(agent)))
    same_answers(agent, appliednn.load(agent.save(tmp_path / "agent.ann")))


def test_two_halves_equal_the_whole(agent):
    halves = clone(agent)
    halves.partial_fit(n_steps=512).partial_fit(n_steps=512)
    np.testing.assert_array_equal(halves.history_["loss"], agent.history_["loss"])


def test_the_gradient_of_a_score_is_its_slope(agent):
    weights = np.tile([1.0, -1.0], (len(STATES), 1))
    gradient = agent.decision_gradient(STATES, weights)
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-2
        gap = [agent.decision_function(STATES + sign * step) @ [1.0, -1.0] for sign in (1, -1)]
        np.testing.assert_allclose(gradient[:, j], (gap[0] - gap[1]) / 2e-2, rtol=0.05, atol=1e-4)


def test_the_kept_policy_is_the_best_of_two_looks():
    agent = PPOAgent(
        "CartPole-v1", total_timesteps=4096, eval_freq=512, n_eval_episodes=3, random_state=1,
        verbose=False,
    )  # fmt: skip
    agent.fit()
    finalists = agent._learning["finalists"]
    firsts = sorted(agent.history_["eval_return"], reverse=True)[:3]
    assert [f.returns.mean() for f in finalists] == pytest.approx(firsts)
    pooled = [np.append(f.returns, f.second).mean() for f in finalists]
    assert all(len(f.second) == 6 for f in finalists)
    assert agent.best_return_ == pytest.approx(max(pooled))
    assert agent.best_returns_.mean() == agent.best_return_
    assert len(agent.best_returns_) == 9
    kept = finalists[int(np.argmax(pooled))]
    assert agent.network_ is kept.network
    # the second look's episodes, played anew with the kept policy, give the same returns
    seeds = np.random.SeedSequence(agent._seeds[5]).generate_state(6) >> 1
    np.testing.assert_array_equal(agent.evaluate(seeds=seeds.tolist()).returns, kept.second)


def test_without_evaluations_the_last_policy_is_kept():
    agent = PPOAgent(
        "CartPole-v1", total_timesteps=512, eval_freq=None, random_state=1, verbose=False
    )
    agent.fit()
    assert agent.best_return_ is None
    for kept, last in zip(agent.network_.weights, agent._learning["weights"], strict=True):
        np.testing.assert_array_equal(kept, last)
    assert "eval_return" not in agent.history_
