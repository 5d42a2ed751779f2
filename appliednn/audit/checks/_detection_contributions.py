"""Which features make rows anomalous, by the detector's own word, and whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detector import (
    DetectorCheck,
    count_option,
    n_top,
    resampling,
    some_rows,
    top_rows,
)
from appliednn.audit.checks._inject import move_one_number, spreads
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import said, shorten
from appliednn.audit.report.svg import bar_chart
from appliednn.core._inner import inner_estimator
from appliednn.core.statistics import Estimate, not_estimable

_SHOWN = 20
_CASES = 5
_RANKS = 3
_SIZE = 5.0
_MOST_ROWS = 500
_FOUND = 0.5


@dataclass(frozen=True)
class Explainer:
    """The detector inside the model that explains, and what stands before it."""

    context: AuditContext
    detector: object
    before: object | None
    names: list[str]

    def __call__(self, X: pd.DataFrame) -> np.ndarray:
        """Return contributions of shape (n, n_names)."""
        rows = self.context.model_input(X)
        rows = rows if self.before is None else self.before.transform(rows)
        return np.asarray(self.detector.explain(rows), dtype=np.float64)


class Contributions(DetectorCheck):
    """The features that raise the score of flagged rows most."""

    id = "ANN906"
    title = "What makes rows anomalous"
    keys = ("top_contribution_share", "injected_column_found")

    def run(self, context: AuditContext) -> CheckResult:
        """Count over flagged rows which feature contributes most; test that on moved numbers."""
        explain = find_explainer(context)
        rows, what = self._rows(context)
        parts = _explain_rows(context, explain, rows)
        first = parts.argmax(axis=1)
        names = explain.names
        ways, of = resampling(context, self.id), np.zeros(len(context.X_test), dtype=bool)
        of[rows] = True
        shares = {}
        for j, name in enumerate(names):
            hits = np.zeros_like(of)
            hits[rows] = first == j
            shares[name] = ways.share(f"Rows in which {name} contributes most", hits, of, "")
        order = sorted(range(len(names)), key=lambda j: -shares[names[j]].value)
        found = self._moved(context, explain)
        estimates = {f"top_contribution_share[{names[j]}]": shares[names[j]] for j in order}
        tables = [_share_table(parts, names, order, shares, what, found)]
        top = names[order[0]]
        return CheckResult(
            estimates | {"injected_column_found": found},
            self._findings(found, len(names)),
            [*tables, _case_table(context, rows, parts, names)],
            [_figure(shares, names, order)],
            summary=f"{top} contributes most in a share of {said(shares[top])} of the {what}.",
        )

    def _rows(self, context: AuditContext) -> tuple[np.ndarray, str]:
        """Return the rows to explain, and what they are called."""
        most = count_option(context, "max_explained", _MOST_ROWS)
        rows = np.flatnonzero(context.flagged)
        what = "flagged test rows"
        if not len(rows):
            rows = np.flatnonzero(top_rows(context.scores, n_top(len(context.X_test))))
            what = "test rows of highest score (none is flagged)"
        if len(rows) > most and not context.reads_series:
            rows = np.sort(context.rng(self.id).choice(rows, most, replace=False))
        return rows, what

    def _moved(self, context: AuditContext, explain: Explainer) -> Estimate:
        """Return how often the largest contribution is that of the number that was moved."""
        name = f"Moved columns that contribute most ({_SIZE:g} standard deviations)"
        reference = context.X_test if context.X_train is None else context.X_train
        if explain.names != list(context.X_test.columns):
            return not_estimable(name, 0, "the features are changed before the detector")
        if context.reads_series:
            return not_estimable(name, 0, "numbers are moved in tables only")
        if not spreads(reference):
            return not_estimable(name, 0, "no column is continuous")
        rows = some_rows(context, len(context.X_test), 200, f"{self.id} moved")
        X = context.X_test.iloc[rows].reset_index(drop=True)
        moved = move_one_number(X, reference, _SIZE, context.rng(f"{self.id} sizes"))
        hits = explain(moved.X).argmax(axis=1) == moved.column
        return share_estimate(name, int(hits.sum()), len(hits), "")

    def _findings(self, found: Estimate, n_features: int) -> list[Finding]:
        if found.value is None or found.ci[1] >= _FOUND:
            return []
        return [
            Finding(
                f"{self.id}.1",
                "low",
                "Contributions miss what made a row odd",
                f"With a number moved by {_SIZE:g} standard deviations, its column contributes "
                f"most in a share of {said(found)} of the rows; naming one of {n_features} "
                f"columns at random would in {1 / n_features:.2f}.",
                "Do not give these contributions as the reason for an alert.",
            )
        ]


def find_explainer(context: AuditContext) -> Explainer:
    """Return what explains the scores.

    Raises
    ------
    NotApplicable
        If the detector has no ``explain``.
    """
    model, before, names = context.model, None, list(context.X_test.columns)
    last = model
    seen: set[int] = set()
    while model is not None and id(model) not in seen:
        seen.add(id(model))
        if hasattr(model, "explain"):
            return Explainer(context, model, before, names)
        if hasattr(model, "steps"):
            if len(model.steps) > 1:
                before = model[:-1]
                width = int(getattr(model.steps[-1][1], "n_features_in_", len(names)))
                names = _names_after(before, names, width)
            model = last = model.steps[-1][1]
        else:
            model = inner_estimator(model)
    raise NotApplicable(
        f"{type(last).__name__} does not say what makes a row anomalous (it has no explain)"
    )


def _names_after(steps, names: list[str], width: int) -> list[str]:
    """Return the names of the features behind the steps of a Pipeline."""
    try:
        given = [str(name) for name in steps.get_feature_names_out()]
    except (AttributeError, ValueError):
        given = []
    if len(given) == width and given != [f"x{j}" for j in range(width)]:
        return given
    return names if len(names) == width else [f"feature {j + 1}" for j in range(width)]


def _explain_rows(context: AuditContext, explain: Explainer, rows: np.ndarray) -> np.ndarray:
    """Return contributions of test rows; a series is explained whole, for its order."""
    if context.reads_series:
        return explain(context.X_test)[rows]
    return explain(context.X_test.iloc[rows].reset_index(drop=True))


def _share_table(parts, names, order, shares, what: str, found: Estimate) -> Table:
    ranks = np.argsort(np.argsort(-parts, axis=1, kind="stable"), axis=1)
    among = (ranks < _RANKS).mean(axis=0)
    rows = [[shorten(names[j]), shares[names[j]], float(among[j])] for j in order[:_SHOWN]]
    more = f" The first {_SHOWN} of {len(names)} features." if len(names) > _SHOWN else ""
    note = f"Of {len(parts)} {what}.{more} Test: with one number moved by "
    note += f"{_SIZE:g} standard deviations, the share of rows in which its column contributes "
    note += f"most is {said(found)}."
    head = ["feature", "contributes most", f"among the first {_RANKS}"]
    return Table("Contributions by feature", head, rows, note)


def _case_table(context: AuditContext, rows, parts, names) -> Table:
    """Return the order of the features in the most anomalous rows; no value of any row."""
    worst = np.argsort(-context.scores[rows], kind="stable")[:_CASES]
    k = min(_RANKS, len(names))
    made = []
    for number, i in enumerate(worst, start=1):
        best = np.argsort(-parts[i], kind="stable")[:k]
        made.append([f"row {number}", *(shorten(names[j]) for j in best)])
    head = ["", *(f"{place} contribution" for place in ("largest", "second", "third")[:k])]
    note = "The most anomalous of these rows. What the rows hold is not shown."
    return Table("Most anomalous rows", head, made, note)


def _figure(shares: dict[str, Estimate], names: list[str], order: list[int]) -> Figure:
    shown = [names[j] for j in order[:_SHOWN]]
    return bar_chart(
        "Feature that contributes most",
        [shorten(name, 30) for name in shown],
        [shares[name].value for name in shown],
        intervals=[shares[name].ci for name in shown],
        x_label="share of the rows",
    )
