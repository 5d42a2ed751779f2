"""What changed between two reports: gates, numbers beyond their intervals, findings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appliednn.audit._report import SCHEMA_VERSION, AuditReport

_RANK = {"PASS": 0, "INCONCLUSIVE": 1, "FAIL": 2}
_SOURCES = "a path of a report.json, its content, or an AuditReport"


@dataclass(frozen=True)
class ReportDiff:
    """The differences of two reports.

    Attributes
    ----------
    exit_code : int
        0: no regression; 4: the verdict or a gate got worse; 2: a report could not be read.
    lines : list of str
        The differences in words, what matters most first.
    verdict : dict
        ``old`` and ``new`` status.
    gates, metrics, findings : list of dict
        Gates with ``change`` ("worse", "better", "new", "gone"), metrics that moved beyond
        their intervals, findings with ``change`` ("new", "gone").
    """

    exit_code: int
    lines: list[str]
    verdict: dict = field(default_factory=dict)
    gates: list[dict] = field(default_factory=list)
    metrics: list[dict] = field(default_factory=list)
    findings: list[dict] = field(default_factory=list)

    def to_dict(self) -> dict:
        """Return a JSON-ready dict."""
        return {
            "exit_code": self.exit_code,
            "verdict": dict(self.verdict),
            "gates": list(self.gates),
            "metrics": list(self.metrics),
            "findings": list(self.findings),
        }


def diff_reports(
    old: str | os.PathLike | Mapping | AuditReport, new: str | os.PathLike | Mapping | AuditReport
) -> ReportDiff:
    """Compare two reports.

    A metric counts as moved when each value lies outside the other's interval, so that two
    audits which differ by chance differ in nothing. A gate got worse when it went from PASS to
    INCONCLUSIVE or FAIL, or from INCONCLUSIVE to FAIL.

    Parameters
    ----------
    old, new : path, mapping or AuditReport
        Two ``report.json`` files, their content, or reports.

    Returns
    -------
    ReportDiff

    Examples
    --------
    >>> diff_reports("/nowhere/old.json", {}).exit_code
    2
    """
    (before, fault), (after, other_fault) = _read(old, "old"), _read(new, "new")
    faults = [f for f in (fault, other_fault) if f]
    if faults:
        return ReportDiff(2, faults)
    verdict = {"old": before["verdict"]["status"], "new": after["verdict"]["status"]}
    gates = _gates(before, after)
    metrics, n_same = _metrics(before, after)
    findings = _findings(before, after)
    worse = _RANK[verdict["new"]] > _RANK[verdict["old"]]
    worse = worse or any(g["change"] == "worse" for g in gates)
    lines = [_verdict_line(verdict), *map(_gate_line, gates), *map(_metric_line, metrics)]
    lines += [f"finding {f['change']}: {f['id']} ({f['severity']}) {f['title']}" for f in findings]
    lines.append(f"{n_same} metrics did not move beyond their intervals")
    return ReportDiff(4 if worse else 0, lines, verdict, gates, metrics, findings)


def _read(source, which: str) -> tuple[dict, str]:
    """Return a report's content, or what is wrong with it."""
    if isinstance(source, AuditReport):
        return source.to_dict(), ""
    where = which
    if isinstance(source, (str, os.PathLike)):
        where = f"{which} report {os.fspath(source)}"
        try:
            source = json.loads(Path(source).read_text("utf-8"))
        except OSError as error:
            return {}, f"{where}: cannot be read: {error.strerror or error}"
        except ValueError as error:
            return {}, f"{where}: is not JSON: {error}"
    if not isinstance(source, Mapping):
        return {}, f"{where}: is no report; give {_SOURCES}"
    version = str(source.get("schema_version", ""))
    if version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        said = f"has schema_version {version!r}" if version else "has no schema_version"
        return {}, f"{where}: {said}; this version reads {SCHEMA_VERSION}"
    return _whole(source, where)


def _whole(source: Mapping, where: str) -> tuple[dict, str]:
    """Return a report that has what the comparison reads, or what it misses."""
    try:
        _ = _RANK[source["verdict"]["status"]]
        for gate in source["gates"]:
            _ = gate["id"], _RANK[gate["status"]], gate["fails"], gate["metric"]
        for finding in source["findings"]:
            _ = finding["id"], finding["severity"], finding["title"]
        for _, estimate in _estimates(source).items():
            _ = estimate["value"], estimate["ci"]
    except (KeyError, TypeError, AttributeError) as error:
        return {}, f"{where}: is damaged: {type(error).__name__}: {error}"
    return dict(source), ""


def _rank(gate: Mapping) -> int:
    """Return how bad a gate stands; undecided counts as failed where it was set so."""
    return _RANK["FAIL"] if gate["fails"] else _RANK[gate["status"]]


def _gates(before: dict, after: dict) -> list[dict]:
    """Return the gates that changed, the worse ones first."""
    old = {g["id"]: g for g in before["gates"]}
    new = {g["id"]: g for g in after["gates"]}
    out = []
    for key in [*new, *(k for k in old if k not in new)]:
        was, now = old.get(key), new.get(key)
        if was is None or now is None:
            change = "new" if was is None else "gone"
        elif _rank(now) == _rank(was):
            continue
        else:
            change = "worse" if _rank(now) > _rank(was) else "better"
        states = {
            "old": None if was is None else was["status"],
            "new": None if now is None else now["status"],
        }
        out.append({"id": key, "change": change, **states})
    order = ("worse", "new", "gone", "better")
    return sorted(out, key=lambda g: order.index(g["change"]))


def _estimates(report: Mapping) -> dict[str, dict]:
    """Return every estimate by key."""
    return {
        key: estimate
        for checks in report["sections"].values()
        for check in checks
        for key, estimate in check["estimates"].items()
    }


def _metrics(before: dict, after: dict) -> tuple[list[dict], int]:
    """Return the metrics that moved beyond their intervals, and how many did not."""
    old, new = _estimates(before), _estimates(after)
    moved, n_same = [], 0
    for key in [k for k in new if k in old]:
        if _has_moved(old[key], new[key]):
            moved.append(_move(key, old[key], new[key]))
        else:
            n_same += 1
    return moved, n_same


def _has_moved(was: Mapping, now: Mapping) -> bool:
    """Whether each value lies outside the other's interval, or only one of them exists."""
    if was["value"] is None or now["value"] is None:
        return was["value"] != now["value"]
    return _outside(now["value"], was) and _outside(was["value"], now)


def _outside(value: float, estimate: Mapping) -> bool:
    """Whether a value lies outside an estimate's interval (or differs from an exact number)."""
    ci = estimate["ci"]
    if ci is None or ci[0] is None or ci[1] is None:
        return value != estimate["value"]
    return not ci[0] <= value <= ci[1]


def _move(key: str, was: Mapping, now: Mapping) -> dict:
    return {
        "metric": key,
        "old": was["value"],
        "new": now["value"],
        "old_ci": was["ci"],
        "new_ci": now["ci"],
    }


def _findings(before: dict, after: dict) -> list[dict]:
    """Return findings that are new, then those that are gone."""
    old = {(f["id"], f["title"]): f for f in before["findings"]}
    new = {(f["id"], f["title"]): f for f in after["findings"]}
    changes = [("new", f) for k, f in new.items() if k not in old]
    changes += [("gone", f) for k, f in old.items() if k not in new]
    return [
        {"id": f["id"], "change": change, "severity": f["severity"], "title": f["title"]}
        for change, f in changes
    ]


def _verdict_line(verdict: Mapping) -> str:
    same = verdict["old"] == verdict["new"]
    return f"verdict: {verdict['new']}" + ("" if same else f" (was {verdict['old']})")


def _gate_line(gate: Mapping) -> str:
    states = " -> ".join(s for s in (gate["old"], gate["new"]) if s)
    return f"gate {gate['change']}: {gate['id']}: {states}"


def _metric_line(move: Mapping) -> str:
    if move["old"] is None or move["new"] is None:
        said = "is estimable now" if move["old"] is None else "is not estimable any more"
        return f"metric {move['metric']} {said}"
    way = "up" if move["new"] > move["old"] else "down"
    return f"metric {way}: {move['metric']}: {_shown(move, 'old')} -> {_shown(move, 'new')}"


def _shown(move: Mapping, which: str) -> str:
    ci = move[f"{which}_ci"]
    interval = "" if ci is None or None in ci else f" ({ci[0]:.4g} to {ci[1]:.4g})"
    return f"{move[which]:.4g}{interval}"
