"""Robustness: noise, adversarial points, one missing feature at a time, black-box search."""

from __future__ import annotations

from appliednn.audit._base import (
    SUPERVISED,
    Check,
    CheckResult,
    Figure,
    Finding,
    NotApplicable,
    Table,
)
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._adversarial import Adversarial
from appliednn.audit.checks._agent_robustness import Attack, ObservationNoise, ShiftedDynamics
from appliednn.audit.checks._blackbox import BlackBoxSearch
from appliednn.audit.checks._stress import (
    Sample,
    count_option,
    curve_chart,
    curve_table,
    draw_sample,
    is_large,
    levels_option,
    lost_name,
    said,
)
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.robustness import (
    StressCurve,
    accepts_missing,
    fill_values,
    missing_features,
    noise_curve,
    robust_scale,
)

NOISE = (0.05, 0.1, 0.2, 0.5, 1.0)
_SHOWN = 20


class NoiseCurve(Check):
    """How the metric falls as noise is added to the continuous features."""

    id = "ANN701"
    section = "robustness"
    title = "Noise in the features"
    keys = ("accuracy_noise", "rmse_noise")
    tasks = SUPERVISED
    instead = (
        "how a metric falls under noise needs labels; what a detector notices is asked by ANN904"
    )
    reads = ("table",)
    unread = "a text has no numbers to add noise to; typing errors are ANN1021"

    def run(self, context: AuditContext) -> CheckResult:
        """Add Gaussian noise in units of each feature's robust scale."""
        sample = draw_sample(context, self.id)
        scale = robust_scale(sample.reference)
        if not scale:
            raise NotApplicable("no continuous feature, so there is nothing to add noise to")
        levels = levels_option(context, "noise", NOISE)
        curve = noise_curve(
            sample.predict, sample.X, sample.y, sample.metric, levels, scale, seed=sample.seed
        )
        kind, name = sample.metric.kind, sample.metric.name
        note = (
            f"Gaussian noise on {len(scale)} continuous features, in units of each one's robust "
            f"scale (interquartile range / 1.349); {len(sample.y)} rows, 5 draws."
        )
        i = curve.nearest(0.1)
        return CheckResult(
            estimates=curve.estimates(f"{kind}_noise", f"{name} under noise of"),
            findings=self._findings(sample, curve, i),
            tables=[curve_table("Noise", "noise (robust scales)", curve, note)],
            figures=[curve_chart("Noise", {name: curve}, "noise in robust scales")],
            summary=f"{name} goes from {said(curve.clean_estimate)} to "
            f"{said(curve.at[-1])} at noise {levels[-1]:g}.",
        )

    def _findings(self, sample: Sample, curve: StressCurve, i: int) -> list[Finding]:
        lost = curve.lost[i]
        if not is_large(sample, curve.clean, lost.ci[0]):
            return []
        return [
            Finding(
                f"{self.id}.1",
                "medium",
                "Small noise changes the result",
                f"Noise of {curve.levels[i]:g} robust scales costs {said(lost)} of "
                f"{sample.metric.word}.",
                "Train with noise, regularise more, or round features to their true precision.",
            )
        ]


class MissingFeature(Check):
    """What each feature's absence costs."""

    id = "ANN703"
    section = "robustness"
    title = "One feature missing at a time"
    keys = ("accuracy_worst_feature_missing", "rmse_worst_feature_missing")
    tasks = SUPERVISED
    instead = (
        "how a metric falls when a feature is missing needs labels; what a detector notices is "
        "asked by ANN904"
    )
    reads = ("table",)
    unread = (
        "a text has no features that could be missing; what words are worth is asked by ANN1011"
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Empty one column for all rows, or fill it where the model refuses missing values."""
        sample = draw_sample(context, self.id)
        most = count_option(context, "max_features", 200)
        fills, how = self._fills(sample, most)
        clean = sample.metric.values(sample.y, sample.predict(sample.X))
        values = missing_features(sample.predict, sample.X, sample.y, sample.metric, fills=fills)
        lost = sample.metric.worsenings(
            [f"{c} missing" for c in fills], clean, values, sample.seed
        )
        order = sorted(range(len(lost)), key=lambda j: -lost[j].value)
        names = list(fills)
        kind, name = sample.metric.kind, sample.metric.name
        worst = order[0]
        now = sample.metric.estimate(
            f"{name} without the feature that costs most ({names[worst]})",
            values[:, worst],
            sample.seed,
        )
        shown = order[:_SHOWN]
        return CheckResult(
            estimates={f"{kind}_worst_feature_missing": now},
            findings=self._findings(sample, clean, values[:, worst], lost[worst], names),
            tables=[self._table(sample, values, lost, [(j, names[j], how[j]) for j in shown])],
            figures=[self._figure(sample, {names[j]: lost[j] for j in shown})],
            summary=f"Losing {names[worst]} costs most: {said(lost[worst])} of "
            f"{sample.metric.word}.",
        )

    def _fills(self, sample: Sample, most: int) -> tuple[dict, list[str]]:
        """Return what each column is emptied with, and how that is called."""
        refusals = accepts_missing(sample.predict, sample.X)
        values = fill_values(sample.reference)
        fills: dict = {}
        how = []
        for column in list(sample.X.columns)[:most]:
            if not refusals[column]:
                fills[column] = None
                how.append("missing")
            elif values.get(column) is not None:
                fills[column] = values
                how.append(f"filled with {values[column]}")
        if not fills:
            raise NotApplicable("no column can be emptied: the model refuses missing values")
        return fills, how

    def _table(self, sample: Sample, values, lost, shown) -> Table:
        name = sample.metric.name
        rows = [
            [column, how, sample.metric.estimate(name, values[:, j], sample.seed), lost[j]]
            for j, column, how in shown
        ]
        more = values.shape[1] - len(rows)
        left = f" Not shown: {more} that cost less." if more > 0 else ""
        note = (
            f"Each feature is emptied in all {len(sample.y)} rows; one that the model cannot "
            f"take as missing gets the median or mode instead.{left}"
        )
        return Table(
            "Missing features", ["feature", "how", name, lost_name(sample.metric)], rows, note
        )

    def _figure(self, sample: Sample, lost: dict[str, Estimate]) -> Figure:
        label = f"{sample.metric.name}, {lost_name(sample.metric)}"
        return interval_chart("Cost of a missing feature", lost, x_label=label, zero=0.0)

    def _findings(self, sample: Sample, clean, worst, cost: Estimate, names) -> list[Finding]:
        """Judge the costliest feature with an interval corrected for having looked at all."""
        column = cost.name.removesuffix(" missing")
        low, _ = sample.metric.intervals(
            worst[:, None],
            clean=clean,
            level=1 - 0.05 / len(names),
            n_boot=4000,
            seed=sample.seed,
        )
        if not is_large(sample, clean, float(low[0])):
            return []
        return [
            Finding(
                f"{self.id}.1",
                "low",
                "The model leans on one feature",
                f"Without {column} the model loses {said(cost)} of {sample.metric.word}.",
                f"Make sure that {column} is always there, or train with it missing at times.",
            )
        ]


CHECKS = (
    NoiseCurve,
    Adversarial,
    MissingFeature,
    BlackBoxSearch,
    ObservationNoise,
    Attack,
    ShiftedDynamics,
)
