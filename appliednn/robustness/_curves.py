"""Accuracy or RMSE under growing stress, row by row, for any model with ``predict``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from appliednn.core.statistics import Estimate
from appliednn.robustness._noise import add_noise, knock_out, mask_at_random
from appliednn.robustness._row_metric import RowMetric

Predict = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True)
class StressCurve:
    """Row values of a metric at growing levels of stress.

    Attributes
    ----------
    metric : RowMetric
        Accuracy or RMSE.
    levels : tuple of float
        Stress, in the units of the curve.
    clean : ndarray of shape (n,)
        Row values without stress.
    values : ndarray of shape (n_levels, n)
        Row values under stress (means over repeats).
    seed : int
        Seed of the bootstrap intervals.
    """

    metric: RowMetric
    levels: tuple[float, ...]
    clean: np.ndarray
    values: np.ndarray
    seed: int = 0

    @cached_property
    def at(self) -> list[Estimate]:
        """The metric at each level."""
        return [
            self.metric.estimate(f"{self.metric.name} at {level:g}", row, self.seed)
            for level, row in zip(self.levels, self.values, strict=True)
        ]

    @cached_property
    def clean_estimate(self) -> Estimate:
        """The metric without stress."""
        return self.metric.estimate(f"{self.metric.name}, unchanged", self.clean, self.seed)

    @cached_property
    def lost(self) -> list[Estimate]:
        """What is lost at each level, in pairs with the clean rows."""
        names = [f"{self.metric.name} lost at {level:g}" for level in self.levels]
        return self.metric.worsenings(names, self.clean, self.values.T, self.seed)

    def estimates(self, key: str, name: str) -> dict[str, Estimate]:
        """Return the metric at each level under ``key[level]``, named ``name level``."""
        return {
            f"{key}[{level:g}]": replace(estimate, name=f"{name} {level:g}")
            for level, estimate in zip(self.levels, self.at, strict=True)
        }

    def nearest(self, level: float) -> int:
        """Return the position of the level nearest to one asked for."""
        return int(np.argmin(np.abs(np.array(self.levels) - level)))

    def points(self) -> tuple[list[float], list[float], list[float], list[float]]:
        """Return levels, values, lower and upper ends, beginning at level 0."""
        made = [self.clean_estimate, *self.at]
        return (
            [0.0, *self.levels],
            [float(e.value) for e in made],
            [float(e.ci[0]) for e in made],
            [float(e.ci[1]) for e in made],
        )


def noise_curve(
    predict: Predict,
    X: pd.DataFrame,
    y: np.ndarray,
    metric: RowMetric,
    levels: Sequence[float],
    scale: Mapping[str, float],
    *,
    n_repeats: int = 5,
    seed: int = 0,
) -> StressCurve:
    """Predict under Gaussian noise of growing size.

    Parameters
    ----------
    predict : callable
        Takes rows, returns labels or numbers, (n,).
    X, y : DataFrame of shape (n, n_features), ndarray of shape (n,)
        Held-out rows and their true values.
    metric : RowMetric
        What is measured.
    levels : sequence of float
        Standard deviations in robust scales.
    scale : mapping of str to float
        From :func:`robust_scale`.
    n_repeats : int
        Draws of the noise; row values are averaged over them. Every level sees the same draws,
        scaled, so that the curve is smooth.
    seed : int
        Seed.

    Returns
    -------
    StressCurve

    Examples
    --------
    >>> X, y = pd.DataFrame({"a": np.linspace(-1, 1, 50)}), np.r_[np.zeros(25), np.ones(25)]
    >>> predict = lambda rows: (rows["a"] > 0).to_numpy().astype(float)
    >>> curve = noise_curve(predict, X, y, RowMetric("accuracy"), [0.1, 1], {"a": 1.0})
    >>> bool(curve.values[1].mean() < curve.values[0].mean() < curve.clean.mean())
    True
    """

    def stressed(level, seed):
        return add_noise(X, level, scale, np.random.default_rng(seed))

    return _curve(predict, X, y, metric, levels, stressed, n_repeats, seed)


def missing_curve(
    predict: Predict,
    X: pd.DataFrame,
    y: np.ndarray,
    metric: RowMetric,
    shares: Sequence[float],
    *,
    fill: Mapping | None = None,
    n_repeats: int = 5,
    seed: int = 0,
) -> StressCurve:
    """Predict with a growing share of all cells missing completely at random.

    Parameters
    ----------
    shares : sequence of float
        Chance of every cell to go missing.
    fill : mapping of str to object, optional
        Values put in place of the missing ones, for models that refuse them.
    predict, X, y, metric, n_repeats, seed
        As in :func:`noise_curve`.

    Returns
    -------
    StressCurve

    Examples
    --------
    >>> X, y = pd.DataFrame({"a": [0.0, 1.0] * 100}), np.array([0, 1] * 100)
    >>> predict = lambda rows: (rows["a"] > 0.5).to_numpy().astype(int)
    >>> curve = missing_curve(predict, X, y, RowMetric("accuracy"), [0.4])
    >>> round(float(curve.values[0].mean()), 1)  # half of the gaps were ones
    0.8
    """

    def stressed(share, seed):
        return mask_at_random(X, share, np.random.default_rng(seed), fill)

    return _curve(predict, X, y, metric, shares, stressed, n_repeats, seed)


def missing_features(
    predict: Predict,
    X: pd.DataFrame,
    y: np.ndarray,
    metric: RowMetric,
    *,
    fills: Mapping[str, Mapping | None],
) -> np.ndarray:
    """Predict with one column missing at a time.

    Parameters
    ----------
    fills : mapping of str to (mapping or None)
        For each column to test: None to set it missing, or the fill values of a model that
        refuses missing values there.
    predict, X, y, metric
        As in :func:`noise_curve`.

    Returns
    -------
    ndarray of shape (n, n_columns)
        Row values, in the order of ``fills``.

    Examples
    --------
    >>> X, y = pd.DataFrame({"a": [0.0, 1.0], "b": [5.0, 6.0]}), np.array([0, 1])
    >>> predict = lambda rows: (rows["a"] > 0.5).to_numpy().astype(int)
    >>> fills = {"a": None, "b": None}
    >>> missing_features(predict, X, y, RowMetric("accuracy"), fills=fills).mean(axis=0).tolist()
    [0.5, 1.0]
    """
    rows = [
        metric.values(y, predict(knock_out(X, {column: slice(None)}, fill)))
        for column, fill in fills.items()
    ]
    return np.column_stack(rows)


def _curve(predict, X, y, metric, levels, stressed, n_repeats, seed) -> StressCurve:
    """Average row values over repeats at each level."""
    seeds = np.random.SeedSequence(seed).generate_state(n_repeats)
    values = []
    for level in levels:
        # One prediction for all draws: many models spend more on the call than on the rows.
        rows = pd.concat([stressed(level, int(s)) for s in seeds], ignore_index=True)
        made = metric.values(np.tile(y, n_repeats), predict(rows))
        values.append(made.reshape(n_repeats, len(y)).mean(axis=0))
    clean = metric.values(y, predict(X))
    return StressCurve(metric, tuple(float(v) for v in levels), clean, np.array(values), seed)
