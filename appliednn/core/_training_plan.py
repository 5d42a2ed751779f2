"""What goes into a fit and what comes out: rows, the plan, the hooks, the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Rows(NamedTuple):
    """Encoded inputs, targets and weights of the same rows."""

    x: np.ndarray
    y: np.ndarray
    w: np.ndarray


@dataclass
class TrainingPlan:
    """What a fit does, apart from the network and the data.

    Attributes
    ----------
    hyper : dict of str to float
        Numbers of the optimiser, the loss and the dropout; an array (members,) where they differ.
    patience : int or None
        Epochs without a better monitored value before training stops; None: all epochs run.
    restore_best : bool
        Keep the weights of the best epoch, not of the last.
    last_batch : {"pad", "short", "drop"}
        A last batch that is not full is filled with rows of weight zero (exact unless a layer
        looks across rows), run as it is, or left out.
    weight_seed, shuffle_seed : int or list of int
        A list has one seed for each member of a stacked network.
    patience_factor : float
        Above 0: training stops after ``patience_factor * best_epoch + patience`` epochs.
    latest_best : bool
        Of two equally good epochs the later one is kept.
    decay_course, dropout_course : {"constant", "flat_cos"}
        How weight decay and dropout change over the steps (:func:`course`).
    member_rows, member_validation : list of ndarray of int, optional
        Rows that each member trains on, and validation rows that pick its epoch.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    hyper: dict[str, float]
    weight_seed: int | list[int]
    shuffle_seed: int | list[int]
    shuffle: bool = True
    schedule: str = "constant"
    schedule_params: dict[str, float] | None = None
    patience: int | None = None
    tol: float = 0.0
    restore_best: bool = False
    max_seconds: float | None = None
    xla: str | bool = "auto"
    last_batch: str = "pad"
    patience_factor: float = 0.0
    latest_best: bool = False
    decay_course: str = "constant"
    dropout_course: str = "constant"
    member_rows: list[np.ndarray] | None = None
    member_validation: list[np.ndarray] | None = None
    verbose: str | bool = "auto"


@dataclass
class TrainingHooks:
    """What others want to know of a fit.

    Attributes
    ----------
    score : callable or None
        ``score(raw_validation) -> float``, higher is better; picks the epoch.
    score_name : str
        Its name in the history.
    epoch_begin, epoch_end : callable or None
        ``epoch_begin(epoch)``; ``epoch_end(epoch, logs) -> bool``, True to stop.
    measure : callable or None
        ``measure(y, raw, w) -> dict`` of metrics, kept for training and validation rows.
    keras_callbacks : sequence
        Keras callbacks, already cloned for this fit.
    member_scores : list of callable or None
        Like ``score``, one for each member of a stacked network; replaces it.
    members_end : callable or None
        ``members_end(epoch, best)`` with the best monitored value of each member so far, lower is
        better; returns None or a boolean array: members that are done.
    """

    score: Callable[[np.ndarray], float] | None = None
    score_name: str = "val_score"
    epoch_begin: Callable[[int], None] | None = None
    epoch_end: Callable[[int, dict], bool] | None = None
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], dict[str, float]] | None = None
    keras_callbacks: Sequence[Any] = ()
    member_scores: list[Callable[[np.ndarray], float]] | None = None
    members_end: Callable[[int, np.ndarray], np.ndarray | None] | None = None

    @property
    def each_epoch(self) -> bool:
        """Whether anything happens between epochs."""
        return bool(self.score or self.member_scores or self.told_each_epoch)

    @property
    def told_each_epoch(self) -> bool:
        """Whether somebody is told of an epoch before the next one begins."""
        callbacks = self.epoch_begin or self.epoch_end or self.keras_callbacks
        return bool(callbacks or self.measure or self.members_end)


@dataclass
class TrainingResult:
    """What a fit leaves behind."""

    weights: list[np.ndarray]
    optimizer_state: list[np.ndarray]
    history: dict[str, list[float]] = field(default_factory=dict)
    n_epochs: int = 0
    best_epoch: int | np.ndarray = 0
    stop_reason: str = "epochs"
    n_steps: int = 0
