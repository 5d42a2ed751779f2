"""The course of an automatic choice: which candidate is trained next, and what still fits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from appliednn.search._candidates import NETWORKS, Candidate
from appliednn.search._deadline import Deadline
from appliednn.search._fit_fold import fit_fold
from appliednn.search._fit_networks import fit_networks, prepare_networks
from appliednn.search._fold_model import FoldModel
from appliednn.search._task import Task
from appliednn.search._views import EncodedRows

# A first guess at the cheapest network, program included, until one is measured; and TensorFlow's
# start if it is not there yet.
_NETWORK_SECONDS = 1.5
_BACKEND_SECONDS = 5.0
# A network plans its epochs by the time it has: it is worth training with less than it asks for,
# and gets not much more, so that one that was misjudged does not take it from those behind it.
_LEAST, _MOST = 0.6, 1.5
# Time that is kept for choosing and calibrating.
_RESERVE = 0.04


@dataclass
class Trained:
    """A candidate trained on all folds.

    Attributes
    ----------
    candidate : Candidate
        What it is.
    models : list of FoldModel
        One for each fold.
    held_out : ndarray of shape (n, ...)
        Predictions of each row by the models that did not see it; NaN where each did.
    seconds : float
        Time it took.
    loss : float
        Loss of ``held_out`` by the metric of the choice.
    factor : float
        What predictions are multiplied by (those made from logarithms of the target; else 1).
    """

    candidate: Candidate
    models: list[FoldModel]
    held_out: np.ndarray
    seconds: float
    loss: float
    factor: float = 1.0


@dataclass
class Course:
    """Trains candidates until time is over.

    Attributes
    ----------
    task : Task
        Target.
    rows : EncodedRows
        Rows.
    folds : list of (ndarray of int, ndarray of int)
        Rows of training and held-out rows of each fold.
    deadline : Deadline
        Time.
    loss : callable
        ``loss(task, predictions)``, lower is better.
    seeds : list of int
        One for each fold.
    n_jobs : int
        Threads.
    tell : callable
        Called with a line of text after each candidate.
    """

    task: Task
    rows: EncodedRows
    folds: list[tuple[np.ndarray, np.ndarray]]
    deadline: Deadline
    loss: Callable[[Task, np.ndarray], float]
    seeds: list[int]
    n_jobs: int = 1
    tell: Callable[[str], None] = lambda line: None
    trained: list[Trained] = field(default_factory=list)
    skipped: list[tuple[Candidate, str, float]] = field(default_factory=list)
    interrupted: bool = False

    def run(self, candidates: Iterable[Candidate]) -> None:
        """Train what fits into the time that is left.

        Parameters
        ----------
        candidates : iterable of Candidate
            In the order in which they are tried.

        Raises
        ------
        ValueError, FloatingPointError
            If no candidate can be trained on this table: the error of the last one.
        KeyboardInterrupt
            If interrupted before the first candidate was done; later ones end the course.
        """
        error = None
        for candidate in candidates:
            if self.interrupted:
                break
            try:
                error = self._try(candidate) or error
            except KeyboardInterrupt:
                if not self.trained:
                    raise
                self.interrupted = True
                self.skipped.append((candidate, "interrupted", 0.0))
        if not self.trained and error is not None:
            raise error

    def left(self) -> float:
        """Return the seconds left for training."""
        return self.deadline.left() - _RESERVE * min(self.deadline.seconds, 60.0)

    def fits(self, candidate: Candidate) -> bool:
        """Whether a candidate is likely to be done before time is over."""
        return self._needed(candidate) < self.left()

    def _try(self, candidate: Candidate) -> Exception | None:
        """Train a candidate if there is time for it; return an error that it met."""
        left, needed = self.left(), self._needed(candidate)
        if self.trained and needed >= left:
            why = f"no time: about {needed:.1f} s needed, {max(left, 0.0):.1f} s left"
            self.skipped.append((candidate, why, 0.0))
            return None
        if candidate.model in NETWORKS:
            prepare_networks()
        before = self.deadline.elapsed()
        try:
            models = self._fit(candidate)
        except (ValueError, FloatingPointError) as error:  # the latter: training diverged
            seconds = self.deadline.elapsed() - before
            self.skipped.append((candidate, f"failed: {error}", seconds))
            return error
        seconds = self.deadline.elapsed() - before
        if models is None:
            why = f"no time: the first of {len(self.folds)} folds took {seconds:.1f} s"
            self.skipped.append((candidate, why, seconds))
            return None
        self.trained.append(self._judged(candidate, models, seconds))
        self.tell(f"{candidate.name}: {self.trained[-1].loss:.5g} in {seconds:.1f} s")
        return None

    def _needed(self, candidate: Candidate) -> float:
        """Return the seconds without which a candidate is not begun."""
        if candidate.model not in NETWORKS:
            return self._estimate(candidate) or 0.0
        start = 0.0 if "tensorflow" in sys.modules else _BACKEND_SECONDS
        return start + _LEAST * (self._estimate(candidate) or _NETWORK_SECONDS * candidate.cost)

    def _estimate(self, candidate: Candidate) -> float | None:
        """Return the seconds a candidate is likely to take, if one of its kind was measured."""
        kinds = NETWORKS if candidate.model in NETWORKS else (candidate.model,)
        units = [t.seconds / t.candidate.cost for t in self.trained if t.candidate.model in kinds]
        return candidate.cost * float(np.median(units)) if units else None

    def _fit(self, candidate: Candidate) -> list[FoldModel] | None:
        """Return a model for each fold; None where the first one shows that time is too short."""
        if candidate.model in NETWORKS:
            seconds = max(self.left(), 0.0)
            estimate = self._estimate(candidate)
            if estimate is not None:
                seconds = min(seconds, _MOST * estimate)
            return fit_networks(candidate, self.task, self.rows.X, self.folds, self.seeds, seconds)
        self.rows.views.learn(candidate.view, self.rows.X)
        models: list[FoldModel] = []
        began = self.deadline.elapsed()
        for j, (train, held) in enumerate(self.folds):
            share = max(self.left(), 0.0) / (len(self.folds) - j)
            seed, n_jobs = self.seeds[j], self.n_jobs
            models.append(
                fit_fold(candidate, self.task, self.rows, train, held, seed, share, n_jobs)
            )
            taken = self.deadline.elapsed() - began
            if j == 0 and self.trained and taken * (len(self.folds) - 1) > 1.1 * self.left():
                return None
        return models

    def _judged(self, candidate: Candidate, models: list[FoldModel], seconds: float) -> Trained:
        """Return the candidate with its predictions for rows that were held out."""
        total, count = 0.0, np.zeros(len(self.task.y))
        for model, (_, held) in zip(models, self.folds, strict=True):
            answer = model.answer(self.rows.take(held), self.task.n_classes, self.n_jobs)
            full = np.zeros((len(count), *answer.shape[1:]))
            full[held] = answer
            total, count[held] = total + full, count[held] + 1
        seen = count > 0
        held_out = np.full(total.shape, np.nan)
        held_out[seen] = total[seen] / count[seen].reshape(-1, *[1] * (total.ndim - 1))
        judged = self.task.rows(seen)
        factor = 1.0
        if candidate.log_target:
            p = held_out[seen]
            factor = float(judged.w @ (judged.y * p) / (judged.w @ p**2))
        held_out = held_out * factor
        loss = self.loss(judged, held_out[seen])
        return Trained(candidate, models, held_out, seconds, loss, factor)
