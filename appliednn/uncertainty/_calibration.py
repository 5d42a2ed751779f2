"""Calibration of a fitted classifier on rows it was not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin

from appliednn.core._prefit import PrefitState, adopt_fitted, class_index

METHODS = ("temperature", "sigmoid", "isotonic")


class CalibratedModel(PrefitState, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A fitted classifier whose probabilities are corrected on held-out rows.

    ``fit`` never touches the classifier. Sigmoid and isotonic curves are fitted by
    :class:`sklearn.calibration.CalibratedClassifierCV`; the temperature minimises the same log
    loss. With three classes or more a curve is fitted to the log odds of its class: of a softmax
    only differences of scores have a meaning, so that one class's score alone does not tell how
    probable it is. What was learned is kept as plain numbers, so that the model can be saved
    without pickle.

    Parameters
    ----------
    estimator : classifier
        Fitted; with ``decision_function`` (preferred) or ``predict_proba``.
    method : {"temperature", "sigmoid", "isotonic"}
        One number that softens or sharpens all scores (Guo et al., ICML 2017); a logistic curve
        per class (Platt 1999); a rising step function per class (needs about a thousand rows).

    Attributes
    ----------
    estimator_ : classifier
        The classifier as given.
    classes_ : ndarray of shape (n_classes,)
        Its classes.
    temperature_ : float
        What scores are divided by (method "temperature"); above 1 the model was overconfident.
    curves_ : list of dict
        For each class (the second one only, for two): ``{"a", "b"}`` of the logistic curve
        ``1 / (1 + exp(a s + b))``, or ``{"x", "y"}``, the corners of the step function.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = make_classification(400, random_state=0)
    >>> overconfident = GaussianNB().fit(X[:200], y[:200])
    >>> model = CalibratedModel(overconfident).fit(X[200:], y[200:])
    >>> model.temperature_ > 1
    True
    """

    def __init__(self, estimator: Any, method: str = "temperature") -> None:
        self.estimator = estimator
        self.method = method

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CalibratedModel:
        """Learn the correction from held-out rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows the classifier was not trained on.
        y : array-like of shape (n,)
            Their labels.
        sample_weight : array-like of shape (n,), optional
            Weight of each row.

        Raises
        ------
        ValueError
            For an unknown method, an unknown label, or (sigmoid, isotonic) a class without rows.
        """
        if self.method not in METHODS:
            raise ValueError(
                f"method={self.method!r} is unknown; expected one of {', '.join(METHODS)}"
            )
        adopt_fitted(self, self.estimator)
        codes = class_index(y, self.classes_, what="CalibratedModel.fit")
        if self.method == "temperature":
            self.temperature_ = _temperature(_logits(self.estimator_, X), codes, sample_weight)
        else:
            absent = np.setdiff1d(np.arange(len(self.classes_)), codes)
            if len(absent):
                raise ValueError(
                    f"calibration by {self.method} needs rows of every class; the held-out rows "
                    f"have none of {self.classes_[absent].tolist()}; hold out more rows or use "
                    "temperature"
                )
            self.curves_ = _curves(self, X, y, sample_weight)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return calibrated probabilities, shape (n, n_classes), float64."""
        if self.method == "temperature":
            return softmax(_logits(self.estimator_, X) / self.temperature_, axis=1)
        columns = [
            _evaluate(curve, scores)
            for curve, scores in zip(self.curves_, _scores(self.estimator_, X).T, strict=True)
        ]
        if len(self.classes_) == 2:
            return np.column_stack([1 - columns[0], columns[0]])
        proba = np.column_stack(columns)
        total = proba.sum(axis=1, keepdims=True)
        return np.divide(
            proba, total, out=np.full_like(proba, 1 / len(self.classes_)), where=total > 0
        )

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_tags__(self):
        """Take over what the classifier accepts as input."""
        from sklearn.utils import get_tags

        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


class _GivenScores(ClassifierMixin, BaseEstimator):
    """A fitted classifier to scikit-learn, whose rows are its decision values already."""

    def __init__(self, classes: Any) -> None:
        self.classes = classes
        self.classes_ = classes

    def fit(self, X: Any, y: Any) -> _GivenScores:
        return self

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        return X[:, 0] if X.shape[1] == 1 else X

    def predict(self, X: np.ndarray) -> np.ndarray:
        codes = (X[:, 0] > 0).astype(int) if X.shape[1] == 1 else X.argmax(axis=1)
        return self.classes_[codes]


def _scores(estimator: Any, X: Any) -> np.ndarray:
    """Return decision values (else probabilities), one column a class, one for two classes."""
    if not hasattr(estimator, "decision_function"):
        proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
        return proba[:, 1:] if proba.shape[1] == 2 else proba
    if len(estimator.classes_) > 2:
        return logit(np.clip(estimator.predict_proba(X), 1e-12, 1 - 1e-12, dtype=np.float64))
    return np.asarray(estimator.decision_function(X), dtype=np.float64)[:, None]


def _logits(estimator: Any, X: Any) -> np.ndarray:
    """Return scores whose softmax is the model's probabilities, shape (n, n_classes)."""
    if hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(X), dtype=np.float64)
        return np.column_stack([np.zeros_like(scores), scores]) if scores.ndim == 1 else scores
    proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    return np.log(proba + 1e-12)  # as scikit-learn does: an exact zero stays finite


def _temperature(logits: np.ndarray, codes: np.ndarray, weight: Any) -> float:
    """Return the temperature of least log loss, between exp(-10) and exp(10)."""
    rows = np.arange(len(codes))
    weight = np.ones(len(codes)) if weight is None else np.asarray(weight, dtype=float)

    def loss(log_beta: float) -> float:
        return -float(weight @ log_softmax(np.exp(log_beta) * logits, axis=1)[rows, codes])

    best = minimize_scalar(loss, bounds=(-10.0, 10.0), method="bounded", options={"xatol": 1e-10})
    return float(np.exp(-best.x))


def _curves(model: CalibratedModel, X: Any, y: Any, weight: Any) -> list[dict[str, Any]]:
    """Return scikit-learn's curves as numbers."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    everything = np.arange(len(y))
    fitted = CalibratedClassifierCV(
        FrozenEstimator(_GivenScores(model.classes_)),
        method=model.method,
        cv=[(everything, everything)],
        ensemble=False,
    ).fit(_scores(model.estimator_, X), np.asarray(y), sample_weight=weight)
    calibrators = fitted.calibrated_classifiers_[0].calibrators
    if model.method == "sigmoid":
        return [{"a": float(c.a_), "b": float(c.b_)} for c in calibrators]
    return [
        {"x": np.asarray(c.X_thresholds_, float), "y": np.asarray(c.y_thresholds_, float)}
        for c in calibrators
    ]


def _evaluate(curve: dict[str, Any], scores: np.ndarray) -> np.ndarray:
    """Return a curve's values; outside its corners a step function stays flat."""
    if "a" in curve:
        return expit(-(curve["a"] * scores + curve["b"]))
    return np.interp(scores, curve["x"], curve["y"])
