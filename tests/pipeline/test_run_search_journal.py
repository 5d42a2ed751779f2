"""A search that was killed fits only what was not scored before, and finds the same."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import RandomizedSearchCV

from appliednn.pipeline import _journaled_score
from appliednn.pipeline._journal import Journal
from appliednn.pipeline._model import build_recipe
from appliednn.pipeline._search import _distribution, make_folds, search_parameters
from appliednn.pipeline._seeds import stage_seed
from appliednn.pipeline.config import RunConfig

SPACE = {"C": {"low": 0.001, "high": 10.0, "log": True}, "max_iter": {"values": [200, 300]}}


def make_config(kind):
    search = {"type": kind, "n_candidates": 4, "cv": 2, "scoring": "roc_auc", "space": SPACE}
    return RunConfig.model_validate(
        {
            "version": 1,
            "name": "toy",
            "task": "classification",
            "data": {"source": {"type": "csv", "path": "toy.csv"}, "target": "y"},
            "model": {"type": "LogisticRegression"},
            "search": search,
        }
    )


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(240, 2)), columns=["a", "b"])
    return X, np.where(X["a"] + rng.logistic(size=240) > 0, "bad", "good")


@pytest.fixture
def fits(monkeypatch):
    """The number of fits so far, in a list of one."""
    count, compute = [0], _journaled_score.JournaledScore._compute

    def counted(self, X, y):
        count[0] += 1
        return compute(self, X, y)

    monkeypatch.setattr(_journaled_score.JournaledScore, "_compute", counted)
    return count


@pytest.mark.parametrize("kind", ["random", "halving"])
def test_scores_that_are_known_are_not_computed_again(rows, fits, tmp_path, kind):
    config, (X, y) = make_config(kind), rows
    recipe = build_recipe(config)
    plain = search_parameters(config, recipe, X, y, None)
    total, fits[0] = fits[0], 0

    class Killed(Exception):
        """Stands for a kill after three scores."""

    def guard():
        if fits[0] > 3:
            raise Killed

    with pytest.raises(Killed):
        search_parameters(config, recipe, X, y, None, Journal(tmp_path, guard))
    assert len(list(tmp_path.iterdir())) == 3
    fits[0] = 0
    assert search_parameters(config, recipe, X, y, None, Journal(tmp_path)) == plain
    assert fits[0] == total - 3
    fits[0] = 0
    assert search_parameters(config, recipe, X, y, None, Journal(tmp_path)) == plain
    assert fits[0] == 0


def test_a_random_search_finds_what_scikit_learns_does(rows, tmp_path):
    config, (X, y) = make_config("random"), rows
    recipe = build_recipe(config)
    found = search_parameters(config, recipe, X, y, None, Journal(tmp_path))
    space = {
        recipe.prefix + name: _distribution(name, where)
        for name, where in config.search.space.items()
    }
    expected = RandomizedSearchCV(
        recipe.model,
        space,
        n_iter=4,
        scoring="roc_auc",
        cv=make_folds(config, 2),
        random_state=stage_seed(0, "search"),
        refit=False,
    ).fit(X, y)
    assert found["score"] == pytest.approx(expected.cv_results_["mean_test_score"].max())
    best = expected.cv_results_["params"][expected.best_index_]
    assert found["best"] == {name.removeprefix(recipe.prefix): v for name, v in best.items()}
