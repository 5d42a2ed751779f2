"""Search of named parameters by cross-validation on training rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from appliednn.pipeline._journal import Journal
from appliednn.pipeline._journaled_score import JournaledScore
from appliednn.pipeline._model import Recipe
from appliednn.pipeline._seeds import stage_seed


def search_parameters(
    config: Any,
    recipe: Recipe,
    X: Any,
    y: np.ndarray,
    groups: np.ndarray | None,
    journal: Journal | None = None,
) -> dict[str, Any]:
    """Return the best candidate and the scores of all, JSON-ready.

    Parameters
    ----------
    config : RunConfig
        With a section ``search`` other than none.
    recipe : Recipe
        Unfitted model.
    X : DataFrame of shape (n, n_features)
        Training rows.
    y : ndarray of shape (n,)
        Their targets.
    groups : ndarray of shape (n,), optional
        Groups that folds must not tear apart.
    journal : Journal, optional
        Where the score of each candidate on each fold is looked up and written down.

    Returns
    -------
    dict
        ``best`` (parameters), ``score``, ``scoring`` and ``candidates`` (parameters, mean and
        standard deviation of the score over folds, best first).
    """
    spec = config.search
    prefix = f"estimator__{recipe.prefix}"
    space = {prefix + name: _distribution(name, where) for name, where in spec.space.items()}
    names = [recipe.prefix + name for name in spec.space]
    common = {
        "estimator": JournaledScore(recipe.model, spec.scoring, names, journal),
        "param_distributions": space,
        "cv": make_folds(config, spec.cv),
        "random_state": stage_seed(config.seed, "search"),
        "refit": False,
        "error_score": "raise",
    }
    search = _halving(spec, common, len(y)) if spec.type == "halving" else _random(spec, common)
    search.fit(X, y, groups=groups)
    return _outcome(search, prefix, spec)


def make_folds(config: Any, n_folds: int) -> Any:
    """Return a splitter that cuts training rows as the config's split cut the data."""
    from sklearn.model_selection import (
        GroupKFold,
        KFold,
        StratifiedGroupKFold,
        StratifiedKFold,
        TimeSeriesSplit,
    )

    seed = stage_seed(config.seed, "folds")
    classes = config.kind == "classification"
    if config.split.type == "time":  # training rows come in order of time
        return TimeSeriesSplit(n_folds)
    if config.split.type == "grouped":
        kind = StratifiedGroupKFold if classes else GroupKFold
    else:
        kind = StratifiedKFold if classes else KFold
    return kind(n_folds, shuffle=True, random_state=seed)


def _random(spec: Any, common: dict[str, Any]) -> Any:
    from sklearn.model_selection import ParameterGrid, RandomizedSearchCV

    space = common["param_distributions"]
    n_candidates = spec.n_candidates
    if all(isinstance(values, list) for values in space.values()):
        n_candidates = min(n_candidates, len(ParameterGrid(space)))
    return RandomizedSearchCV(n_iter=n_candidates, **common)


def _halving(spec: Any, common: dict[str, Any], n_rows: int) -> Any:
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV

    rounds = math.ceil(math.log(max(spec.n_candidates, 2), spec.factor))
    smallest = max(n_rows // spec.factor**rounds, 20 * spec.cv)
    return HalvingRandomSearchCV(
        n_candidates=spec.n_candidates,
        factor=spec.factor,
        min_resources=min(smallest, n_rows),
        **common,
    )


def _distribution(name: str, where: Any) -> Any:
    """Return a list or a scipy distribution; whole numbers include both ends."""
    from scipy.stats import loguniform, randint, uniform

    if where.kind == "values":
        return [tuple(v) if isinstance(v, list) else v for v in where.values]
    if where.kind == "integer":
        if where.log:
            return _LogInteger(where.low, where.high)
        return randint(where.low, where.high + 1)
    if where.log:
        return loguniform(where.low, where.high)
    return uniform(where.low, where.high - where.low)


class _LogInteger:
    """Whole numbers drawn evenly on a logarithmic scale, both ends included."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def rvs(self, random_state: Any = None) -> int:
        """Draw one number."""
        from sklearn.utils import check_random_state

        low, high = math.log(self.low), math.log(self.high + 1)
        drawn = math.exp(check_random_state(random_state).uniform(low, high))
        return min(int(drawn), self.high)


def _outcome(search: Any, prefix: str, spec: Any) -> dict[str, Any]:
    """Return what a search found, best first, numbers as plain Python."""
    results = search.cv_results_
    last = np.asarray(results["iter"]) if "iter" in results else np.zeros(len(results["params"]))
    order = np.lexsort((-np.asarray(results["mean_test_score"]), -last))
    candidates = [
        {
            "parameters": _readable(results["params"][i], prefix),
            "mean": float(results["mean_test_score"][i]),
            "std": float(results["std_test_score"][i]),
        }
        for i in order
    ]
    return {
        "best": candidates[0]["parameters"],
        "score": candidates[0]["mean"],
        "scoring": spec.scoring or "score",
        "candidates": candidates[:50],
    }


def _readable(parameters: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return parameters under their own names, as JSON takes them."""
    out = {}
    for name, value in parameters.items():
        value = value.item() if hasattr(value, "item") else value
        out[name.removeprefix(prefix)] = list(value) if isinstance(value, tuple) else value
    return out
