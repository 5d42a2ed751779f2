"""A detector beside cheap ones fitted on the same rows."""

from __future__ import annotations

from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._beside import Beside, alike_of, fit_beside, gains_of
from appliednn.audit.checks._cheap_detectors import KINDS, SHORT
from appliednn.audit.checks._detection_labels import AREAS
from appliednn.audit.checks._detector import DetectorCheck, n_top
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._resampling import percentile_interval

_ALIKE = 0.95
# Less than this another seed of one and the same detector may gain.
_MATTERS = 0.02


class DetectorBaselines(DetectorCheck):
    """Whether a cheap detector finds as much, or, without labels, says the same."""

    id = "ANN905"
    title = "Against cheap detectors"
    keys = (
        *(f"{area}_vs_{kind}" for area in (*AREAS, "vus_pr") for kind in (*KINDS, "pca")),
        "rank_correlation",
        "top_overlap",
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Fit the cheap detectors; bootstrap differences in pairs."""
        made = fit_beside(context, self.id)
        gains, draws, points = gains_of(made)
        alike = alike_of(made)
        return CheckResult(
            gains | alike,
            self._findings(made, gains, draws, alike),
            [*_gain_table(made, gains, points), _alike_table(made, alike)],
            _figures(made, gains, alike),
            summary=_summary(made, gains, alike),
        )

    def _findings(self, made: Beside, gains, draws, alike) -> list[Finding]:
        findings = []
        beaten = _better(made, gains, draws)
        if beaten:
            name = made.names[next(iter(beaten))]
            told = "; ".join(
                f"over {made.names[kind]} {said(gains[key])}" for kind, key in beaten.items()
            )
            area = made.areas[next(iter(beaten.values())).split("_vs_")[0]]
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "medium",
                    f"{name[0].upper()}{name[1:]} finds more",
                    f"On the same rows cheaper detectors find more; the detector's gain in {area} "
                    f"is negative: {told}.",
                    "Use the cheaper one, or tune the detector until it is worth its cost.",
                )
            )
        same = [k for k in made.names if (alike[f"rank_correlation[{k}]"].value or 0) > _ALIKE]
        if same:
            told = alike[f"rank_correlation[{same[0]}]"]
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "info",
                    "A cheap detector says the same",
                    f"Scores rank the test rows as {made.names[same[0]]} does: rank correlation "
                    f"{said(told)}.",
                )
            )
        return findings


def _better(made: Beside, gains: dict[str, Estimate], draws) -> dict[str, str]:
    """Return cheap detectors that surely find more, worst first, with the key of the gain.

    The level is corrected for all looks; the area is the first in which any finds more.
    """
    level = 1 - 0.05 / (len(made.theirs) * len(made.areas))
    for area in made.areas:
        found = {
            kind: f"{area}_vs_{kind}"
            for kind in made.theirs
            if gains
            and gains[f"{area}_vs_{kind}"].value is not None
            and percentile_interval(draws[f"{area}_vs_{kind}"], level)[1] < -_MATTERS
        }
        if found:
            return dict(sorted(found.items(), key=lambda item: gains[item[1]].value))
    return {}


def _gain_table(made: Beside, gains: dict[str, Estimate], areas: dict) -> list[Table]:
    if not gains:
        return []
    rows = [["the detector", *(v for a in made.areas for v in (float(areas[""][a][0]), None))]]
    for kind, name in made.names.items():
        theirs = areas[kind]
        cells = [v for a in made.areas for v in (float(theirs[a][0]), gains[f"{a}_vs_{kind}"])]
        rows.append([name, *cells])
    head = ["", *(v for name in made.areas.values() for v in (name, "gain of the detector"))]
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
    for area, name in made.areas.items():
        rows = {f"over {_short(k)}": gains[f"{area}_vs_{k}"] for k in made.names}
        title = f"Gain over cheap detectors, {name}"
        figures.append(interval_chart(title, rows, x_label=f"gain in {name}", zero=0.0))
    return figures


def _short(kind: str) -> str:
    return SHORT.get(kind, kind.upper())


def _summary(made: Beside, gains, alike) -> str:
    if gains:
        area, name = next(iter(made.areas.items()))
        best = min(made.names, key=lambda k: gains[f"{area}_vs_{k}"].value or 0.0)
        gain = said(gains[f"{area}_vs_{best}"])
        return (
            f"The strongest cheap detector is {made.names[best]}: gain over it in {name} {gain}."
        )
    near = max(made.names, key=lambda k: alike[f"rank_correlation[{k}]"].value or 0.0)
    return (
        "Without labels no detector can be called better. The scores rank rows most as "
        f"{made.names[near]} does: correlation {said(alike[f'rank_correlation[{near}]'])}."
    )
