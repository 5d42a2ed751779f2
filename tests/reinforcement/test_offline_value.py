"""Logged episodes and fitted-Q evaluation, against decision processes that are solved exactly."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from appliednn.reinforcement import FittedQEvaluation, LoggedTransitions

GAMMA = 0.9


class Process:
    """A random decision process of 6 states and 2 actions; state 5 ends an episode."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.moves = rng.dirichlet(np.full(6, 0.5), (5, 2)) * 0.85
        self.moves[..., 5] += 0.15
        self.rewards = rng.normal(0, 1, (5, 2))
        self.target = np.eye(2)[rng.integers(0, 2, 6)] * 0.8 + 0.1

    def value(self):
        """Return the target policy's value from state 0, by linear algebra."""
        step = np.einsum("sa,sat->st", self.target[:5], self.moves)[:, :5]
        reward = (self.target[:5] * self.rewards).sum(axis=1)
        return np.linalg.solve(np.eye(5) - GAMMA * step, reward)[0]

    def log(self, n_episodes, seed):
        """Return episodes of a policy that draws actions evenly, from state 0."""
        rng = np.random.default_rng([seed, 1])
        rows = []
        for _ in range(n_episodes):
            state = 0
            while state != 5:
                action = int(rng.integers(2))
                following = int(rng.choice(6, p=self.moves[state, action]))
                reward = self.rewards[state, action] + rng.normal(0, 0.3)
                rows.append((state, action, reward, following == 5))
                state = following
        state, action, reward, ended = map(np.array, zip(*rows, strict=True))
        return LoggedTransitions.from_arrays(np.eye(6)[state], action, reward, ended)


def test_numbered_states_are_evaluated_as_their_empirical_process():
    process = Process()
    log = process.log(200, 0)
    counts, sums = np.zeros((6, 2, 6)), np.zeros((6, 2))
    state, following = log.observations.argmax(axis=1), log.next_observations.argmax(axis=1)
    going_on = ~log.terminals
    np.add.at(counts, (state[going_on], log.actions[going_on], following[going_on]), 1)
    np.add.at(sums, (state, log.actions), log.rewards)
    visits = np.zeros((6, 2))
    np.add.at(visits, (state, log.actions), 1)
    visits = np.maximum(visits, 1)
    step = np.einsum("sa,sat->st", process.target, counts / visits[..., None])
    value = np.linalg.solve(np.eye(6) - GAMMA * step, (process.target * sums / visits).sum(axis=1))
    evaluation = FittedQEvaluation(GAMMA, n_boot=0)
    evaluation.fit(lambda seen: seen @ process.target, log)
    assert evaluation.value_.value == pytest.approx(value[0], rel=1e-6)
    q = sums / visits + GAMMA * (counts / visits[..., None]) @ value
    np.testing.assert_allclose(evaluation.action_values(np.eye(6))[:5], q[:5], rtol=1e-5)
    assert evaluation.value_.ci is None


def test_intervals_by_resampled_episodes_hold_the_exact_value():
    process = Process(1)
    truth, held, runs = process.value(), 0, 40
    for seed in range(runs):
        evaluation = FittedQEvaluation(GAMMA, n_boot=80, random_state=seed)
        evaluation.fit(lambda seen: seen @ process.target, process.log(60, seed))
        low, high = evaluation.value_.ci
        held += low <= truth <= high
    assert held >= stats.binom.ppf(0.001, runs, 0.93)


def test_trees_find_the_value_of_a_process_with_a_closed_form():
    """States are drawn anew each time; action 1 pays the state, the policy takes it above 0.5."""
    rng = np.random.default_rng(2)
    seen = rng.uniform(0, 1, (3000, 2))
    action = rng.integers(0, 2, 3000)
    log = LoggedTransitions.from_arrays(
        seen, action, seen[:, 0] * action, np.zeros(3000, bool), np.arange(3000) % 10 == 9
    )
    evaluation = FittedQEvaluation(GAMMA, n_boot=0)
    found = evaluation.fit(lambda seen: (seen[:, 0] > 0.5).astype(int), log).value_.value
    assert found == pytest.approx(0.375 / (1 - GAMMA), rel=0.05)


def test_actions_that_were_never_logged_are_warned_of():
    log = np.eye(2)[[0, 1, 0, 1]], [0, 0, 0, 0], np.ones(4), [0, 1, 0, 1]
    with pytest.warns(UserWarning, match="probability 1 actions that the log holds nowhere"):
        FittedQEvaluation(n_boot=0).fit(lambda seen: np.full(len(seen), 2), *log)


def test_policies_that_give_no_actions_are_refused():
    log = np.eye(2)[[0, 1]], [0, 1], np.ones(2), [0, 1]
    with pytest.raises(ValueError, match="expected numbered actions"):
        FittedQEvaluation().fit(lambda seen: np.array([0.5] * len(seen)), *log)
    with pytest.raises(ValueError, match="needs numbered actions"):
        FittedQEvaluation().fit(lambda seen: seen, log[0], [0.5, 1.5], *log[2:])


# -- logs ---------------------------------------------------------------------------------------


def test_a_table_is_read_as_its_columns():
    frame = pd.DataFrame(
        {
            "visit": ["a", "a", "b", "b", "c"],
            "x": [0.0, 1.0, 2.0, 3.0, 4.0],
            "y": [5.0, 6.0, 7.0, 8.0, 9.0],
            "did": [0, 1, 0, 1, 1],
            "paid": [1.0, 0.0, 0.0, 2.0, 0.0],
            "over": [False, False, False, True, False],
        }
    )
    log = LoggedTransitions.from_frame(
        frame, ["x", "y"], action="did", reward="paid", terminal="over", episode="visit"
    )
    assert log.episodes.tolist() == [0, 0, 1, 1, 2]
    assert log.starts.tolist() == [0, 2, 4]
    assert log.returns.tolist() == [1.0, 2.0, 0.0]
    assert log.known.tolist() == [True, False, True, True, False]
    assert log.next_observations[0].tolist() == [1.0, 6.0]
    part = log.of_episodes([1])
    assert part.actions.tolist() == [0, 1] and part.terminals.tolist() == [False, True]
    with pytest.raises(ValueError, match=r"no columns \['reward'\]"):
        LoggedTransitions.from_frame(frame, ["x"], action="did", terminal="over")


def test_recorded_episodes_keep_what_came_after_a_cut():
    from appliednn.reinforcement import run_episodes

    episodes = run_episodes(
        lambda seen, first: np.zeros(len(seen), int),
        "CartPole-v1",
        [0, 1],
        record=True,
        max_steps=5,
    )
    log = LoggedTransitions.from_episodes(episodes)
    assert log.timeouts.nonzero()[0].tolist() == [4, 9] and log.known.all()
    np.testing.assert_array_equal(log.next_observations[4], episodes.final_observations[0])
    np.testing.assert_array_equal(log.next_observations[5], log.observations[6])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observations": [0, 1, 2]}, "numbered states"),
        ({"observations": [[0.0], [np.nan], [1.0]]}, "missing or infinite"),
        ({"actions": [0, 1]}, "actions holds 2 rows"),
        ({"actions": ["l", "r", "l"]}, "whole numbers from 0"),
        ({"actions": [-1, 0, 1]}, "whole numbers from 0"),
        ({"rewards": [1.0, np.inf, 0.0]}, "rewards must hold 3 finite"),
        ({"terminals": [0, 2, 1]}, "True or False"),
        ({"next_observations": [[0.0, 1.0]] * 3}, "next_observations has shape"),
    ],
)
def test_columns_that_do_not_fit_are_refused(change, message):
    columns = {
        "observations": [[0.0], [1.0], [2.0]],
        "actions": [0, 1, 0],
        "rewards": [0.0, 1.0, 0.0],
        "terminals": [0, 0, 1],
        **change,
    }
    with pytest.raises(ValueError, match=message):
        LoggedTransitions.from_arrays(**columns)
