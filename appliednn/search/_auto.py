"""A table and a time budget in, a calibrated ensemble out."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight

from appliednn.core._members import ClassUncertainty, NumberUncertainty, class_uncertainty
from appliednn.search._auto_base import BaseAuto
from appliednn.search._task import Task


class AutoTabularClassifier(ClassifierMixin, BaseAuto):
    """Give it a table and a time budget; it returns a calibrated ensemble and says why that one.

    Candidates (boosted trees, linear models, forests, this package's networks) are tried in the
    order of their value for their time, as long as time is left. Each is trained on all folds but
    one in turn, so that every row has predictions by models that have not seen it. On these a
    greedy search chooses how much of each candidate the mean takes, and one temperature is fitted.

    Parameters
    ----------
    max_seconds : float, default=60
        Budget for the whole fit. One candidate is always finished; beyond that it is exceeded by
        no more than the smallest unit of work (one network's program, one linear model).
    models : "auto" or list of str, default="auto"
        Kinds of models to try: ``"boosting"`` (LightGBM where it is installed, else scikit-learn's
        histogram gradient boosting), ``"forest"``, ``"linear"``, ``"mlp"``, ``"realmlp"``,
        ``"tabm"``.
    n_bags : int, default=5
        Folds, and models of each candidate.
    cv : int, splitter, iterable of splits or None, default=None
        Folds instead of ``n_bags`` stratified ones.
    scoring : str, callable or None, default=None
        What the mean is chosen for; None: log loss.
    class_weight : dict, "balanced" or None, default=None
        Weights by class.
    max_candidates : int, default=40
        Most candidates, however long the time.
    n_jobs : int or None, default=None
        Threads of trees; None: 1.
    verbose : bool, default=False
        A line for each candidate on standard error.
    random_state : int, RandomState or None, default=None
        Seeds folds, candidates and models. What fits into the time depends on the machine: only
        a fit that was not short of time is repeated exactly.

    Attributes
    ----------
    report_ : list of dict
        A row for each candidate: ``candidate``, ``model``, ``parameters``, ``seconds``,
        ``score`` (held-out rows, higher is better), ``weight``, ``state``. Made for
        ``pandas.DataFrame(report_)``; :meth:`summary` tells it in sentences.
    members_ : list of list
        Models of each candidate in the mean, one a fold.
    weights_ : ndarray of shape (n_members,)
        Their shares.
    temperature_ : float
        What every model's logits are divided by.
    oof_prediction_ : ndarray of shape (n, n_classes)
        The ensemble's probabilities of rows by models that have not seen them; NaN for rows
        without weight.
    oof_score_ : float
        Their score. It is slightly optimistic: the same rows chose the shares.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of columns.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble Selection from Libraries of
    Models", ICML 2004. N. Erickson et al., "AutoGluon-Tabular", 2020, arXiv 2003.06505 (folds,
    order of candidates). C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> auto = AutoTabularClassifier(60, models=["linear", "forest"], random_state=0).fit(X, y)
    >>> auto.score(X, y) > 0.95
    True
    >>> sorted(row["model"] for row in auto.report_)
    ['forest', 'linear']
    """

    _parameter_constraints: dict = {
        **BaseAuto._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        max_seconds=60.0,
        *,
        models="auto",
        n_bags=5,
        cv=None,
        scoring=None,
        class_weight=None,
        max_candidates=40,
        n_jobs=None,
        verbose=False,
        random_state=None,
    ):
        self.max_seconds = max_seconds
        self.models = models
        self.n_bags = n_bags
        self.cv = cv
        self.scoring = scoring
        self.class_weight = class_weight
        self.max_candidates = max_candidates
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def _task_of(self, y: Any, w: np.ndarray) -> Task:
        return Task.of_labels(y, w)

    def _row_weights(self, y: Any, w: np.ndarray) -> np.ndarray:
        if self.class_weight is None:
            return w
        if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
            raise ValueError(
                "class_weight goes with one label a row, and y is an indicator of several; weigh "
                "rows by sample_weight"
            )
        return w * compute_sample_weight(self.class_weight, np.asarray(y).ravel())

    def _learn(self, task: Task, temperature: float | None) -> None:
        super()._learn(task, temperature)
        self.classes_ = task.classes

    def _tempered(self, answer: np.ndarray) -> np.ndarray:
        empty = np.zeros((0, answer.shape[1]) if self._kind == "multilabel" else 0, dtype=int)
        return Task(self._kind, empty, empty, empty).tempered(answer, self.temperature_)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            Columns in the order of ``classes_``; of several labels one column each.
        """
        return sum(share * self._tempered(answer) for share, answer in self._answers(X))

    def predict(self, X: Any) -> np.ndarray:
        """Return the label of each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_labels)
        """
        proba = self.predict_proba(X)
        if self._kind == "multilabel":
            return (proba > 0.5).astype(int)
        return self.classes_[proba.argmax(axis=1)]

    def predict_uncertainty(self, X: Any) -> ClassUncertainty:
        """Return probabilities with the spread of the members, and entropies in nats.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ClassUncertainty
            ``mean`` (equal to ``predict_proba``), ``std``, ``total``, ``aleatoric``,
            ``epistemic``.
        """
        shares, answers = zip(*self._answers(X), strict=True)
        members = np.stack([self._tempered(answer) for answer in answers])
        return class_uncertainty(members, np.array(shares), self._kind == "multilabel")

    def __sklearn_tags__(self):
        """Several labels are fine."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class AutoTabularRegressor(MultiOutputMixin, RegressorMixin, BaseAuto):
    """Give it a table and a time budget; it returns an ensemble and says why that one.

    Candidates (boosted trees, linear models, forests, this package's networks) are tried in the
    order of their value for their time, as long as time is left; on a target that is positive and
    skewed some are tried on its logarithm too. Each is trained on all folds but one in turn, so
    that every row has predictions by models that have not seen it. On these a greedy search
    chooses how much of each candidate the mean takes.

    Parameters
    ----------
    max_seconds : float, default=60
        Budget for the whole fit. One candidate is always finished; beyond that it is exceeded by
        no more than the smallest unit of work (one network's program, one linear model).
    models : "auto" or list of str, default="auto"
        Kinds of models to try: ``"boosting"`` (LightGBM where it is installed, else scikit-learn's
        histogram gradient boosting), ``"forest"``, ``"linear"``, ``"mlp"``, ``"realmlp"``,
        ``"tabm"``.
    n_bags : int, default=5
        Folds, and models of each candidate.
    cv : int, splitter, iterable of splits or None, default=None
        Folds instead of ``n_bags`` random ones.
    scoring : str, callable or None, default=None
        What the mean is chosen for; None: the root mean squared error.
    max_candidates : int, default=40
        Most candidates, however long the time.
    n_jobs : int or None, default=None
        Threads of trees; None: 1.
    verbose : bool, default=False
        A line for each candidate on standard error.
    random_state : int, RandomState or None, default=None
        Seeds folds, candidates and models. What fits into the time depends on the machine: only
        a fit that was not short of time is repeated exactly.

    Attributes
    ----------
    report_ : list of dict
        A row for each candidate: ``candidate``, ``model``, ``parameters``, ``seconds``,
        ``score`` (held-out rows, higher is better), ``weight``, ``state``. Made for
        ``pandas.DataFrame(report_)``; :meth:`summary` tells it in sentences.
    members_ : list of list
        Models of each candidate in the mean, one a fold.
    weights_ : ndarray of shape (n_members,)
        Their shares.
    oof_prediction_ : ndarray of shape (n,) or (n, n_outputs)
        The ensemble's predictions of rows by models that have not seen them; NaN for rows
        without weight.
    oof_score_ : float
        Their score. It is slightly optimistic: the same rows chose the shares.
    n_features_in_ : int
        Number of columns.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble Selection from Libraries of
    Models", ICML 2004. N. Erickson et al., "AutoGluon-Tabular", 2020, arXiv 2003.06505 (folds,
    order of candidates).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> auto = AutoTabularRegressor(60, models=["linear", "forest"], random_state=0).fit(X, y)
    >>> auto.score(X, y) > 0.4
    True
    >>> print(auto.summary().splitlines()[0][:25])
    2 candidates were trained
    """

    def __init__(
        self,
        max_seconds=60.0,
        *,
        models="auto",
        n_bags=5,
        cv=None,
        scoring=None,
        max_candidates=40,
        n_jobs=None,
        verbose=False,
        random_state=None,
    ):
        self.max_seconds = max_seconds
        self.models = models
        self.n_bags = n_bags
        self.cv = cv
        self.scoring = scoring
        self.max_candidates = max_candidates
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def _task_of(self, y: Any, w: np.ndarray) -> Task:
        return Task.of_numbers(y, w)

    def _row_weights(self, y: Any, w: np.ndarray) -> np.ndarray:
        return w

    def predict(self, X: Any) -> np.ndarray:
        """Return the prediction for each row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs), float64
        """
        return sum(share * answer for share, answer in self._answers(X))

    def predict_uncertainty(self, X: Any) -> NumberUncertainty:
        """Return predictions with the standard deviation of the members.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.

        Returns
        -------
        NumberUncertainty
            ``mean`` (equal to ``predict``) and ``std``.
        """
        shares, answers = zip(*self._answers(X), strict=True)
        members, w = np.stack(answers), np.array(shares)
        mean = np.average(members, axis=0, weights=w)
        return NumberUncertainty(
            mean, np.sqrt(np.average((members - mean) ** 2, axis=0, weights=w))
        )
