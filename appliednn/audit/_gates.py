"""Gates: an estimate against a threshold; three outcomes, because an estimate has an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from appliednn.audit._base import Check
from appliednn.audit._records import CheckRecord, NotChecked
from appliednn.audit._suggest import did_you_mean
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate

Status = Literal["PASS", "FAIL", "INCONCLUSIVE"]
PASS, FAIL, INCONCLUSIVE = "PASS", "FAIL", "INCONCLUSIVE"
OPERATORS = (">=", "<=")


@dataclass(frozen=True)
class Gate:
    """A condition that the model must meet.

    Parameters
    ----------
    metric : str
        Key of an estimate of some check (``"roc_auc"``, ``"equal_opportunity_difference[sex]"``).
    op : {">=", "<="}
        Which side of the threshold is good.
    threshold : float
        In the unit of the metric.
    inconclusive : {"warn", "fail"}
        Whether an undecided gate makes the verdict FAIL.
    reason : str
        Why this gate is asked for; shown beside it.

    Raises
    ------
    UsageError
        If a field has a value it cannot have.

    Examples
    --------
    >>> gate = Gate("roc_auc", ">=", 0.75)
    >>> gate.status(Estimate("ROC AUC", 0.80, (0.77, 0.83), 500))
    'PASS'
    >>> gate.status(Estimate("ROC AUC", 0.76, (0.72, 0.80), 500))
    'INCONCLUSIVE'
    """

    metric: str
    op: str
    threshold: float
    inconclusive: str = "warn"
    reason: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric:
            raise UsageError(
                f"a gate's metric must be a name such as 'roc_auc', got {self.metric!r}"
            )
        if self.op not in OPERATORS:
            raise UsageError(
                f"gate on {self.metric}: op must be one of {', '.join(OPERATORS)}, got {self.op!r}"
            )
        number = isinstance(self.threshold, (int, float)) and not isinstance(self.threshold, bool)
        if not number or not math.isfinite(self.threshold):
            raise UsageError(
                f"gate on {self.metric}: threshold must be a finite number, got {self.threshold!r}"
            )
        if self.inconclusive not in ("warn", "fail"):
            raise UsageError(
                f"gate on {self.metric}: inconclusive must be 'warn' or 'fail', "
                f"got {self.inconclusive!r}"
            )

    @property
    def stem(self) -> str:
        """The metric without the part in brackets."""
        return stem(self.metric)

    def status(self, estimate: Estimate) -> Status:
        """Return PASS, FAIL or INCONCLUSIVE for an estimate.

        An exact number (no interval) is compared itself.
        """
        if estimate.value is None or not math.isfinite(estimate.value):
            return INCONCLUSIVE
        low, high = estimate.ci if estimate.ci is not None else (estimate.value, estimate.value)
        if not (math.isfinite(low) and math.isfinite(high)):
            return INCONCLUSIVE
        if self.op == ">=":
            return (
                PASS if low >= self.threshold else FAIL if high < self.threshold else INCONCLUSIVE
            )
        return PASS if high <= self.threshold else FAIL if low > self.threshold else INCONCLUSIVE


@dataclass(frozen=True)
class GateResult:
    """A gate with what it was decided on.

    Attributes
    ----------
    gate : Gate
        The condition.
    status : {"PASS", "FAIL", "INCONCLUSIVE"}
        Outcome.
    estimate : Estimate or None
        None when no check gave the metric.
    check, section : str
        Where the evidence stands in the report; may be empty.
    reason : str
        Why the outcome is what it is, in a sentence.
    """

    gate: Gate
    status: Status
    estimate: Estimate | None
    check: str
    section: str
    reason: str

    @property
    def fails(self) -> bool:
        """Whether this gate makes the verdict FAIL."""
        undecided = self.status == INCONCLUSIVE and self.gate.inconclusive == "fail"
        return self.status == FAIL or undecided

    @property
    def name(self) -> str:
        """What a reader calls the metric."""
        return self.gate.metric if self.estimate is None else self.estimate.name

    def to_dict(self) -> dict:
        """Return a JSON-ready dict."""
        e = self.estimate
        return {
            "id": f"{self.gate.metric} {self.gate.op} {self.gate.threshold:g}",
            "section": self.section,
            "check": self.check,
            "metric": self.gate.metric,
            "name": self.name,
            "op": self.gate.op,
            "threshold": float(self.gate.threshold),
            "inconclusive": self.gate.inconclusive,
            "estimate": None if e is None else e.value,
            "ci": None if e is None or e.ci is None else [float(v) for v in e.ci],
            "level": None if e is None else e.level,
            "n": None if e is None else int(e.n),
            "method": None if e is None else e.method,
            "status": self.status,
            "fails": self.fails,
            "reason": self.reason,
        }


def stem(metric: str) -> str:
    """Return a metric's name without the part in brackets.

    Examples
    --------
    >>> stem("accuracy_pgd[0.1]")
    'accuracy_pgd'
    """
    return metric.partition("[")[0]


def as_gates(gates: Sequence[Gate | Mapping[str, Any]]) -> list[Gate]:
    """Return gates from mappings, all of them checked.

    Raises
    ------
    UsageError
        If an entry is no gate, misses a field or has an unknown one, or is given twice.
    """
    if isinstance(gates, (Mapping, Gate, str)) or not isinstance(gates, Sequence):
        raise UsageError(f"gates must be a list of gates, got {gates!r}")
    out: list[Gate] = []
    fields = ("metric", "op", "threshold", "inconclusive", "reason")
    for entry in gates:
        if isinstance(entry, Mapping):
            for key in entry:
                if key not in fields:
                    raise UsageError(
                        f"gate {dict(entry)}: {key!r} is no field" + did_you_mean(key, fields)
                    )
            absent = [f for f in fields[:3] if f not in entry]
            if absent:
                raise UsageError(f"gate {dict(entry)} misses {', '.join(absent)}")
            entry = Gate(**{str(k): v for k, v in entry.items()})
        if not isinstance(entry, Gate):
            raise UsageError(f"a gate is a mapping with metric, op and threshold, got {entry!r}")
        if entry in out:
            raise UsageError(f"the gate on {entry.metric} is given twice")
        out.append(entry)
    return out


def check_gate_names(gates: Sequence[Gate], checks: Sequence[type[Check]]) -> None:
    """Refuse a gate that names no check's metric, before anything is computed.

    Raises
    ------
    UsageError
        With the closest names. Not raised while some check does not declare its keys.
    """
    if not all(check.keys for check in checks):
        return
    known = {key for check in checks for key in check.keys}
    for gate in gates:
        if gate.stem not in known:
            raise UsageError(
                f"a gate names the unknown metric {gate.metric!r}" + did_you_mean(gate.stem, known)
            )


def judge(
    gates: Sequence[Gate],
    records: Sequence[CheckRecord],
    not_checked: Sequence[NotChecked],
    checks: Sequence[type[Check]],
) -> list[GateResult]:
    """Return each gate's outcome.

    Parameters
    ----------
    gates : sequence of Gate
        What is asked for.
    records, not_checked : sequence
        What the checks gave, and those that gave nothing.
    checks : sequence of Check classes
        Every check, those that did not run included: it says who would have given a metric.

    Raises
    ------
    UsageError
        If a metric is unknown although every check that could give it has run.
    """
    given = {key: (e, r) for r in records for key, e in r.result.estimates.items()}
    return [
        _decide(gate, *given[gate.metric])
        if gate.metric in given
        else _without(gate, given, not_checked, checks)
        for gate in gates
    ]


def _decide(gate: Gate, estimate: Estimate, record: CheckRecord) -> GateResult:
    """Judge a gate on its estimate."""
    status = gate.status(estimate)
    if estimate.value is None:
        reason = f"Not estimable: {estimate.reason or 'the data do not give it'}."
    elif estimate.ci is not None and not all(math.isfinite(v) for v in estimate.ci):
        reason = "Its interval could not be computed."
    elif estimate.ci is None:
        reason = "An exact number, compared as it is."
    else:
        reason = {
            PASS: "The whole interval is on the good side.",
            FAIL: "The whole interval is on the wrong side.",
            INCONCLUSIVE: "The interval contains the threshold.",
        }[status]
    return GateResult(gate, status, estimate, record.id, record.section, reason)


def _without(
    gate: Gate,
    given: Mapping[str, tuple[Estimate, CheckRecord]],
    not_checked: Sequence[NotChecked],
    checks: Sequence[type[Check]],
) -> GateResult:
    """Judge a gate whose metric no check gave: undecided with the reason, or a wrong name."""
    giving = {check.id for check in checks if gate.stem in check.keys}
    unclear = {check.id for check in checks if not check.keys}
    for group in (giving, unclear):
        idle = [n for n in not_checked if n.id in group]
        if idle:
            said = idle[0]
            reason = f"{said.id} ({said.title}) gave nothing: {said.reason}"
            return GateResult(gate, INCONCLUSIVE, None, "", said.section, reason.rstrip(".") + ".")
    siblings = [key for key in given if stem(key) == gate.stem]
    if giving and not siblings:
        ran = ", ".join(sorted(giving))
        reason = f"{ran} ran and gave no such number for this task."
        return GateResult(gate, INCONCLUSIVE, None, "", "", reason)
    raise UsageError(
        f"a gate names the unknown metric {gate.metric!r}"
        + did_you_mean(gate.metric, siblings or given)
    )
