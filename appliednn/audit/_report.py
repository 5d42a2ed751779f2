"""The outcome of an audit: verdict, gates, findings, evidence, and its two files."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path

from appliednn.audit._base import SEVERITIES, Finding
from appliednn.audit._gates import GateResult
from appliednn.audit._records import CheckRecord, NotChecked
from appliednn.audit._verdict import Verdict

SCHEMA_VERSION = "1.0"


@dataclass
class AuditReport:
    """What an audit found.

    Attributes
    ----------
    title : str
        Name of the report.
    task : {"binary", "multiclass", "regression", "anomaly"}
        What the model does.
    verdict : Verdict
        ``"PASS"``, ``"FAIL"`` or ``"INCONCLUSIVE"``, with ``.reason``.
    gates : list of GateResult
        Failures first.
    findings : list of Finding
        Worst first.
    not_checked : list of NotChecked
        What gave no evidence, and why.
    sections : dict of str to list of CheckRecord
        Evidence by section, in the order of the checks.
    provenance : dict
        Versions, hashes, seeds, times.
    regulatory : list of dict
        One row for each item of the documentation frameworks.
    card : dict of str to str
        The owner's own words.
    config : str or None
        The configuration, verbatim.
    """

    title: str
    task: str
    verdict: Verdict
    gates: list[GateResult]
    findings: list[Finding]
    not_checked: list[NotChecked]
    sections: dict[str, list[CheckRecord]]
    provenance: dict
    regulatory: list[dict]
    card: dict[str, str] = field(default_factory=dict)
    config: str | None = None

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: 4 if a gate failed, else 0."""
        return self.verdict.exit_code

    @property
    def metrics(self) -> dict[str, float | None]:
        """Every estimate's value by key."""
        return {
            key: estimate.value
            for records in self.sections.values()
            for record in records
            for key, estimate in record.result.estimates.items()
        }

    def to_dict(self) -> dict:
        """Return the content of ``report.json``: plain Python, no NaN, no row of data."""
        return json_safe(
            {
                "schema_version": SCHEMA_VERSION,
                "title": self.title,
                "task": self.task,
                "verdict": {"status": self.verdict.status, "reason": self.verdict.reason},
                "gates": [gate.to_dict() for gate in self.gates],
                "findings": [self._finding(finding) for finding in self.findings],
                "not_checked": [entry.to_dict() for entry in self.not_checked],
                "provenance": self.provenance,
                "card": self.card,
                "sections": {
                    name: [_evidence(record) for record in records]
                    for name, records in self.sections.items()
                },
                "regulatory": self.regulatory,
                "config": self.config,
            }
        )

    def to_json(self, path: str | os.PathLike | None = None) -> str:
        """Return the report as JSON and, with ``path``, write it (whole or not at all)."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        if path is not None:
            write_text(path, text)
        return text

    def to_html(self, path: str | os.PathLike | None = None) -> str:
        """Return the report as one page and, with ``path``, write it (whole or not at all)."""
        from appliednn.audit.report._page import render

        text = render(self)
        if path is not None:
            write_text(path, text)
        return text

    def __str__(self) -> str:
        """Verdict and gates, as a terminal shows them."""
        from appliednn.audit.report._format import format_estimate

        lines = [f"{self.verdict.status}: {self.verdict.reason}"]
        for g in self.gates:
            shown = "no estimate" if g.estimate is None else format_estimate(g.estimate)
            lines.append(
                f"  {g.status:<12} {g.gate.metric} {g.gate.op} {g.gate.threshold:g}: {shown}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame where it meets neither styles nor scripts."""
        page = escape(self.to_html(), quote=True)
        return (
            f'<iframe title="Audit report" sandbox srcdoc="{page}" '
            'style="width:100%;height:46rem;border:1px solid #ccc;border-radius:8px"></iframe>'
        )

    def _finding(self, finding: Finding) -> dict:
        """Return a finding with the check its evidence stands under."""
        return {**asdict(finding), "evidence_ref": finding.id.partition(".")[0]}


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings by severity, those of one severity in their order."""
    return sorted(findings, key=lambda f: SEVERITIES.index(f.severity))


def json_safe(value):
    """Return plain JSON values: NaN and infinity become None, NumPy numbers plain ones.

    Examples
    --------
    >>> json_safe({"a": [float("nan"), 1], 2: (1.5,)})
    {'a': [None, 1], '2': [1.5]}
    """
    if isinstance(value, dict):
        return {str(k): json_safe(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(v) for v in value]
    if value is None or isinstance(value, (bool, str)):
        return value if not isinstance(value, str) else str(value)
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a file under a temporary name, then give it its own: never half a file."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(
        prefix=f".{target.name}.", suffix=".tmp", dir=target.parent
    )
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _evidence(record: CheckRecord) -> dict:
    """Return one check as ``report.json`` has it; findings are named, they stand above."""
    out = record.result.to_dict()
    out["findings"] = [finding.id for finding in record.result.findings]
    return {"id": record.id, "title": record.title, "seconds": record.seconds, **out}
