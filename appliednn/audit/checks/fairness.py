"""Fairness: rates per group and intersection, and the differences between groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from appliednn.audit._base import Check, CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._fairness_findings import (
    difference_findings,
    odds_or_calibration,
)
from appliednn.audit.checks._fairness_inputs import (
    BINARY_METRICS,
    ERROR_METRICS,
    FairnessInputs,
    fairness_inputs,
)
from appliednn.audit.report.svg import format_estimate, format_number, interval_chart
from appliednn.core.statistics import Estimate, holm
from appliednn.fairness import METRICS, GroupDifference

_MAX_ROWS = 36
# A rate over fewer rows would tell about single persons.
_PRIVATE = 5
_INEQUALITY = (
    "Benefit of a row: prediction - truth + 1 (2 for an unearned positive, 0 for a denied one); "
    "0 means that all benefit alike. Epsilon: the largest log ratio of two groups' shares, "
    "smoothed, over groups that are large enough; it grows with the number of groups, and so does "
    "its interval. The four-fifths rule is about 0.22."
)
_RATES = {
    "binary": ("selection_rate", "tpr", "fpr", "ppv", "accuracy", "base_rate"),
    "accuracy": ("accuracy",),
    "errors": ("mae", "mean_residual"),
}
_HEADS = {
    "selection_rate": "selection rate",
    "tpr": "true positive rate",
    "fpr": "false positive rate",
    "ppv": "precision",
    "accuracy": "accuracy",
    "base_rate": "base rate",
    "mae": "mean absolute error",
    "mean_residual": "mean residual (target - prediction)",
}


class GroupRates(Check):
    """How the model treats each group and each intersection of groups."""

    id = "ANN601"
    section = "fairness"
    title = "Rates per group"
    keys = tuple(f"group_{rate}" for rates in _RATES.values() for rate in rates)

    def run(self, context: AuditContext) -> CheckResult:
        """Give each group's rates with intervals; a rate without a base is not estimable."""
        inputs = fairness_inputs(context)
        tables = [self._table(inputs, attribute) for attribute in inputs.table.groups]
        figures = [f for a in inputs.table.groups for f in self._figure(inputs, a)]
        single = [a for a in inputs.table.groups if " & " not in a]
        said = ", ".join(f"{a} ({len(inputs.table.groups[a])} groups)" for a in single)
        return CheckResult(
            estimates=self._estimates(inputs),
            findings=self._findings(inputs),
            tables=tables,
            figures=figures,
            summary=" ".join([f"Attributes: {said}.", *inputs.notes]),
        )

    def _estimates(self, inputs: FairnessInputs) -> dict[str, Estimate]:
        """Return the rates of each attribute's groups; intersections stay in the tables."""
        out = {}
        for attribute, groups in inputs.table.groups.items():
            if " & " not in attribute:
                for group in _largest(groups):
                    for rate in _RATES[inputs.kind]:
                        out[f"group_{rate}[{attribute}={group.name}]"] = _rates(group)[rate]
        return out

    def _table(self, inputs: FairnessInputs, attribute: str) -> Table:
        groups = _largest(inputs.table.groups[attribute])
        shown = _RATES[inputs.kind]
        binary = inputs.kind == "binary"
        columns = ["group", "n", *(["positives"] if binary else []), *(_HEADS[r] for r in shown)]
        scored = binary and any(g.calibration is not None for g in groups)
        columns += ["ECE", "ECE of noise alone"] if scored else []
        rows = []
        for group in groups:
            row = [group.name, group.n, *([group.n_pos] if binary else [])]
            row += [_rates(group)[rate] for rate in shown]
            if scored:
                row += [group.calibration.ece, round(group.calibration.floor, 4)]
            rows.append(row)
        return Table(f"Groups of {attribute}", columns, rows, _hidden(inputs, attribute))

    def _figure(self, inputs: FairnessInputs, attribute: str) -> list[Figure]:
        """Return the chart of the rates that the owner's metric compares."""
        groups = _largest(inputs.table.groups[attribute], 18)
        if len(groups) < 2:
            return []
        rates = METRICS.get(inputs.metric, ("", ("tpr",)))[1]
        if inputs.kind == "errors":
            rates = (inputs.metric.removesuffix("_difference"),)
        figures = []
        for rate in rates:
            rows = [(group.name, _rates(group)[rate]) for group in groups]
            title = f"{_HEADS[rate].capitalize()} by {attribute}"
            figures.append(interval_chart(title, rows, x_label=_HEADS[rate]))
        return figures

    def _findings(self, inputs: FairnessInputs) -> list[Finding]:
        """Say which groups are too small to judge, and which rates have no base."""
        small, empty, least = [], [], inputs.min_group_size
        for attribute, groups in inputs.table.groups.items():
            if " & " in attribute:
                continue
            for group in groups:
                name = f"{attribute}={group.name}"
                if group.n < least:
                    small.append(f"{name} (n = {group.n})")
                for rate in ("tpr", "fpr", "ppv"):
                    missing = inputs.kind == "binary" and group.rates[rate].value is None
                    if missing and group.n >= least:
                        empty.append(f"the {_HEADS[rate]} of {name}: {group.rates[rate].reason}")
        findings = []
        if small:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "info",
                    "Groups too small to judge",
                    f"Fewer than {least} rows, shown but not compared: {_listed(small)}.",
                    "Collect more rows of these groups before saying that they are treated alike.",
                )
            )
        if empty:
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "info",
                    "Rates that the data cannot give",
                    f"Not estimable, and left out of the comparison: {_listed(empty)}.",
                )
            )
        return findings


class GroupDifferences(Check):
    """How far groups differ, beyond what chance alone would give."""

    id = "ANN602"
    section = "fairness"
    title = "Differences between groups"
    keys = (*BINARY_METRICS, *ERROR_METRICS)

    def run(self, context: AuditContext) -> CheckResult:
        """Compare groups by every metric; the owner's own comes first."""
        inputs = fairness_inputs(context)
        found = {
            (metric, attribute): inputs.difference(metric, attribute)
            for attribute in inputs.table.groups
            for metric in inputs.metrics
        }
        p = _adjusted(found)
        tables = [self._table(inputs, a, found, p) for a in inputs.table.groups]
        if inputs.inequality:
            rows = [[e.name, e] for e in inputs.inequality]
            tables.append(Table("Inequality of outcomes", ["index", "value"], rows, _INEQUALITY))
        findings = difference_findings(self.id, inputs, found, p)
        findings += odds_or_calibration(self.id, inputs)
        return CheckResult(
            estimates={f"{m}[{a}]": d.estimate for (m, a), d in found.items()},
            findings=findings,
            tables=tables,
            figures=self._figures(inputs, found),
            summary=self._summary(inputs, found),
        )

    def _table(self, inputs: FairnessInputs, attribute: str, found, p) -> Table:
        ordered = sorted(inputs.metrics, key=lambda m: m != inputs.metric)
        small = {
            g.name: g.n for g in inputs.table.groups[attribute] if g.n < inputs.min_group_size
        }
        rows, any_left = [], False
        for metric in ordered:
            d: GroupDifference = found[metric, attribute]
            left = [f"{name}: {why}" for name, why in d.excluded.items() if name not in small]
            any_left |= bool(left)
            row = [
                d.estimate.name + (" (primary)" if metric == inputs.metric else ""),
                d.estimate,
                None if d.null_limit is None else round(d.null_limit, 4),
                _p_text(p.get((metric, attribute))),
                d.lowest,
                d.highest,
                _listed(left, 4),
            ]
            rows.append(row)
        columns = ["metric", "estimate", "by chance", "p", "lowest", "highest", "not estimable"]
        if not any_left:
            rows, columns = [row[:-1] for row in rows], columns[:-1]
        first = attribute == next(iter(inputs.table.groups))
        note = _difference_note(inputs) if first else ""
        if small:
            said = _listed([f"{name} (n = {n})" for name, n in small.items()], 8)
            note += f" Too small to compare (fewer than {inputs.min_group_size} rows): {said}."
        return Table(f"Differences by {attribute}", columns, rows, note.strip())

    def _figures(self, inputs: FairnessInputs, found) -> list[Figure]:
        rows = [(a, d.estimate) for (m, a), d in found.items() if m == inputs.metric]
        name = rows[0][1].name
        return [interval_chart(f"{name.capitalize()} by attribute", rows, x_label=name, zero=0.0)]

    def _summary(self, inputs: FairnessInputs, found) -> str:
        """Return the owner's metric with its reason, and what it came to."""
        reason = inputs.reason.rstrip(".") or "no reason was given"
        values = [
            f"{attribute}: {format_estimate(d.estimate)}"
            for (metric, attribute), d in found.items()
            if metric == inputs.metric and " & " not in attribute
        ]
        idle = sum(d.estimate.value is None for d in found.values())
        name = next(d.estimate.name for (m, _), d in found.items() if m == inputs.metric)
        said = f"Primary metric: {name} ({reason}). "
        said += "; ".join(values) + "."
        return said + (f" {idle} of {len(found)} comparisons are not estimable." if idle else "")


def _difference_note(inputs: FairnessInputs) -> str:
    """Say how to read the tables of differences."""
    note = (
        "Largest difference of two groups. Its interval holds for all pairs of groups at once. By "
        "chance: 95 % of data sets without any difference stay below this (a ratio: above). p: "
        "permutation test, corrected for the number of comparisons in this section (Holm)."
    )
    if inputs.kind == "binary":
        note += " The ratio's 0.8 (four-fifths rule) is a screen, no test."
    return note


def _rates(group) -> Mapping[str, Estimate]:
    """Return a group's numbers, whether it classifies or regresses."""
    return group.measures if hasattr(group, "measures") else group.rates


def _largest(groups, most: int = _MAX_ROWS) -> list:
    """Return the largest groups in their own order, none so small that it shows single rows."""
    enough = [g for g in groups if g.n >= _PRIVATE]
    keep = set(np.argsort([-g.n for g in enough], kind="stable")[:most].tolist())
    return [g for i, g in enumerate(enough) if i in keep]


def _hidden(inputs: FairnessInputs, attribute: str) -> str:
    """Say how many groups a table leaves out, and why."""
    groups = inputs.table.groups[attribute]
    tiny = sum(g.n < _PRIVATE for g in groups)
    more = len(groups) - tiny - _MAX_ROWS
    said = [f"Groups of fewer than {_PRIVATE} rows, not shown: {tiny}."] if tiny else []
    said += [f"Smaller groups, not shown: {more}."] if more > 0 else []
    return " ".join(said)


def _adjusted(found) -> dict[tuple[str, str], float]:
    """Return Holm-adjusted p-values of all comparisons; a ratio repeats its difference."""
    keys = [
        key
        for key, d in found.items()
        if d.p_value is not None and key[0] != "demographic_parity_ratio"
    ]
    if not keys:
        return {}
    p = dict(zip(keys, holm(np.array([found[key].p_value for key in keys])), strict=True))
    for metric, attribute in found:
        twin = ("demographic_parity_difference", attribute)
        if metric == "demographic_parity_ratio" and twin in p:
            p[metric, attribute] = p[twin]
    return {key: float(value) for key, value in p.items()}


def _p_text(p: float | None) -> str:
    if p is None:
        return ""
    return "below 0.001" if p < 0.001 else format_number(p, 3)


def _listed(items: list[str], most: int = 6) -> str:
    more = len(items) - most
    return "; ".join(items[:most]) + (f"; and {more} more" if more > 0 else "")


CHECKS = (GroupRates, GroupDifferences)
