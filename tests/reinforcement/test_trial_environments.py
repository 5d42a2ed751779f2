"""Environments that break the rules, and agents that are put into the wrong one."""

import gymnasium
import numpy as np
import pandas as pd
import pytest
from gymnasium import spaces

from appliednn.core.errors import UsageError
from appliednn.reinforcement import (
    BehaviorCloning,
    DiscreteCQL,
    DQNAgent,
    FittedQEvaluation,
    LoggedTransitions,
    PPOAgent,
    VectorEnv,
    run_episodes,
)


class Walk(gymnasium.Env):
    """Ten steps of a reward that the test chooses, in numbers that it chooses."""

    def __init__(self, reward=1.0, n_seen=2, n_actions=2, answer=None, broken_at=None):
        self.observation_space = spaces.Box(-1, 1, (n_seen,), np.float32)
        self.action_space = spaces.Discrete(n_actions)
        self.reward, self.answer, self.broken_at = reward, answer, broken_at

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(self.observation_space.shape, np.float32), {}

    def step(self, action):
        self.steps += 1
        seen = np.full(self.observation_space.shape, self.steps / 10, np.float32)
        if self.steps == self.broken_at:
            seen[:] = np.nan
        answer = seen, self.reward, self.steps == 10, False, {}
        return answer if self.answer is None else self.answer(answer)


def old_interface(answer):
    return answer[0], answer[1], answer[2], answer[4]


def still(observations, first):
    return np.zeros(len(observations), int)


@pytest.fixture(scope="module")
def agent():
    return PPOAgent(
        Walk,
        total_timesteps=32,
        n_envs=2,
        n_steps=8,
        batch_size=16,
        hidden_layer_sizes=(4,),
        eval_freq=None,
        random_state=0,
        verbose=False,
    ).fit()


@pytest.mark.parametrize(
    ("broken", "match"),
    [
        ({"answer": old_interface}, "returned 4 values.*returns five"),
        ({"answer": lambda answer: None}, "returned NoneType"),
        ({"reward": np.array([1.0, 2.0])}, "reward array.*expected a number"),
        ({"reward": "1.0"}, "reward '1.0' of type str"),
    ],
)
def test_steps_that_break_the_interface_are_explained(broken, match):
    with pytest.raises(UsageError, match=match):
        run_episodes(still, lambda: Walk(**broken), [0])
    if not isinstance(broken.get("reward"), str):
        envs = VectorEnv(lambda: Walk(**broken), n_envs=2)
        envs.reset()
        with pytest.raises(UsageError, match=match):
            envs.step(np.zeros(2, int))


def test_errors_of_the_environment_itself_come_through_unchanged():
    def fail(answer):
        raise ValueError("the motor is hot")

    with pytest.raises(ValueError, match="the motor is hot"):
        run_episodes(still, lambda: Walk(answer=fail), [0])


@pytest.mark.parametrize("other", [{"n_seen": 3}, {"n_actions": 1}])
def test_an_agent_refuses_an_environment_it_cannot_act_in(agent, other):
    with pytest.raises(ValueError, match="the agent was trained on Box"):
        agent.evaluate(lambda: Walk(**other), n_episodes=1)
    with pytest.raises(ValueError, match="the agent was trained on Box"):
        agent.score(lambda: Walk(**other))
    with pytest.raises(ValueError, match="the agent was trained on Box"):
        run_episodes(agent.policy(), lambda: Walk(**other), [0])


def test_an_agent_acts_where_there_are_further_choices(agent):
    assert agent.evaluate(lambda: Walk(n_actions=5), n_episodes=2).returns.tolist() == [10, 10]


def test_observations_that_are_no_numbers_stop_an_evaluation(agent):
    with pytest.raises(ValueError, match="not finite numbers"):
        agent.evaluate(lambda: Walk(broken_at=4), n_episodes=1)


def test_policies_from_logs_refuse_other_spaces_too():
    rng = np.random.default_rng(0)
    seen, done = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    cloned = BehaviorCloning(epochs=1, random_state=0, verbose=False).fit(seen, done)
    assert cloned.evaluate(lambda: Walk(n_actions=3), n_episodes=1).returns.tolist() == [10]
    with pytest.raises(ValueError, match="the agent was trained on Box"):
        cloned.evaluate(lambda: Walk(n_seen=3), n_episodes=1)


def test_a_run_that_ends_before_learning_begins_is_warned_of():
    agent = DQNAgent(
        Walk,
        total_timesteps=20,
        learning_starts=50,
        train_freq=4,
        hidden_layer_sizes=(4,),
        eval_freq=None,
        random_state=0,
        verbose=False,
    )
    with pytest.warns(UserWarning, match="learning begins after learning_starts=50"):
        agent.fit()


def test_one_logged_episode_has_a_value_without_an_interval():
    log = LoggedTransitions.from_arrays(
        np.eye(2)[[0, 1, 0]], [0, 0, 1], [1.0, 2.0, 3.0], [False, False, True]
    )
    found = FittedQEvaluation(gamma=0.5).fit(lambda seen: np.ones(len(seen), int), log).value_
    assert found.value == pytest.approx(3.0)
    assert found.ci is None
    assert "one episode" in found.reason


def test_episodes_that_are_not_in_a_log_are_refused():
    log = LoggedTransitions.from_arrays([[0.0], [1.0]], [0, 1], [0, 1], [True, True])
    assert len(log.of_episodes([1])) == 1
    with pytest.raises(ValueError, match="expected one or more of 0 to 1"):
        log.of_episodes([2])


def test_whole_numbers_kept_as_floats_are_explained():
    with pytest.raises(ValueError, match="astype"):
        DiscreteCQL(verbose=False).fit([[0.0], [1.0]], [0.0, 1.0], [0, 1], [True, True])


def test_observations_of_nullable_numbers_are_read(agent):
    table = pd.DataFrame({"a": [0, 1], "b": [1, 0]}, dtype="Int64")
    assert agent.predict(table).tolist() == agent.predict(table.to_numpy(float)).tolist()
    with pytest.raises(ValueError, match="missing"):
        agent.predict(pd.DataFrame({"a": [0.0, None], "b": [1.0, 0.0]}))
    with pytest.raises(ValueError, match="too large"):
        agent.predict([[1e300, 0.0]])


@pytest.mark.parametrize("seeds", [[-1], [0.5], 5, [], [[0, 1]]])
def test_seeds_that_are_no_whole_numbers_are_refused(agent, seeds):
    with pytest.raises(UsageError, match="seeds"):
        agent.evaluate(seeds=seeds)


def test_numbers_of_steps_are_whole_and_positive(agent):
    with pytest.raises(ValueError, match="n_steps=1.5"):
        agent.partial_fit(n_steps=1.5)
    with pytest.raises(ValueError, match="max_steps=0"):
        agent.evaluate(max_steps=0)


def test_weights_of_a_gradient_fit_the_decisions(agent):
    seen = np.zeros((3, 2))
    assert agent.decision_gradient(seen, np.ones((3, 2))).shape == (3, 2)
    with pytest.raises(ValueError, match=r"expected \(3, 2\)"):
        agent.decision_gradient(seen, np.ones((3, 4)))
