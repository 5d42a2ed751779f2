"""A scikit-learn scorer on predictions that are already there, to pick the epoch."""

from __future__ import annotations

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


def epoch_scorer(estimator, scoring, held) -> Callable[[np.ndarray], tuple[str, float]]:
    """Return ``score(raw) -> ("val_<name>", value)`` for the held-out rows, higher is better.

    Parameters
    ----------
    estimator : estimator
        Turns raw outputs into predictions.
    scoring : str or callable
        As in scikit-learn.
    held : Rows
        Held-out rows, encoded target.
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

    def score(raw: np.ndarray) -> tuple[str, float]:
        shim.raw = raw
        return f"val_{name}", float(scorer(shim, np.zeros((len(raw), 1)), y))

    return score
