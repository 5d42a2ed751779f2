"""What the stress checks share: the rows, the options, tables and figures of a curve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.audit._base import Figure, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.report.svg import format_interval, format_number, line_chart
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.robustness import RowMetric, StressCurve

# What a finding is made of: points of accuracy (or share of the clean RMSE) lost for certain.
LARGE_LOSS = 0.05


@dataclass(frozen=True)
class Sample:
    """The rows under stress and how they are scored.

    Attributes
    ----------
    X : DataFrame of shape (n, n_features)
    y : ndarray of shape (n,)
    metric : RowMetric
        Accuracy, or RMSE for regression.
    predict : callable
        The deployed model.
    reference : DataFrame
        Training rows where given, else test rows: scales, medians and modes come from it.
    seed : int
        Seed of the check.
    """

    X: pd.DataFrame
    y: np.ndarray
    metric: RowMetric
    predict: Callable[[pd.DataFrame], np.ndarray]
    reference: pd.DataFrame
    seed: int


def draw_sample(context: AuditContext, check_id: str) -> Sample:
    """Return the rows every stress check uses: at most ``max_rows`` of the test data."""
    if context.y_test.ndim != 1:
        raise NotApplicable("stress tests need one target a row; this model has several")
    most = count_option(context, "max_rows", 500)
    n = len(context.X_test)
    rows = np.arange(n)
    if n > most:
        rows = np.sort(context.rng("robustness").choice(n, most, replace=False))
    return Sample(
        context.X_test.iloc[rows].reset_index(drop=True),
        context.y_test[rows],
        RowMetric.of_task(context.task),
        context.predict,
        context.X_test if context.X_train is None else context.X_train,
        context.seed(check_id),
    )


def levels_option(context: AuditContext, key: str, default) -> tuple[float, ...]:
    """Return a list of positive sizes from the options, sorted."""
    given = context.option("robustness", key, default)
    try:
        levels = sorted({float(v) for v in np.atleast_1d(given)})
    except (TypeError, ValueError):
        levels = []
    if not levels or levels[0] <= 0 or not np.isfinite(levels).all():
        raise UsageError(f"robustness.{key} must list positive numbers, got {given!r}")
    return tuple(levels)


def count_option(context: AuditContext, key: str, default: int, least: int = 1) -> int:
    """Return a whole number from the options."""
    value = context.option("robustness", key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"robustness.{key} must be a whole number >= {least}, got {value!r}")
    return value


def is_large(sample: Sample, clean: np.ndarray, lost: float) -> bool:
    """Whether a loss counts: 5 points of accuracy, or 5 % of the clean RMSE."""
    if sample.metric.kind == "accuracy":
        return lost > LARGE_LOSS
    return lost > LARGE_LOSS * float(np.sqrt(clean.mean()))


def curve_table(title: str, unit: str, curve: StressCurve, note: str) -> Table:
    """Return a curve as a table, the clean rows first."""
    rows: list[list] = [[0, curve.clean_estimate, None]]
    rows += [list(row) for row in zip(curve.levels, curve.at, curve.lost, strict=True)]
    return Table(title, [unit, curve.metric.name, lost_name(curve.metric)], rows, note)


def curve_chart(title: str, curves: dict[str, StressCurve], x_label: str) -> Figure:
    """Return the curves with their intervals as one figure."""
    series, bands = {}, {}
    for name, curve in curves.items():
        x, value, low, high = curve.points()
        series[name], bands[name] = (x, value), (x, low, high)
    metric = next(iter(curves.values())).metric
    return line_chart(title, series, x_label, metric.name, bands=bands, markers=True)


def lost_name(metric: RowMetric) -> str:
    return "lost" if metric.kind == "accuracy" else "RMSE gained"


def said(estimate: Estimate) -> str:
    """Return a number with its interval and n in words."""
    interval = format_interval(estimate.ci)
    return f"{format_number(estimate.value)} (95 % interval {interval}, n = {estimate.n})"
