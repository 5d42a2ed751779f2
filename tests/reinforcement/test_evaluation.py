"""What is said of a policy's returns, the policies beside it, and seeds as folds."""

import json

import numpy as np
import pytest
from scipy.stats import trim_mean
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from appliednn.core.errors import UsageError
from appliednn.reinforcement import (
    Episodes,
    Evaluation,
    SeedSplit,
    best_constant_action,
    heuristic_policy,
    interquartile_mean,
    run_episodes,
)


def evaluation_of(returns, **more):
    returns = np.asarray(returns, float)
    n = len(returns)
    ends = np.zeros(n, bool)
    ends[::2] = True
    return Evaluation(Episodes(np.arange(n), returns, np.full(n, 7), ends, ~ends, **more))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 11, 40])
def test_interquartile_mean_is_scipys_trimmed_mean(n):
    values = np.random.default_rng(n).standard_cauchy(n)
    assert interquartile_mean(values) == pytest.approx(trim_mean(values, 0.25))
    assert interquartile_mean(values.reshape(1, -1)) == interquartile_mean(values)


def test_estimates_have_their_value_and_an_interval_about_it():
    returns = np.random.default_rng(0).normal(100, 10, 60)
    found = evaluation_of(returns)
    assert found.mean.value == pytest.approx(returns.mean())
    assert found.median.value == pytest.approx(np.median(returns))
    assert found.iqm.value == pytest.approx(trim_mean(returns, 0.25))
    half = 1.96 * returns.std() / np.sqrt(60)
    assert found.mean.ci == pytest.approx((returns.mean() - half, returns.mean() + half), abs=0.5)
    assert found.iqm.ci[0] < found.iqm.value < found.iqm.ci[1]
    assert found.mean.n == 60


def test_interval_of_the_mean_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(60):
        low, high = evaluation_of(rng.normal(3.0, 1.0, 30)).mean.ci
        inside += low <= 3.0 <= high
    assert 50 <= inside <= 60  # 50 or fewer of 60 has a probability below 0.001 at 95 %


def test_one_episode_gives_no_interval_and_no_number_no_estimate():
    single = evaluation_of([4.0]).mean
    assert (single.value, single.ci) == (4.0, None)
    assert "no interval" in single.reason
    broken = evaluation_of([4.0, np.nan]).iqm
    assert broken.value is None
    assert "finite" in broken.reason


def test_worst_episodes_say_how_they_ended():
    worst = evaluation_of([5.0, -1.0, 3.0, -1.0]).worst(3)
    assert [row["seed"] for row in worst] == [1, 3, 2]
    assert worst[0] == {"seed": 1, "return": -1.0, "length": 7, "ended": "truncated"}
    assert worst[2]["ended"] == "terminated"


def test_plain_values_go_through_json():
    found = evaluation_of([1.0, 2.0, 4.0], info_sums={"cost": np.array([0.0, 1.0, 2.0])})
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["returns"] == [1.0, 2.0, 4.0]
    assert plain["info_sums"] == {"cost": [0.0, 1.0, 2.0]}
    assert plain["mean"]["value"] == pytest.approx(7 / 3)


# -- policies to compare with ---------------------------------------------------------------------


def test_the_best_constant_action_is_found_by_trial():
    assert best_constant_action("MountainCarContinuous-v0", [0]).action.tolist() == [0.0]
    upright = best_constant_action("appliednn/GridWorld-v0", [0])
    assert int(upright.action) in range(4)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("CartPole-v1", 500),  # the most there is
        ("MountainCar-v0", -130),
        ("MountainCarContinuous-v0", 90),  # counts as solved
        ("Acrobot-v1", -100),
        ("Pendulum-v1", -200),
        ("appliednn/RobotArm-v0", -25),
    ],
)
def test_rules_of_thumb_are_good(name, least):
    assert run_episodes(heuristic_policy(name), name, range(8)).returns.mean() >= least


# -- seeds as folds -------------------------------------------------------------------------------


class Noisy(BaseEstimator):
    """Its score is its parameter plus what its training seed gives."""

    def __init__(self, quality=0.0):
        self.quality = quality

    def fit(self, X, y=None):
        assert len(X) == 1
        self.offset_ = float(X[0])
        return self

    def score(self, X, y=None):
        assert self.offset_ not in X
        return self.quality + self.offset_ + 0.001 * len(X)


def test_cross_validation_trains_on_one_seed_and_tests_on_the_others():
    scores = cross_val_score(Noisy(2.0), np.array([10, 20, 30, 40]), cv=SeedSplit(3))
    np.testing.assert_allclose(scores, [12.003, 22.003, 32.003])


def test_grid_search_compares_parameters_on_the_same_seeds():
    search = GridSearchCV(Noisy(), {"quality": [1.0, 3.0, 2.0]}, cv=SeedSplit(), refit=False)
    search.fit(np.arange(4))
    assert search.best_params_ == {"quality": 3.0}
    assert search.cv_results_["split2_test_score"][1] == pytest.approx(5.003)


def test_too_few_seeds_are_refused():
    with pytest.raises(UsageError, match="at least two seeds"):
        list(SeedSplit().split(np.arange(1)))
    with pytest.raises(UsageError, match="3 folds"):
        list(SeedSplit(3).split(np.arange(2)))
    assert SeedSplit(2).get_n_splits() == 2
