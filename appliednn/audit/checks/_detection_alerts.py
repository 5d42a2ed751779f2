"""How many alerts a detector gives, and whether new rows give as many as training rows did."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detector import (
    DetectorCheck,
    Resampling,
    resampling,
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
                f"flagged, against {percent(train.value)} of the training rows, which is "
                f"{said(ratio)} times as many.",
                "Set the threshold on rows the detector was not fitted on, and look for drift "
                "(ANN105, ANN907).",
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
    out = {
        "alert_rate_train": train,
        "alert_rate_ratio": rate_ratio(context.flagged, flagged, ways, train_ways),
    }
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
    return np.asarray(context.predict(context.X_train)).reshape(-1) == -1


def rate_ratio(
    test: np.ndarray, train: np.ndarray, ways: Resampling, train_ways: Resampling
) -> Estimate:
    """Return the alert rate of test rows over that of training rows.

    Interval: normal for the logarithm (D. Katz et al., Biometrics 34 (1978) 469-474), half a row
    added to each count; for series the variance is that of a bootstrap of both.
    """
    name, n, n_train = "Alert rate, test over training", len(test), len(train)
    k, k_train = int(test.sum()) + 0.5, int(train.sum()) + 0.5
    if k + k_train == 1.0:
        return not_estimable(name, n, "no row of test or training is flagged")
    log = np.log(k / (n + 0.5)) - np.log(k_train / (n_train + 0.5))
    spread = 1 / k - 1 / (n + 0.5) + 1 / k_train - 1 / (n_train + 0.5)
    if ways.block > 1:
        spread = _log_variance(test, ways) + _log_variance(train, train_ways)
    half = _NORMAL * np.sqrt(max(spread, 0.0))
    ci = (float(np.exp(log - half)), float(np.exp(log + half)))
    return Estimate(name, float(np.exp(log)), ci, n, "log-normal")


def _log_variance(flagged: np.ndarray, ways: Resampling) -> float:
    """Return the variance of the logarithm of a rate over stretches of a series."""
    rows = flagged.astype(np.float64)
    draws = ways.draws(lambda counts: {"rate": (counts @ rows + 0.5) / (counts.sum(1) + 0.5)})
    return float(np.var(np.log(draws["rate"])))


def _figure(rows: list[list]) -> Figure:
    shown = {}
    for name, _, test, train in rows:
        label = name.removesuffix(" of training scores").replace("the detector's own", "own")
        shown[f"above {label}, test"] = test
        if train is not None:
            shown[f"above {label}, training"] = train
    return interval_chart("Share of rows flagged", shown, x_label="share of rows")
