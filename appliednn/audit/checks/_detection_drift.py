"""Whether a detector's scores are distributed alike in training and test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detector import (
    DetectorCheck,
    Resampling,
    resampling,
    rows_to_compare,
    train_resampling,
)
from appliednn.audit.checks._intervals import estimate_of
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import histogram
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._drift import numeric_drift

_MATTERS, _SURELY = 0.1, 0.3
_LARGE_PSI = 0.25
_N_BINS = 30
_LONG_TAIL = 5


class ScoreDrift(DetectorCheck):
    """The distance between the scores of training and of test rows."""

    id = "ANN907"
    title = "Drift of the scores"
    keys = ("score_drift", "score_stability_index")

    def run(self, context: AuditContext) -> CheckResult:
        """Compare the distribution functions; bootstrap over both sets."""
        if context.X_train is None:
            raise NotApplicable("no training data were given")
        ways, train_ways = resampling(context, self.id), train_resampling(context, self.id)
        drift, train, test = min(
            (
                _compared(context.train_scores[known], context.scores[rows], ways, train_ways)
                for rows, known in rows_to_compare(context)
            ),
            key=lambda found: found[0].value or 0.0,
        )
        name = "Population stability index of the scores"
        psi = Estimate(name, numeric_drift(train, test).psi, None, len(test), "exact")
        known = ", labelled anomalies left out" if len(test) < ways.n else ""
        note = (
            f"{len(train)} training and {len(test)} test rows{known}; {ways.how} of both. A "
            "detector has seen its training rows, so that theirs are somewhat lower even without "
            "drift. Index above 0.1: a shift, above 0.25: a large one."
        )
        return CheckResult(
            {"score_drift": drift, "score_stability_index": psi},
            self._findings(drift, psi, float(np.median(test)) > float(np.median(train))),
            [
                Table(
                    "Scores, training against test",
                    ["what", "value"],
                    [[drift.name, drift], [psi.name, psi]],
                    note,
                )
            ],
            [_figure(train, test)],
            summary=f"The scores' distribution functions are {said(drift)} apart at most.",
        )

    def _findings(self, drift: Estimate, psi: Estimate, higher: bool) -> list[Finding]:
        if drift.ci is None or drift.ci[0] <= _MATTERS or psi.value <= _LARGE_PSI:
            return []
        return [
            Finding(
                f"{self.id}.1",
                "medium" if drift.ci[0] > _SURELY else "low",
                "Test rows score otherwise than training rows",
                f"Test scores are {'higher' if higher else 'lower'}: their distribution function "
                f"is {said(drift)} from that of the training rows; stability index "
                f"{psi.value:.2f}.",
                "Look for columns that drifted (ANN105); where none did, the detector fits its "
                "training rows too closely.",
            )
        ]


def _compared(
    train: np.ndarray, test: np.ndarray, ways: Resampling, train_ways: Resampling
) -> tuple[Estimate, np.ndarray, np.ndarray]:
    """Return the gap of some of the rows, with their scores."""
    ways, train_ways = replace(ways, n=len(test)), replace(train_ways, n=len(train))
    return score_gap(train, test, ways, train_ways), train, test


def score_gap(
    train: np.ndarray, test: np.ndarray, ways: Resampling, train_ways: Resampling
) -> Estimate:
    """Return the Kolmogorov-Smirnov distance of two sets of scores with its interval.

    The largest gap of a resample is never small, also where there is none; the interval is that
    of the gap at the place where it is largest.
    """
    places = np.unique(np.concatenate([train, test]))
    below = [np.searchsorted(np.sort(s), places, side="right") / len(s) for s in (train, test)]
    gap = below[1] - below[0]
    j = int(np.argmax(np.abs(gap)))
    shares = []
    for scores, how in ((train, train_ways), (test, ways)):
        rows = (scores <= places[j]).astype(np.float64)
        shares.append(how.draws(lambda c, rows=rows: {"share": c @ rows / c.sum(1)})["share"])
    n = min(len(share) for share in shares)
    draws = np.sign(gap[j]) * (shares[1][:n] - shares[0][:n])
    name = "Largest gap of the scores' distribution functions"
    return estimate_of(name, float(abs(gap[j])), np.maximum(draws, 0.0), len(test), ways.seed, "")


def _figure(train: np.ndarray, test: np.ndarray) -> Figure:
    """Draw both histograms, the longest tail in the last bin; logarithms where it is very long."""
    both, label = np.concatenate([train, test]), "anomaly score"
    low, middle, high = np.quantile(both, [0.0, 0.5, 0.99])
    if low > 0 and high > _LONG_TAIL * middle:
        train, test = np.log10(train), np.log10(test)
        low, high, label = np.log10(low), np.log10(high), "log10 of the anomaly score"
    high = high if high > low else low + 1.0
    series = {"training": np.minimum(train, high), "test": np.minimum(test, high)}
    label += ", tail in the last bin"
    return histogram("Scores", series, label, bins=np.linspace(low, high, _N_BINS + 1).tolist())
