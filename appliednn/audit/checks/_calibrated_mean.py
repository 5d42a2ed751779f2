"""Calibration of a regression: whether predictions are right on average over their range."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows
from appliednn.audit.checks._residuals import N_BINS, mean_estimate
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import line_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._calibration_metrics import equal_mass_bins

_OFF = 0.1


def regression_calibration(context: AuditContext, check_id: str) -> CheckResult:
    """Compare predicted and observed means by tenths of the prediction, and fit a line."""
    y = np.asarray(context.y_test, dtype=np.float64)
    predicted = np.asarray(context.y_pred, dtype=np.float64).reshape(-1)
    if len(y) < LEAST_ROWS:
        raise NotApplicable(few_rows(len(y)))
    if not np.isfinite(predicted).all():
        raise NotApplicable("some predictions are NaN or infinite (see ANN201)")
    if np.ptp(predicted) <= 1e-12 * np.abs(predicted).max():
        raise NotApplicable("every row gets the same prediction")
    slope = line_slope(predicted, y)
    bins = equal_mass_bins(predicted, min(N_BINS, len(y) // 10))
    parts = [bins == b for b in range(bins.max() + 1)]
    centres = [float(predicted[p].mean()) for p in parts]
    observed = [mean_estimate("observed mean", y[p]) for p in parts]
    rows = [[c, o, int(p.sum())] for c, o, p in zip(centres, observed, parts, strict=True)]
    table = Table(
        "Predicted against observed",
        ["mean prediction", "observed mean", "rows"],
        rows,
        "Tenths of equal size by prediction; t intervals.",
    )
    usable = [(c, o) for c, o in zip(centres, observed, strict=True) if o.ci is not None]
    x = [c for c, _ in usable]
    name = "observed mean"
    figure = line_chart(
        "Predicted against observed",
        {name: (x, [o.value for _, o in usable]), "perfect": (x, x)},
        "mean prediction",
        name,
        bands={name: (x, [o.ci[0] for _, o in usable], [o.ci[1] for _, o in usable])},
        markers=True,
    )
    return CheckResult(
        {"calibration_slope": slope},
        _findings(slope, check_id),
        [table],
        [figure],
        summary=f"The slope of observed on predicted values is {said(slope)}; 1 is ideal.",
    )


def line_slope(x: np.ndarray, y: np.ndarray) -> Estimate:
    """Return the least-squares slope of ``y`` on ``x`` with a robust interval.

    The standard error allows for unequal spread (HC3; J. G. MacKinnon, H. White, Journal of
    Econometrics 29 (1985) 305-325).

    Examples
    --------
    >>> x = np.arange(10.0)
    >>> round(line_slope(x, 2 * x + np.tile([1, -1], 5)).value, 2)
    1.94
    """
    from scipy.special import stdtrit

    n, aside = len(x), x - x.mean()
    spread = aside @ aside
    slope = float(aside @ y / spread)
    residual = y - y.mean() - slope * aside
    leverage = np.minimum(1 / n + aside**2 / spread, 1 - 1e-9)
    se = float(np.sqrt(aside**2 @ (residual / (1 - leverage)) ** 2) / spread)
    reach = float(stdtrit(n - 2, 0.975)) * se
    return Estimate("Calibration slope", slope, (slope - reach, slope + reach), n, "t, HC3")


def _findings(slope: Estimate, check_id: str) -> list[Finding]:
    low, high = slope.ci
    if high > 1 - _OFF and low < 1 + _OFF:
        return []
    wide = high <= 1 - _OFF
    return [
        Finding(
            f"{check_id}.1",
            "low",
            "Predictions are too spread out" if wide else "Predictions are drawn to the mean",
            f"The slope of observed on predicted values is {said(slope)}: high predictions are "
            f"too {'high and low ones too low' if wide else 'low and low ones too high'}.",
            "Regularise more." if wide else "Regularise less, or train longer.",
        )
    ]
