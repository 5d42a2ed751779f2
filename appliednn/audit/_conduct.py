"""How every audit goes: checks chosen, run and judged; whose model it is the context knows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from appliednn.audit._base import Check
from appliednn.audit._default_gates import default_gates
from appliednn.audit._gates import Gate, GateResult, as_gates, check_gate_names, judge
from appliednn.audit._journal import Journal, fingerprint
from appliednn.audit._progress import progress_bar
from appliednn.audit._provenance import describe_data, provenance
from appliednn.audit._records import CheckRecord, NotChecked, Progress, run_checks
from appliednn.audit._regulatory import check_card, regulatory_rows
from appliednn.audit._report import AuditReport, worst_first
from appliednn.audit._select import fits, select_checks, split_by_task, why_not
from appliednn.audit._verdict import overall


@dataclass(frozen=True)
class Orders:
    """What the caller asked for, found right before the model is asked anything.

    Attributes
    ----------
    words : dict of str to str
        The owner's, for the model card.
    gates : list of Gate or None
        None: the default ones.
    chosen : list of Check classes
        To run, where they fit.
    left_out : list of (Check class, reason)
        Not asked for, or skipped.
    started : datetime
        Time of day.
    clock : float
        Of ``time.perf_counter``.
    """

    words: dict[str, str]
    gates: list[Gate] | None
    chosen: list[type[Check]]
    left_out: list[tuple[type[Check], str]]
    started: datetime
    clock: float


def take_orders(
    gates: Sequence[Gate | Mapping[str, Any]] | None,
    checks: Sequence[str | type[Check]] | None,
    options: Mapping[str, Any] | None,
    card: Mapping[str, str] | None,
) -> Orders:
    """Return the orders, or say what is wrong with them.

    Raises
    ------
    UsageError
        If a gate, a check or a card key is unknown.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    words = check_card(card)
    asked = None if gates is None else as_gates(gates)
    skip = options.get("skip", ()) if isinstance(options, Mapping) else ()
    return Orders(words, asked, *select_checks(checks, skip), started, clock)


def conduct(
    orders: Orders,
    context: Any,
    *,
    journal: Journal | None = None,
    config: str | None = None,
    progress: str | bool | Progress | None = "auto",
) -> AuditReport:
    """Run the checks that fit a context and judge the gates.

    Parameters
    ----------
    orders : Orders
        From :func:`take_orders`.
    context : AuditContext or AgentContext
        The model and what it is judged on.
    journal, config, progress
        As :func:`~appliednn.audit.audit` takes them.

    Returns
    -------
    AuditReport
    """
    task, reads = context.task, context.reads
    chosen, elsewhere = split_by_task(orders.chosen, task, reads)
    left_out = [
        (c, said) for c, said in orders.left_out if fits(c, task, reads) or why_not(c, task, reads)
    ]
    every = [*chosen, *(check for check, _ in left_out if fits(check, task, reads))]
    asked = orders.gates
    if asked is None:
        asked = default_gates(task, chosen, reads=reads, **context.about_gates)
    check_gate_names(asked, every)
    data = describe_data(context)
    known = fingerprint(context, [d["sha256"] for d in data])
    with progress_bar(progress) as tell:
        records, missing = run_checks(
            chosen, context, fingerprint=known, journal=journal, progress=tell
        )
    missing += [
        NotChecked(c.id, c.section, c.title, reason) for c, reason in [*elsewhere, *left_out]
    ]
    origin = provenance(context, config=config, data=data)
    origin["started"] = orders.started.isoformat(timespec="seconds")
    origin["duration_s"] = round(time.perf_counter() - orders.clock, 3)
    results = judge(asked, records, missing, every)
    return _assemble(task, records, missing, results, origin, orders.words, config)


def _assemble(
    task: str,
    records: list[CheckRecord],
    missing: list[NotChecked],
    gates: list[GateResult],
    origin: dict,
    card: dict[str, str],
    config: str | None,
) -> AuditReport:
    """Put the parts of the report in order: failures first."""
    findings = worst_first([f for r in records for f in r.result.findings])
    sections: dict[str, list[CheckRecord]] = {}
    for record in records:
        sections.setdefault(record.section, []).append(record)
    rank = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    return AuditReport(
        title=card.get("title", "Model audit"),
        task=task,
        verdict=overall(gates, missing, findings),
        gates=sorted(gates, key=lambda g: (not g.fails, rank[g.status])),
        findings=findings,
        not_checked=sorted(missing, key=lambda n: not n.failed),
        sections=sections,
        provenance=origin,
        regulatory=regulatory_rows(
            {name: [r.id for r in rs] for name, rs in sections.items()}, card
        ),
        card=card,
        config=config,
    )
