"""A detector beside cheap ones fitted on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._cheap_detectors import KINDS, SHORT, encode_alike, fit_cheap
from appliednn.audit.checks._cheap_series import fit_cheap_series, series_kinds
from appliednn.audit.checks._detection_labels import AREAS, areas_of
from appliednn.audit.checks._detector import (
    DetectorCheck,
    Resampling,
    count_option,
    n_top,
    rank_correlation,
    resampling,
    some_rows,
    top_rows,
)
from appliednn.audit.checks._intervals import estimate_of
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._ranking import RankedScores
from appliednn.diagnostics._resampling import percentile_interval

_MOST_ROWS = 10_000
_FEWEST = 20
_ALIKE = 0.95
# Less than this another seed of one and the same detector may gain.
_MATTERS = 0.02


@dataclass(frozen=True)
class Beside:
    """Scores of the detector and of each cheap one for the same test rows.

    Attributes
    ----------
    names : dict
        Key of a cheap detector to how the report calls it.
    ours : ndarray of shape (n,)
    theirs : dict of str to ndarray of shape (n,)
    y : ndarray of bool, shape (n,), or None
    n_train : int
        Rows the cheap ones were fitted on.
    ways : Resampling
    """

    names: dict[str, str]
    ours: np.ndarray
    theirs: dict[str, np.ndarray]
    y: np.ndarray | None
    n_train: int
    ways: Resampling


class DetectorBaselines(DetectorCheck):
    """Whether a cheap detector finds as much, or, without labels, says the same."""

    id = "ANN905"
    title = "Against cheap detectors"
    keys = (
        *(f"{area}_vs_{kind}" for area in AREAS for kind in (*KINDS, "pca")),
        "rank_correlation",
        "top_overlap",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Fit the cheap detectors; bootstrap differences in pairs."""
        made = _fit(context, self.id)
        gains, draws, points = _gains(made)
        alike = _alike(made)
        return CheckResult(
            gains | alike,
            self._findings(made, gains, draws, alike),
            [*_gain_table(made, gains, points), _alike_table(made, alike)],
            _figures(made, gains, alike),
            summary=_summary(made, gains, alike),
        )

    def _findings(self, made: Beside, gains, draws, alike) -> list[Finding]:
        findings = []
        level = 1 - 0.05 / (len(made.theirs) * len(AREAS))
        for number, (kind, name) in enumerate(made.names.items(), start=1):
            for area in AREAS:
                key = f"{area}_vs_{kind}"
                if key not in gains or gains[key].value is None:
                    continue
                if percentile_interval(draws[key], level)[1] < -_MATTERS:
                    findings.append(
                        Finding(
                            f"{self.id}.{number}",
                            "medium",
                            f"{name[0].upper()}{name[1:]} finds more",
                            f"On the same rows {name} beats the detector: the detector's gain in "
                            f"{AREAS[area]} is {said(gains[key])}.",
                            "Use it, or tune the detector until it is worth its cost.",
                        )
                    )
                    break
        same = [k for k in made.names if (alike[f"rank_correlation[{k}]"].value or 0) > _ALIKE]
        if same:
            told = alike[f"rank_correlation[{same[0]}]"]
            findings.append(
                Finding(
                    f"{self.id}.9",
                    "info",
                    "A cheap detector says the same",
                    f"Scores rank the test rows as {made.names[same[0]]} does: rank correlation "
                    f"{said(told)}.",
                )
            )
        return findings


def _fit(context: AuditContext, check_id: str) -> Beside:
    """Fit the cheap detectors on at most ``max_baseline_rows`` rows and score the test rows."""
    if context.X_train is None:
        raise NotApplicable("no training data were given, so no cheap detector can be fitted")
    most = count_option(context, "max_baseline_rows", _MOST_ROWS, least=_FEWEST)
    chosen = some_rows(context, len(context.X_train), most, f"{check_id} training")
    if len(chosen) < _FEWEST:
        raise NotApplicable(
            f"{len(chosen)} training rows are too few for neighbours (at least {_FEWEST})"
        )
    rows = some_rows(context, len(context.X_test), most, check_id)
    train, test = context.X_train.iloc[chosen], context.X_test.iloc[rows]
    ours, ways = context.scores[rows], resampling(context, check_id)
    y = None if context.y_test is None else context.y_test[rows] == 1
    y = None if y is None or y.all() or not y.any() else y
    block = min(ways.block, max(2, len(rows) // 10)) if ways.block > 1 else 1
    ways = Resampling(len(rows), ways.seed, block, None if block > 1 else y)
    if context.reads_series:
        names = series_kinds()
        theirs = fit_cheap_series(context, train, test, ways.seed)
    else:
        names = KINDS
        if not train.notna().any().any():
            raise NotApplicable("no training column has a value")
        Z, Z_test = encode_alike(train, test)
        theirs = {kind: fit_cheap(kind, Z, ways.seed)(Z_test) for kind in KINDS}
    return Beside(names, ours, theirs, y, len(chosen), ways)


def _gains(made: Beside) -> tuple[dict[str, Estimate], dict[str, np.ndarray], dict]:
    """Return the gain in each area over each cheap detector, its draws, and the areas."""
    if made.y is None:
        return {}, {}, {}
    ranked = {k: RankedScores(made.y, s) for k, s in made.theirs.items()}
    own = RankedScores(made.y, made.ours)

    def differences(counts: np.ndarray) -> dict[str, np.ndarray]:
        ours = areas_of(own, counts)
        return {
            f"{area}_vs_{kind}": ours[area] - theirs[area]
            for kind, theirs in ((k, areas_of(r, counts)) for k, r in ranked.items())
            for area in AREAS
        }

    draws, once = made.ways.draws(differences), np.ones((1, len(made.y)))
    point, gains = differences(once), {}
    for key, value in point.items():
        area, kind = key.split("_vs_")
        name = f"{AREAS[area]}, gain over {made.names[kind]}"
        gains[key] = estimate_of(
            name, float(value[0]), draws[key], len(made.y), made.ways.seed, ""
        )
    areas = {kind: areas_of(r, once) for kind, r in {"": own, **ranked}.items()}
    return gains, draws, areas


def _alike(made: Beside) -> dict[str, Estimate]:
    """Return the rank correlation with each cheap detector and the overlap of the top rows."""
    out, n = {}, len(made.ours)
    top = top_rows(made.ours, n_top(n))
    for kind, scores in made.theirs.items():
        name = f"Rank correlation with {made.names[kind]}"
        value = rank_correlation(made.ours, scores)
        draws = made.ways.draws(
            lambda c, s=scores: {"r": weighted_rank_correlation(made.ours, s, c)}
        )
        out[f"rank_correlation[{kind}]"] = estimate_of(
            name, value, draws["r"], n, made.ways.seed, ""
        )
        theirs = top_rows(scores, n_top(n))
        out[f"top_overlap[{kind}]"] = made.ways.share(
            f"Overlap of the top rows with {made.names[kind]}", top & theirs, top | theirs, ""
        )
    return out


def weighted_rank_correlation(a: np.ndarray, b: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the correlation of the ranks of two scores for counts of shape (b, n)."""
    from scipy.stats import rankdata

    ranks = np.column_stack([rankdata(a), rankdata(b)]) / len(a)
    x, y = ranks.T
    total = counts.sum(1)
    mx, my = (counts @ ranks / total[:, None]).T
    squares = counts @ np.column_stack([x * x, y * y, x * y]) / total[:, None]
    vx, vy, cov = squares[:, 0] - mx**2, squares[:, 1] - my**2, squares[:, 2] - mx * my
    spread = np.sqrt(np.maximum(vx, 0) * np.maximum(vy, 0))
    return np.divide(cov, spread, np.zeros_like(cov), where=spread > 0)


def _gain_table(made: Beside, gains: dict[str, Estimate], areas: dict) -> list[Table]:
    if not gains:
        return []
    rows = [["the detector", *(v for a in AREAS for v in (float(areas[""][a][0]), None))]]
    for kind, name in made.names.items():
        cells = [v for a in AREAS for v in (float(areas[kind][a][0]), gains[f"{a}_vs_{kind}"])]
        rows.append([name, *cells])
    head = ["", *(v for name in AREAS.values() for v in (name, "gain of the detector"))]
    note = (
        f"Fitted on {made.n_train} training rows with default settings, labels unseen. Gain: "
        f"paired {made.ways.how}, positive when the detector is better."
    )
    return [Table("Cheap detectors", head, rows, note)]


def _alike_table(made: Beside, alike: dict[str, Estimate]) -> Table:
    rows = [
        [name, alike[f"rank_correlation[{k}]"], alike[f"top_overlap[{k}]"]]
        for k, name in made.names.items()
    ]
    k = n_top(len(made.ours))
    note = (
        f"{len(made.ours)} test rows; cheap detectors fitted on {made.n_train} training rows. "
        f"Rank correlation: Spearman, {made.ways.how}. Overlap: of the {k} rows of highest score, "
        "those in both lists of those in either."
    )
    return Table("Agreement", ["", "rank correlation", "overlap of the top rows"], rows, note)


def _figures(made: Beside, gains, alike) -> list[Figure]:
    if not gains:
        rows = {_short(k): alike[f"rank_correlation[{k}]"] for k in made.names}
        return [interval_chart("Agreement with cheap detectors", rows, x_label="rank correlation")]
    figures = []
    for area, name in AREAS.items():
        rows = {f"over {_short(k)}": gains[f"{area}_vs_{k}"] for k in made.names}
        title = f"Gain over cheap detectors, {name}"
        figures.append(interval_chart(title, rows, x_label=f"gain in {name}", zero=0.0))
    return figures


def _short(kind: str) -> str:
    return SHORT.get(kind, kind.upper())


def _summary(made: Beside, gains, alike) -> str:
    if gains:
        told = [f"{name} by {said(gains[f'roc_auc_vs_{k}'])}" for k, name in made.names.items()]
        return f"Gain in {AREAS['roc_auc']} over " + ", ".join(told) + "."
    told = [f"{name} {said(alike[f'rank_correlation[{k}]'])}" for k, name in made.names.items()]
    return "Without labels no detector can be called better. Rank correlation with " + (
        ", ".join(told) + "."
    )
