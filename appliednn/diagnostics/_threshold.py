"""The decision threshold: chosen on held-out rows, applied by a wrapper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin

from appliednn.core._prefit import PrefitState, adopt_fitted

METRICS = ("f1", "balanced_accuracy", "mcc", "youden", "accuracy")


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold and what it was chosen for.

    Attributes
    ----------
    threshold : float
        Rows with at least this probability of the positive class are called positive.
    rule : str
        ``"default"``, a metric's name, or ``"cost"``.
    value : float or None
        The metric, or the mean cost a row, on the rows it was chosen on: optimistic, since they
        were used to choose; None for the default.
    n : int
        Number of those rows.
    n_positive : int
        Positives among them.
    """

    threshold: float
    rule: str
    value: float | None
    n: int
    n_positive: int

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return asdict(self)


def choose_threshold(
    y: Any, proba: Any, rule: Mapping[str, Any], sample_weight: Any = None
) -> ThresholdChoice:
    """Choose a threshold for a rule on rows that the model was not trained on.

    Every threshold that separates two neighbouring scores is tried (the middle between them).
    Among equally good ones the nearest to the rule's ideal for calibrated probabilities wins:
    ``c_fp / (c_fp + c_fn)`` for costs (Elkan, IJCAI 2001), 0.5 otherwise.

    Parameters
    ----------
    y : array-like of shape (n,)
        True for positives (booleans or 0/1).
    proba : array-like of shape (n,)
        Probability of the positive class.
    rule : mapping
        ``{"type": "default"}``, ``{"type": "metric", "metric": name}`` with a name among f1,
        balanced_accuracy, mcc, youden, accuracy, or ``{"type": "cost", "false_positive": c,
        "false_negative": c}``.
    sample_weight : array-like of shape (n,), optional
        Weight of each row, for rows whose class balance is not the one met in use.

    Raises
    ------
    ValueError
        For an unknown rule, scores outside [0, 1], or a metric on rows of one class.

    Examples
    --------
    >>> choose_threshold([0, 0, 1, 1], [0.1, 0.2, 0.4, 0.9], {"type": "metric", "metric": "f1"})
    ThresholdChoice(threshold=0.3..., rule='f1', value=1.0, n=4, n_positive=2)
    """
    y, proba = np.asarray(y).astype(bool), np.asarray(proba, dtype=np.float64)
    if y.shape != proba.shape or y.ndim != 1 or not len(y):
        raise ValueError(f"y and proba need one value a row, got shapes {y.shape}, {proba.shape}")
    if not np.all((proba >= 0) & (proba <= 1)):
        raise ValueError("proba must lie in [0, 1]: give the probability of the positive class")
    kind, n, positives = rule["type"], len(y), int(y.sum())
    if kind == "default":
        return ThresholdChoice(0.5, "default", None, n, positives)
    if kind == "cost":
        cost_fp, cost_fn = float(rule["false_positive"]), float(rule["false_negative"])
        if min(cost_fp, cost_fn) < 0 or cost_fp + cost_fn == 0:
            raise ValueError(f"costs must be >= 0 and not both 0, got {cost_fp} and {cost_fn}")
        name, ideal = "cost", cost_fp / (cost_fp + cost_fn)
    elif kind == "metric" and rule["metric"] in METRICS:
        name, ideal = rule["metric"], 0.5
        if positives in (0, n):
            raise ValueError(f"a threshold for {name} needs rows of both classes, got one")
    else:
        raise ValueError(f"unknown rule {dict(rule)}; metrics: {', '.join(METRICS)}")
    weight = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    thresholds, tp, fp = _curve(y, proba, weight)
    if name == "cost":
        score = -(cost_fp * fp + cost_fn * (tp[0] - tp)) / weight.sum()
    else:
        score = _metric(name, tp, fp)
    best = np.flatnonzero(score >= score.max() - 1e-12)
    pick = best[np.argmin(np.abs(thresholds[best] - ideal))]
    value = -score[pick] if name == "cost" else score[pick]
    return ThresholdChoice(float(thresholds[pick]), name, float(value), n, positives)


def _curve(
    y: np.ndarray, proba: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every useful threshold with its true and false positives.

    The first one (0) calls all rows positive, the last one (just above the top score) none.
    """
    values, place = np.unique(proba, return_inverse=True)
    middle = (values[:-1] + values[1:]) / 2
    thresholds = np.concatenate([[0.0], middle, [np.nextafter(values[-1], np.inf)]])
    below_true = np.cumsum(np.bincount(place, weights=weight * y))
    below_all = np.cumsum(np.bincount(place, weights=weight))
    tp = below_true[-1] - np.concatenate([[0.0], below_true])
    called = below_all[-1] - np.concatenate([[0.0], below_all])
    return thresholds, tp, called - tp


def _metric(name: str, tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Return a metric from the counts at every threshold; the first one calls all positive."""
    positives, negatives = tp[0], fp[0]
    fn, tn = positives - tp, negatives - fp
    if name == "accuracy":
        return (tp + tn) / (positives + negatives)
    if name == "f1":
        return 2 * tp / (2 * tp + fp + fn)
    if name == "mcc":
        spread = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        return np.divide(tp * tn - fp * fn, spread, out=np.zeros_like(spread), where=spread > 0)
    recall, specificity = tp / positives, tn / negatives
    return recall + specificity - 1 if name == "youden" else (recall + specificity) / 2


class ThresholdClassifier(PrefitState, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A fitted two-class classifier that says "positive" from a given probability on.

    scikit-learn's ``FixedThresholdClassifier`` around a ``FrozenEstimator``, with a state that
    can be saved without pickle.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.
    threshold : float
        Rows with at least this probability of the positive class are called positive.
    positive : label, optional
        The positive class; default: the second of ``classes_``.

    Attributes
    ----------
    estimator_ : classifier
        The classifier as given.
    classes_ : ndarray of shape (2,)
        Its classes.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> inner = LogisticRegression().fit([[0.0], [1.0], [2.0]], ["no", "yes", "yes"])
    >>> ThresholdClassifier(inner, threshold=0.99).fit().predict([[2.0]]).tolist()
    ['no']
    """

    def __init__(self, estimator: Any, threshold: float = 0.5, positive: Any = None) -> None:
        self.estimator = estimator
        self.threshold = threshold
        self.positive = positive

    def fit(self, X: Any = None, y: Any = None) -> ThresholdClassifier:
        """Take the classifier over; nothing is learned and ``X`` and ``y`` are not looked at."""
        adopt_fitted(self, self.estimator)
        classes = self.classes_.tolist()
        if len(classes) != 2:
            raise ValueError(f"a threshold needs two classes, the model has {len(classes)}")
        if self.positive is not None and self.positive not in classes:
            raise ValueError(f"positive={self.positive!r} is not among the classes {classes}")
        self.positive_index_ = 1 if self.positive is None else classes.index(self.positive)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the positive class where its probability reaches the threshold."""
        proba = self.predict_proba(X)[:, self.positive_index_].astype(np.float64)
        called = proba >= self.threshold
        return self.classes_[np.where(called, self.positive_index_, 1 - self.positive_index_)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the classifier's probabilities, shape (n, 2)."""
        return np.asarray(self.estimator_.predict_proba(X))

    def __sklearn_tags__(self):
        """Take over what the classifier accepts as input; two classes only."""
        from sklearn.utils import get_tags

        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        tags.classifier_tags.multi_class = False
        return tags
