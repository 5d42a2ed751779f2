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
        Numbers of the optimiser, the loss and the dropout.
    patience : int or None
        Epochs without a better monitored value before training stops; None: all epochs run.
    restore_best : bool
        Keep the weights of the best epoch, not of the last.
    pad_batches : bool
        Fill the last batch with rows of weight zero (exact unless a layer looks across rows).
    """

    epochs: int
    batch_size: int
    learning_rate: float
    hyper: dict[str, float]
    weight_seed: int
    shuffle_seed: int
    shuffle: bool = True
    schedule: str = "constant"
    schedule_params: dict[str, float] | None = None
    patience: int | None = None
    tol: float = 0.0
    restore_best: bool = False
    max_seconds: float | None = None
    xla: str | bool = "auto"
    pad_batches: bool = True
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
    """

    score: Callable[[np.ndarray], float] | None = None
    score_name: str = "val_score"
    epoch_begin: Callable[[int], None] | None = None
    epoch_end: Callable[[int, dict], bool] | None = None
    measure: Callable[[np.ndarray, np.ndarray, np.ndarray], dict[str, float]] | None = None
    keras_callbacks: Sequence[Any] = ()

    @property
    def each_epoch(self) -> bool:
        """Whether anything happens between epochs."""
        callbacks = self.epoch_begin or self.epoch_end or self.keras_callbacks
        return bool(self.score or self.measure or callbacks)


@dataclass
class TrainingResult:
    """What a fit leaves behind."""

    weights: list[np.ndarray]
    optimizer_state: list[np.ndarray]
    history: dict[str, list[float]] = field(default_factory=dict)
    n_epochs: int = 0
    best_epoch: int = 0
    stop_reason: str = "epochs"
    n_steps: int = 0
