"""Candidates of a search on their splits: trained in chunks, judged on held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import has_fit_parameter

from appliednn.ensemble import seeded_clone
from appliednn.search._deadline import Deadline
from appliednn.search._median_stop import MedianStop
from appliednn.tabular import fit_side_by_side, stack_key

# Networks in one program: more are slower by the memory they share, and end later.
_TOGETHER = 16


@dataclass
class Trial:
    """A candidate.

    Attributes
    ----------
    number : int
        Its place in the search.
    params : dict
        What was drawn.
    seed : int
        Source of chance of its models.
    models : list of estimators
        One for each split, fitted, as long as they are kept.
    scores : ndarray of shape (n_splits,)
        Value on the held-out rows, higher is better; NaN where training failed.
    fit_seconds, score_seconds : ndarray of shape (n_splits,)
        Time.
    held_out : list of ndarray or None
        Predictions of the held-out rows of each split.
    failure : str
        Why training failed, or "".
    """

    number: int
    params: dict[str, Any]
    seed: int
    models: list[Any] = field(default_factory=list)
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    fit_seconds: np.ndarray = field(default_factory=lambda: np.zeros(0))
    score_seconds: np.ndarray = field(default_factory=lambda: np.zeros(0))
    held_out: list[Any] | None = None
    failure: str = ""

    @property
    def score(self) -> float:
        """Mean over the splits; NaN if one failed."""
        return float(np.mean(self.scores))


@dataclass
class Trainer:
    """Trains trials on splits within the time there is.

    Attributes
    ----------
    estimator : estimator
        Cloned for each model.
    X, y, w : array-like
        All rows; ``w`` may be None.
    splits : list of (ndarray of int, ndarray of int)
        Rows of training and held-out rows.
    deadline : Deadline
        Time.
    judge : callable
        ``judge(model, held_rows) -> (score, predictions or None)``.
    rule : MedianStop or None
        Ends poor candidates.
    prepare : callable
        ``prepare(model, train_rows) -> train_rows``: gives a model its share of the resource.
    """

    estimator: Any
    X: Any
    y: np.ndarray
    w: np.ndarray | None
    splits: Sequence[tuple[np.ndarray, np.ndarray]]
    deadline: Deadline
    judge: Callable[[Any, np.ndarray], tuple[float, Any]]
    rule: MedianStop | None = None
    prepare: Callable[[Any, np.ndarray], np.ndarray] = lambda model, rows: rows
    error: Exception | None = None
    seconds: list[float] = field(default_factory=list)

    def run(self, trials: Iterable[Trial], reserve: Callable[[], float]) -> Iterator[Trial]:
        """Train trials and yield each when all its splits are done; end when time is over.

        Parameters
        ----------
        trials : iterable of Trial
            In order; those of equal shape are trained together.
        reserve : callable
            Seconds to keep for what comes after. The first trial is trained in any case.
        """
        started = False
        for chunk in self._chunks(list(trials)):
            needed = max(self.seconds, default=0.0) * len(chunk) + reserve()
            if (started or self.seconds) and self.deadline.left() < needed:
                if len(chunk) == 1 or self.deadline.left() < needed / len(chunk):
                    return
                chunk = chunk[: max(1, int(len(chunk) * self.deadline.left() / needed))]
            started = True
            before = self.deadline.elapsed()
            self._train(chunk, self.deadline.left() - reserve())
            self.seconds.append((self.deadline.elapsed() - before) / len(chunk))
            yield from chunk

    def _chunks(self, trials: list[Trial]) -> Iterator[list[Trial]]:
        """Yield trials that share a program, a few at a time, in the order of their first one."""
        most = max(1, _TOGETHER // len(self.splits))
        groups: dict[Any, list[Trial]] = {}
        for trial in trials:
            key = stack_key(self._model(trial))
            groups.setdefault(trial.number if key is None else (key,), []).append(trial)
        for group in groups.values():
            for i in range(0, len(group), most):
                yield group[i : i + most]

    def _model(self, trial: Trial) -> Any:
        return seeded_clone(self.estimator, trial.seed).set_params(**trial.params)

    def _train(self, chunk: list[Trial], seconds: float) -> None:
        """Train and judge the trials of a chunk."""
        units = [(trial, split) for trial in chunk for split in self.splits]
        models = [self.bound(self._model(trial), seconds) for trial, _ in units]
        rows = [
            self.prepare(model, train)
            for model, (_, (train, _)) in zip(models, units, strict=True)
        ]
        held = [split[1] for _, split in units]
        before = self.deadline.elapsed()
        try:
            self._fit(models, rows, held)
        except (ValueError, FloatingPointError) as error:
            self._fail_or_part(chunk, error, seconds)
            return
        taken = (self.deadline.elapsed() - before) / len(units)
        own = self.estimator.get_params(deep=False).get("max_seconds", "none")
        k = len(self.splits)
        for i, trial in enumerate(chunk):
            part = slice(i * k, (i + 1) * k)
            for model in models[part]:
                if own != "none":
                    model.set_params(max_seconds=trial.params.get("max_seconds", own))
            self._judge(trial, models[part], held[part], taken)

    def _fail_or_part(self, chunk: list[Trial], error: Exception, seconds: float) -> None:
        """Train the trials of a chunk one by one; of a single one, note that it failed."""
        if len(chunk) > 1:
            for trial in chunk:
                self._train([trial], seconds)
            return
        self.error = error
        nothing = np.full(len(self.splits), np.nan)
        chunk[0].scores = chunk[0].fit_seconds = chunk[0].score_seconds = nothing
        chunk[0].failure = f"{type(error).__name__}: {error}"

    def bound(self, model: Any, seconds: float) -> Any:
        """Give a model the time that is left as its bound, where it takes one; return it."""
        params = model.get_params(deep=False)
        if "max_seconds" in params and np.isfinite(seconds):
            own = params["max_seconds"]
            limit = max(seconds, 0.05)
            model.set_params(max_seconds=limit if own is None else min(own, limit))
        return model

    def _fit(self, models: list[Any], rows: list[np.ndarray], held: list[np.ndarray]) -> None:
        """Fit models side by side where they can be; networks watch the held-out rows."""
        stacked = stack_key(models[0]) is not None and len(models) > 1
        watched = held if has_fit_parameter(models[0], "X_val") else None
        if not stacked:
            for model, train, out in zip(models, rows, held, strict=True):
                self._fit_alone(model, train, None if watched is None else out)
            return
        watch = None if self.rule is None else self.rule.watch(len(models))
        fit_side_by_side(
            models,
            self.X,
            self.y,
            sample_weight=self.w,
            train_rows=rows,
            held_rows=watched,
            on_epoch=watch,
        )
        if watch is not None:
            watch.close()
        _raise_interrupt(models)

    def _fit_alone(self, model: Any, train: np.ndarray, held: np.ndarray | None) -> None:
        options: dict[str, Any] = {}
        if held is not None:
            options = {
                "X_val": _safe_indexing(self.X, held),
                "y_val": _safe_indexing(self.y, held),
            }
        if self.w is not None:
            options[weight_name(model)] = self.w[train]
        stop = None
        if self.rule is not None and model.get_params(deep=False).get("callbacks", 0) is None:
            stop = self.rule.callback()
            model.set_params(callbacks=[stop])
        model.fit(_safe_indexing(self.X, train), _safe_indexing(self.y, train), **options)
        if stop is not None:
            model.set_params(callbacks=None)
            stop.close()
        _raise_interrupt([model])

    def _judge(self, trial: Trial, models: list, held: list[np.ndarray], taken: float) -> None:
        scores, seconds, answers = [], [], []
        for model, rows in zip(models, held, strict=True):
            before = self.deadline.elapsed()
            score, answer = self.judge(model, rows)
            seconds.append(self.deadline.elapsed() - before)
            scores.append(score)
            answers.append(answer)
        trial.models, trial.held_out = list(models), answers
        trial.scores, trial.score_seconds = np.array(scores), np.array(seconds)
        trial.fit_seconds = np.full(len(models), taken)


def weight_name(estimator: Any) -> str:
    """Return the name of the weights in ``fit``, also of a pipeline's last step."""
    prefix = ""
    while hasattr(estimator, "steps"):
        name, estimator = estimator.steps[-1]
        prefix += f"{name}__"
    return f"{prefix}sample_weight"


def _raise_interrupt(models: Sequence[Any]) -> None:
    """Raise what ended training: a network keeps what it had, a search must not go on."""
    if any(getattr(model, "stop_reason_", "") == "interrupted" for model in models):
        raise KeyboardInterrupt
