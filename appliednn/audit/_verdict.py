"""The verdict over all gates, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence

from appliednn.audit._base import Finding
from appliednn.audit._gates import FAIL, INCONCLUSIVE, PASS, GateResult
from appliednn.audit._records import NotChecked


class Verdict(str):
    """``"PASS"``, ``"FAIL"`` or ``"INCONCLUSIVE"`` with the reason.

    Attributes
    ----------
    reason : str
        One or two sentences.

    Examples
    --------
    >>> verdict = Verdict("PASS", "All 3 gates pass.")
    >>> verdict == "PASS", verdict.reason
    (True, 'All 3 gates pass.')
    """

    __slots__ = ("reason",)
    reason: str

    def __new__(cls, status: str, reason: str) -> Verdict:
        """Return the verdict with its reason."""
        self = super().__new__(cls, status)
        self.reason = reason
        return self

    def __getnewargs__(self) -> tuple[str, str]:
        return (str(self), self.reason)

    @property
    def status(self) -> str:
        """The verdict as a plain string."""
        return str(self)

    @property
    def exit_code(self) -> int:
        """Exit code of the command line: 4 if a gate failed, else 0."""
        return 4 if self == FAIL else 0


def overall(
    gates: Sequence[GateResult],
    not_checked: Sequence[NotChecked] = (),
    findings: Sequence[Finding] = (),
) -> Verdict:
    """Return the verdict.

    FAIL if a gate fails (or is undecided and says that this fails); else INCONCLUSIVE if a gate
    is undecided, a check broke or no gate was set; else PASS. Findings decide nothing by
    themselves, but the sentence does not hide them.
    """
    failed = [g for g in gates if g.fails]
    undecided = [g for g in gates if g.status == INCONCLUSIVE and not g.fails]
    broken = [n for n in not_checked if n.failed]
    if failed:
        said = f"{_gates(len(failed), len(gates), 'fail')}: {_names(failed)}."
        n_open = sum(g.status == INCONCLUSIVE for g in failed)
        counted = f" {n_open} of them undecided, which was set to count as failed."
        return Verdict(FAIL, said + (counted if n_open else ""))
    if broken:
        ids = ", ".join(n.id for n in broken)
        return Verdict(INCONCLUSIVE, f"No gate fails, but {_checks(len(broken))} broke: {ids}.")
    if not gates:
        return Verdict(INCONCLUSIVE, "No gate was set, so there is nothing to pass.")
    if undecided:
        said = _gates(len(undecided), len(gates), "undecided")
        return Verdict(INCONCLUSIVE, f"No gate fails; {said}: {_names(undecided)}.")
    return Verdict(PASS, _all_pass(len(gates)) + _despite(findings))


def _gates(count: int, of: int, what: str) -> str:
    """Return ``1 of 3 gates fails``."""
    verb = {"fail": "fails" if count == 1 else "fail"}.get(
        what, f"{'is' if count == 1 else 'are'} {what}"
    )
    return f"{count} of {of} {'gate' if of == 1 else 'gates'} {verb}"


def _names(gates: Sequence[GateResult], most: int = 4) -> str:
    """Return the metrics, the first few by name."""
    names = [g.gate.metric for g in gates]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _checks(count: int) -> str:
    return "a check" if count == 1 else f"{count} checks"


def _all_pass(count: int) -> str:
    return "The one gate passes." if count == 1 else f"All {count} gates pass."


def _despite(findings: Sequence[Finding]) -> str:
    """Return what a reader must still know of a model that passes."""
    high = sum(f.severity == "high" for f in findings)
    if not high:
        return ""
    return (
        f" {high} finding{'' if high == 1 else 's'} of high severity no gate covers: read below."
    )
