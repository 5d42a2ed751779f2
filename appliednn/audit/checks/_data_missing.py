"""Missing values: how many, alike in training and test, and whether they tell of the target."""

from __future__ import annotations

import numpy as np
import pandas as pd

from appliednn.audit._base import Check, CheckResult, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import listed, said, shorten
from appliednn.core.statistics import Estimate, holm, newcombe_interval
from appliednn.diagnostics._missing import missing_difference_p, missing_target_p

_MOST_COLUMNS = 30
_ALPHA = 0.01
_MATTERS = 0.02


class Missingness(Check):
    """How much is missing in each column, in training and in test rows."""

    id = "ANN102"
    section = "data"
    title = "Missing values"
    keys = ("rows_with_missing", "missing_share", "missing_share_difference")
    reads = ("table",)
    unread = "a missing text is read as an empty one, which ANN1001 counts"

    def run(self, context: AuditContext) -> CheckResult:
        """Compare shares by Newcombe's interval; relate gaps to the target; Holm over columns."""
        test = context.X_test.isna()
        train = None if context.X_train is None else context.X_train.isna()
        n = len(test)
        rows = share_estimate("Rows with a missing value", int(test.any(axis=1).sum()), n, "")
        counts = test.sum()
        gaps = counts if train is None else counts + train.sum()
        columns = [c for c in test.columns if gaps[c] > 0]
        estimates = {"rows_with_missing": rows}
        for c in columns:
            estimates[f"missing_share[{c}]"] = share_estimate(
                f"Missing in {c}", int(counts[c]), n, ""
            )
        differences = (
            {} if train is None else {c: _difference(train[c], test[c], c) for c in columns}
        )
        estimates |= {f"missing_share_difference[{c}]": e for c, e in differences.items()}
        moved, telling = self._tests(context, test, train, columns)
        if not columns:
            return CheckResult(estimates, summary="No value is missing.")
        return CheckResult(
            estimates,
            self._findings(moved, telling, differences),
            [_table(estimates, differences, moved, telling, columns)],
            summary=f"{len(columns)} of {test.shape[1]} columns have missing values; "
            f"{said(rows)} of the test rows lack at least one.",
        )

    def _tests(self, context, test, train, columns) -> tuple[dict, dict]:
        """Return Holm-adjusted p-values by column: training against test, and with the target."""
        if not columns:
            return {}, {}
        moved = {}
        if train is not None:
            p = [missing_difference_p(train[c].to_numpy(), test[c].to_numpy()) for c in columns]
            moved = dict(zip(columns, holm(np.array(p)), strict=True))
        frame, y = train, context.y_train
        if y is None:
            frame, y = test, context.y_test
        if y is None:
            return moved, {}
        classify = context.task != "regression"
        p = [missing_target_p(frame[c].to_numpy(), y, classify=classify) for c in columns]
        return moved, dict(zip(columns, holm(np.array(p)), strict=True))

    def _findings(self, moved: dict, telling: dict, differences: dict) -> list[Finding]:
        findings = []
        off = [c for c, p in moved.items() if p < _ALPHA and _surely(differences[c]) > _MATTERS]
        if off:
            worst = max(off, key=lambda c: abs(differences[c].value))
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "medium",
                    "Missing values differ between training and test",
                    f"In {len(off)} columns ({listed(off)}) the share of missing values differs; "
                    f"most in {worst}: test less training is {said(differences[worst])}, adjusted "
                    f"p = {moved[worst]:.2g}.",
                    "Find out what changed in how these columns are collected.",
                )
            )
        tells = [c for c, p in telling.items() if p < _ALPHA]
        if tells:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "info",
                    "That a value is missing tells of the target",
                    f"Rows with and without a value differ in the target for {listed(tells)} "
                    f"(adjusted p < {_ALPHA:g}): these values are not missing at random.",
                    "Keep an indicator of the gap; make sure it is known at prediction time.",
                )
            )
        return findings


def _surely(difference: Estimate) -> float:
    """Return how far from 0 the interval of a difference is."""
    low, high = difference.ci
    return max(low, -high, 0.0)


def _difference(train: pd.Series, test: pd.Series, column: str) -> Estimate:
    k1, n1, k2, n2 = int(test.sum()), len(test), int(train.sum()), len(train)
    ci = newcombe_interval(k1, n1, k2, n2)
    name = f"Missing in {column}, test less training"
    return Estimate(name, k1 / n1 - k2 / n2, ci, n1, "newcombe")


def _table(estimates, differences, moved, telling, columns) -> Table:
    order = sorted(columns, key=lambda c: -estimates[f"missing_share[{c}]"].value)
    shown = order[:_MOST_COLUMNS]
    rows = [
        [
            shorten(c),
            estimates[f"missing_share[{c}]"],
            differences.get(c),
            moved.get(c),
            telling.get(c),
        ]
        for c in shown
    ]
    more = f" {len(order) - len(shown)} more columns." if len(order) > len(shown) else ""
    head = ["column", "missing in test", "test less training", "p (differs)", "p (target)"]
    note = (
        "Wilson and Newcombe intervals; p-values adjusted by Holm: does the share differ between "
        f"training and test, and does the target differ where the value is missing?{more}"
    )
    return Table("Missing values", head, rows, note)
