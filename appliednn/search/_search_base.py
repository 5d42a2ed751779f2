"""The course of a search: candidates, rounds, the ensemble, the refit."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from appliednn.core._random import spawn_seeds
from appliednn.ensemble import (
    WeightedEnsembleClassifier,
    WeightedEnsembleRegressor,
    seeded_clone,
)
from appliednn.search._deadline import Deadline
from appliednn.search._halving import Rung, make_bracket, resource_of
from appliednn.search._held_out import HeldOut, holdout
from appliednn.search._median_stop import MedianStop
from appliednn.search._mixing import choose_weights, make_loss
from appliednn.search._search_results import make_results
from appliednn.search._search_rounds import Rounds
from appliednn.search._space import SearchSpace, published_space
from appliednn.search._task import Task
from appliednn.search._trials import Trainer, Trial, weight_name


class BaseSearch(BaseEstimator):
    """Fit machinery of :class:`TabularSearchCV`."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> BaseSearch:
        """Search.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n, n_features)
            Rows, as the estimator takes them.
        y : array-like of shape (n,), (n, n_outputs) or a 0/1 indicator (n, n_labels)
            Target.
        sample_weight : array-like of shape (n,), optional
            Weights, in training and in scores that take them; a row of weight zero counts as
            removed.
        groups : array-like of shape (n,), optional
            For splitters that need them.

        Returns
        -------
        self

        Raises
        ------
        UsageError
            For a search space that is none, or ``"published"`` where none was.
        ValueError
            If no candidate can be trained: the error of the last one.
        KeyboardInterrupt
            When interrupted before the first candidate was done; later, what was done is used.
        """
        deadline = Deadline(self.max_seconds)
        seeds = spawn_seeds(self.random_state, 4)
        candidates = self._candidates(np.random.default_rng(seeds[0]))
        X, y, w, groups = self._read(X, y, sample_weight, groups)
        weights = np.ones(len(y)) if w is None else w
        regression = not is_classifier(self.estimator)
        task = (Task.of_numbers if regression else Task.of_labels)(y, weights)
        held_out = HeldOut(self.estimator, self.scoring, X, task, w is not None)
        splits = self._splits(task, X, groups, seeds[1])
        rounds = self._rounds(X, task, w, splits, deadline, held_out)
        trials = [
            Trial(i, params, seed)
            for i, (params, seed) in enumerate(
                zip(candidates, spawn_seeds(seeds[2], len(candidates)), strict=True)
            )
        ]
        rounds.run(trials)
        if not any(np.isfinite(t.score) for t in rounds.done[-1]):
            raise rounds.trainer.error
        self._conclude(rounds, task, held_out, len(candidates))
        self._refit(rounds, seeds[3])
        return self

    def _candidates(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Return the settings to try; a published space begins with the estimator as it is."""
        if isinstance(self.space, str):
            drawn = published_space(self.estimator).sample_many(self.n_candidates - 1, rng)
            return [{}, *drawn]
        space = self.space if isinstance(self.space, SearchSpace) else SearchSpace(self.space)
        return space.sample_many(self.n_candidates, rng)

    def _read(self, X: Any, y: Any, sample_weight: Any, groups: Any):
        """Return the rows that have weight."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None"
            )
        X, groups = indexable(X, groups)
        y = y if hasattr(y, "tocsr") else np.asarray(y)
        check_consistent_length(X, y)
        if sample_weight is None:
            return X, y, None, groups
        w = _check_sample_weight(
            sample_weight, np.ones(y.shape[0]), dtype=np.float64, ensure_non_negative=True
        )
        if not w.any():
            raise ValueError("sample_weight is zero for every row; no row is left")
        return X, y, w, groups

    def _splits(self, task: Task, X: Any, groups: Any, seed: int):
        """Return training and held-out rows of each split, without rows of weight zero."""
        keep = np.flatnonzero(task.w > 0)
        if self.cv is None:
            return [(keep[train], keep[held]) for train, held in holdout(task.rows(keep), seed)]
        cv = check_cv(self.cv, task.given, classifier=not task.is_regression)
        splits = [
            tuple(rows[task.w[rows] > 0] for rows in map(np.asarray, split))
            for split in cv.split(X, task.given, groups)
        ]
        splits = [(train, held) for train, held in splits if len(train) and len(held)]
        if not splits:
            raise ValueError(f"cv={self.cv!r} gives no split with rows in both parts")
        return splits

    def _rounds(self, X, task: Task, w, splits, deadline: Deadline, held_out: HeldOut) -> Rounds:
        n = min(len(train) for train, _ in splits)
        resource, amount, least = resource_of(self.estimator, n)
        bracket = [Rung(self.n_candidates, 1.0)]
        if self.strategy == "halving":
            bracket = make_bracket(self.n_candidates, amount, least)
        estimator = self.estimator
        if self.n_jobs is not None and estimator.get_params().get("n_jobs", 0) is None:
            estimator = seeded_clone(estimator, 0).set_params(n_jobs=effective_n_jobs(self.n_jobs))
        trainer = Trainer(
            estimator,
            X,
            task.given,
            w,
            splits,
            deadline,
            held_out.judge,
            MedianStop() if self.stop_poor else None,
        )
        grows = len(task.y) / n
        return Rounds(
            trainer,
            bracket,
            resource,
            amount,
            task.strata,
            (lambda seconds: 1.2 * grows * seconds) if self.refit else (lambda seconds: 0.0),
            _tell if self.verbose else lambda line: None,
        )

    def _conclude(self, rounds: Rounds, task: Task, held_out: HeldOut, n: int) -> None:
        """Learn results, the best candidate and the ensemble."""
        last = rounds.done[-1]
        results = make_results(list(zip(rounds.resources(), rounds.done, strict=True)))
        before = sum(map(len, rounds.done[:-1]))
        scores = np.array([-np.inf if np.isnan(t.score) else t.score for t in last])
        best = last[int(np.argmax(scores))]
        self.cv_results_ = results
        self.best_index_ = before + int(np.argmax(scores))
        self.best_params_, self.best_score_ = dict(best.params), best.score
        self.best_estimator_ = best.models[0]
        self.n_splits_, self.scorer_ = len(rounds.trainer.splits), held_out.scorer
        rule = rounds.trainer.rule
        self.n_stopped_ = 0 if rule is None else rule.n_stopped_
        self.refit_time_ = None
        done, seconds = len(rounds.done[0]), rounds.trainer.deadline.elapsed()
        self.report_ = [f"{done} of {n} candidates were tried in {seconds:.1f} seconds."]
        if self.n_stopped_:
            self.report_.append(f"{self.n_stopped_} networks did poorly and were ended early.")
        for trial in last:
            if trial.failure:
                self.report_.append(f"candidate {trial.number} failed: {trial.failure}")
        if rounds.interrupted:
            self.report_.append("It was interrupted; what was done until then is used.")
        self._weigh([t for t in last if np.isfinite(t.score)], last, task, rounds.trainer)

    def _weigh(self, usable: list[Trial], last: list[Trial], task: Task, trainer: Trainer):
        """Learn the ensemble, and whether it is better than the best candidate."""
        self.ensemble_, self.ensemble_weights_ = None, None
        self.ensemble_score_, self.uses_ensemble_ = None, False
        if not self.ensemble or usable[0].held_out[0] is None:
            return
        rows = np.concatenate([held for _, held in trainer.splits])
        pooled = task.rows(rows)
        answers = [np.concatenate(t.held_out) for t in usable]
        weights = choose_weights(pooled, answers, self.scoring)
        loss = make_loss(self.scoring)
        mean = sum(w * a for w, a in zip(weights, answers, strict=True))
        alone = max(-loss(pooled, a) for a in answers)
        self.ensemble_score_ = -loss(pooled, mean)
        self.uses_ensemble_ = self.ensemble_score_ > alone
        members = [(w, t) for w, t in zip(weights, usable, strict=True) if w > 0]
        cls = WeightedEnsembleRegressor if task.is_regression else WeightedEnsembleClassifier
        self.ensemble_ = cls(
            [model for _, t in members for model in t.models],
            [float(w) / len(t.models) for w, t in members for _ in t.models],
            prefit=True,
        ).fit()
        share = {t.number: w for w, t in zip(weights, usable, strict=True)}
        self.ensemble_weights_ = np.array([share.get(t.number, 0.0) for t in last])
        verb = "predicts" if self.uses_ensemble_ else "does not predict"
        than = "better" if self.uses_ensemble_ else "no better"
        self.report_.append(
            f"The weighted mean of {len(members)} candidates {verb}: on held-out rows its score "
            f"{self.ensemble_score_:.5g} is {than} than the best candidate's {alone:.5g}."
        )

    def _refit(self, rounds: Rounds, seed: int) -> None:
        """Train the best candidate on all rows, where time is left for it."""
        trainer = rounds.trainer
        if not self.refit or rounds.interrupted:
            return
        if trainer.deadline.left() < rounds.kept():
            self.report_.append(
                "No time was left to train the best candidate on all rows; it stays as it was "
                "trained on the first split."
            )
            return
        before = trainer.deadline.elapsed()
        model = seeded_clone(trainer.estimator, seed).set_params(**self.best_params_)
        own = model.get_params(deep=False).get("max_seconds")
        trainer.bound(model, trainer.deadline.left())
        X, y, options = trainer.X, trainer.y, {}
        if trainer.w is not None:
            options = {weight_name(model): trainer.w}
        model.fit(X, y, **options)
        if "max_seconds" in model.get_params(deep=False):
            model.set_params(max_seconds=own)
        self.best_estimator_ = model
        self.refit_time_ = trainer.deadline.elapsed() - before


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
