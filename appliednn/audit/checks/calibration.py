"""Calibration: whether probabilities mean what they say.

Keys
----
``ece`` (15 bins of equal mass, fewer with under 300 rows; several classes: of the likeliest
class's probability), ``brier_reliability``, ``brier_resolution``, ``brier_uncertainty``,
``calibration_slope`` (also for a regression: observed on predicted), ``calibration_intercept``
(two classes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
from appliednn.audit.checks._calibrated_mean import regression_calibration
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows, n_resamples
from appliednn.audit.checks._outcome import Outcome, test_outcome
from appliednn.audit.checks._words import said, shorten
from appliednn.audit.report.svg import reliability_chart
from appliednn.core.statistics import Estimate, not_estimable, wilson_interval
from appliednn.diagnostics._calibration_line import (
    calibration_intercept,
    calibration_slope,
    power_slope,
)
from appliednn.diagnostics._calibration_metrics import (
    brier_decomposition,
    equal_mass_bins,
    reliability,
    resampled_parts,
)
from appliednn.diagnostics._resampling import bootstrap_draws

N_BINS = 15
_Z = 1.959964
_OFF, _SURELY_OFF = 0.01, 0.05


@dataclass(frozen=True)
class Claims:
    """What was claimed with which probability, and whether it was so.

    Attributes
    ----------
    true : ndarray of float 0/1, shape (n,)
    proba : ndarray of shape (n,)
    bins : ndarray of int, shape (n,)
    what : str
        What the probability is of.
    """

    true: np.ndarray
    proba: np.ndarray
    bins: np.ndarray
    what: str


class Calibration(Check):
    """Predicted probabilities against observed shares."""

    id = "ANN221"
    section = "calibration"
    title = "Calibration"
    keys = (
        "ece",
        "brier_reliability",
        "brier_resolution",
        "brier_uncertainty",
        "calibration_slope",
        "calibration_intercept",
    )
    tasks = SUPERVISED
    instead = "an anomaly score ranks rows and promises no probability"

    def run(self, context: AuditContext) -> CheckResult:
        """Bin the probabilities; intervals by bootstrap and, for slopes, by Wald."""
        if context.task == "regression":
            return regression_calibration(context, self.id)
        outcome = test_outcome(context)
        claims = _claims(outcome)
        seed, n = context.seed(self.id), len(claims.true)

        def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
            return resampled_parts(claims.true, claims.proba, claims.bins, counts)

        draws = bootstrap_draws(statistic, n, min(500, n_resamples(n)), seed)
        made = reliability(claims.true, claims.proba, claims.bins)
        estimates = _binned(claims, draws, seed) | _lines(outcome, claims)
        ece, floor = estimates["ece"], made.noise_floor
        n_bins = len(made.counts)
        return CheckResult(
            estimates,
            self._findings(estimates),
            [_scores(claims, estimates, floor), _bins(made), *_per_class(outcome)],
            [_figure(made, claims.what)],
            summary=f"The expected calibration error over {n_bins} bins of equal mass is "
            f"{said(ece)}; perfect calibration would show about {floor:.3f} by chance.",
        )

    def _findings(self, estimates: dict[str, Estimate]) -> list[Finding]:
        findings = []
        ece, slope = estimates["ece"], estimates["calibration_slope"]
        if ece.ci[0] > _OFF:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "medium" if ece.ci[0] > _SURELY_OFF else "low",
                    "Probabilities differ from observed shares",
                    f"The expected calibration error is {said(ece)}, more than chance explains.",
                    "Calibrate on held-out rows (temperature, sigmoid or isotonic).",
                )
            )
        if slope.value is not None and (slope.ci[1] < 0.9 or slope.ci[0] > 1.1):
            sure = slope.ci[1] < 0.9
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "medium" if slope.ci[1] < 0.7 else "low",
                    "Probabilities are too extreme" if sure else "Probabilities are too timid",
                    f"The calibration slope is {said(slope)}; 1 is ideal, "
                    f"{'below' if sure else 'above'} it the model is "
                    f"{'over' if sure else 'under'}confident.",
                    "Scale by a temperature on held-out rows.",
                )
            )
        shift = estimates.get("calibration_intercept")
        if shift is not None and shift.value is not None:
            findings += self._shifted(shift)
        return findings

    def _shifted(self, shift: Estimate) -> list[Finding]:
        """Say when probabilities are surely too high or low on average, by 0.2 in log odds."""
        low, high = shift.ci
        if low < 0.2 and high > -0.2:
            return []
        side = "low" if low >= 0.2 else "high"
        return [
            Finding(
                f"{self.id}.3",
                "low",
                f"Probabilities are too {side} on average",
                f"Their log odds should move by {said(shift)} to match the share of positives.",
                "If classes were weighted or resampled in training, correct for the prior.",
            )
        ]


def _claims(outcome: Outcome) -> Claims:
    """Return the binary claim to calibrate: the positive class, or the predicted one."""
    if outcome.proba is None:
        raise NotApplicable("the model gives no probabilities (no predict_proba)")
    known = outcome.known
    n = int(known.sum())
    if n < LEAST_ROWS:
        raise NotApplicable(few_rows(n))
    if not np.isfinite(outcome.proba).all():
        raise NotApplicable("some probabilities are NaN or infinite (see ANN201)")
    if outcome.positive is not None:
        true, proba = outcome.is_positive[known], outcome.proba[known, outcome.positive]
        what = f"probability of {outcome.labels[outcome.positive]}"
    else:
        top = outcome.proba[known].argmax(1)
        true, proba = top == outcome.y[known], outcome.proba[known].max(1)
        what = "probability of the likeliest class"
    bins = equal_mass_bins(proba, _n_bins(n))
    return Claims(true.astype(float), proba, bins, what)


def _n_bins(n: int) -> int:
    """Return the number of bins: 15, but about 20 rows each."""
    return int(np.clip(n // 20, 2, N_BINS))


def _binned(claims: Claims, draws: dict[str, np.ndarray], seed: int) -> dict[str, Estimate]:
    """Return ECE and Brier parts.

    Noise in the observed shares makes ECE, reliability and resolution too large. Their intervals
    reach down from the value less what noise gives a calibrated model, and up from the value.
    """
    made = reliability(claims.true, claims.proba, claims.bins)
    parts = brier_decomposition(claims.true, claims.proba, claims.bins)
    n = len(claims.true)
    noise = float((made.predicted * (1 - made.predicted)).sum() / n)
    values = {
        "ece": ("Expected calibration error", made.ece, made.noise_floor),
        "reliability": ("Brier score: reliability", parts.reliability, noise),
        "resolution": ("Brier score: resolution", parts.resolution, noise),
        "uncertainty": ("Brier score: uncertainty", parts.uncertainty, 0.0),
    }
    out = {}
    for key, (name, value, floor) in values.items():
        se = float(draws[key].std())
        reach = _Z * (max(se, made.least_se) if key == "ece" else se)
        ci = (max(0.0, value - floor - reach), min(1.0, value + reach))
        how = "bootstrap" if floor == 0 else "bootstrap, noise floor allowed for"
        key = key if key == "ece" else f"brier_{key}"
        out[key] = Estimate(name, value, ci, n, how, seed=seed)
    return out


def _lines(outcome: Outcome, claims: Claims) -> dict[str, Estimate]:
    """Return the calibration slope and, for two classes, the intercept."""
    if outcome.positive is None:
        known = outcome.known
        pairs = {"calibration_slope": power_slope(outcome.y[known], outcome.proba[known])}
    else:
        pairs = {
            "calibration_slope": calibration_slope(claims.true, claims.proba),
            "calibration_intercept": calibration_intercept(claims.true, claims.proba),
        }
    out, n = {}, len(claims.true)
    for key, (value, se) in pairs.items():
        name = key.replace("_", " ").capitalize()
        if np.isfinite(value) and np.isfinite(se):
            out[key] = Estimate(name, value, (value - _Z * se, value + _Z * se), n, "wald")
        else:
            why = "probabilities or labels are all equal, or part the classes without overlap"
            out[key] = not_estimable(name, n, why)
    return out


def _scores(claims: Claims, estimates: dict[str, Estimate], floor: float) -> Table:
    parts = brier_decomposition(claims.true, claims.proba, claims.bins)
    rows = [[e.name, e] for e in estimates.values()]
    rows.append(["Brier score: within bins", parts.within])
    rows.append(
        ["Brier score (sum: reliability - resolution + uncertainty + within)", parts.brier]
    )
    note = (
        f"{len(np.unique(claims.bins))} bins of equal mass, of the {claims.what}. By chance alone "
        "a perfectly calibrated model would show an expected calibration error of about "
        f"{floor:.3f}."
    )
    return Table("Calibration", ["score", "value"], rows, note)


def _wilson(made) -> list[tuple[float, float]]:
    return [
        wilson_interval(o * n, n) for o, n in zip(made.observed, made.counts.tolist(), strict=True)
    ]


def _bins(made) -> Table:
    rows = [
        [float(p), Estimate("observed share", float(o), ci, int(n), "wilson")]
        for p, o, n, ci in zip(
            made.predicted, made.observed, made.counts, _wilson(made), strict=True
        )
    ]
    columns = ["mean probability", "observed share"]
    return Table("Reliability by bin", columns, rows, "Wilson intervals.")


def _figure(made, what: str) -> Figure:
    return reliability_chart(
        "Reliability",
        made.predicted,
        made.observed,
        made.counts,
        intervals=_wilson(made),
        x_label=f"mean {shorten(what)}",
    )


def _per_class(outcome: Outcome) -> list[Table]:
    """Return each class's calibration, one against the rest (several classes)."""
    if outcome.positive is not None:
        return []
    known, rows = outcome.known, []
    y, n = outcome.y[known], int(outcome.known.sum())
    sizes = np.bincount(y, minlength=outcome.n_classes)
    for k in np.argsort(-sizes, kind="stable")[:20]:
        proba = outcome.proba[known, k]
        made = reliability((y == k).astype(float), proba, equal_mass_bins(proba, _n_bins(n)))
        rows.append([shorten(outcome.labels[k]), int(sizes[k]), made.ece, made.noise_floor])
    head = ["class", "rows", "calibration error", "of which by chance, about"]
    return [Table("Calibration per class", head, rows, "One class against the rest.")]


CHECKS: tuple[type[Check], ...] = (Calibration,)
