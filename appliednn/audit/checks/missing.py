"""Missing-data stress: the metric as a growing share of all cells goes missing at random."""

from __future__ import annotations

from appliednn.audit._base import SUPERVISED, Check, CheckResult, Finding
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._stress import (
    Sample,
    curve_chart,
    curve_table,
    draw_sample,
    is_large,
    levels_option,
    said,
)
from appliednn.core.errors import UsageError
from appliednn.robustness import StressCurve, accepts_missing, fill_values, missing_curve

SHARES = (0.05, 0.1, 0.2, 0.4)


class MissingStress(Check):
    """How the metric falls as values go missing completely at random."""

    id = "ANN711"
    section = "missing"
    title = "Missing values at random"
    keys = ("accuracy_missing", "rmse_missing")
    tasks = SUPERVISED
    instead = (
        "how a metric falls when values go missing needs labels; what a detector notices is "
        "asked by ANN904"
    )
    reads = ("table",)
    unread = "a text has no values that could be missing; typing errors are ANN1021"

    def run(self, context: AuditContext) -> CheckResult:
        """Empty cells of all features; fill them where the model refuses missing values."""
        sample = draw_sample(context, self.id)
        shares = levels_option(context, "missing", SHARES)
        if shares[-1] >= 1:
            raise UsageError(f"robustness.missing must list shares below 1, got {list(shares)}")
        refused = {c: why for c, why in accepts_missing(sample.predict, sample.X).items() if why}
        fill = None
        if refused:
            values = fill_values(sample.reference)
            fill = {c: values.get(c) if c in refused else None for c in sample.X.columns}
        curve = missing_curve(
            sample.predict, sample.X, sample.y, sample.metric, shares, fill=fill, seed=sample.seed
        )
        kind, name = sample.metric.kind, sample.metric.name
        made = curve.estimates(f"{kind}_missing", f"{name} with a share missing of")
        return CheckResult(
            estimates=made,
            findings=self._findings(sample, curve, refused),
            tables=[curve_table("Missing at random", "share missing", curve, _note(sample, fill))],
            figures=[curve_chart("Missing at random", {name: curve}, "share of cells missing")],
            summary=f"With {100 * shares[-1]:g} % of all values missing, {sample.metric.word} is "
            f"{said(curve.at[-1])}; it is {said(curve.clean_estimate)} as given.",
        )

    def _findings(self, sample: Sample, curve: StressCurve, refused: dict) -> list[Finding]:
        findings = []
        if refused:
            findings.append(self._refusal(sample, refused))
        i = curve.nearest(0.1)
        lost = curve.lost[i]
        if is_large(sample, curve.clean, lost.ci[0]):
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "medium",
                    "A few missing values cost much",
                    f"With {100 * curve.levels[i]:g} % of the values missing, the model loses "
                    f"{said(lost)} of {sample.metric.word}.",
                    "Train with values missing at random, or impute from the other features.",
                )
            )
        return findings

    def _refusal(self, sample: Sample, refused: dict) -> Finding:
        column, why = next(iter(refused.items()))
        return Finding(
            f"{self.id}.1",
            "low",
            "The model refuses missing values",
            f"It gives no prediction when {len(refused)} of {sample.X.shape[1]} features are "
            f"missing ({column}: {why}), so the curve fills gaps with medians and modes.",
            "Put an imputer in front of the model, or use one that takes missing values.",
        )


def _note(sample: Sample, fill: dict | None) -> str:
    how = "and left missing" if fill is None else "and filled with the median or mode"
    if fill is not None and any(v is None for v in fill.values()):
        how += " where the model refuses missing values"
    return (
        f"Every cell of {sample.X.shape[1]} features is emptied with the stated chance, "
        f"independently of all else, {how}; {len(sample.y)} rows, 5 draws."
    )


CHECKS = (MissingStress,)
