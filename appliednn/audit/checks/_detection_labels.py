"""What a detector finds of labelled anomalies."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detection_series import (
    SERIES_SCORES,
    max_buffer,
    series_estimates,
)
from appliednn.audit.checks._detector import DetectorCheck, Resampling, resampling
from appliednn.audit.checks._intervals import estimate_of, perfect, share_estimate
from appliednn.audit.checks._words import percent, said
from appliednn.audit.report.svg import line_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._ranking import RankedScores

#: Key to name of the areas.
AREAS = {"roc_auc": "ROC AUC", "average_precision": "Average precision"}
TOP = (10, 50, 100)
_GRID = np.linspace(0, 1, 101)
_FEW = 20


class Detection(DetectorCheck):
    """How well the scores rank labelled anomalies, and what the alerts are worth."""

    id = "ANN901"
    title = "Labelled anomalies"
    keys = (
        *AREAS,
        "precision_at",
        "recall",
        "precision",
        "false_alarm_rate",
        *SERIES_SCORES,
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Score the ranking and the alerts; intervals by bootstrap and by Wilson."""
        y = labels_of(context)
        ways = resampling(context, self.id, stratified=True)
        areas = area_estimates(context.scores, y, ways)
        # Neighbouring time points share an anomaly: their first k say little.
        tops = {} if context.reads_series else _tops(context.scores, y)
        alerts = _alerts(context.flagged, y, ways)
        volumes, tables = {}, []
        if context.reads_series:
            volumes = series_estimates(context, y, ways)
            tables = [_series_table(volumes, max_buffer(context), ways)]
        hits, n = int((context.flagged & y).sum()), int(y.sum())
        return CheckResult(
            areas | volumes | tops | alerts,
            self._findings(areas, alerts, y),
            [
                _ranking_table(areas, tops, y, ways),
                *tables,
                _alert_table(context.flagged, y, alerts),
            ],
            _curves(context, y),
            summary=f"ROC AUC is {said(areas['roc_auc'])}; the detector's own threshold finds "
            f"{hits} of {n} anomalies.",
        )

    def _findings(self, areas: dict, alerts: dict, y: np.ndarray) -> list[Finding]:
        findings, n = [], int(y.sum())
        area, recall, precision = areas["roc_auc"], alerts["recall"], alerts["precision"]
        chance = area.ci is not None and area.ci[0] <= 0.5
        if chance:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "high",
                    "Not surely better than chance",
                    f"ROC AUC is {said(area)}: the scores hardly tell anomalies from other rows.",
                    "Check what the labels call an anomaly, and whether the features show it.",
                )
            )
        if not chance and recall.ci[1] < 0.5:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "low",
                    "Most anomalies lie below the threshold",
                    f"The detector's own threshold finds a share of {said(recall)} of the "
                    f"anomalies, while ROC AUC is {said(area)}.",
                    "Choose the threshold for the alerts that can be looked at (contamination).",
                )
            )
        if not chance and precision.ci is not None and precision.ci[1] < 0.2:
            findings.append(
                Finding(
                    f"{self.id}.3",
                    "low",
                    "Most alerts are false",
                    f"A share of {said(precision)} of the flagged rows are anomalies; of all test "
                    f"rows {percent(y.mean())} are.",
                    "Raise the threshold, or rank the alerts and look at the first ones.",
                )
            )
        if n < _FEW:
            text = f"The test rows hold {n} anomalies: every interval is wide."
            few = Finding(f"{self.id}.4", "low", "Few anomalies", text, "Label more of them.")
            findings.append(few)
        return findings


def labels_of(context: AuditContext) -> np.ndarray:
    """Return which test rows are anomalies, bool (n,).

    Raises
    ------
    NotApplicable
        Without labels, or where all are alike.
    """
    if context.y_test is None:
        raise NotApplicable("no labels were given (y_test); ANN904 injects anomalies instead")
    y = context.y_test == 1
    if y.all() or not y.any():
        only = "an anomaly" if y.all() else "normal"
        raise NotApplicable(f"every test row is labelled {only}, so nothing can be ranked")
    return y


def area_estimates(scores: np.ndarray, y: np.ndarray, ways: Resampling) -> dict[str, Estimate]:
    """Return ROC AUC and average precision with their intervals."""
    ranked, n, fewest = RankedScores(y, scores), len(y), int(min(y.sum(), (~y).sum()))
    draws = ways.draws(lambda counts: areas_of(ranked, counts))
    point = areas_of(ranked, np.ones((1, n)))
    return {
        key: perfect(estimate_of(name, float(point[key][0]), draws[key], n, ways.seed, ""), fewest)
        for key, name in AREAS.items()
    }


def areas_of(ranked: RankedScores, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Return both areas for counts of shape (b, n)."""
    return {
        "roc_auc": ranked.roc_auc(counts),
        "average_precision": ranked.average_precision(counts),
    }


def _tops(scores: np.ndarray, y: np.ndarray) -> dict[str, Estimate]:
    """Return the share of anomalies among the k rows of highest score; ties count in part."""
    tp, fp = RankedScores(y, scores).curve()
    out, n = {}, int(y.sum())
    for label, k in (("n_anomalies", n), *((str(k), k) for k in TOP)):
        if k <= len(y):
            hits = float(np.interp(k, tp + fp, tp))
            name = f"Precision in the top {k}"
            name += ", as many as there are anomalies" if label == "n_anomalies" else ""
            out[f"precision_at[{label}]"] = share_estimate(name, hits, k, "")
    return out


def _alerts(flagged: np.ndarray, y: np.ndarray, ways: Resampling) -> dict[str, Estimate]:
    """Return what the flagged rows are worth."""
    return {
        "recall": ways.share("Anomalies that are flagged (recall)", flagged, y, ""),
        "precision": ways.share(
            "Flagged rows that are anomalies (precision)", y, flagged, "no row was flagged"
        ),
        "false_alarm_rate": ways.share(
            "Normal rows that are flagged (false alarms)", flagged, ~y, ""
        ),
    }


def _ranking_table(areas: dict, tops: dict, y: np.ndarray, ways: Resampling) -> Table:
    rows = [[e.name, e] for e in (areas | tops).values()]
    note = (
        f"{int(y.sum())} anomalies among {len(y)} test rows. By chance ROC AUC is 0.5 and average "
        f"precision {percent(y.mean())}. Areas: {ways.how}."
    )
    if tops:
        note += " Precision in the top: Wilson, rows of equal score counted in part."
    return Table("Ranking", ["score", "on test rows"], rows, note)


def _series_table(volumes: dict[str, Estimate], buffer: int, ways: Resampling) -> Table:
    rows = [[e.name, e] for e in volumes.values()]
    note = (
        f"Volumes: areas averaged over buffers of 0 to {buffer} time points around each segment, "
        f"which forgive alerts somewhat early or late. Affiliation: how near alerts and segments "
        f"are, compared with alerts at random. Intervals: normal, from a {ways.how}."
    )
    return Table("Segments of the series", ["score", "on the test series"], rows, note)


def _alert_table(flagged: np.ndarray, y: np.ndarray, alerts: dict[str, Estimate]) -> Table:
    hits, false = int((flagged & y).sum()), int((flagged & ~y).sum())
    rows = [
        [estimate.name, count, estimate]
        for count, estimate in zip((hits, hits, false), alerts.values(), strict=True)
    ]
    note = f"{int(flagged.sum())} rows are flagged at the detector's own threshold."
    return Table("Alerts", ["what", "rows", "share"], rows, note)


def _curves(context: AuditContext, y: np.ndarray) -> list[Figure]:
    """Draw both curves, read off at fixed places (no row can be found)."""
    tp, fp = RankedScores(y, context.scores).curve()
    recall, fall_out = tp / tp[-1], fp / fp[-1]
    precision = np.divide(tp, tp + fp, np.ones_like(tp), where=tp + fp > 0)
    place = np.minimum(np.searchsorted(recall, _GRID[1:] - 1e-12), len(recall) - 1)
    hits, given = int((context.flagged & y).sum()), int(context.flagged.sum())
    share = float(hits / y.sum())
    roc = {"detector": (_GRID, np.interp(_GRID, fall_out, recall))}
    pr = {"detector": (_GRID[1:], precision[place])}
    box = {"x_range": (0.0, 1.0), "y_range": (0.0, 1.0)}
    at = {"own threshold": (float((given - hits) / (~y).sum()), share)}
    both = {"own threshold": (share, hits / given)} if given else {}
    return [
        line_chart(
            "ROC curve",
            roc,
            "share of normal rows flagged",
            "share of anomalies found",
            reference="diagonal",
            points=at,
            **box,
        ),
        line_chart("Precision and recall", pr, "recall", "precision", points=both, **box),
    ]
