"""Cross-validated bagging: every member leaves out one fold, which judges it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import _fit_context
from sklearn.metrics import get_scorer_names
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_consistent_length

from appliednn.core._random import spawn_seeds
from appliednn.ensemble._base import BaseEnsemble, EnsembleClassifier, EnsembleRegressor
from appliednn.ensemble._fit_members import (
    check_target_given,
    checked_weights,
    fit_members,
    seeded_clone,
)
from appliednn.ensemble._folds import Bag, given_bags, make_bags
from appliednn.ensemble._held_out import held_out_temperature, mean_by_row
from appliednn.ensemble._metrics import log_loss, rmse, scorer_value
from appliednn.ensemble._predictions import member_numbers, member_probabilities, tempered
from appliednn.tabular import ClassTarget, read_labels, read_numbers


class _Task(NamedTuple):
    """The target of a fit."""

    y: np.ndarray
    codes: np.ndarray
    strata: np.ndarray | None
    kind: str
    classes: np.ndarray | None


class BaseBagged(BaseEnsemble):
    """Parameters and the course of a fit."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_bags": [Interval(Integral, 2, None, closed="left")],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "stratify": ["boolean"],
        "cv": ["cv_object", None],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _read_task(self, y: Any) -> _Task:
        """Return the target checked, with what the folds need of it."""

    @abstractmethod
    def _held_answer(self, member: Any, X: Any, task: _Task) -> np.ndarray:
        """Return a member's answer for rows it has not seen."""

    @abstractmethod
    def _finished(
        self, answers: list[np.ndarray], rows: list[np.ndarray], task: _Task, w: np.ndarray
    ) -> dict[str, Any]:
        """Return what is learned from the held-out answers."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BaseBagged:
        """Train a member on all folds but one, for each fold.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows, as the estimator takes them.
        y : array-like of shape (n,), (n, n_outputs) or a 0/1 indicator (n, n_labels)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a part of the rows holds a single class, there are fewer rows than bags, or the
            estimator takes no weights and some are given.
        KeyboardInterrupt
            When interrupted; the object is then as it was before.
        """
        check_target_given(self, y)
        task = self._read_task(y)
        (X,) = indexable(X)
        check_consistent_length(X, task.y)
        weights, keep = checked_weights(sample_weight, task.y, [self.estimator])
        dropped = np.setdiff1d(np.arange(len(weights)), keep)
        bags = self._bags(X, task, keep)
        members = self._members(
            X, task, weights if sample_weight is not None else None, keep, bags
        )
        held = [np.concatenate([keep[bag.held], dropped]) for bag in bags]
        answers = [
            self._held_answer(member, _safe_indexing(X, rows), task)
            for member, rows in zip(members, held, strict=True)
            if len(rows)
        ]
        rows = [r for r in held if len(r)]
        self._become(members, **self._finished(answers, rows, task, weights))
        return self

    def _bags(self, X: Any, task: _Task, keep: np.ndarray) -> list[Bag]:
        if self.cv is not None:
            bags = given_bags(self.cv, X, task.y, keep, classifier=task.classes is not None)
        else:
            strata = task.strata[keep] if self.stratify and task.strata is not None else None
            rng = np.random.default_rng(spawn_seeds(self.random_state, 1)[0])
            bags = make_bags(len(keep), self.n_bags, self.n_repeats, rng, strata)
        for j, bag in enumerate(bags):
            _check_bag(j, task, keep[bag.train])
        return bags

    def _members(self, X, task: _Task, weights, keep, bags: Sequence[Bag]) -> list[Any]:
        y = task.y
        if len(keep) < len(y):
            X, y = _safe_indexing(X, keep), y[keep]
            weights = weights[keep]
        seeds = spawn_seeds(self.random_state, 1 + len(bags))[1:]
        members = [seeded_clone(self.estimator, seed) for seed in seeds]
        train, held = [bag.train for bag in bags], [bag.held for bag in bags]
        watched = held if all(len(rows) for rows in held) else None
        return fit_members(members, X, y, weights, train, watched)

    def _score(self, answer: np.ndarray, task: _Task, w: np.ndarray, default: Callable) -> float:
        """Return the score of held-out predictions; rows without one or without weight are out."""
        judged = (w > 0) & np.isfinite(answer.reshape(len(answer), -1)).all(axis=1)
        answer, w = answer[judged], w[judged]
        if self.scoring is None:
            return -default(answer, task.codes[judged], w)
        return scorer_value(
            self.scoring,
            answer,
            task.y[judged],
            w,
            classes=task.classes,
            multilabel=task.kind == "multilabel",
        )


def _check_bag(j: int, task: _Task, train: np.ndarray) -> None:
    if task.kind not in ("binary", "multiclass"):
        return
    labels = np.unique(task.codes[train])
    if len(labels) < 2:
        found = task.classes[labels].tolist()
        raise ValueError(
            f"the training part of bag {j} holds {len(labels)} class ({found}); a classifier "
            "needs at least 2 classes: give more rows of the others, or fewer bags"
        )


class BaggedClassifier(EnsembleClassifier, BaseBagged):
    """Cross-validated bagging of a classifier, with held-out probabilities of every row.

    Parameters
    ----------
    estimator : classifier
        What is bagged; one with ``X_val`` in ``fit`` chooses its epoch by the fold it leaves out.
    n_bags : int, default=5
        Folds: each member is trained on all of them but one.
    n_repeats : int, default=1
        Rounds of folds, each drawn anew; a row's held-out probability is the mean over the rounds.
    stratify : bool, default=True
        Spread each class (each combination of labels) evenly over the folds.
    calibrate : bool, default=False
        Divide the members' logits by the one temperature that makes the held-out labels most
        likely (Guo et al., ICML 2017).
    cv : int, splitter or iterable of (train, held) row numbers, optional
        Splits of your own instead of folds: groups that stay together, time order. There is one
        member a split, and ``n_bags``, ``n_repeats`` and ``stratify`` do not count.
    scoring : str or callable, optional
        Scorer of scikit-learn that gives ``oof_score_``; default minus the log loss.
    random_state : int, RandomState or None
        Draws the folds and the members' seeds.

    Attributes
    ----------
    estimators_ : list of fitted estimators
        A member for each bag.
    oof_prediction_ : ndarray of shape (n, n_classes)
        Probabilities of every row from members that were not trained on it; NaN for rows that
        every split of ``cv`` trains on. Rows of weight zero get the mean of all members.
    oof_score_ : float
        Score of ``oof_prediction_``, higher is better. Members that choose their epoch by the
        rows they leave out make it slightly too good.
    classes_ : ndarray of shape (n_classes,)
        Labels; a member that has not seen one gives it probability 0.
    temperature_ : float
        With ``calibrate``: what each member's logits are divided by.
    network_, encoder_
        Only where the members read one encoder's rows and have one architecture: the network
        that gives their mean, which explanations and attacks then use.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = make_classification(200, random_state=0)
    >>> model = BaggedClassifier(LogisticRegression(), n_bags=4, random_state=0).fit(X, y)
    >>> model.oof_prediction_.shape, len(model.estimators_)
    ((200, 2), 4)
    >>> model.predict_uncertainty(X[:3]).epistemic.shape
    (3,)
    """

    _parameter_constraints: dict = {
        **BaseBagged._parameter_constraints,
        "calibrate": ["boolean"],
    }

    def __init__(
        self,
        estimator,
        n_bags=5,
        *,
        n_repeats=1,
        stratify=True,
        calibrate=False,
        cv=None,
        scoring=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.n_bags = n_bags
        self.n_repeats = n_repeats
        self.stratify = stratify
        self.calibrate = calibrate
        self.cv = cv
        self.scoring = scoring
        self.random_state = random_state

    def _read_task(self, y: Any) -> _Task:
        y = read_labels(y)
        target = ClassTarget.learn(y)
        y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
        codes = target.encode(y).astype(int)
        strata = codes
        if codes.ndim == 2:  # rows with the same labels
            strata = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
        return _Task(y, codes, strata, target.kind, target.classes)

    def _held_answer(self, member: Any, X: Any, task: _Task) -> np.ndarray:
        several = task.kind == "multilabel"
        return member_probabilities(member, X, task.classes, multilabel=several)

    def _finished(self, answers, rows, task: _Task, w: np.ndarray) -> dict[str, Any]:
        learned: dict[str, Any] = {"classes_": task.classes, "_kind": task.kind}
        several = task.kind == "multilabel"
        if self.calibrate:
            t = held_out_temperature(answers, rows, task.codes, w, multilabel=several)
            learned["temperature_"] = t
            answers = [tempered(answer, t, multilabel=several) for answer in answers]
        learned["oof_prediction_"] = mean_by_row(answers, rows, len(w))
        learned["oof_score_"] = self._score(learned["oof_prediction_"], task, w, log_loss)
        return learned


class BaggedRegressor(EnsembleRegressor, BaseBagged):
    """Cross-validated bagging of a regressor, with held-out predictions of every row.

    Parameters
    ----------
    estimator : regressor
        What is bagged; one with ``X_val`` in ``fit`` chooses its epoch by the fold it leaves out.
    n_bags : int, default=5
        Folds: each member is trained on all of them but one.
    n_repeats : int, default=1
        Rounds of folds, each drawn anew; a row's held-out prediction is the mean over the rounds.
    stratify : bool, default=False
        Spread the quantiles of the target (of the first output) evenly over the folds.
    cv : int, splitter or iterable of (train, held) row numbers, optional
        Splits of your own instead of folds: groups that stay together, time order. There is one
        member a split, and ``n_bags``, ``n_repeats`` and ``stratify`` do not count.
    scoring : str or callable, optional
        Scorer of scikit-learn that gives ``oof_score_``; default minus the root mean squared
        error.
    random_state : int, RandomState or None
        Draws the folds and the members' seeds.

    Attributes
    ----------
    estimators_ : list of fitted estimators
        A member for each bag.
    oof_prediction_ : ndarray of shape (n,) or (n, n_outputs)
        Predictions of every row from members that were not trained on it; NaN for rows that
        every split of ``cv`` trains on. Rows of weight zero get the mean of all members.
    oof_score_ : float
        Score of ``oof_prediction_``, higher is better. Members that choose their epoch by the
        rows they leave out make it slightly too good.
    network_, encoder_
        Only where the members read one encoder's rows and have one architecture: the network
        that gives their mean, which explanations and attacks then use.
    n_features_in_ : int
        Number of features.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.linear_model import Ridge
    >>> X, y = make_regression(100, n_features=4, noise=1.0, random_state=0)
    >>> model = BaggedRegressor(Ridge(), n_bags=5, random_state=0).fit(X, y)
    >>> model.oof_prediction_.shape, bool(-5 < model.oof_score_ < 0)
    ((100,), True)
    """

    def __init__(
        self,
        estimator,
        n_bags=5,
        *,
        n_repeats=1,
        stratify=False,
        cv=None,
        scoring=None,
        random_state=None,
    ):
        self.estimator = estimator
        self.n_bags = n_bags
        self.n_repeats = n_repeats
        self.stratify = stratify
        self.cv = cv
        self.scoring = scoring
        self.random_state = random_state

    def _read_task(self, y: Any) -> _Task:
        y = read_numbers(y)
        ranks = np.argsort(np.argsort(y.reshape(len(y), -1)[:, 0], kind="stable"), kind="stable")
        return _Task(y, y, ranks // self.n_bags, "regression", None)

    def _held_answer(self, member: Any, X: Any, task: _Task) -> np.ndarray:
        return member_numbers(member, X)

    def _finished(self, answers, rows, task: _Task, w: np.ndarray) -> dict[str, Any]:
        oof = mean_by_row(answers, rows, len(w))
        return {"oof_prediction_": oof, "oof_score_": self._score(oof, task, w, rmse)}
