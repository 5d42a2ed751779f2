"""The candidates of an automatic choice, in the order of their value for their time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from appliednn.search._boosting import has_lightgbm
from appliednn.search._candidates import MODELS, Candidate
from appliednn.search._fit_networks import network_class
from appliednn.search._space import published_space
from appliednn.search._task import Task

_SLOW = {"learning_rate": 0.05, "patience": 50}
_SHALLOW = {"max_depth": 5, "num_leaves": 16, "min_child_samples": 2, "lambda_l2": 3.0}
_BAGGING = {"bagging_fraction": 0.8, "bagging_freq": 1}

_BOOSTING: dict[str, tuple[str, float, dict[str, Any]]] = {
    "boosting, means of categories": (
        "means",
        1.2,
        {"learning_rate": 0.06, "num_leaves": 12, "min_child_samples": 8, "feature_fraction": 0.6},
    ),
    "boosting, random thresholds": (
        "mixed",
        1.0,
        {
            "learning_rate": 0.1,
            "num_leaves": 16,
            "min_child_samples": 2,
            "extra_trees": True,
            "patience": 30,
        },
    ),
    "boosting, fast": (
        "mixed",
        0.6,
        {
            "learning_rate": 0.15,
            "num_leaves": 24,
            "max_depth": 6,
            "min_child_samples": 1,
            "lambda_l2": 2.0,
            "feature_fraction": 0.8,
            "max_bin": 63,
            "patience": 30,
        },
    ),
    "boosting, shallow": (
        "mixed",
        2.2,
        {**_SLOW, **_SHALLOW, **_BAGGING, "feature_fraction": 0.7},
    ),
    "boosting, shallow, means of categories": (
        "means",
        2.0,
        {**_SLOW, **_SHALLOW, **_BAGGING, "feature_fraction": 0.5},
    ),
    "boosting, linear leaves": (
        "mixed",
        1.5,
        {
            "linear_tree": True,
            "linear_lambda": 0.1,
            "learning_rate": 0.05,
            "num_leaves": 8,
            "min_child_samples": 10,
            "feature_fraction": 0.8,
            "patience": 30,
        },
    ),
    "boosting, slow random thresholds": (
        "mixed",
        2.5,
        {**_SLOW, "num_leaves": 24, "min_child_samples": 4, "extra_trees": True},
    ),
    "boosting, large leaves": (
        "mixed",
        1.0,
        {"learning_rate": 0.05, "num_leaves": 8, "min_child_samples": 20, "feature_fraction": 0.6},
    ),
    "boosting, deep": (
        "mixed",
        2.7,
        {
            "learning_rate": 0.04,
            "num_leaves": 64,
            "min_child_samples": 3,
            "lambda_l2": 1.0,
            "feature_fraction": 0.7,
        },
    ),
}

_PERCEPTRON = {
    "hidden_layer_sizes": (128, 128),
    "dropout": 0.1,
    "learning_rate": 3e-3,
    "batch_size": 256,
    "weight_decay": 1e-4,
    "xla": False,
}
_OTHERS: dict[str, Candidate] = {
    "perceptron": Candidate(
        "perceptron",
        "mlp",
        {**_PERCEPTRON, "numeric": "quantile", "n_iter_no_change": 8},
        "raw",
    ),
    "perceptron, longer": Candidate(
        "perceptron, longer", "mlp", {**_PERCEPTRON, "n_iter_no_change": 12}, "raw", 2.0
    ),
    "linear": Candidate("linear", "linear", {"penalties": [1e-4, 1e-3, 1e-2, 1e-1]}, "linear"),
    "forest": Candidate("extremely random trees", "forest", {"min_samples_leaf": 2}),
    "realmlp, simple": Candidate(
        "RealMLP, simple", "realmlp", {"preset": "td-s", "epochs": 64}, "raw", 6.0
    ),
    "realmlp": Candidate("RealMLP", "realmlp", {"epochs": 128}, "raw", 13.0),
    "tabm": Candidate("TabM", "tabm", {}, "raw", 50.0),
}
_ORDER = {
    "classes": (
        "boosting, means of categories",
        "linear",
        "boosting, random thresholds",
        "perceptron",
        "boosting, shallow, means of categories",
        "realmlp, simple",
        "boosting, shallow",
        "boosting, large leaves",
        "boosting, slow random thresholds",
        "tabm",
        "boosting, deep",
        "realmlp",
        "forest",
    ),
    "numbers": (
        "boosting, fast",
        "boosting, random thresholds",
        "linear",
        "boosting, linear leaves",
        "perceptron, longer",
        "boosting, shallow",
        "boosting, slow random thresholds",
        "boosting, means of categories",
        "tabm",
        "realmlp, simple",
        "realmlp",
        "boosting, deep",
        "forest",
    ),
}
# Candidates tried as well on the logarithm of a positive, skewed target.
_LOG = (
    "boosting, fast",
    "linear",
    "boosting, linear leaves",
    "perceptron, longer",
    "boosting, shallow",
)
_SKEWED = 1.0


def make_portfolio(task: Task, models: str | list[str]) -> list[Candidate]:
    """Return the candidates for a task, the most valuable for their time first.

    Parameters
    ----------
    task : Task
        Target.
    models : "auto" or list of str
        Kinds of models to take.

    Returns
    -------
    list of Candidate
    """
    wanted = MODELS if isinstance(models, str) else models
    known = {name: _boosting(name) for name in _BOOSTING} | _OTHERS
    order = _ORDER["numbers" if task.is_regression else "classes"]
    found = [known[name] for name in order if known[name].model in wanted]
    if not has_lightgbm():  # scikit-learn's trees have neither
        found = [c for c in found if not {"linear_tree", "extra_trees"} & set(c.settings)]
    if not may_log(task):
        return found
    both = []
    for candidate in found:
        both.append(candidate)
        if candidate.name in _LOG:
            both.append(_logged(candidate))
    return both


def may_log(task: Task) -> bool:
    """Whether a target is one column of numbers, none negative, with a long right tail."""
    if not task.is_regression or task.has_columns or task.y.min() < 0:
        return False
    centred = task.y - np.average(task.y, weights=task.w)
    spread = np.sqrt(np.average(centred**2, weights=task.w))
    return bool(spread > 0 and np.average((centred / spread) ** 3, weights=task.w) > _SKEWED)


def more_candidates(
    task: Task, models: str | list[str], rng: np.random.Generator
) -> Iterator[Candidate]:
    """Yield candidates with settings drawn at random, of the kinds that were asked for, endlessly.

    Parameters
    ----------
    task : Task
        Target.
    models : "auto" or list of str
        Kinds of models to take; none is yielded where none of them has settings to draw.
    rng : numpy.random.Generator
        Source of chance.

    Yields
    ------
    Candidate
    """
    wanted = [m for m in _DRAWN if isinstance(models, str) or m in models]
    number = 0
    while wanted:
        number += 1
        model = wanted[(number - 1) % len(wanted)]
        yield _DRAWN[model](task, number, rng)


def _boosting(name: str) -> Candidate:
    view, cost, settings = _BOOSTING[name]
    return Candidate(name, "boosting", settings, view, cost)


def _logged(candidate: Candidate) -> Candidate:
    name = f"{candidate.name}, of the logarithm"
    return Candidate(
        name, candidate.model, candidate.settings, candidate.view, candidate.cost, True
    )


def _drawn_boosting(task: Task, number: int, rng: np.random.Generator) -> Candidate:
    settings = {
        "learning_rate": float(np.exp(rng.uniform(np.log(0.02), np.log(0.12)))),
        "num_leaves": int(np.exp(rng.uniform(np.log(4), np.log(64)))),
        "min_child_samples": int(np.exp(rng.uniform(np.log(2), np.log(40)))),
        "feature_fraction": float(rng.uniform(0.4, 1.0)),
        "lambda_l2": float(np.exp(rng.uniform(np.log(0.01), np.log(10.0)))),
        "extra_trees": bool(rng.random() < 0.5),
        "bagging_fraction": float(rng.uniform(0.6, 1.0)),
        "bagging_freq": 1,
    }
    view = "means" if rng.random() < 0.5 else "mixed"
    return Candidate(f"boosting, drawn {number}", "boosting", settings, view, 2.5)


def _drawn_realmlp(task: Task, number: int, rng: np.random.Generator) -> Candidate:
    space = published_space(network_class("realmlp", task.is_regression)())
    settings = {**space.sample(rng), "epochs": 128}
    return Candidate(f"RealMLP, drawn {number}", "realmlp", settings, "raw", 18.0)


_DRAWN = {"boosting": _drawn_boosting, "realmlp": _drawn_realmlp}
