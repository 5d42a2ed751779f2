"""What the data look like: size, columns, classes, and columns that should not be features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from appliednn.audit._base import Check, CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import listed, percent, shorten
from appliednn.audit.report.svg import histogram
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._columns import MISSING, as_numbers, as_text, column_kinds

_MOST_COLUMNS = 40
_MOST_CLASSES = 20
_LEAST_ROWS = 50


@dataclass(frozen=True)
class Column:
    """A column as the check sees it; ``flag`` is empty where nothing is odd."""

    name: str
    dtype: str
    distinct: int
    missing: float
    flag: str


class Overview(Check):
    """Rows, columns and classes; columns that are constant, empty or look like an id."""

    id = "ANN101"
    section = "data"
    title = "Rows, columns and classes"
    keys = ("n_test", "n_train", "n_features", "class_share", "constant_columns")
    reads = ("table",)
    unread = "a text has no columns; texts are described by ANN1001"

    def run(self, context: AuditContext) -> CheckResult:
        """Describe training rows where given, else test rows; no value is shown."""
        given = context.X_test if context.X_train is None else context.X_train
        where = "test" if context.X_train is None else "training"
        columns = [_describe(given[c], kind) for c, kind in column_kinds(given).items()]
        n_test, n_columns = context.X_test.shape
        estimates = {
            "n_test": Estimate("Test rows", n_test, None, n_test, "exact"),
            "n_features": Estimate("Features", n_columns, None, n_columns, "exact"),
        }
        if context.X_train is not None:
            n = len(context.X_train)
            estimates["n_train"] = Estimate("Training rows", n, None, n, "exact")
        constant = sum(c.flag in ("constant", "empty") for c in columns)
        estimates["constant_columns"] = Estimate(
            "Columns without information", constant, None, n_columns, "exact"
        )
        shares, tables, figures = target_shares(context)
        tables.append(_table(columns, where, len(given)))
        return CheckResult(
            estimates=estimates | shares,
            findings=self._findings(columns, where),
            tables=tables,
            figures=figures,
            summary=f"{n_test} test rows"
            + (f", {len(context.X_train)} training rows" if context.X_train is not None else "")
            + f", {n_columns} features.",
        )

    def _findings(self, columns: list[Column], where: str) -> list[Finding]:
        said = (
            ("empty", "low", "Columns without any value", "have no value", "Drop them."),
            ("constant", "low", "Constant columns", "have one value only", "Drop them."),
            (
                "id-like",
                "low",
                "Columns that look like an id",
                "take (nearly) another value in each row, so that nothing learned from them can "
                "hold for new rows",
                "Drop them, or derive what they encode.",
            ),
        )
        findings = []
        for number, (flag, severity, title, what, action) in enumerate(said, start=1):
            names = [c.name for c in columns if c.flag == flag]
            if names:
                text = f"{len(names)} of {len(columns)} columns {what}: {listed(names)} ({where})."
                findings.append(Finding(f"{self.id}.{number}", severity, title, text, action))
        return findings


def _describe(series: pd.Series, kind: str) -> Column:
    """Return what is said of a column."""
    n = len(series)
    missing = float(series.isna().mean())
    if kind == "numeric":
        values = as_numbers(series)
        values = values[~np.isnan(values)]
        whole = bool((np.isfinite(values) & (values == np.round(values))).all())
        may_be_id = whole and not pd.api.types.is_datetime64_any_dtype(series)
    else:
        text = as_text(series)
        values = text[text != MISSING]
        may_be_id = True
    distinct = len(pd.unique(values))
    flag = ""
    if distinct == 0:
        flag = "empty"
    elif distinct == 1 and missing == 0:
        flag = "constant"
    elif may_be_id and n >= _LEAST_ROWS and distinct >= (1.0 if kind == "numeric" else 0.9) * n:
        flag = "id-like"
    return Column(str(series.name), str(series.dtype), distinct, missing, flag)


def _table(columns: list[Column], where: str, n: int) -> Table:
    shown = sorted(columns, key=lambda c: (c.flag == "", -c.missing))[:_MOST_COLUMNS]
    if len(columns) <= _MOST_COLUMNS:
        shown = columns
    more = f" {len(columns) - len(shown)} more columns." if len(columns) > len(shown) else ""
    rows = [[shorten(c.name), c.dtype, c.distinct, percent(c.missing), c.flag] for c in shown]
    return Table(
        "Columns",
        ["column", "dtype", "distinct values", "missing", "note"],
        rows,
        f"Of {n} {where} rows. Id-like: whole numbers that never repeat, or text that differs in "
        f"at least 90 % of the rows.{more}",
    )


def target_shares(context: AuditContext) -> tuple[dict[str, Estimate], list[Table], list[Figure]]:
    """Return the class shares, or the target's histogram."""
    sets = {"test": context.y_test}
    if context.y_train is not None:
        sets = {"training": context.y_train, **sets}
    if context.y_test is None:
        return {}, [], []
    if context.task == "regression":
        numbers = {name: np.asarray(y, dtype=float) for name, y in sets.items()}
        return {}, [], [histogram("Target", numbers, "target")]
    if context.task == "anomaly":
        sets = {name: np.where(y == 1, "anomaly", "normal") for name, y in sets.items()}
        known = ["normal", "anomaly"]
    else:
        known = context.classes.tolist()
    counts = {name: pd.Series(y.tolist()).value_counts() for name, y in sets.items()}
    labels = list(dict.fromkeys([*known, *counts["test"].index.tolist()]))
    made = {
        name: {
            k: share_estimate(f"Share of {k}", int(c.get(k, 0)), int(c.sum()), "") for k in labels
        }
        for name, c in counts.items()
    }
    estimates = {f"class_share[{k}]": made["test"][k] for k in labels}
    shown = sorted(labels, key=lambda k: -made["test"][k].value)[:_MOST_CLASSES]
    rows = [[shorten(k), *(made[name][k] for name in sets)] for k in shown]
    more = f" {len(labels) - len(shown)} rarer classes." if len(labels) > len(shown) else ""
    columns = ["class", *(f"share of {name} rows" for name in sets)]
    return estimates, [Table("Classes", columns, rows, "Wilson intervals." + more)], []
