"""The entry point: a fitted model and held-out data in, a verdict with its evidence out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from appliednn.audit._base import Check
from appliednn.audit._default_gates import default_gates
from appliednn.audit._gates import Gate, GateResult, as_gates, check_gate_names, judge
from appliednn.audit._inputs import make_context
from appliednn.audit._journal import Journal, fingerprint
from appliednn.audit._progress import progress_bar
from appliednn.audit._provenance import describe_data, provenance
from appliednn.audit._records import CheckRecord, NotChecked, Progress, run_checks
from appliednn.audit._regulatory import check_card, regulatory_rows
from appliednn.audit._report import AuditReport, worst_first
from appliednn.audit._select import fits, select_checks, split_by_task, why_not
from appliednn.audit._verdict import overall


def audit(
    model,
    X_test,
    y_test=None,
    *,
    X_train=None,
    y_train=None,
    sensitive=None,
    positive=None,
    gates: Sequence[Gate | Mapping[str, Any]] | None = None,
    checks: Sequence[str | type[Check]] | None = None,
    options: Mapping[str, Any] | None = None,
    random_state: int = 0,
    journal: Journal | None = None,
    card: Mapping[str, str] | None = None,
    config: str | None = None,
    progress: str | bool | Progress | None = "auto",
) -> AuditReport:
    """Audit a fitted model on data it has not seen.

    Parameters
    ----------
    model : estimator
        Fitted and scikit-learn-compatible: ours, a Pipeline, gradient boosting, an outlier
        detector, ...
    X_test : array-like of shape (n, n_features), or container of n texts
        Held-out rows, as the model takes them; a DataFrame keeps its column names. A model that
        reads text takes any container of strings, one text a row.
    y_test : array-like of shape (n,), optional
        Their labels or target. An outlier detector alone can do without; its labels are booleans,
        1 for anomalies and 0 for others, or -1 for anomalies and 1 for others.
    X_train, y_train : array-like, optional
        What the model was fitted on; without it baselines, duplicates and drift are not checked.
        A detector needs no ``y_train``. Detectors of series take DataFrames whose rows are time
        points, in order.
    sensitive : DataFrame, Series, mapping, array or column names, optional
        Sensitive attributes of the test rows, whether or not the model sees them. Names mean
        columns of ``X_test``.
    positive : label, optional
        The positive class of a binary task; default: the second of ``classes_``.
    gates : sequence of Gate or mapping, optional
        Conditions ``{metric, op, threshold, inconclusive}``; default:
        :func:`~appliednn.audit.default_gates`. An empty list sets none.
    checks : sequence of str or Check class, optional
        Only these, by id or section, or checks of your own; default: all.
    options : mapping, optional
        Options by section (``{"robustness": {"eps": [0.1]}}``); ``"skip"``: ids or sections to
        leave out.
    random_state : int
        Root of every seed: two audits with one seed differ only in times.
    journal : object with get and put, optional
        Keeps each finished check's result, so that an interrupted audit goes on from there.
    card : mapping of str to str, optional
        The owner's words for the model card: ``title``, ``owner``, ``intended_use``, ...
    config : str, optional
        A configuration's text, shown verbatim.
    progress : "auto", bool or callable
        A bar on a terminal by default; True prints lines elsewhere.

    Returns
    -------
    AuditReport

    Raises
    ------
    UsageError
        If the inputs do not fit together, or a gate, check, option or card key is unknown.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:400], y[:400])
    >>> gates = [{"metric": "roc_auc", "op": ">=", "threshold": 0.9}]
    >>> report = audit(model, X[400:], y[400:], gates=gates, checks=["ANN201"])
    >>> report.verdict
    'PASS'
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    options = {} if options is None else options
    words = check_card(card)
    asked = None if gates is None else as_gates(gates)
    skip = options.get("skip", ()) if isinstance(options, Mapping) else ()
    chosen, left_out = select_checks(checks, skip)
    context = make_context(
        model,
        X_test,
        y_test,
        X_train=X_train,
        y_train=y_train,
        sensitive=sensitive,
        positive=positive,
        options=options,
        random_state=random_state,
    )
    task, reads = context.task, context.reads
    chosen, elsewhere = split_by_task(chosen, task, reads)
    left_out = [
        (c, said) for c, said in left_out if fits(c, task, reads) or why_not(c, task, reads)
    ]
    every = [*chosen, *(check for check, _ in left_out if fits(check, task, reads))]
    if asked is None:
        asked = default_gates(
            task,
            chosen,
            probabilities=context.has_proba,
            labels=context.y_test is not None,
            reads=reads,
        )
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
    origin["started"] = started.isoformat(timespec="seconds")
    origin["duration_s"] = round(time.perf_counter() - clock, 3)
    results = judge(asked, records, missing, every)
    return _assemble(context.task, records, missing, results, origin, words, config)


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
