"""What a verb of the pipeline hands back to the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSED = 0
CONTRACT = 3
INTERRUPTED = 130


@dataclass(frozen=True)
class RunOutcome:
    """The end of a run.

    Attributes
    ----------
    exit_code : int
        0 pass, 3 data contract broken, 4 a gate failed, 5 hash mismatch, 130 interrupted.
    verdict : str or None
        PASS, FAIL or INCONCLUSIVE, where there was an audit.
    folder : Path or None
        Where the results lie.
    lines : list of str
        What to print.
    """

    exit_code: int
    verdict: str | None = None
    folder: Path | None = None
    lines: list[str] = field(default_factory=list)


def verdict_lines(report: Any) -> list[str]:
    """Return the verdict, the gates and the severe findings of an audit, for a terminal.

    Parameters
    ----------
    report : AuditReport
        Its text has the verdict and the gates; what no gate covers must be seen there too.
    """
    severe = [
        f"  {f.severity:12} {f.title} ({f.id})" for f in report.findings if f.severity == "high"
    ]
    return [*str(report).splitlines(), *severe]
