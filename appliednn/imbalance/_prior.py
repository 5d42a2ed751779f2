"""Prior correction: probabilities moved from one class balance to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin

from appliednn.core._prefit import PrefitState, adopt_fitted, probabilities


def shift_prior(
    proba: np.ndarray, train_prior: np.ndarray, target_prior: np.ndarray
) -> np.ndarray:
    """Return probabilities as a model trained under another class balance would give them.

    ``p'_k`` is proportional to ``p_k * target_k / train_k`` (Elkan, IJCAI 2001, theorem 2;
    Saerens et al., Neural Computation 14, 2002).

    Parameters
    ----------
    proba : ndarray of shape (n, n_classes)
        Probabilities of the model.
    train_prior, target_prior : ndarray of shape (n_classes,)
        Class shares in training and where the model is used.

    Examples
    --------
    >>> shift_prior(np.array([[0.5, 0.5]]), np.array([0.5, 0.5]), np.array([0.9, 0.1])).tolist()
    [[0.9, 0.1]]
    """
    shifted = proba * (np.asarray(target_prior) / np.asarray(train_prior))
    return shifted / shifted.sum(axis=1, keepdims=True)


class PriorCorrection(PrefitState, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A fitted classifier whose probabilities are moved to the class balance met in use.

    Needed after class weights or resampling, which make every probability of a rare class too
    high. For models trained on a log loss; focal loss is not corrected by it.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.
    train_prior : array-like of shape (n_classes,), mapping of label to share, or float
        Class shares the model was trained under, weights included; a float is the share of the
        second of two classes.
    target_prior : array-like, mapping or float
        Class shares where the model is used.

    Attributes
    ----------
    estimator_ : classifier
        The classifier as given.
    classes_ : ndarray of shape (n_classes,)
        Its classes.
    train_prior_, target_prior_ : ndarray of shape (n_classes,)
        The shares, in the order of ``classes_``.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> balanced = DummyClassifier(strategy="prior").fit([[0], [0]], ["bad", "good"])
    >>> model = PriorCorrection(balanced, 0.5, {"bad": 0.2, "good": 0.8}).fit()
    >>> model.predict_proba([[0]]).round(6).tolist()
    [[0.2, 0.8]]
    """

    def __init__(self, estimator: Any, train_prior: Any = 0.5, target_prior: Any = 0.5) -> None:
        self.estimator = estimator
        self.train_prior = train_prior
        self.target_prior = target_prior

    def fit(self, X: Any = None, y: Any = None) -> PriorCorrection:
        """Take the classifier over and check the shares; ``X`` and ``y`` are not looked at."""
        adopt_fitted(self, self.estimator)
        self.train_prior_ = _shares(self.train_prior, self.classes_, "train_prior")
        self.target_prior_ = _shares(self.target_prior, self.classes_, "target_prior")
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return corrected probabilities, shape (n, n_classes), float64."""
        return shift_prior(
            probabilities(self.estimator_, X), self.train_prior_, self.target_prior_
        )

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds of the second class, shape (n,); for more classes log p, (n, k)."""
        log_proba = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return log_proba[:, 1] - log_proba[:, 0] if len(self.classes_) == 2 else log_proba

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def __sklearn_tags__(self):
        """Take over what the classifier accepts as input."""
        from sklearn.utils import get_tags

        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _shares(prior: Any, classes: np.ndarray, name: str) -> np.ndarray:
    """Return shares in the order of the classes, summing to one."""
    labels = classes.tolist()
    if isinstance(prior, Mapping):
        if set(prior) != set(labels):
            raise ValueError(f"{name} has shares for {list(prior)}, the classes are {labels}")
        shares = np.array([prior[label] for label in labels], dtype=np.float64)
    elif np.ndim(prior) == 0:
        if len(labels) != 2:
            raise ValueError(
                f"{name}={prior}: one number does for two classes, the model has {len(labels)}; "
                "give a share for each"
            )
        shares = np.array([1 - float(prior), float(prior)])
    else:
        shares = np.asarray(prior, dtype=np.float64)
    if shares.shape != classes.shape or np.any(shares <= 0) or not np.isclose(shares.sum(), 1):
        raise ValueError(
            f"{name} must hold a share above 0 for each of {labels}, summing to 1; got "
            f"{shares.tolist()}"
        )
    return shares
