"""Weak slices: where the model errs more than elsewhere.

Keys
----
``worst_slice_gap``: error rate of the slice that looked worst on one half of the test rows, less
the error rate of all other rows, both measured on the other half. For a regression: the same of
the mean absolute error, as a share of its overall value.
"""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import (
    SUPERVISED,
    Check,
    CheckResult,
    Figure,
    Finding,
    NotApplicable,
    Severity,
    Table,
)
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._outcome import test_outcome
from appliednn.audit.checks._text_shared import traits_of
from appliednn.audit.checks._words import percent, said, shorten
from appliednn.audit.report.svg import format_number, interval_chart
from appliednn.core.statistics import Estimate, holm, newcombe_interval, not_estimable
from appliednn.diagnostics._slices import Slice, find_slices

_LEAST_ROWS = 100
_LEAST_SLICE = 15
_MOST_ROWS = 20_000
_ALPHA = 0.05
# Surely larger than this: points of error rate, or a share of the mean absolute error.
_LARGE = 0.1
_MATTERS = {True: 0.02, False: 0.1}


class WeakSlices(Check):
    """Parts of the data, told by one or two features, in which the model errs more."""

    id = "ANN301"
    section = "slices"
    title = "Weak slices"
    keys = ("worst_slice_gap",)
    tasks = SUPERVISED
    instead = "anomalies are too rare for error rates by slice"

    def run(self, context: AuditContext) -> CheckResult:
        """Search one half of the test rows, test on the other, adjust p-values by Holm."""
        loss, expected = _losses(context)
        X = traits_of(context) if context.reads_text else context.X_test
        n = len(loss)
        if n < _LEAST_ROWS:
            raise NotApplicable(f"{n} test rows are too few to halve (at least {_LEAST_ROWS})")
        order = context.rng(self.id).permutation(n)[:_MOST_ROWS]
        halves = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
        least = max(_LEAST_SLICE, len(halves[0]) // 50)
        found = find_slices(X, loss, halves, least=least, seed=context.seed(self.id))
        classify = context.task != "regression"
        test = halves[1]
        unit = 1.0 if classify else max(float(loss[test].mean()), np.finfo(float).tiny)
        gaps = [_gap(s, loss, test, unit, classify) for s in found]
        surprise = None if expected is None else _surprise(found, loss, expected)
        name = "Gap of the worst slice"
        worst = gaps[0] if gaps else not_estimable(name, n, "no slice has enough rows")
        weak = [
            k
            for k, (s, g) in enumerate(zip(found, gaps, strict=True))
            if s.adjusted_p < _ALPHA and g.ci[0] > _MATTERS[classify]
        ]
        return CheckResult(
            {"worst_slice_gap": worst},
            [
                self._finding(i, k, found, gaps, surprise, classify)
                for i, k in enumerate(weak[:3], 1)
            ],
            [_table(found, gaps, expected, surprise, classify, len(test))] if found else [],
            [_figure(found, gaps, classify)] if found else [],
            summary=f"{len(weak)} of {len(found)} slices that looked weak on one half of the test "
            f"rows are weak on the other (adjusted p < {_ALPHA:g}).",
        )

    def _finding(self, number, k, found, gaps, surprise, classify: bool) -> Finding:
        """Say that a slice is weak, and whether the model's own probabilities say so."""
        slice_, gap = found[k], gaps[k]
        known = surprise is not None and surprise[k] >= _ALPHA
        what = "error rate" if classify else "mean absolute error"
        inside, outside = (
            (percent(v) if classify else format_number(v)) for v in (slice_.inside, slice_.outside)
        )
        more = f"the gap is {said(gap)}" + ("" if classify else " of the overall error")
        aware = " The model's own probabilities say as much: hard cases, not blind ones."
        blind = " Its probabilities do not show it: it is too sure there."
        tail = "" if surprise is None else aware if known else blind
        return Finding(
            f"{self.id}.{number}",
            _severity(gap, known, classify),
            shorten(f"{'Hard' if known else 'Weak'} where {slice_.name}", 70),
            f"In the slice {slice_.name} the {what} is {inside} against {outside} elsewhere; "
            f"{more}, adjusted p = {slice_.adjusted_p:.2g}.{tail}",
            "Collect more rows of this kind, add features that tell them apart, or refuse to "
            "predict there.",
        )


def _severity(gap: Estimate, known: bool, classify: bool) -> Severity:
    """Return how bad a slice is: one that the model itself calls hard is hardly a defect."""
    if known:
        return "low" if gap.ci[0] > _LARGE else "info"
    return "low" if not classify and gap.ci[0] < 0.5 else "medium"


def _losses(context: AuditContext):
    """Return the loss of each row and the loss the model itself expects (or None)."""
    if context.task == "regression":
        predicted = np.asarray(context.y_pred, dtype=np.float64).reshape(-1)
        if not np.isfinite(predicted).all():
            raise NotApplicable("some predictions are NaN or infinite (see ANN201)")
        return np.abs(np.asarray(context.y_test, float) - predicted), None
    outcome = test_outcome(context)
    loss = (outcome.y != outcome.predicted).astype(float)
    expected = None
    if outcome.proba is not None and np.isfinite(outcome.proba).all():
        inside = np.minimum(outcome.predicted, outcome.n_classes - 1)
        expected = 1 - outcome.proba[np.arange(len(loss)), inside]
    return loss, expected


def _gap(slice_: Slice, loss, test, unit: float, classify: bool) -> Estimate:
    """Return the gap between the slice and the other rows of the testing half."""
    inside = np.isin(test, slice_.rows)
    a, b = loss[test[inside]], loss[test[~inside]]
    name = f"Gap of {slice_.name}"
    if classify:
        ci = newcombe_interval(a.sum(), len(a), b.sum(), len(b))
        return Estimate(name, slice_.gap, ci, len(a), "newcombe")
    low, high = welch_interval(a, b)
    return Estimate(name, slice_.gap / unit, (low / unit, high / unit), len(a), "welch")


def welch_interval(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return Welch's interval for a difference of means."""
    from scipy.special import stdtrit

    va, vb = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    se2 = max(va + vb, np.finfo(float).tiny)
    df = se2**2 / max(va**2 / (len(a) - 1) + vb**2 / (len(b) - 1), np.finfo(float).tiny)
    reach = float(stdtrit(df, 0.975)) * np.sqrt(se2)
    gap = a.mean() - b.mean()
    return float(gap - reach), float(gap + reach)


def _surprise(found: list[Slice], loss: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return adjusted p-values of errors beyond what the model's probabilities expect."""
    from scipy.special import ndtr

    p = np.ones(len(found))
    for k, slice_ in enumerate(found):
        more = float((loss[slice_.rows] - expected[slice_.rows]).sum())
        spread = float((expected[slice_.rows] * (1 - expected[slice_.rows])).sum())
        # Half a row off: the count of errors is discrete.
        p[k] = ndtr(-(more - 0.5) / np.sqrt(max(spread, 0.25)))
    return holm(p)


def _table(found, gaps, expected, surprise, classify: bool, n_test: int) -> Table:
    what = "error rate" if classify else "mean absolute error"
    head = ["slice", "rows", what, "elsewhere", "gap", "adjusted p"]
    rows = [
        [shorten(s.name, 60), len(s.rows), s.inside, s.outside, g, s.adjusted_p]
        for s, g in zip(found, gaps, strict=True)
    ]
    note = (
        f"Searched over single features and pairs on one half of the test rows, measured on the "
        f"other ({n_test} rows). p one-sided, by permutation, adjusted by Holm."
    )
    if not classify:
        note += " Gap as a share of the overall mean absolute error."
    if expected is not None:
        head += ["expected by the model", "p (beyond expected)"]
        for row, s, p in zip(rows, found, surprise, strict=True):
            row += [float(expected[s.rows].mean()), float(p)]
        note += " Expected by the model: one less the probability of its answer."
    return Table("Slices", head, rows, note)


def _figure(found, gaps, classify: bool) -> Figure:
    label = "error rate less that elsewhere" if classify else "share of the mean absolute error"
    rows = [(shorten(s.name, 28), g) for s, g in zip(found, gaps, strict=True)]
    return interval_chart("Gap of each slice", rows, x_label=label, zero=0.0)


CHECKS: tuple[type[Check], ...] = (WeakSlices,)
