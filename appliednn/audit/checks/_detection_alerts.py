"""How many alerts a detector gives, and whether new rows give as many as training rows did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detector import (
    DetectorCheck,
    Resampling,
    resampling,
    rows_to_compare,
    train_resampling,
)
from appliednn.audit.checks._words import percent, said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate, not_estimable

#: Quantiles of the training scores that stand beside the detector's own threshold.
QUANTILES = (0.9, 0.95, 0.99, 0.995)
# Surely more than so many times the alerts of training, or fewer, is called far off.
_FAR = 2.0
_NORMAL = 1.959963984540054


class AlertVolume(DetectorCheck):
    """The share of rows that are flagged, at the detector's own threshold and at others."""

    id = "ANN902"
    title = "Alert volume"
    keys = ("alert_rate", "alert_rate_train", "alert_rate_ratio", "alert_rate_above")

    def run(self, context: AuditContext) -> CheckResult:
        """Count flagged rows in test and training; Wilson intervals."""
        ways, flagged = resampling(context, self.id), context.flagged
        rate = _rate(ways, "Alert rate, test", flagged)
        estimates = {"alert_rate": rate}
        rows: list[list] = [["the detector's own", int(flagged.sum()), rate, None]]
        if context.X_train is not None:
            estimates |= _compared(context, ways, train_resampling(context, self.id), rows)
        note = "Share of rows whose score lies above. Intervals: "
        note += "Wilson." if ways.block == 1 else f"{ways.how}."
        if context.X_train is None:
            note += " Without training rows (X_train) nothing is compared."
        columns = ["threshold", "flagged test rows", "of the test rows", "of the training rows"]
        return CheckResult(
            estimates,
            self._findings(estimates, ways.n),
            [Table("Alerts by threshold", columns, rows, note)],
            [_figure(rows)],
            summary=f"{int(flagged.sum())} of {ways.n} test rows are flagged, a share of "
            f"{said(rate)}.",
        )

    def _findings(self, estimates: dict[str, Estimate], n: int) -> list[Finding]:
        rate, ratio = estimates["alert_rate"], estimates.get("alert_rate_ratio")
        findings = []
        if ratio is not None and ratio.ci is not None:
            findings += self._far(rate, ratio, estimates["alert_rate_train"])
        if rate.value == 0 and n >= 100:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "low",
                    "No alert at all",
                    f"None of {n} test rows is flagged.",
                    "Lower the threshold if anomalies are expected among them (contamination).",
                )
            )
        return findings

    def _far(self, rate: Estimate, ratio: Estimate, train: Estimate) -> list[Finding]:
        low, high = ratio.ci
        if low <= _FAR and high >= 1 / _FAR:
            return []
        what = "more" if low > _FAR else "fewer"
        return [
            Finding(
                f"{self.id}.1",
                "medium",
                f"Far {what} alerts than in training",
                f"At the detector's own threshold a share of {said(rate)} of the test rows is "
                f"flagged, against {percent(train.value)} of the training rows. "
                f"{ratio.name}: {said(ratio)}.",
                "Find out whether the rows drifted (ANN105, ANN907) or, without labels, hold "
                "other shares of anomalies; set the threshold on rows the detector was not fitted "
                "on.",
            )
        ]


def _rate(ways: Resampling, name: str, above: np.ndarray) -> Estimate:
    return ways.share(name, above, np.ones(ways.n, dtype=bool), "")


def _compared(
    context: AuditContext, ways: Resampling, train_ways: Resampling, rows: list[list]
) -> dict[str, Estimate]:
    """Return rates in training and above its quantiles, and add them to the table's rows."""
    flagged = _flagged_in_training(context)
    train = _rate(train_ways, "Alert rate, training", flagged)
    rows[0][3] = train
    ratios = [
        rate_ratio(Flags(context.flagged, test, ways), Flags(flagged, counted, train_ways))
        for test, counted in rows_to_compare(context)
    ]
    ratio = min(ratios, key=lambda e: abs(np.log(e.value)) if e.value else np.inf)
    out = {"alert_rate_train": train, "alert_rate_ratio": ratio}
    for q in QUANTILES:
        cut = float(np.quantile(context.train_scores, q))
        above = context.scores > cut
        label = f"{100 * q:g} % of training scores"
        made = _rate(ways, f"Test rows above {label}", above)
        out[f"alert_rate_above[{q:g}]"] = made
        theirs = _rate(train_ways, f"Training rows above {label}", context.train_scores > cut)
        rows.append([label, int(above.sum()), made, theirs])
    return out


def _flagged_in_training(context: AuditContext) -> np.ndarray:
    """Return which training rows lie above the threshold, bool (n_train,)."""
    kept = context.inner("negative_outlier_factor_")
    if kept is not None and len(kept.negative_outlier_factor_) == len(context.X_train):
        return np.asarray(kept.negative_outlier_factor_) < kept.offset_
    return context.calls(context.X_train)


@dataclass(frozen=True)
class Flags:
    """Which rows are flagged among those that count.

    Attributes
    ----------
    flagged, counted : ndarray of bool, shape (n,)
    ways : Resampling
    """

    flagged: np.ndarray
    counted: np.ndarray
    ways: Resampling

    @property
    def n_flagged(self) -> int:
        """Flagged rows among those that count."""
        return int((self.flagged & self.counted).sum())

    def log_rate(self) -> tuple[float, float]:
        """Return the logarithm of the rate and its variance, half a row added to the counts."""
        k, n = self.n_flagged + 0.5, int(self.counted.sum()) + 0.5
        variance = 1 / k - 1 / n
        if self.ways.block > 1:
            rows = np.column_stack([self.flagged & self.counted, self.counted]).astype(float)

            def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
                top, bottom = (counts @ rows + 0.5).T
                return {"log": np.log(top / bottom)}

            variance = float(np.var(self.ways.draws(statistic)["log"]))
        return float(np.log(k / n)), max(variance, 0.0)


def rate_ratio(test: Flags, train: Flags) -> Estimate:
    """Return the alert rate of test rows over that of training rows.

    Interval: normal for the logarithm (D. Katz et al., Biometrics 34 (1978) 469-474); for series
    the variance is that of a bootstrap over stretches.
    """
    what = "Alert rate" if test.counted.all() else "Alert rate of normal rows"
    name, n = f"{what}, test over training", int(test.counted.sum())
    if test.n_flagged + train.n_flagged == 0:
        return not_estimable(name, n, "no row of test or training is flagged")
    (log, variance), (log_train, variance_train) = test.log_rate(), train.log_rate()
    half = _NORMAL * np.sqrt(variance + variance_train)
    low, value, high = np.exp(log - log_train + np.array([-half, 0.0, half])).tolist()
    return Estimate(name, value, (low, high), n, "log-normal")


def _figure(rows: list[list]) -> Figure:
    shown = {}
    for name, _, test, train in rows:
        label = name.removesuffix(" of training scores").replace("the detector's own", "own")
        shown[f"above {label}, test"] = test
        if train is not None:
            shown[f"above {label}, training"] = train
    return interval_chart("Share of rows flagged", shown, x_label="share of rows")
