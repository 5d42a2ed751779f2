"""Tuning within a budget of seconds, and an ensemble of what was tried."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import MetaEstimatorMixin
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from appliednn.core.persistence import SaveMixin
from appliednn.search._search_base import BaseSearch
from appliednn.search._space import SearchSpace


def _answers(method: str):
    """Whether what predicts has a method."""

    def check(search: TabularSearchCV) -> bool:
        fitted = hasattr(search, "best_estimator_")
        getattr(search._predictor() if fitted else search.estimator, method)
        return True

    return check


class TabularSearchCV(SaveMixin, MetaEstimatorMixin, BaseSearch):
    """Search for parameters within a budget of seconds, and weigh all that was tried.

    Unlike scikit-learn's searches it trains networks of equal shape side by side in one program,
    ends those that do poorly, knows the search spaces that were published with the networks,
    keeps to a budget of time, and makes an ensemble of the candidates: for networks that is where
    most of the gain of a search is.

    Parameters
    ----------
    estimator : estimator
        What is tuned. Cloned; its ``random_state`` is drawn from this one's.
    space : "published" or dict, default="published"
        Parameter to distribution, in the grammar of :class:`SearchSpace` (scikit-learn's lists
        and scipy's distributions among it). ``"published"``: the space of the network's authors,
        with the estimator as it is for the first candidate.
    n_candidates : int, default=20
        Most settings tried; fewer where the space has no more.
    strategy : {"random", "halving"}, default="random"
        ``"halving"``: rounds, in which the best third goes on with three times the resource:
        epochs where the estimator has them, else rows. From 20 candidates: 20 with a ninth, 7
        with a third, 3 with all. The first round has 8 epochs or 100 rows at least.
    cv : int, splitter, iterable of splits or None, default=None
        Splits into training and held-out rows. None: one, with 20 % held out, stratified.
    scoring : str, callable or None, default=None
        Of scikit-learn. None: log loss or root mean squared error, negated.
    ensemble : bool, default=True
        Weigh the candidates of the last round by greedy selection on their held-out predictions.
        The weighted mean predicts where it is better there than the best candidate.
    max_seconds : float, optional
        Bound on the whole, the refit included. One candidate is always finished.
    stop_poor : bool, default=True
        End networks early by the median rule (:class:`MedianStop`).
    refit : bool, default=True
        Train the best candidate again on all rows, if time is left. Else it stays as it was
        trained on the first split.
    random_state : int, RandomState or None, default=None
        Seeds candidates, the holdout and the models.
    verbose : bool, default=False
        A line for each candidate on standard error.
    n_jobs : int or None, default=None
        Threads given to each model that has such a parameter and does not set it.

    Attributes
    ----------
    cv_results_ : dict of str to array
        As scikit-learn's: one row for each candidate that was finished, in each round. Not in
        model files.
    best_index_, best_params_, best_score_
        Row, parameters and mean score of the best candidate of the last round.
    best_estimator_ : estimator
        It, fitted.
    ensemble_ : WeightedEnsembleClassifier, WeightedEnsembleRegressor or None
        The weighted mean of the candidates as they were trained on the splits.
    ensemble_weights_ : ndarray of shape (n_last_round,)
        Share of each candidate of the last round, in the order of ``cv_results_``.
    ensemble_score_ : float
        Its score on the held-out rows, which also chose the shares.
    uses_ensemble_ : bool
        Whether ``predict`` asks the ensemble, not ``best_estimator_``.
    n_splits_ : int
        Splits.
    n_stopped_ : int
        Networks that were ended early.
    scorer_ : callable
        What judged the candidates. Not in model files.
    refit_time_ : float or None
        Seconds of the refit; None without one.
    report_ : list of str
        What happened, in sentences.

    References
    ----------
    R. Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004. D. Golovin et al.,
    "Google Vizier", KDD 2017. K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification
    and Hyperparameter Optimization", AISTATS 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> search = TabularSearchCV(
    ...     LogisticRegression(max_iter=500), {"C": {"log_uniform": [1e-3, 1e3]}}, n_candidates=5,
    ...     cv=3, random_state=0,
    ... ).fit(X, y)
    >>> len(search.cv_results_["params"]), search.score(X, y) > 0.9
    (5, True)
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "space": [StrOptions({"published"}), dict, SearchSpace],
        "n_candidates": [Interval(Integral, 1, None, closed="left")],
        "strategy": [StrOptions({"random", "halving"})],
        "cv": ["cv_object", None],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "ensemble": ["boolean"],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "stop_poor": ["boolean"],
        "refit": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["boolean"],
        "n_jobs": [Integral, None],
    }
    _ann_skip = ("cv_results_", "scorer_")

    def __init__(
        self,
        estimator,
        space="published",
        *,
        n_candidates=20,
        strategy="random",
        cv=None,
        scoring=None,
        ensemble=True,
        max_seconds=None,
        stop_poor=True,
        refit=True,
        random_state=None,
        verbose=False,
        n_jobs=None,
    ):
        self.estimator = estimator
        self.space = space
        self.n_candidates = n_candidates
        self.strategy = strategy
        self.cv = cv
        self.scoring = scoring
        self.ensemble = ensemble
        self.max_seconds = max_seconds
        self.stop_poor = stop_poor
        self.refit = refit
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    # -- use ------------------------------------------------------------------------------------

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_")

    def _predictor(self) -> Any:
        return self.ensemble_ if self.uses_ensemble_ else self.best_estimator_

    @property
    def n_features_in_(self) -> int:
        """Number of columns."""
        return self.best_estimator_.n_features_in_

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns."""
        return self.best_estimator_.feature_names_in_

    @property
    def classes_(self) -> np.ndarray:
        """Labels."""
        return self._predictor().classes_

    def predict(self, X: Any) -> np.ndarray:
        """Return labels or numbers, by the ensemble or the best candidate (``uses_ensemble_``).

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.
        """
        check_is_fitted(self)
        return self._predictor().predict(X)

    @available_if(_answers("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities, shape (n, n_classes), in the order of ``classes_``."""
        check_is_fitted(self)
        return self._predictor().predict_proba(X)

    @available_if(_answers("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Return what the best candidate's ``decision_function`` does; ensembles have none."""
        check_is_fitted(self)
        return self._predictor().decision_function(X)

    @available_if(_answers("predict_uncertainty"))
    def predict_uncertainty(self, X: Any) -> Any:
        """Return mean and spread of the members; see the ensemble room's classes."""
        check_is_fitted(self)
        return self._predictor().predict_uncertainty(X)

    def score(self, X: Any, y: Any) -> float:
        """Return the score on other rows: by ``scoring``, or accuracy or R2 without one.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n, n_features_in_)
            Rows.
        y : array-like of shape (n,)
            Target.
        """
        check_is_fitted(self)
        if self.scoring is None:
            return float(self._predictor().score(X, y))
        return float(check_scoring(self._predictor(), self.scoring)(self._predictor(), X, y))

    def __sklearn_tags__(self):
        """Take over what the estimator is and takes."""
        tags = super().__sklearn_tags__()
        own = get_tags(self.estimator)
        tags.estimator_type, tags.input_tags = own.estimator_type, own.input_tags
        tags.classifier_tags, tags.regressor_tags = own.classifier_tags, own.regressor_tags
        tags.target_tags = own.target_tags
        return tags
