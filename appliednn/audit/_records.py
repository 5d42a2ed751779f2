"""Runs the checks one after the other and keeps what each gave, or why it gave nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliednn.audit._base import Check, CheckResult, NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit._journal import Journal, pack, unpack
from appliednn.audit._library_errors import failures

#: Called as ``progress(check_id, title, number, of, state)``; state is "start" or "done".
Progress = Callable[[str, str, int, int, str], None]


@dataclass(frozen=True)
class CheckRecord:
    """A check that ran.

    Attributes
    ----------
    id, section, title : str
        Of the check.
    result : CheckResult
        What it found.
    seconds : float
        How long it took.
    """

    id: str
    section: str
    title: str
    result: CheckResult
    seconds: float


@dataclass(frozen=True)
class NotChecked:
    """A check that gave nothing, and why.

    Attributes
    ----------
    id, section, title : str
        Of the check.
    reason : str
        Shown to the reader.
    failed : bool
        Whether it broke (then the verdict cannot be PASS), rather than does not apply.
    """

    id: str
    section: str
    title: str
    reason: str
    failed: bool = False

    def to_dict(self) -> dict:
        """Return a JSON-ready dict."""
        return {
            "id": self.id,
            "section": self.section,
            "title": self.title,
            "reason": self.reason,
            "failed": self.failed,
        }


def run_checks(
    checks: Sequence[type[Check]],
    context: AuditContext,
    *,
    fingerprint: str,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> tuple[list[CheckRecord], list[NotChecked]]:
    """Run each check; one that fails is recorded and loses nothing of the others.

    Returns
    -------
    tuple of (list of CheckRecord, list of NotChecked)
    """
    records: list[CheckRecord] = []
    missing: list[NotChecked] = []
    for number, check in enumerate(checks, start=1):
        if progress is not None:
            progress(check.id, check.title, number, len(checks), "start")
        outcome = _run_one(check, context, fingerprint, journal)
        (records if isinstance(outcome, CheckRecord) else missing).append(outcome)
        if progress is not None:
            progress(check.id, check.title, number, len(checks), "done")
    return records, missing


def _run_one(
    check: type[Check], context: AuditContext, fingerprint: str, journal: Journal | None
) -> CheckRecord | NotChecked:
    """Return the result from the journal or from running the check."""
    labels = (check.id, check.section, check.title)
    known = None if journal is None else unpack(journal.get(check.id), fingerprint)
    if known is not None:
        return CheckRecord(*labels, *known)
    began = time.perf_counter()
    try:
        result = check().run(context)
    except NotApplicable as reason:
        return NotChecked(*labels, str(reason))
    except failures() as error:
        said = " ".join(str(error).split())[:300] or "no message"
        return NotChecked(*labels, f"failed: {type(error).__name__}: {said}", failed=True)
    seconds = time.perf_counter() - began
    if journal is not None:
        journal.put(check.id, pack(result, fingerprint, seconds))
    return CheckRecord(*labels, result, seconds)
