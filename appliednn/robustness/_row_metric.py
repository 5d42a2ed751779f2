"""One number per row, so that stressed and clean predictions are compared in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from appliednn.core.statistics import Estimate, wilson_interval


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

    def worsening(
        self, name: str, clean: np.ndarray, stressed: np.ndarray, seed: int = 0
    ) -> Estimate:
        """Return how much worse the stressed rows are (positive is worse), as a paired bootstrap.

        Accuracy lost, or RMSE gained.
        """
        low, high = self.intervals(stressed[:, None], clean=clean, seed=seed)
        point = float(self._worse(np.mean(clean), np.mean(stressed))) + 0.0  # no minus zero
        return Estimate(name, point, (float(low[0]), float(high[0])), len(clean), seed=seed)

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
        n = len(values)
        counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_boot)
        weights = counts / n
        draws = weights @ values
        if clean is None:
            draws = self.reduce(draws)
        else:
            draws = self._worse((weights @ clean)[:, None], draws)
        tail = (1 - level) / 2
        low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
        return low, high

    def _worse(self, clean, stressed):
        """Return the metric's loss from clean to stressed means; positive is worse."""
        change = self.reduce(stressed) - self.reduce(clean)
        return -change if self.kind == "accuracy" else change
