"""Agents in environments whose best returns are known exactly, and seeds as their folds."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from appliednn.reinforcement import (
    GridWorld,
    PPOAgent,
    RecurrentPPOAgent,
    SeedSplit,
    value_iteration,
)


def test_ppo_finds_the_exact_values_of_a_grid_world():
    agent = PPOAgent(
        "appliednn/GridWorld-v0",
        total_timesteps=16_000,
        n_epochs=10,
        learning_rate=3e-3,
        entropy_coef=0.01,
        random_state=0,
    ).fit()
    exact = value_iteration(*GridWorld().model(), gamma=agent.gamma)
    way = np.array([0, 1, 2, 3, 4])  # the top row, along which the goal is nearest
    indicators = np.eye(30, dtype=np.float32)[way]
    assert agent.predict(indicators).tolist() == exact.policy[way].tolist()
    np.testing.assert_allclose(agent.value(indicators), exact.values[way], atol=0.02)
    assert agent.evaluate(n_episodes=2).returns == pytest.approx([0.9, 0.9])


def test_a_memory_recalls_the_cue():
    agent = RecurrentPPOAgent(
        "appliednn/RecallCue-v0",
        total_timesteps=20_000,
        learning_rate=3e-3,
        gamma=0.95,
        target_return=0.95,
        random_state=0,
    ).fit()
    found = agent.evaluate(n_episodes=30)
    assert found.mean.value >= 0.9  # without memory exactly 0 is the mean


def test_a_grid_search_over_seeds_is_fits_and_scores_by_hand():
    agent = PPOAgent(
        "CartPole-v1", total_timesteps=512, n_epochs=2, eval_freq=None, random_state=0
    )
    search = GridSearchCV(agent, {"gamma": [0.9, 0.99]}, cv=SeedSplit(2), refit=False)
    search.fit(np.arange(4))
    for k, gamma in enumerate([0.9, 0.99]):
        by_hand = clone(agent).set_params(gamma=gamma).fit(np.array([1]))
        score = by_hand.score(np.array([0, 2, 3]))
        assert search.cv_results_["split1_test_score"][k] == score
