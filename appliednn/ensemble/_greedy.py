"""Ensemble selection: which models, and how much of each, from predictions made before."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import numpy as np

from appliednn.core._prefit import class_index
from appliednn.ensemble._metrics import SMALLEST, true_probabilities

Metric = Callable[[np.ndarray, np.ndarray], float]


def greedy_selection(
    predictions: Sequence[np.ndarray],
    y: np.ndarray,
    metric: str | Metric = "log_loss",
    *,
    n_steps: int = 100,
    n_init: int | None = None,
    patience: int | None = 25,
    sample_weight: np.ndarray | None = None,
    classes: np.ndarray | None = None,
) -> np.ndarray:
    """Return the weight of each model in the weighted mean that is best on held-out rows.

    Forward selection with replacement: it starts with the best few models, then adds, step by
    step, the model that makes the mean best, and keeps the best mean it met. Models may come in
    several times, which is what gives them weight.

    Parameters
    ----------
    predictions : sequence of ndarray of shape (n, ...)
        Of each model for the same held-out rows: probabilities (n, n_classes), or for several
        labels (n, n_labels); numbers (n,) or (n, n_outputs).
    y : ndarray of shape (n,), (n, n_outputs) or (n, n_labels)
        What is true: labels (the columns are those of the sorted labels, or of ``classes``), a 0/1
        indicator, or numbers.
    metric : {"log_loss", "rmse"} or callable
        What is to be small. A function ``metric(y, prediction) -> float`` is called for every
        model in every step; the two names are computed for all models at once.
    n_steps : int
        Models added after the start.
    n_init : int, optional
        How many of the best models to start with; default: as many as make the best mean.
    patience : int, optional
        Steps without a better mean before it stops; None: all ``n_steps``.
    sample_weight : ndarray of shape (n,), optional
        Row weights, for the named metrics.
    classes : ndarray of shape (n_classes,), optional
        Labels of the columns, where ``y`` does not hold all of them.

    Returns
    -------
    ndarray of shape (n_models,)
        Weights summing to one; most of them are usually zero.

    Raises
    ------
    ValueError
        If predictions have different shapes or hold NaN, or the metric is unknown.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes, "Ensemble Selection from Libraries of
    Models", ICML 2004.

    Examples
    --------
    >>> y = np.array([0.0, 0.0])
    >>> models = [np.array([3.0, 3.0]), np.array([-1.0, -1.0]), np.array([9.0, 9.0])]
    >>> greedy_selection(models, y, "rmse").tolist()
    [0.25, 0.75, 0.0]
    """
    stacked = _stacked(predictions)
    judge = _judge(stacked, y, metric, sample_weight, classes)
    counts = _start(judge, len(stacked), n_init)
    best, best_loss, stale = counts.copy(), judge.loss(counts), 0
    judge.begin(counts)
    for _ in range(n_steps):
        losses = judge.after_adding()
        pick = int(np.argmin(losses))
        counts[pick] += 1
        judge.add(pick)
        if losses[pick] < best_loss:
            best, best_loss, stale = counts.copy(), losses[pick], 0
            continue
        stale += 1
        if patience is not None and stale >= patience:
            break
    return best / best.sum()


def _stacked(predictions: Sequence[np.ndarray]) -> np.ndarray:
    arrays = [np.asarray(p, dtype=np.float64) for p in predictions]
    shapes = {a.shape for a in arrays}
    if len(shapes) != 1:
        raise ValueError(
            f"predictions have the shapes {sorted(shapes)}; expected one or more arrays of one "
            "shape, for the same rows"
        )
    for j, array in enumerate(arrays):
        if not np.isfinite(array).all():
            raise ValueError(
                f"predictions[{j}] hold NaN or infinity; give the rows that every model predicts"
            )
    return np.stack(arrays)


def _judge(stacked, y, metric, sample_weight, classes) -> _Judge:
    y = np.asarray(y)
    if len(y) != stacked.shape[1]:
        raise ValueError(f"y has {len(y)} rows and the predictions have {stacked.shape[1]}")
    if callable(metric):
        if sample_weight is not None:
            raise ValueError("sample_weight goes with the named metrics; weigh in the function")
        return _AnyJudge(stacked, y, metric)
    weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=float)
    weights = weights / weights.sum()
    if metric == "rmse":
        return _SquareJudge(stacked, y.astype(np.float64), weights)
    if metric == "log_loss":
        if y.ndim == 1:
            labels = np.unique(y) if classes is None else np.asarray(classes)
            y = class_index(y, labels, what="greedy_selection")
            if stacked.ndim != 3 or stacked.shape[2] != len(labels):
                raise ValueError(
                    f"predictions have the shape {stacked.shape[1:]} and there are {len(labels)} "
                    "classes; expected one column a class (name them by classes=)"
                )
        return _LogJudge(stacked, y, weights)
    raise ValueError(f"metric={metric!r} is unknown; expected 'log_loss', 'rmse' or a function")


def _start(judge: _Judge, n_models: int, n_init: int | None) -> np.ndarray:
    """Return counts: one of each of the best ``n_init`` models."""
    alone = np.array([judge.loss(row) for row in np.eye(n_models)])
    order = np.argsort(alone, kind="stable")
    if n_init is None:
        losses = [judge.loss(_first(order, k)) for k in range(1, n_models + 1)]
        n_init = 1 + int(np.argmin(losses))
    return _first(order, min(n_init, n_models))


def _first(order: np.ndarray, k: int) -> np.ndarray:
    counts = np.zeros(len(order))
    counts[order[:k]] = 1.0
    return counts


class _Judge(ABC):
    """Losses of means of models, given how often each is in the mean."""

    @abstractmethod
    def loss(self, counts: np.ndarray) -> float:
        """Return the loss of the mean with these counts."""

    @abstractmethod
    def begin(self, counts: np.ndarray) -> None:
        """Start adding models to a mean."""

    @abstractmethod
    def after_adding(self) -> np.ndarray:
        """Return the loss of the mean with one more of each model, (n_models,)."""

    @abstractmethod
    def add(self, model: int) -> None:
        """Add a model."""


class _LogJudge(_Judge):
    """Log loss: only the probability of what is true matters, (n_models, n)."""

    def __init__(self, stacked: np.ndarray, y: np.ndarray, weights: np.ndarray) -> None:
        true = true_probabilities(stacked, y)
        self._weights = weights
        if true.ndim == 3:  # of several labels
            self._weights = np.repeat(weights / true.shape[2], true.shape[2])
        self._true = np.ascontiguousarray(true.reshape(len(true), -1))
        self._buffer = np.empty_like(self._true)

    def loss(self, counts: np.ndarray) -> float:
        mean = counts @ self._true / counts.sum()
        return -float(np.log(np.maximum(mean, SMALLEST)) @ self._weights)

    def begin(self, counts: np.ndarray) -> None:
        self._total, self._n = counts @ self._true, counts.sum()

    def after_adding(self) -> np.ndarray:
        n = self._n + 1
        np.add(self._true, self._total, out=self._buffer)
        np.maximum(self._buffer, n * SMALLEST, out=self._buffer)
        np.log(self._buffer, out=self._buffer)
        return np.log(n) - self._buffer @ self._weights

    def add(self, model: int) -> None:
        self._total += self._true[model]
        self._n += 1


class _SquareJudge(_Judge):
    """Root mean squared error: a quadratic form of the weights, in the products of residuals."""

    def __init__(self, stacked: np.ndarray, y: np.ndarray, weights: np.ndarray) -> None:
        residuals = (stacked - y).reshape(*stacked.shape[:2], -1)
        self._products = np.einsum("inc,jnc,n->cij", residuals, residuals, weights, optimize=True)

    def loss(self, counts: np.ndarray) -> float:
        shares = counts / counts.sum()
        return float(np.sqrt(np.maximum(self._products @ shares @ shares, 0.0)).mean())

    def begin(self, counts: np.ndarray) -> None:
        self._counts = counts.copy()

    def after_adding(self) -> np.ndarray:
        cross = self._products @ self._counts  # (n_outputs, n_models)
        own = np.diagonal(self._products, axis1=1, axis2=2)
        squares = (cross @ self._counts)[:, None] + 2 * cross + own
        squares = np.maximum(squares, 0.0) / (self._counts.sum() + 1) ** 2
        return np.sqrt(squares).mean(axis=0)

    def add(self, model: int) -> None:
        self._counts[model] += 1


class _AnyJudge(_Judge):
    """A function of the caller's, asked for one mean at a time."""

    def __init__(self, stacked: np.ndarray, y: np.ndarray, metric: Metric) -> None:
        self._stacked, self._y, self._metric = stacked, y, metric

    def loss(self, counts: np.ndarray) -> float:
        return float(self._metric(self._y, np.tensordot(counts / counts.sum(), self._stacked, 1)))

    def begin(self, counts: np.ndarray) -> None:
        self._total, self._n = np.tensordot(counts, self._stacked, 1), counts.sum()

    def after_adding(self) -> np.ndarray:
        means = ((self._total + one) / (self._n + 1) for one in self._stacked)
        losses = np.array([float(self._metric(self._y, mean)) for mean in means])
        return np.where(np.isnan(losses), np.inf, losses)

    def add(self, model: int) -> None:
        self._total = self._total + self._stacked[model]
        self._n += 1
