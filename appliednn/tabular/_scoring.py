"""A scikit-learn scorer on predictions that are already there, to pick the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.metrics import check_scoring


class _Predicted(BaseEstimator):
    """Gives back predictions made elsewhere; ``X`` is ignored."""

    def fit(self, X, y=None):
        return self


class _PredictedClasses(ClassifierMixin, _Predicted):
    def predict(self, X):
        return self.owner._predict_raw(self.raw)

    def predict_proba(self, X):
        return self.owner._proba_raw(self.raw)

    def decision_function(self, X):
        return self.owner._decision_raw(self.raw)


class _PredictedNumbers(RegressorMixin, _Predicted):
    def predict(self, X):
        return self.owner._predict_raw(self.raw)


def epoch_scorer(estimator, scoring, held) -> tuple[str, Callable[[np.ndarray], float]]:
    """Return ``"val_<name>"`` and ``score(raw)`` for the held-out rows, higher is better.

    Sample weights reach the metric where it takes them; class weights do not.

    Parameters
    ----------
    estimator : estimator
        Turns raw outputs into predictions.
    scoring : str or callable
        As in scikit-learn.
    held : Rows
        Held-out rows as given, encoded target, sample weights.
    """
    classifier = is_classifier(estimator)
    shim = _PredictedClasses() if classifier else _PredictedNumbers()
    shim.owner = estimator
    shim.raw = None
    if classifier:
        shim.classes_ = estimator.classes_
    scorer = check_scoring(shim, scoring=scoring)
    y = estimator._decode_target(held.y)
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    weights = {}
    if (held.w != held.w[0]).any() and _takes_weights(scorer):
        weights = {"sample_weight": held.w}

    def score(raw: np.ndarray) -> float:
        shim.raw = raw
        return float(scorer(shim, held.x, y, **weights))

    return f"val_{name}", score


def _takes_weights(scorer) -> bool:
    function = getattr(scorer, "_score_func", scorer)
    return "sample_weight" in inspect.signature(function).parameters
