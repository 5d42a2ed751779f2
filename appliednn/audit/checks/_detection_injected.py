"""What a detector notices of anomalies whose size is known, because they were put there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit._library_errors import failures
from appliednn.audit.checks._detector import DetectorCheck, count_option, some_rows
from appliednn.audit.checks._inject import (
    move_one_number,
    new_level,
    permute_columns,
    spreads,
    text_columns,
)
from appliednn.audit.checks._inject_series import ANOMALY_LENGTH, MOST_POINTS, injected_stretches
from appliednn.audit.checks._intervals import estimate_of, n_resamples, perfect, share_estimate
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate, not_estimable
from appliednn.diagnostics._ranking import RankedScores
from appliednn.diagnostics._resampling import bootstrap_draws

SIZES = (1, 2, 3, 5)
_MOST_ROWS = 1000
_SEEN = 0.6
_NO_NUMBERS = "no column is continuous"


@dataclass(frozen=True)
class Pair:
    """Scores of the same rows, or stretches of a series, untouched and with an anomaly.

    Attributes
    ----------
    kind : str
        Name of the anomaly.
    untouched, injected : ndarray of shape (n,)
        Anomaly scores.
    flagged, flagged_before : ndarray of bool, shape (n,)
        Which rows are above the detector's own threshold, injected and untouched.
    """

    kind: str
    untouched: np.ndarray
    injected: np.ndarray
    flagged: np.ndarray
    flagged_before: np.ndarray


class Injected(DetectorCheck):
    """How surely rows with an anomaly put into them score higher than the same rows untouched."""

    id = "ANN904"
    title = "Injected anomalies"
    keys = ("injected_roc_auc", "injected_recall")

    def run(self, context: AuditContext) -> CheckResult:
        """Score each row with and without; intervals resample rows with their copies."""
        seed = context.seed(self.id)
        refused: dict[str, str] = {}
        make = _series_pairs if context.reads_series else _row_pairs
        pairs = list(make(context, self.id, refused))
        if not pairs and not refused:
            raise NotApplicable(f"{_NO_NUMBERS} or text, so there is nothing to inject")
        estimates: dict[str, Estimate] = {}
        for pair in pairs:
            estimates[f"injected_roc_auc[{pair.kind}]"] = _area(pair, seed)
            name = f"Injected anomalies that are flagged, {pair.kind}"
            found = share_estimate(name, int(pair.flagged.sum()), len(pair.flagged), "")
            estimates[f"injected_recall[{pair.kind}]"] = found
        for kind, why in refused.items():
            name = f"ROC AUC of injected anomalies, {kind}"
            estimates[f"injected_roc_auc[{kind}]"] = not_estimable(name, 0, why)
        for size in SIZES:
            key, name = f"injected_roc_auc[{size} sd]", f"ROC AUC of injected anomalies, {size} sd"
            estimates.setdefault(key, not_estimable(name, len(context.X_test), _NO_NUMBERS))
        areas = _by_kind(estimates, "injected_roc_auc")
        return CheckResult(
            estimates,
            self._findings(areas),
            [_table(context, estimates, areas, pairs)],
            [
                interval_chart(
                    "Injected against untouched", areas, x_label="ROC AUC (0.5: chance)", zero=0.5
                )
            ],
            summary=_summary(areas),
        )

    def _findings(self, areas: dict[str, Estimate]) -> list[Finding]:
        findings = []
        large = [k for k, e in areas.items() if k.endswith("5 sd") and e.ci and e.ci[1] < _SEEN]
        if large:
            said_of = "; ".join(f"{kind}: {said(areas[kind])}" for kind in large)
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "medium",
                    "Large anomalies go unnoticed",
                    f"ROC AUC of rows with a value five standard deviations away against the same "
                    f"rows untouched: {said_of}; 0.5 is chance.",
                    "Check the scaling of the columns; leave out columns that only add noise.",
                )
            )
        mixed = areas.get("permuted")
        if mixed is not None and mixed.ci is not None and mixed.ci[1] < _SEEN:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "info",
                    "Unusual combinations go unnoticed",
                    "Rows whose values are usual one by one but do not belong together score "
                    f"hardly higher: ROC AUC {said(mixed)}. The columns may be independent, or "
                    "the detector looks at each by itself.",
                )
            )
        refused = [kind for kind, e in areas.items() if e.value is None and e.n == 0]
        if refused:
            findings.append(
                Finding(
                    f"{self.id}.3",
                    "low",
                    "The detector refuses what it has not seen",
                    f"It gives no score for {', '.join(refused)}: {areas[refused[0]].reason}.",
                    "Encode unknown levels as a level of their own: they are what to look for.",
                )
            )
        return findings


def _area(pair: Pair, seed: int) -> Estimate:
    """Return ROC AUC of injected against untouched rows, resampled in pairs."""
    n = len(pair.untouched)
    ranked = RankedScores(
        np.repeat([False, True], n), np.concatenate([pair.untouched, pair.injected])
    )

    def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"area": ranked.roc_auc(np.hstack([counts, counts]))}

    draws = bootstrap_draws(statistic, n, n_resamples(2 * n), seed)["area"]
    name = f"ROC AUC of injected anomalies, {pair.kind}"
    return perfect(estimate_of(name, ranked.roc_auc(), draws, n, seed, ""), n)


def _row_pairs(context: AuditContext, check_id: str, refused: dict[str, str]) -> Iterator[Pair]:
    """Yield one pair a kind of anomaly; what the detector refuses goes to ``refused``."""
    most = count_option(context, "max_rows", _MOST_ROWS)
    X = context.X_test.iloc[some_rows(context, len(context.X_test), most, check_id)]
    X = X.reset_index(drop=True)
    reference = context.X_test if context.X_train is None else context.X_train
    rng = context.rng(f"{check_id} anomalies")
    made: dict[str, pd.DataFrame] = {}
    if spreads(reference):
        for size in SIZES:
            made[f"{size} sd"] = move_one_number(X, reference, size, rng).X
    if X.shape[1] > 1:
        made["permuted"] = permute_columns(X, rng)
    texts = text_columns(reference)
    if texts:
        made["new level"] = new_level(X, texts, rng)
    untouched, before = context.anomaly_score(X), context.calls(X)
    for kind, rows in made.items():
        try:
            scores = context.anomaly_score(rows)
            flagged = context.calls(rows)
        except failures() as error:
            refused[kind] = " ".join(str(error).split())[:160] or type(error).__name__
            continue
        yield Pair(kind, untouched, scores, flagged, before)


def _series_pairs(context: AuditContext, check_id: str, refused: dict[str, str]) -> Iterator[Pair]:
    """Yield one pair a kind of anomaly in stretches of the series."""
    del refused  # numbers are moved; there is nothing that a detector of series could refuse
    most = count_option(context, "max_points", MOST_POINTS)
    points = some_rows(context, len(context.X_test), most, check_id)
    rng = context.rng(f"{check_id} anomalies")
    for kind, *parts in injected_stretches(context, points, rng):
        yield Pair(kind, *parts)


def _by_kind(estimates: dict[str, Estimate], stem: str) -> dict[str, Estimate]:
    """Return estimates by what stands in brackets."""
    start = f"{stem}["
    return {key[len(start) : -1]: e for key, e in estimates.items() if key.startswith(start)}


def _table(context: AuditContext, estimates, areas: dict[str, Estimate], pairs) -> Table:
    found = _by_kind(estimates, "injected_recall")
    rows = [[kind, areas[kind], found.get(kind)] for kind in areas]
    n = len(pairs[0].untouched) if pairs else 0
    if context.reads_series:
        note = (
            f"{n} stretches of the test series, each with an anomaly in one channel and without; "
            "a stretch counts by its highest score. sd: one time point moved by so many standard "
            f"deviations of the channel; level shift and frozen: {ANOMALY_LENGTH} time points at "
            "most, moved, or kept at their first value. "
        )
    else:
        note = (
            f"{n} test rows, each with an anomaly and untouched. sd: one number of the row moved "
            "by so many standard deviations of its column; permuted: all columns shuffled, so "
            "that values do not belong together; new level: a text that never occurred. "
        )
    note += "Bootstrap over pairs; shares: Wilson."
    if pairs:
        before = pairs[0].flagged_before
        rows.insert(0, ["untouched", None, share_estimate("", int(before.sum()), n, "")])
    return Table("Injected anomalies", ["anomaly", "ROC AUC", "flagged"], rows, note)


def _summary(areas: dict[str, Estimate]) -> str:
    sure = [k for k, e in areas.items() if e.ci is not None and e.ci[0] > 0.5]
    best = {k: e for k, e in areas.items() if e.value is not None}
    if not best:
        return "The detector refuses every injected anomaly."
    top = max(best, key=lambda k: best[k].value)
    return (
        f"{len(sure)} of {len(areas)} kinds of injected anomalies surely score higher than "
        f"untouched rows; most so {top}: ROC AUC {said(areas[top])}."
    )
