"""Whether scores and alerts stay when the detector is fitted again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from inspect import signature

import numpy as np

from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detector import (
    DetectorCheck,
    count_option,
    jaccard,
    n_top,
    rank_correlation,
    seconds_option,
    top_rows,
)
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.explain import mean_estimate

_KINDS = {"seed": "another seed", "subsample": "a part of the training rows"}
_MEASURES = {
    "stability": "rank correlation of the scores",
    "top_overlap": "overlap of the top rows",
    "flagged_overlap": "overlap of the flagged rows",
}
_SHORT = {"stability": "ranks", "top_overlap": "top rows", "flagged_overlap": "flagged"}
_FEWEST = 3
_LITTLE = 0.5


@dataclass(frozen=True)
class Refits:
    """How alike the audited detector and its refits are, one value a refit and measure."""

    kind: str
    values: dict[str, np.ndarray]

    def estimates(self) -> dict[str, Estimate]:
        """Return the means over refits with Student's interval, within their range."""
        out = {}
        for measure, values in self.values.items():
            name = f"{_MEASURES[measure].capitalize()} with {_KINDS[self.kind]}"
            made = mean_estimate(name, values)
            lowest = -1.0 if measure == "stability" else 0.0
            ci = (max(made.ci[0], lowest), min(made.ci[1], 1.0))
            out[f"{self.kind}_{measure}"] = Estimate(name, made.value, ci, made.n, made.method)
        return out


class Stability(DetectorCheck):
    """Scores of the test rows under other seeds and other training rows."""

    id = "ANN903"
    title = "Stability over seeds and training rows"
    keys = tuple(f"{kind}_{measure}" for kind in _KINDS for measure in _MEASURES)

    def run(self, context: AuditContext) -> CheckResult:
        """Fit copies of the detector and compare what they say of the test rows."""
        _check_can_refit(context)
        n = count_option(context, "n_refits", 5, least=2)
        seconds = seconds_option(context, "max_seconds", 120.0)
        share = _share_option(context)
        made = [_refits(context, kind, n, seconds / 2, share) for kind in _KINDS]
        estimates: dict[str, Estimate] = {}
        for refits in made:
            estimates |= _exact(context) if refits is None else refits.estimates()
        k = n_top(len(context.X_test))
        rows = [
            [what, *(estimates[f"{kind}_{measure}"] for kind in _KINDS)]
            for measure, what in _MEASURES.items()
        ]
        note = (
            f"Each refit against the audited detector, on the test rows; n: refits. Rank "
            f"correlation: Spearman. Overlap: rows in both sets of those in either; top rows: the "
            f"{k} of highest score. A part: {100 * share:g} % of the training rows"
            f"{', in one stretch' if context.reads_series else ''}. Mean over refits with "
            "Student's interval."
        )
        if "labels" in signature(context.model.fit).parameters:
            note += " Refits are given no labels of rows, which the audited detector may have had."
        if made[0] is None:
            note += " The detector draws no random numbers: another seed changes nothing."
        labels = {
            f"{short}, {kind}": estimates[f"{kind}_{measure}"]
            for measure, short in _SHORT.items()
            for kind in _KINDS
        }
        return CheckResult(
            estimates,
            self._findings(estimates, k),
            [Table("Refits", ["what stays", *_KINDS.values()], rows, note)],
            [interval_chart("What stays in a refit", labels, x_label="1: unchanged")],
            summary=f"With another seed the rank correlation of the scores is "
            f"{said(estimates['seed_stability'])}; the overlap of the top {k} rows is "
            f"{said(estimates['seed_top_overlap'])}.",
        )

    def _findings(self, estimates: dict[str, Estimate], k: int) -> list[Finding]:
        findings = []
        for number, kind in enumerate(_KINDS, start=1):
            top, rank = estimates[f"{kind}_top_overlap"], estimates[f"{kind}_stability"]
            if top.ci is None or top.ci[1] >= _LITTLE:
                continue
            findings.append(
                Finding(
                    f"{self.id}.{number}",
                    "medium" if kind == "seed" else "low",
                    f"The top rows change with {_KINDS[kind]}",
                    f"Fitted again with {_KINDS[kind]}, the {k} rows of highest score overlap by "
                    f"{said(top)}; the rank correlation of all scores is {said(rank)}.",
                    "Average several fits (an ensemble), train longer, or add training rows.",
                )
            )
        return findings


def _exact(context: AuditContext) -> dict[str, Estimate]:
    """Return what holds without random numbers: another seed is the same fit."""
    n = len(context.X_test)
    return {
        f"seed_{measure}": Estimate(
            f"{what.capitalize()} with another seed", 1.0, None, n, "exact"
        )
        for measure, what in _MEASURES.items()
    }


def _check_can_refit(context: AuditContext) -> None:
    from sklearn.utils import get_tags

    if context.X_train is None:
        raise NotApplicable("no training data were given, so the detector cannot be fitted again")
    if len(context.X_test) < LEAST_ROWS:
        raise NotApplicable(few_rows(len(context.X_test)))
    if get_tags(context.model).target_tags.required:
        raise NotApplicable("the detector is fitted on labels of its own, which are not known")


def _share_option(context: AuditContext) -> float:
    share = context.option("detection", "subsample", 0.8)
    number = isinstance(share, (int, float)) and not isinstance(share, bool)
    if not number or not 0 < share < 1:
        raise UsageError(f"detection.subsample must be a share between 0 and 1, got {share!r}")
    return float(share)


def _refits(
    context: AuditContext, kind: str, n: int, seconds: float, share: float
) -> Refits | None:
    """Return how alike refits are; None where the detector has no random state.

    The first refit is timed, and only so many follow as fit into ``seconds``, at least two.
    """
    names = _random_states(context.model)
    if kind == "seed" and not names:
        return None
    flagged, k = context.flagged, n_top(len(context.X_test))
    top = top_rows(context.scores, k)
    values: dict[str, list[float]] = {measure: [] for measure in _MEASURES}
    began = time.perf_counter()
    i = 0
    while i < n:
        scores, calls = _refit(context, kind, names, i, share)
        values["stability"].append(rank_correlation(context.scores, scores))
        values["top_overlap"].append(jaccard(top, top_rows(scores, k)))
        values["flagged_overlap"].append(jaccard(flagged, calls))
        i += 1
        if i == 1:
            took = time.perf_counter() - began
            n = min(n, max(_FEWEST, int(seconds / max(took, 1e-9))))
    return Refits(kind, {measure: np.array(found) for measure, found in values.items()})


def _random_states(model) -> list[str]:
    """Return the parameters that seed a detector, those of its steps included."""
    names = model.get_params(deep=True)
    return [n for n in names if n == "random_state" or n.endswith("__random_state")]


def _refit(
    context: AuditContext, kind: str, names: list[str], number: int, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a copy and return its scores and alerts of the test rows."""
    from sklearn.base import clone

    rng = np.random.default_rng(context.seed(f"ANN903 {kind} {number}"))
    X = context.X_train
    model = clone(context.model)
    if kind == "seed":
        model.set_params(**{name: int(rng.integers(2**31)) for name in names})
    else:
        X = X.iloc[_part(len(X), share, rng, ordered=context.reads_series)]
    model.fit(context.model_input(X.reset_index(drop=True)))
    copy = context.like(model)
    return copy.scores, copy.flagged


def _part(n: int, share: float, rng: np.random.Generator, *, ordered: bool) -> np.ndarray:
    """Return the numbers of a share of ``n`` rows; ordered: in one stretch."""
    size = max(1, round(share * n))
    if ordered:
        return np.arange(size) + int(rng.integers(0, n - size + 1))
    return np.sort(rng.choice(n, size, replace=False))
