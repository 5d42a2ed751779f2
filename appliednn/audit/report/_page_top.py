"""The first screen: verdict, counts, gates, worst findings, what was not checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliednn.audit._base import Finding
from appliednn.audit._gates import INCONCLUSIVE, GateResult
from appliednn.audit._records import NotChecked
from appliednn.audit._verdict import Verdict
from appliednn.audit.report._format import estimate_texts, format_number
from appliednn.audit.report._gate_plot import gate_plot
from appliednn.audit.report._page_sections import SECTION_TITLES

if TYPE_CHECKING:
    from appliednn.audit._report import AuditReport

KINDS = {"PASS": "pass", "FAIL": "fail", "INCONCLUSIVE": "open"}
_GLYPHS = {
    "PASS": "M10 16.5l4.2 4.2L22.5 11.5",
    "FAIL": "M11 11l10 10M21 11L11 21",
    "INCONCLUSIVE": "M10.5 16h.01M16 16h.01M21.5 16h.01",
}
_LABELS = {"high": "high", "medium": "medium", "low": "low", "info": "hint"}
N_WORST = 5


def verdict_view(verdict: Verdict) -> dict:
    """Return the verdict with its colour and sign."""
    status = verdict.status
    return {
        "status": status,
        "reason": verdict.reason,
        "kind": KINDS[status],
        "glyph": _GLYPHS[status],
    }


def count_views(report: AuditReport) -> list[dict]:
    """Return the figures beside the verdict."""
    n_run = sum(len(records) for records in report.sections.values())
    passed = sum(g.status == "PASS" for g in report.gates)
    defects = sum(f.severity in ("high", "medium") for f in report.findings)
    return [
        {
            "label": "gates passed",
            "value": f"{passed} of {len(report.gates)}" if report.gates else "none",
        },
        {"label": "defect found" if defects == 1 else "defects found", "value": str(defects)},
        {"label": "checks run", "value": f"{n_run} of {n_run + len(report.not_checked)}"},
    ]


def gate_views(gates: Sequence[GateResult]) -> list[dict]:
    """Return the rows of the gates table."""
    return [_gate(g) for g in gates]


def worst_views(report: AuditReport) -> tuple[list[dict], str, str]:
    """Return the worst findings, how many more there are in words, and the heading.

    Hints are no findings of this list.
    """
    real = [f for f in report.findings if f.severity != "info"]
    worst = [finding_view(f) for f in real[:N_WORST]]
    left, hints = len(real) - len(worst), len(report.findings) - len(real)
    said = [f"{left} more finding{'s' * (left != 1)}"] if left else []
    said += [f"{hints} hint{'s' * (hints != 1)}"] if hints else []
    words = {0: "Findings", 1: "The one finding", 2: "Both findings"}
    title = words.get(len(real), "Worst findings" if left else "Findings, worst first")
    return worst, " and ".join(said), title


def not_checked_views(entries: Sequence[NotChecked]) -> list[dict]:
    """Return the list of what gave no evidence; checks of a section share a line with a reason."""
    lines: dict[tuple, dict] = {}
    for n in entries:
        section, reason = SECTION_TITLES.get(n.section, n.section), _sentence(n)
        line = {"section": section, "reason": reason, "failed": n.failed, "checks": []}
        line = lines.setdefault((section, reason, n.failed), line)
        line["checks"].append({"title": n.title, "id": n.id})
    return list(lines.values())


def finding_view(finding: Finding) -> dict:
    """Return a finding with its label and the check it belongs to."""
    return {
        "id": finding.id,
        "check": finding.id.partition(".")[0],
        "severity": finding.severity,
        "label": _LABELS[finding.severity],
        "title": finding.title,
        "text": finding.text,
        "action": finding.action,
    }


def _gate(result: GateResult) -> dict:
    """Return one row of the gates table."""
    estimate, gate = result.estimate, result.gate
    sign = {">=": "\u2265", "<=": "\u2264"}[gate.op]
    undecided = result.status == INCONCLUSIVE
    absent = estimate is None or estimate.value is None
    value, interval = ("none", "") if absent else estimate_texts(estimate)
    return {
        "status": result.status.lower(),
        "kind": KINDS[result.status],
        "policy": "counts as failed" if undecided and result.fails else "",
        "name": result.name,
        "metric": gate.metric,
        "check": result.check,
        "reason": result.reason,
        "because": gate.reason,
        "condition": f"{sign} {_threshold(gate.threshold)}",
        "value": value,
        "ci": interval,
        "n": "" if estimate is None else format_number(int(estimate.n)),
        "plot": gate_plot(result),
    }


def _threshold(value: float) -> str:
    """Return a threshold as it was written, not rounded."""
    return f"{value:.12g}".replace("-", "\u2212")


def _sentence(entry: NotChecked) -> str:
    """Return the reason as a sentence."""
    text = entry.reason.removeprefix("failed: ").strip() if entry.failed else entry.reason.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "\u2026")) else text + "."
