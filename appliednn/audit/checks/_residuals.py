"""Residuals of a regression, by tenths of the prediction."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import format_number, histogram, line_chart
from appliednn.core.statistics import Estimate, not_estimable
from appliednn.diagnostics._calibration_metrics import equal_mass_bins

N_BINS = 10


def residuals(context: AuditContext, check_id: str) -> CheckResult:
    """Cut the predictions of a regression into tenths; each mean residual has a t interval."""
    predicted = np.asarray(context.y_pred, dtype=np.float64).reshape(-1)
    y = np.asarray(context.y_test, dtype=np.float64)
    if not np.isfinite(predicted).all():
        raise NotApplicable("some predictions are NaN or infinite (see ANN201)")
    if len(y) < LEAST_ROWS:
        raise NotApplicable(few_rows(len(y)))
    residual = y - predicted
    bins = equal_mass_bins(predicted, min(N_BINS, max(1, len(y) // 10)))
    groups = [residual[bins == b] for b in range(bins.max() + 1)]
    centres = [float(predicted[bins == b].mean()) for b in range(bins.max() + 1)]
    overall = mean_estimate("Mean residual (true less predicted)", residual)
    return CheckResult(
        estimates={"mean_residual": overall},
        findings=_findings(groups, centres, y, check_id),
        tables=[_table(groups, centres)],
        figures=_figures(groups, centres, residual),
        summary=f"The mean residual is {said(overall)}, its standard deviation "
        f"{format_number(float(residual.std()))}.",
    )


def _findings(groups, centres, y: np.ndarray, check_id: str) -> list[Finding]:
    """Name tenths whose errors are surely off centre, by a tenth of the target's spread."""
    large = 0.1 * float(y.std())
    off = []
    for centre, group in zip(centres, groups, strict=True):
        made = mean_estimate("", group, level=1 - 0.05 / len(groups))
        if made.ci is not None and (made.ci[0] > large or made.ci[1] < -large):
            off.append((centre, made))
    if not off:
        return []
    centre, worst = max(off, key=lambda pair: abs(pair[1].value))
    side = "low" if worst.value > 0 else "high"
    return [
        Finding(
            f"{check_id}.1",
            "low",
            "Predictions are off in part of their range",
            f"Around a prediction of {format_number(centre)} they are too {side} by "
            f"{said(mean_estimate('', groups[centres.index(centre)]))}; {len(off)} of "
            f"{len(groups)} parts of the range are off by more than a tenth of the target's "
            "standard deviation.",
            "Transform the target, add interactions or capacity, or train longer.",
        )
    ]


def mean_estimate(name: str, values: np.ndarray, level: float = 0.95) -> Estimate:
    """Return a mean with its t interval.

    Examples
    --------
    >>> mean_estimate("mean", np.array([1.0, 2.0, 3.0])).ci[0].round(3).item()
    -0.484
    """
    from scipy.special import stdtrit

    n = len(values)
    mean = float(values.mean())
    if n < 2:
        return not_estimable(name, n, "one row has no spread")
    reach = float(stdtrit(n - 1, 0.5 + level / 2)) * values.std(ddof=1) / np.sqrt(n)
    return Estimate(name, mean, (mean - reach, mean + reach), n, "t", level)


def _table(groups, centres) -> Table:
    rows = [
        [centre, len(group), mean_estimate("mean residual", group), float(np.abs(group).mean())]
        for centre, group in zip(centres, groups, strict=True)
    ]
    columns = ["mean prediction", "rows", "mean residual", "mean absolute residual"]
    return Table("Residuals by prediction", columns, rows, "Residual: true less predicted.")


def _figures(groups, centres, residual: np.ndarray) -> list[Figure]:
    means = [float(g.mean()) for g in groups]
    low, high = zip(*(np.quantile(g, [0.1, 0.9]) for g in groups), strict=True)
    edge = np.quantile(np.abs(residual), 0.99)
    shown = np.clip(residual, -edge, edge)
    figures = [histogram("Residuals", {"test rows": shown}, "true less predicted", reference=0.0)]
    if len(groups) > 1:
        band = {"mean residual": (centres, list(low), list(high))}
        figures.insert(
            0,
            line_chart(
                "Residuals by prediction (band: middle 80 % of rows)",
                {"mean residual": (centres, means)},
                "mean prediction",
                "true less predicted",
                bands=band,
                reference=0.0,
                markers=True,
            ),
        )
    return figures
