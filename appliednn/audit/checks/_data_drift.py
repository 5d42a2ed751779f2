"""Whether training and test rows come from one distribution, column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from appliednn.audit._base import Check, CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._words import listed, shorten
from appliednn.core.statistics import Estimate, holm
from appliednn.diagnostics._columns import column_kinds
from appliednn.diagnostics._drift import ColumnDrift, column_drift

_ALPHA = 0.01
_TARGET = "(target)"
_MOST_ROWS = 50_000
_MOST_COLUMNS = 25
# Rules of thumb for the population stability index: above 0.1 a shift, above 0.25 a large one.
_SHIFT, _LARGE = 0.1, 0.25


class Drift(Check):
    """Which columns are distributed differently in training and test."""

    id = "ANN105"
    section = "data"
    title = "Drift between training and test"
    keys = ("drifted_columns",)
    reads = ("table",)
    unread = "a text has no columns to compare; words and lengths are compared by ANN1003"

    def run(self, context: AuditContext) -> CheckResult:
        """Test each column and the target; p-values are adjusted by Holm."""
        if context.X_train is None:
            raise NotApplicable("no training data were given")
        if context.reads_series:
            raise NotApplicable(
                "time points depend on each other, so the tests' p-values would be far too small; "
                "scores are compared by ANN907"
            )
        rng = context.rng(self.id)
        train, y_train = _sample(context.X_train, context.y_train, rng)
        test, y_test = _sample(context.X_test, context.y_test, rng)
        kinds = column_kinds(train, test)
        made = {c: column_drift(train[c], test[c], kind) for c, kind in kinds.items()}
        if y_train is not None and y_test is not None:
            kind = "numeric" if context.task == "regression" else "category"
            made[_TARGET] = column_drift(pd.Series(y_train), pd.Series(y_test), kind)
        p = dict(zip(made, holm(np.array([d.p_value for d in made.values()])), strict=True))
        drifted = [c for c in made if p[c] < _ALPHA]
        n = len(kinds)
        count = sum(c != _TARGET for c in drifted)
        return CheckResult(
            {"drifted_columns": Estimate("Columns that drifted", count, None, n, "exact")},
            self._findings(made, p, drifted),
            [_table(made, p)],
            summary=f"{count} of {n} columns differ between training and test (adjusted "
            f"p < {_ALPHA:g}).",
        )

    def _findings(self, made: dict, p: dict, drifted: list[str]) -> list[Finding]:
        if not drifted:
            return []
        worst = max(drifted, key=lambda c: made[c].psi)
        psi = made[worst].psi
        severity = "medium" if psi > _LARGE else "low" if psi > _SHIFT else "info"
        return [
            Finding(
                f"{self.id}.1",
                severity,
                "Training and test rows differ",
                f"{len(drifted)} of {len(made)} columns are distributed differently in training "
                f"and test: {listed(drifted)}. Most so {worst}: {made[worst].test} distance "
                f"{made[worst].statistic:.3f}, adjusted p = {p[worst]:.2g}, population stability "
                f"index {psi:.2f}.",
                "If the split is by time or by group, expect such drift in use; if it was meant "
                "to be random, find what sorted the rows.",
            )
        ]


def _sample(X: pd.DataFrame, y: np.ndarray | None, rng: np.random.Generator):
    """Return at most 50 000 rows."""
    if len(X) <= _MOST_ROWS:
        return X, y
    rows = np.sort(rng.choice(len(X), _MOST_ROWS, replace=False))
    return X.iloc[rows], None if y is None else y[rows]


def _table(made: dict[str, ColumnDrift], p: dict[str, float]) -> Table:
    order = sorted(made, key=lambda c: (p[c], -made[c].psi))[:_MOST_COLUMNS]
    rows = [
        [shorten(c), made[c].test, made[c].statistic, float(p[c]), made[c].psi, made[c].n_test]
        for c in order
    ]
    more = f" The {len(order)} clearest of {len(made)}." if len(made) > len(order) else ""
    note = (
        "Distance: largest gap between the distribution functions (numbers) or Cramér's V "
        "(categories). p adjusted by Holm. Population stability index: 10 bins of equal training "
        f"mass; above {_SHIFT:g} a shift, above {_LARGE:g} a large one. Missing values aside."
    )
    head = ["column", "test", "distance", "adjusted p", "stability index", "test values"]
    return Table("Training against test", head, rows, note + more)
