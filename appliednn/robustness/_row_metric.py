"""One number per row, so that stressed and clean predictions are compared in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from appliednn.core.statistics import Estimate, wilson_interval

# Numbers held at once while resampling: many rows are resampled in several passes.
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class RowMetric:
    """Accuracy or RMSE as a mean over rows.

    Parameters
    ----------
    kind : {"accuracy", "rmse"}
        What is measured.

    Examples
    --------
    >>> metric = RowMetric("accuracy")
    >>> values = metric.values(np.array([0, 1, 1]), np.array([0, 1, 0]))
    >>> round(metric.estimate("Accuracy", values).value, 3)
    0.667
    """

    kind: Literal["accuracy", "rmse"]

    @classmethod
    def of_task(cls, task: str) -> RowMetric:
        """Return the metric of a task of the audit."""
        return cls("rmse" if task == "regression" else "accuracy")

    @property
    def name(self) -> str:
        """What a reader calls it."""
        return "RMSE" if self.kind == "rmse" else "Accuracy"

    @property
    def word(self) -> str:
        """What it is called inside a sentence."""
        return "RMSE" if self.kind == "rmse" else "accuracy"

    def values(self, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """Return 1 for each right row and 0 for each wrong one, or the squared errors, (n,)."""
        if self.kind == "accuracy":
            return (np.asarray(y) == np.asarray(predicted)).astype(float)
        error = np.asarray(predicted, dtype=float) - np.asarray(y, dtype=float)
        return error**2

    def reduce(self, means: np.ndarray) -> np.ndarray:
        """Turn means of row values into the metric."""
        return means if self.kind == "accuracy" else np.sqrt(means)

    def estimate(self, name: str, values: np.ndarray, seed: int = 0) -> Estimate:
        """Return the metric with a Wilson (accuracy) or bootstrap (RMSE) interval.

        Row values may be means over repeats: the Wilson interval is then a little too wide.
        """
        n, point = len(values), float(self.reduce(np.mean(values)))
        if self.kind == "accuracy":
            return Estimate(name, point, wilson_interval(values.sum(), n), n, method="wilson")
        low, high = self.intervals(values[:, None], seed=seed)
        return Estimate(name, point, (float(low[0]), float(high[0])), n, seed=seed)

    def worsenings(
        self, names: Sequence[str], clean: np.ndarray, stressed: np.ndarray, seed: int = 0
    ) -> list[Estimate]:
        """Return how much worse each condition is than the clean rows: positive is worse.

        Parameters
        ----------
        names : sequence of str
            Names of the estimates.
        clean : ndarray of shape (n,)
            Row values without stress.
        stressed : ndarray of shape (n, m)
            Row values of ``m`` conditions on the same rows.

        Returns
        -------
        list of Estimate
            Accuracy lost, or RMSE gained, each with a paired bootstrap interval.
        """
        low, high = self.intervals(stressed, clean=clean, seed=seed)
        points = self._worse(clean.mean(), stressed.mean(axis=0)) + 0.0  # no minus zero
        return [
            Estimate(name, float(p), (float(a), float(b)), len(clean), seed=seed)
            for name, p, a, b in zip(names, points, low, high, strict=True)
        ]

    def intervals(
        self,
        values: np.ndarray,
        *,
        clean: np.ndarray | None = None,
        level: float = 0.95,
        n_boot: int = 1000,
        seed: int = 0,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Percentile bootstrap over rows of many columns at once.

        Parameters
        ----------
        values : ndarray of shape (n, m)
            Row values of ``m`` conditions.
        clean : ndarray of shape (n,), optional
            Row values without stress; the intervals are then of the worsening.

        Returns
        -------
        tuple of ndarray of shape (m,)
            Lower and upper ends.
        """
        columns = values if clean is None else np.column_stack([clean, values])
        means = _resampled_means(columns, n_boot, seed)
        draws = self.reduce(means) if clean is None else self._worse(means[:, :1], means[:, 1:])
        tail = (1 - level) / 2
        low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
        return low, high

    def _worse(self, clean, stressed):
        """Return the metric's loss from clean to stressed means; positive is worse."""
        change = self.reduce(stressed) - self.reduce(clean)
        return -change if self.kind == "accuracy" else change


def _resampled_means(columns: np.ndarray, n_boot: int, seed: int) -> np.ndarray:
    """Return the column means of ``n_boot`` bootstrap samples of the rows, (n_boot, m)."""
    n = len(columns)
    rng = np.random.default_rng(seed)
    share = np.full(n, 1 / n)
    size = max(1, _CELLS_AT_ONCE // n)
    parts = [
        rng.multinomial(n, share, size=min(size, n_boot - start)) @ columns / n
        for start in range(0, n_boot, size)
    ]
    return np.concatenate(parts)
