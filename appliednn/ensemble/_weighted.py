"""A weighted mean of models that are fitted, or that it fits."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from appliednn.core._random import spawn_seeds
from appliednn.ensemble._base import BaseEnsemble, EnsembleClassifier, EnsembleRegressor
from appliednn.ensemble._fit_members import (
    check_target_given,
    checked_weights,
    fit_members,
    seeded_clone,
)
from appliednn.tabular import ClassTarget, read_labels, read_numbers


class BaseWeighted(BaseEnsemble):
    """Parameters and the course of a fit."""

    _parameter_constraints: dict = {
        "estimators": [list, tuple],
        "weights": ["array-like", None],
        "prefit": ["boolean"],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _read_target(self, y: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the target checked, and what is learned from it."""

    @abstractmethod
    def _told(self, members: list) -> dict[str, Any]:
        """Return the same, as fitted members know it."""

    def _templates(self) -> list[Any]:
        return [one[1] if isinstance(one, tuple) else one for one in self.estimators]

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> BaseWeighted:
        """Fit a clone of each estimator, or with ``prefit`` take the estimators as they are.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows; not looked at with ``prefit``.
        y : array-like of shape (n,), (n, n_outputs) or a 0/1 indicator (n, n_labels)
            Target; not looked at with ``prefit``.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is not one weight for each estimator, or one is negative, or all are zero.
        NotFittedError
            With ``prefit``, if an estimator is not fitted.
        """
        templates = self._templates()
        if not templates:
            raise ValueError("estimators is empty; expected one or more estimators")
        shares = _shares(self.weights, len(templates))
        if self.prefit:
            for member in templates:
                check_is_fitted(member)
            self._become(templates, shares, **self._told(templates))
            return self
        check_target_given(self, y)
        y, _ = self._read_target(y)
        (X,) = indexable(X)
        check_consistent_length(X, y)
        weights, keep = checked_weights(sample_weight, y, templates)
        y, learned = self._read_target(y[keep])
        X = X if len(keep) == len(weights) else _safe_indexing(X, keep)
        seeds = spawn_seeds(self.random_state, len(templates))
        members = [seeded_clone(t, seed) for t, seed in zip(templates, seeds, strict=True)]
        fit_members(members, X, y, None if sample_weight is None else weights[keep])
        self._become(members, shares, **learned)
        return self


def _shares(weights: Any, k: int) -> np.ndarray:
    """Return weights summing to one."""
    shares = np.ones(k) if weights is None else np.asarray(weights, dtype=np.float64)
    bad = shares.shape != (k,) or not np.isfinite(shares).all() or (shares < 0).any()
    if bad or shares.sum() == 0:
        raise ValueError(
            f"weights={weights!r} was given for {k} estimators; expected a number of at least 0 "
            "for each, one of them above 0"
        )
    return shares / shares.sum()


class WeightedEnsembleClassifier(EnsembleClassifier, BaseWeighted):
    """The weighted mean of classifiers' probabilities.

    Parameters
    ----------
    estimators : list of classifiers, or of (name, classifier) pairs
        Its members, with ``predict_proba``.
    weights : array-like of shape (n_estimators,), optional
        Their weights, as :func:`greedy_selection` gives them; default equal ones. A member of
        weight zero is kept and not asked.
    prefit : bool, default=False
        Take the estimators as they are, fitted; ``fit`` then needs no data.
    random_state : int, RandomState or None
        Seeds the clones.

    Attributes
    ----------
    estimators_ : list of fitted classifiers
        The members.
    weights_ : ndarray of shape (n_estimators,)
        Weights, summing to one.
    classes_ : ndarray of shape (n_classes,)
        Labels; a member that does not know one gives it probability 0.
    network_, encoder_
        Only where the members read one encoder's rows, have one architecture and equal weights:
        the network that gives their mean, which explanations and attacks then use.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> models = [LogisticRegression(max_iter=500).fit(X, y), GaussianNB().fit(X, y)]
    >>> mean = WeightedEnsembleClassifier(models, [3, 1], prefit=True).fit()
    >>> expected = 0.75 * models[0].predict_proba(X) + 0.25 * models[1].predict_proba(X)
    >>> bool(np.allclose(mean.predict_proba(X), expected))
    True
    """

    def __init__(self, estimators, weights=None, *, prefit=False, random_state=None):
        self.estimators = estimators
        self.weights = weights
        self.prefit = prefit
        self.random_state = random_state

    def _read_target(self, y: Any) -> tuple[np.ndarray, dict[str, Any]]:
        y = read_labels(y)
        target = ClassTarget.learn(y)
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        return y, {"classes_": target.classes, "_kind": target.kind}

    def _told(self, members: list) -> dict[str, Any]:
        labels = [_label_count(member) for member in members]
        if any(labels):
            if len(set(labels)) > 1:
                raise ValueError(
                    f"the estimators have {labels} labels each (0: one label of several "
                    "classes); expected the same target for all"
                )
            return {"classes_": np.arange(labels[0]), "_kind": "multilabel"}
        classes = np.unique(np.concatenate([np.asarray(member.classes_) for member in members]))
        return {"classes_": classes, "_kind": "binary" if len(classes) == 2 else "multiclass"}


def _label_count(member: Any) -> int:
    """Return the number of labels of a fitted multi-label classifier, 0 for any other."""
    while hasattr(member, "steps"):
        member = member.steps[-1][1]
    if isinstance(member.classes_, list):
        return len(member.classes_)
    kind = getattr(getattr(member, "_target", None), "kind", getattr(member, "_kind", ""))
    binarizer = getattr(member, "_label_binarizer", None)  # scikit-learn's perceptron
    kind = kind or getattr(binarizer, "y_type_", "")
    several = kind.startswith("multilabel") or getattr(member, "multilabel_", False)
    return len(member.classes_) if several else 0


class WeightedEnsembleRegressor(EnsembleRegressor, BaseWeighted):
    """The weighted mean of regressors' predictions.

    Parameters
    ----------
    estimators : list of regressors, or of (name, regressor) pairs
        Its members.
    weights : array-like of shape (n_estimators,), optional
        Their weights, as :func:`greedy_selection` gives them; default equal ones. A member of
        weight zero is kept and not asked.
    prefit : bool, default=False
        Take the estimators as they are, fitted; ``fit`` then needs no data.
    random_state : int, RandomState or None
        Seeds the clones.

    Attributes
    ----------
    estimators_ : list of fitted regressors
        The members.
    weights_ : ndarray of shape (n_estimators,)
        Weights, summing to one.
    network_, encoder_
        Only where the members read one encoder's rows, have one architecture and equal weights:
        the network that gives their mean, which explanations and attacks then use.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> members = [DummyRegressor(strategy="constant", constant=c) for c in (1.0, 2.0)]
    >>> mean = WeightedEnsembleRegressor(members, [1, 3]).fit([[0.0], [0.0]], [0.0, 1.0])
    >>> mean.predict([[0.0]]).tolist()
    [1.75]
    """

    def __init__(self, estimators, weights=None, *, prefit=False, random_state=None):
        self.estimators = estimators
        self.weights = weights
        self.prefit = prefit
        self.random_state = random_state

    def _read_target(self, y: Any) -> tuple[np.ndarray, dict[str, Any]]:
        return read_numbers(y), {}

    def _told(self, members: list) -> dict[str, Any]:
        return {}
