"""Sections of the page: those with a failure first, what is fine folded away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from appliednn.audit._gates import GateResult
from appliednn.audit._records import CheckRecord
from appliednn.audit.report._page_tables import table_view
from appliednn.audit.report._safe_svg import safe_svg

if TYPE_CHECKING:
    from appliednn.audit._report import AuditReport

SECTION_TITLES: dict[str, str] = {
    "detection": "Detection of anomalies",
    "performance": "Performance",
    "baselines": "Against cheap baselines",
    "calibration": "Calibration",
    "threshold": "Decision threshold and cost",
    "slices": "Weak slices",
    "fairness": "Groups and fairness",
    "robustness": "Robustness",
    "missing": "Missing values",
    "text": "Texts: data, attacks, explanations, persons",
    "tagging": "Tags and entities",
    "writing": "Written texts",
    "explanations": "Explanations, and tests of them",
    "training": "Training health",
    "data": "Data",
    "resources": "Size and speed",
}
_URGENCY = {"fail": 0, "open": 1, "hint": 2, "pass": 3}


def section_views(report: AuditReport) -> list[dict]:
    """Return the sections, the urgent first, each with its checks."""
    views = [_section(name, records, report) for name, records in report.sections.items()]
    order = list(SECTION_TITLES)
    place = {name: order.index(name) if name in order else len(order) for name in report.sections}
    return sorted(views, key=lambda v: (_URGENCY[v["kind"]], place[v["name"]]))


def _section(name: str, records: list[CheckRecord], report: AuditReport) -> dict:
    """Return one section with its state in words."""
    gates = [g for g in report.gates if g.section == name]
    findings = [f for r in records for f in r.result.findings]
    kind, state = _state(gates, [f.severity for f in findings])
    failed = {g.check for g in gates if g.fails}
    checks = [_check(record, record.id in failed) for record in records]
    return {
        "name": name,
        # Sections of the caller's own checks cannot collide with the page's own anchors.
        "anchor": name if name in SECTION_TITLES else "section-" + re.sub(r"\W+", "-", name),
        "title": SECTION_TITLES.get(name, name.replace("_", " ").capitalize()),
        "kind": kind,
        "state": state,
        "checks": sorted(checks, key=lambda c: c["folded"]),
    }


def _state(gates: list[GateResult], severities: list[str]) -> tuple[str, str]:
    """Return the colour of a section and its state in words."""
    failed = sum(g.fails for g in gates)
    defects = sum(s in ("high", "medium") for s in severities)
    weak = severities.count("low")
    said = []
    if failed:
        said.append(f"{failed} gate{'s' * (failed != 1)} failed")
    if defects:
        said.append(f"{defects} defect{'s' * (defects != 1)}")
    if weak:
        said.append(f"{weak} weakness{'es' * (weak != 1)}")
    if any(not g.fails and g.status == "INCONCLUSIVE" for g in gates):
        said.append("gate inconclusive")
    if failed or "high" in severities:
        kind = "fail"
    elif defects or (said and not weak):
        kind = "open"
    else:
        kind = "hint" if said else "pass"
    return kind, ", ".join(said) or "nothing found"


def _check(record: CheckRecord, gate_failed: bool) -> dict:
    """Return one check; it is folded when it found no defect and no gate on it fails."""
    from appliednn.audit._report import worst_first
    from appliednn.audit.report._page_top import finding_view

    result = record.result
    loud = any(f.severity in ("high", "medium") for f in result.findings)
    figures = [{"title": f.title, "alt": f.alt, "svg": safe_svg(f.svg)} for f in result.figures]
    return {
        "id": record.id,
        "title": record.title,
        "summary": result.summary,
        "folded": not (loud or gate_failed),
        "findings": [finding_view(f) for f in worst_first(result.findings)],
        "figures": figures,
        "tables": [table_view(t.title, t.columns, t.rows, t.note) for t in result.tables],
    }
