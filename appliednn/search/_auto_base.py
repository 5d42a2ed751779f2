"""What the automatic classifier and regressor share: the fit, the mean, its spread."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterator
from itertools import islice
from numbers import Integral, Real
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator, _fit_context
from sklearn.metrics import get_scorer_names
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_consistent_length,
    check_is_fitted,
)
from threadpoolctl import threadpool_limits

from appliednn.core._random import spawn_seeds
from appliednn.core.persistence import SaveMixin
from appliednn.search._auto_folds import choose_folds
from appliednn.search._auto_report import make_report, summary_text
from appliednn.search._candidates import MODELS
from appliednn.search._course import Course
from appliednn.search._deadline import Deadline
from appliednn.search._mixing import best_temperature, choose_weights, make_loss
from appliednn.search._portfolio import make_portfolio, more_candidates
from appliednn.search._task import Task
from appliednn.search._views import EncodedRows, TableViews

# Drawn candidates in a row that bring nothing (or find no time) before the choice ends.
_PATIENCE = 5


class BaseAuto(SaveMixin, BaseEstimator):
    """Parameters, and the course of a fit."""

    _parameter_constraints: dict = {
        "max_seconds": [Interval(Real, 0, None, closed="neither")],
        "models": [StrOptions({"auto"}), list, tuple],
        "n_bags": [Interval(Integral, 2, None, closed="left")],
        "cv": ["cv_object", None],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "max_candidates": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
        "verbose": ["boolean"],
        "random_state": ["random_state"],
    }

    @abstractmethod
    def _task_of(self, y: Any, w: np.ndarray) -> Task:
        """Return the target of the rows kept, checked."""

    @abstractmethod
    def _row_weights(self, y: Any, w: np.ndarray) -> np.ndarray:
        """Return the rows' weights with those of their classes."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BaseAuto:
        """Choose, train and combine models within the budget of seconds.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows: numbers, categories, strings, booleans, dates, missing values.
        y : array-like of shape (n,), or (n, n_outputs)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights; a row of weight zero counts as removed.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For a target that no model takes, or fewer than two rows.
        KeyboardInterrupt
            When interrupted before the first candidate was trained; later, what was trained until
            then is used.
        """
        deadline = Deadline(self.max_seconds)
        self._check_models()
        X, y, w = self._read(X, y, sample_weight)
        keep = np.flatnonzero(w > 0)
        if len(keep) == 0:
            raise ValueError("sample_weight is zero for every row; no row is left")
        seeds = spawn_seeds(self.random_state, 3)
        course = self._course(X, y, w, keep, deadline, seeds[:2])
        with threadpool_limits(course.n_jobs):
            self._run(course, np.random.default_rng(seeds[2]))
        self._conclude(course, keep, len(w))
        return self

    def _course(self, X, y, w, keep, deadline: Deadline, seeds: list[int]) -> Course:
        """Return the course of training on the rows kept."""
        task = self._task_of(_safe_indexing(y, keep), w[keep])
        rows = X if len(keep) == len(w) else _safe_indexing(X, keep)
        views = TableViews(w=w[keep])
        views.learn("mixed", rows)
        rng = np.random.default_rng(seeds[0])
        folds = choose_folds(self.cv, self.n_bags, task, X, y, keep, rng)
        return Course(
            task,
            EncodedRows(views, rows),
            folds,
            deadline,
            make_loss(self.scoring),
            spawn_seeds(seeds[1], len(folds)),
            1 if self.n_jobs is None else effective_n_jobs(self.n_jobs),
            _tell if self.verbose else lambda line: None,
        )

    def _check_models(self) -> None:
        if isinstance(self.models, str):
            return
        unknown = [m for m in self.models if m not in MODELS]
        if unknown or not self.models:
            raise ValueError(
                f"models={self.models!r} was given; expected 'auto' or a list of one or more of "
                f"{', '.join(MODELS)}"
            )

    def _read(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, np.ndarray]:
        """Return rows that can be taken by number, target and weights."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None"
            )
        if sparse.issparse(X):
            X = X.tocsr()
        elif not hasattr(X, "iloc"):
            X = np.asarray(X)
        if not (sparse.issparse(y) or hasattr(y, "iloc")):
            y = np.asarray(y)
        check_consistent_length(X, y)
        weights = np.ones(_num_samples(y))
        if sample_weight is not None:
            weights = _check_sample_weight(
                sample_weight, weights, dtype=np.float64, ensure_non_negative=True
            )
        return X, y, self._row_weights(y, weights)

    def _run(self, course: Course, rng: np.random.Generator) -> None:
        """Train the portfolio, then drawn candidates as long as they help."""
        portfolio = make_portfolio(course.task, self.models)
        course.run(portfolio[: self.max_candidates])
        drawn = more_candidates(course.task, self.models, rng)
        stale = 0
        for candidate in islice(drawn, max(0, self.max_candidates - len(portfolio))):
            if stale >= _PATIENCE or course.interrupted or course.left() <= 0:
                break
            helped = False
            if course.fits(candidate):
                before = len(course.trained)
                course.run([candidate])
                helped = len(course.trained) > before and self._shares(course)[-1] > 0
            stale = 0 if helped else stale + 1

    def _shares(self, course: Course) -> np.ndarray:
        return choose_weights(course.task, [t.held_out for t in course.trained], self.scoring)

    def _conclude(self, course: Course, keep: np.ndarray, n: int) -> None:
        """Learn shares and temperature, and keep what prediction needs."""
        task, trained = course.task, course.trained
        shares = self._shares(course)
        held_out = [t.held_out for t in trained]
        temperature = None if task.is_regression else best_temperature(task, held_out, shares)
        used = [i for i in np.argsort(-shares, kind="stable") if shares[i] > 0]
        mean = sum(shares[i] * task.tempered(held_out[i], temperature or 1.0) for i in used)
        seen = np.isfinite(mean.reshape(len(mean), -1)).all(axis=1)
        everything = np.full((n, *mean.shape[1:]), np.nan)
        everything[keep] = mean
        encoder = course.rows.views.encoders["mixed"]
        self.n_features_in_ = encoder.n_features_in_
        self.__dict__.pop("feature_names_in_", None)
        if hasattr(encoder, "feature_names_in_"):
            self.feature_names_in_ = encoder.feature_names_in_
        self.members_ = [trained[i].models for i in used]
        self.weights_ = shares[used] * np.ones(len(used))
        self.factors_ = np.array([trained[i].factor for i in used])
        views = {model.view for models in self.members_ for model in models} | {"mixed"}
        encoders = course.rows.views.encoders
        self.encoders_ = {view: encoders[view] for view in sorted(views & set(encoders))}
        self.oof_prediction_ = everything
        self.oof_score_ = -make_loss(self.scoring)(task.rows(seen), mean[seen])
        self.report_ = make_report(course, shares)
        self.seconds_ = course.deadline.elapsed()
        self.interrupted_ = course.interrupted
        self._learn(task, temperature)

    def _learn(self, task: Task, temperature: float | None) -> None:
        """Keep what is said about the target."""
        self._kind = task.kind
        self._n_classes = task.n_classes
        self.temperature_ = temperature

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "members_")

    # -- use ------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Return what was chosen and why, in sentences.

        Returns
        -------
        str
            A few lines.
        """
        check_is_fitted(self)
        if self.scoring is None:
            metric = "negative RMSE" if self._kind == "regression" else "negative log loss"
        else:
            metric = getattr(self.scoring, "__name__", str(self.scoring))
        return summary_text(
            self.report_,
            metric=metric,
            n_folds=len(self.members_[0]),
            score=self.oof_score_,
            temperature=self.temperature_,
            seconds=self.seconds_,
            budget=self.max_seconds,
            interrupted=self.interrupted_,
        )

    def _answers(self, X: Any) -> Iterator[tuple[float, np.ndarray]]:
        """Yield share and answer of each member for raw rows."""
        check_is_fitted(self)
        if not (sparse.issparse(X) or hasattr(X, "iloc")):
            X = np.asarray(X)
        rows = EncodedRows(TableViews(self.encoders_), X)
        rows.read("mixed")  # checks the columns
        n_jobs = 1 if self.n_jobs is None else effective_n_jobs(self.n_jobs)
        for models, share, factor in zip(self.members_, self.weights_, self.factors_, strict=True):
            for model in models:
                answer = model.answer(rows, self._n_classes, n_jobs)
                yield share / len(models), answer * factor

    def __sklearn_tags__(self):
        """Take what the encoder takes."""
        tags = super().__sklearn_tags__()
        for name in ("allow_nan", "sparse", "string", "categorical"):
            setattr(tags.input_tags, name, True)
        return tags


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
