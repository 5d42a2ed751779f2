"""A model trained on all folds but one, and its answers in one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from appliednn.search._boosted_trees import BoostedTrees
from appliednn.search._target_means import TargetMeans
from appliednn.search._views import EncodedRows


@dataclass
class FoldModel:
    """One or several fitted estimators that answer for one candidate and fold.

    Attributes
    ----------
    view : str
        What they read.
    parts : list
        One estimator; or one for each label or output, where a number stands for a label or
        output that never changes.
    by_column : bool
        Whether each part answers for a column of its own.
    means : TargetMeans or None
        What replaces codes in the view.
    log_offset : float or None
        The parts predict ``log(y + log_offset)``; None: they predict y.
    log_bounds : tuple of float or None
        Range of the training target on that scale, which answers keep to.
    """

    view: str
    parts: list
    by_column: bool = False
    means: TargetMeans | None = None
    log_offset: float | None = None
    log_bounds: tuple | None = None

    def answer(self, rows: EncodedRows, n_classes: int, n_jobs: int = 1) -> np.ndarray:
        """Return probabilities (n, n_classes), of labels (n, n_labels), or numbers.

        Parameters
        ----------
        rows : EncodedRows
            Rows.
        n_classes : int
            Number of classes or labels, 0 for numbers.
        n_jobs : int
            Threads.
        """
        Z = rows.read(self.view)
        if self.means is not None:
            Z = self.means.transform(Z)
        if not self.by_column:
            answer = part_answer(self.parts[0], Z, n_classes, n_jobs)
        else:
            # A column of labels is a task of two classes, of which the second is the label.
            own = 2 if n_classes else 0
            columns = [part_answer(part, Z, own, n_jobs) for part in self.parts]
            answer = np.column_stack([c[:, 1] if own else c for c in columns])
        return answer if self.log_offset is None else self._from_log(answer)

    def _from_log(self, answer: np.ndarray) -> np.ndarray:
        return np.exp(np.clip(answer, *self.log_bounds)) - self.log_offset


def part_answer(part: Any, Z: Any, n_classes: int, n_jobs: int = 1) -> np.ndarray:
    """Return one estimator's probabilities for all classes, or its numbers, float64."""
    if isinstance(part, float):
        return _constant(part, Z.shape[0], n_classes)
    if isinstance(part, BoostedTrees):
        return part.answer(Z, n_jobs)
    if not n_classes:
        return np.asarray(part.predict(Z), dtype=np.float64)
    proba = np.asarray(part.predict_proba(Z), dtype=np.float64)
    known = np.asarray(part.classes_).astype(int)
    if len(known) == n_classes:
        return proba
    full = np.zeros((len(proba), n_classes))
    full[:, known] = proba
    return full


def _constant(value: float, n: int, n_classes: int) -> np.ndarray:
    if not n_classes:
        return np.full(n, value)
    full = np.zeros((n, n_classes))
    full[:, int(value)] = 1.0
    return full
