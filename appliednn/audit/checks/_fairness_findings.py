"""Sentences about differences between groups: which are real, how large, what to do."""

from __future__ import annotations

from collections.abc import Mapping

from appliednn.audit._base import Finding, Severity
from appliednn.audit.checks._fairness_inputs import FairnessInputs
from appliednn.audit.report.svg import format_estimate, format_number
from appliednn.fairness import GroupDifference

_LEVEL = 0.05
_FOUR_FIFTHS = 0.8
_PARITY, _RATIO = "demographic_parity_difference", "demographic_parity_ratio"
_SHARE_OF_ERROR = 0.25
Key = tuple[str, str]


def difference_findings(
    check: str,
    inputs: FairnessInputs,
    found: Mapping[Key, GroupDifference],
    p: Mapping[Key, float],
) -> list[Finding]:
    """Return one finding for each attribute whose groups differ beyond chance.

    *High*: the owner's metric, its whole interval above the tolerance. *Medium*: any metric whose
    estimate is above it. *Low*: a difference that is real and small. An intersection is named only
    where it says more than its attributes do.
    """
    findings: list[Finding] = []
    for attribute in inputs.table.groups:
        real = [m for m in inputs.metrics if p.get((m, attribute), 1.0) <= _LEVEL]
        real = [m for m in real if _says_more(m, attribute, found, p)]
        if not real:
            continue
        real.sort(key=lambda m: (m != inputs.metric, -_size(found[m, attribute])))
        severity = min(
            (_severity(m, found[m, attribute], inputs) for m in real),
            key=("high", "medium", "low").index,
        )
        if _PARITY in real and inputs.metric != _RATIO:
            # The difference's own sentence names the ratio.
            real = [m for m in real if m != _RATIO]
        text = " ".join(_sentence(m, attribute, found) for m in real[:3])
        more = [found[m, attribute].estimate.name for m in real[3:]]
        text += f" Also beyond chance: {', '.join(more)}." if more else ""
        findings.append(
            Finding(
                f"{check}.{len(findings) + 1}",
                severity,
                f"Groups of {attribute} are treated differently",
                text,
                _action(inputs),
            )
        )
    return findings


def odds_or_calibration(check: str, inputs: FairnessInputs) -> list[Finding]:
    """Say that two notions of fairness exclude each other where base rates differ."""
    if inputs.kind != "binary":
        return []
    unlike = []
    for attribute in inputs.table.groups:
        base = inputs.table.difference("base_rate_difference", attribute)
        if " & " not in attribute and base.beyond_chance:
            unlike.append(f"{attribute} (by {format_estimate(base.estimate)})")
    if not unlike:
        return []
    return [
        Finding(
            f"{check}.base-rates",
            "info",
            "Base rates differ: not every metric can hold",
            f"The share of positives differs between the groups of {', '.join(unlike)}. Then "
            "calibration within groups and equalized odds cannot both hold, except for a perfect "
            f"model; the primary metric here is {inputs.metric.replace('_', ' ')}.",
            "" if inputs.reason else "Say in the configuration why this metric fits the use.",
        )
    ]


def _says_more(metric: str, attribute: str, found, p) -> bool:
    """Whether a ratio is below the screen, and an intersection shows more than its parts."""
    ratio = metric == _RATIO
    if ratio and found[metric, attribute].estimate.value >= _FOUR_FIFTHS:
        return False
    if " & " not in attribute:
        return True
    parts = [(metric, part) for part in attribute.split(" & ") if (metric, part) in found]
    real = [found[key] for key in parts if p.get(key, 1.0) <= _LEVEL]
    if not real:
        return True
    if ratio:
        return False
    low = found[metric, attribute].estimate.ci[0]
    return low > max(d.estimate.value for d in real)


def _size(d: GroupDifference) -> float:
    value = d.estimate.value
    return 1 - value if d.estimate.name.endswith(" ratio") else value


def _severity(metric: str, d: GroupDifference, inputs: FairnessInputs) -> Severity:
    """Return how bad a difference beyond chance is."""
    low, high = d.estimate.ci
    if metric == _RATIO:
        sure, seen = high < _FOUR_FIFTHS, True
    elif inputs.kind == "errors":
        # In the unit of the target: a difference is large beside the error itself.
        sure = seen = low > _SHARE_OF_ERROR * inputs.scale
    else:
        sure, seen = low > inputs.tolerance, d.estimate.value > inputs.tolerance
    if sure and metric == inputs.metric:
        return "high"
    return "medium" if seen else "low"


def _sentence(metric: str, attribute: str, found: Mapping[Key, GroupDifference]) -> str:
    """Return one metric in words, the groups named."""
    d = found[metric, attribute]
    ends = f" between {d.lowest!r} and {d.highest!r}" if d.lowest != d.highest else ""
    side = "stay above" if metric == _RATIO else "stay below"
    said = (
        f"The {d.estimate.name} of {attribute}{ends} is {format_estimate(d.estimate)}; without "
        f"any difference 95 % of such data sets would {side} {format_number(d.null_limit)}."
    )
    ratio = found.get((_RATIO, attribute))
    if metric != _PARITY or ratio is None or ratio.estimate.value is None:
        return said
    if ratio.estimate.value < _FOUR_FIFTHS:
        said += f" The ratio is {format_estimate(ratio.estimate)}, below four fifths."
    return said


def _action(inputs: FairnessInputs) -> str:
    if inputs.kind == "errors":
        return "Look for features that serve one group worse, and for groups with few rows."
    return (
        "Find out why (base rates, features that stand in for the attribute, few rows), then "
        "decide: other features, reweighing, another threshold; and set a gate on the metric you "
        "answer for."
    )
