"""What a check is and returns; the report is assembled from these, knowing no check by name."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from appliednn.core.statistics import Estimate

if TYPE_CHECKING:
    from appliednn.audit._context import AuditContext

Severity = Literal["high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "info")

#: What a model may be for; ``SUPERVISED``: those that learn from a label for each row.
SUPERVISED: tuple[str, ...] = ("binary", "multiclass", "regression")
TASKS: tuple[str, ...] = (
    *SUPERVISED,
    "anomaly",
    "tagging",
    "writing",
    "language",
    "reinforcement",
)
_EACH_ROW = (*SUPERVISED, "anomaly")

#: What a model may read: rows of a table or time points, one text a row, lists of tokens, what an
#: environment shows.
READS: tuple[str, ...] = ("table", "text", "tokens", "environment")


@dataclass(frozen=True)
class Finding:
    """One thing a reader should know, in a sentence.

    Attributes
    ----------
    id : str
        The check's id with a suffix (``"ANN301.2"``), stable between runs.
    severity : {"high", "medium", "low", "info"}
        ``high`` and ``medium`` are defects, ``low`` a weakness, ``info`` a hint: never a failure.
    title : str
        At most ten words.
    text : str
        One or two full sentences, with the numbers, their intervals and n.
    action : str
        What to do about it; may be empty for ``info``.
    """

    id: str
    severity: Severity
    title: str
    text: str
    action: str = ""


@dataclass(frozen=True)
class Table:
    """A small table: no row-level data, at most a few dozen rows.

    ``rows`` hold strings, numbers, None or :class:`Estimate` (shown with interval and n).
    """

    title: str
    columns: list[str]
    rows: list[list]
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """An inline SVG with a text that says the same in words (for readers without sight)."""

    title: str
    svg: str
    alt: str


@dataclass
class CheckResult:
    """What a check found.

    ``estimates`` feed metrics, gates and ``report.json``; a gate names one by its key.
    Keys are short snake_case (``"roc_auc"``, ``"equal_opportunity_difference[sex]"``).
    """

    estimates: dict[str, Estimate] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    summary: str = ""

    def to_dict(self, *, figures: bool = False) -> dict:
        """Return a JSON-ready dict; figures are left to the HTML unless asked for."""
        out = {
            "summary": self.summary,
            "estimates": {key: e.to_dict() for key, e in self.estimates.items()},
            "findings": [asdict(f) for f in self.findings],
            "tables": [
                {
                    "title": t.title,
                    "columns": list(t.columns),
                    "rows": [[_plain(cell) for cell in row] for row in t.rows],
                    "note": t.note,
                }
                for t in self.tables
            ],
        }
        if figures:
            out["figures"] = [asdict(f) for f in self.figures]
        return out

    @classmethod
    def from_dict(cls, data: dict) -> CheckResult:
        """Return the result that :meth:`to_dict` wrote.

        Examples
        --------
        >>> result = CheckResult(tables=[Table("t", ["n"], [[Estimate("n", 0.5, None, 3)]])])
        >>> CheckResult.from_dict(result.to_dict(figures=True)) == result
        True
        """
        return cls(
            estimates={key: _estimate(e) for key, e in data["estimates"].items()},
            findings=[Finding(**f) for f in data["findings"]],
            tables=[
                Table(
                    t["title"],
                    list(t["columns"]),
                    [[_estimate(c) if isinstance(c, dict) else c for c in r] for r in t["rows"]],
                    t["note"],
                )
                for t in data["tables"]
            ],
            figures=[Figure(**f) for f in data.get("figures", [])],
            summary=data["summary"],
        )


def _plain(cell):
    """Return a table cell as JSON takes it: NaN is None, what is no number is text."""
    if isinstance(cell, Estimate):
        return cell.to_dict()
    cell = cell.item() if hasattr(cell, "item") else cell
    if isinstance(cell, float) and not math.isfinite(cell):
        return None if math.isnan(cell) else str(cell)
    return cell if cell is None or isinstance(cell, (bool, int, float, str)) else str(cell)


def _estimate(data: dict) -> Estimate:
    """Return the estimate that ``Estimate.to_dict`` wrote."""
    ci = data["ci"]
    return Estimate(**{**data, "ci": None if ci is None else (ci[0], ci[1])})


class NotApplicable(Exception):
    """Raised by a check that cannot apply here; its message is the reason shown to the reader."""


class Check(ABC):
    """One question to a fitted model and its data.

    A subclass lives in ``audit/checks/<section>.py``, has a stable ``id`` and is listed in
    ``audit/checks/__init__.py``. It reads predictions from the context (which computes them once)
    and draws random numbers only from ``context.rng(self.id)`` or ``context.seed(self.id)``.

    Attributes
    ----------
    id : str
        ``"ANN101"``: never reused for another question.
    section : str
        Key of the report section: detection, performance, baselines, calibration, threshold,
        slices, training, explanations, fairness, robustness, missing, data, resources, text,
        tagging, writing.
    title : str
        Heading in the report.
    keys : tuple of str
        Keys of the estimates it may give, without the part in brackets. A gate that names none
        of any check's keys is refused before anything is computed.
    tasks : tuple of str
        Tasks that the question makes sense for.
    instead : str
        Shown to the reader of an audit of another task: why the question does not apply. Where it
        is empty, the check is left out without a word.
    reads : tuple of str
        Of which models the question can be asked: those that read a ``"table"``, one ``"text"`` a
        row, lists of ``"tokens"``, or the observations of an ``"environment"``.
    unread : str
        As ``instead``, for a model of a fitting task that reads something else.
    """

    id: ClassVar[str]
    section: ClassVar[str]
    title: ClassVar[str]
    keys: ClassVar[tuple[str, ...]] = ()
    tasks: ClassVar[tuple[str, ...]] = _EACH_ROW
    instead: ClassVar[str] = ""
    reads: ClassVar[tuple[str, ...]] = ("table", "text")
    unread: ClassVar[str] = ""

    @abstractmethod
    def run(self, context: AuditContext) -> CheckResult:
        """Answer the question, or raise :class:`NotApplicable` with the reason."""
