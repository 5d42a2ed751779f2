"""How much of each trained candidate, and how sure: from predictions of held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._temperature import search_temperature
from appliednn.ensemble import greedy_selection, scorer_value
from appliednn.search._task import Task

_TEMPERATURES = (0.2, 5.0)


def make_loss(scoring: str | Callable | None) -> Callable[[Task, np.ndarray], float]:
    """Return ``loss(task, predictions)``, lower is better, for a scorer of scikit-learn.

    Parameters
    ----------
    scoring : str, callable or None
        None: log loss or root mean squared error.
    """
    if scoring is None:
        return Task.loss

    def loss(task: Task, answer: np.ndarray) -> float:
        several = task.kind == "multilabel"
        return -scorer_value(
            scoring, answer, task.given, task.w, classes=task.classes, multilabel=several
        )

    return loss


def choose_weights(
    task: Task,
    held_out: Sequence[np.ndarray],
    scoring: str | Callable | None,
) -> np.ndarray:
    """Return the share of each candidate in the mean that is best on held-out rows.

    Parameters
    ----------
    task : Task
        Target.
    held_out : sequence of ndarray of shape (n, ...)
        Predictions of each candidate; NaN in rows without one.
    scoring : str, callable or None
        What is to be good.

    Returns
    -------
    ndarray of shape (n_candidates,), summing to one
    """
    seen = np.isfinite(np.stack([h.reshape(len(h), -1)[:, 0] for h in held_out])).all(axis=0)
    judged, answers = task.rows(seen), [h[seen] for h in held_out]
    if len(answers) == 1:
        return np.ones(1)
    if scoring is None:
        name = "rmse" if task.is_regression else "log_loss"
        classes = None if task.has_columns or task.is_regression else np.arange(task.n_classes)
        return greedy_selection(answers, judged.y, name, sample_weight=judged.w, classes=classes)
    loss = make_loss(scoring)
    return greedy_selection(answers, judged.y, lambda y, answer: loss(judged, answer))


def best_temperature(task: Task, held_out: Sequence[np.ndarray], weights: np.ndarray) -> float:
    """Return what all candidates' logits are divided by so that held-out labels are most likely.

    Parameters
    ----------
    task : Task
        Classes or labels.
    held_out : sequence of ndarray of shape (n, ...)
        Predictions of each candidate; NaN in rows without one.
    weights : ndarray of shape (n_candidates,)
        Shares of the candidates.

    Returns
    -------
    float
        From 0.2 to 5; above 1 the candidates were overconfident.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", 2017.
    """
    used = [(h, w) for h, w in zip(held_out, weights, strict=True) if w > 0]
    seen = np.isfinite(np.stack([h.reshape(len(h), -1)[:, 0] for h, _ in used])).all(axis=0)
    judged = task.rows(seen)

    def loss(t: float) -> float:
        return judged.loss(sum(w * judged.tempered(h[seen], t) for h, w in used))

    return search_temperature(loss, *_TEMPERATURES)
