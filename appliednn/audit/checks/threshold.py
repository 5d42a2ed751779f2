"""Threshold: what the decisions cost, and whether another threshold would cost less.

Keys
----
``cost_per_row`` (of the decisions in use), ``cost_saved_by_threshold`` (by a threshold chosen on
one half of the test rows and applied to the other, both ways round; positive: another threshold
costs less).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import (
    SUPERVISED,
    Check,
    CheckResult,
    Figure,
    Finding,
    NotApplicable,
    Table,
)
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import LEAST_ROWS, estimate_of, few_rows, share_estimate
from appliednn.audit.checks._outcome import test_outcome
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import format_number, line_chart
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._costs import cost_curve, row_costs
from appliednn.diagnostics._resampling import bootstrap_draws
from appliednn.diagnostics._threshold import choose_threshold

_GRID = np.linspace(0.0, 1.0, 101)
_N_BOOT = 500


@dataclass(frozen=True)
class Decisions:
    """Probabilities, what was decided, and what errors cost.

    Attributes
    ----------
    y, called : ndarray of bool, shape (n,)
        Whether a row is positive, and whether the model called it so.
    proba : ndarray of shape (n,)
    costs : tuple of (float, float)
        Of a false positive and a false negative.
    given : bool
        Whether the costs were given rather than assumed.
    """

    y: np.ndarray
    called: np.ndarray
    proba: np.ndarray
    costs: tuple[float, float]
    given: bool

    @property
    def rule(self) -> dict:
        """The costs as :func:`choose_threshold` takes them."""
        return {"type": "cost", "false_positive": self.costs[0], "false_negative": self.costs[1]}

    @property
    def ideal(self) -> float:
        """Best threshold for calibrated probabilities (C. Elkan, IJCAI 2001)."""
        return self.costs[0] / sum(self.costs)


class Threshold(Check):
    """The cost of the decisions in use against other thresholds."""

    id = "ANN231"
    section = "threshold"
    title = "Decision threshold and cost"
    keys = ("cost_per_row", "cost_saved_by_threshold")
    tasks = SUPERVISED
    instead = "the threshold of a detector is judged by the alerts it gives, by ANN902"

    def run(self, context: AuditContext) -> CheckResult:
        """Cost every threshold; judge the gain of moving it by cross-fitting on two halves."""
        made = _decisions(context)
        seed = context.seed(self.id)
        in_use = row_costs(made.y, made.called, *made.costs)
        moved = _cross_fitted(made, context.rng(self.id))
        cost = _mean("Cost per row, decisions in use", in_use, seed)
        saved = _mean("Cost saved per row by another threshold", in_use - moved, seed)
        curve = cost_curve(made.y, made.proba, *made.costs, _thresholds(made.proba))
        best = float(curve.thresholds[curve.best])
        return CheckResult(
            {"cost_per_row": cost, "cost_saved_by_threshold": saved},
            self._findings(made, cost, saved, best),
            [_table(made, best, seed)],
            [_figure(made, best)],
            summary=f"The decisions in use cost {said(cost)} a row; a threshold chosen on other "
            f"rows would save {said(saved)}.",
        )

    def _findings(
        self, made: Decisions, cost: Estimate, saved: Estimate, best: float
    ) -> list[Finding]:
        if saved.value is None or saved.ci[0] <= 0 or saved.value < 0.05 * cost.value:
            return []
        fp, fn = made.costs
        return [
            Finding(
                f"{self.id}.1",
                "medium" if made.given else "info",
                "Another threshold costs less",
                f"With a false positive at {fp:g} and a false negative at {fn:g}"
                f"{'' if made.given else ' (assumed)'}, the decisions in use cost {said(cost)} a "
                f"row; a threshold chosen on other rows saves {said(saved)}. On these rows the "
                f"lowest cost lies at {best:.2f}.",
                "Choose the threshold on validation rows for your costs, never on the test rows."
                if made.given
                else "State what each error costs and choose the threshold for it.",
            )
        ]


def _decisions(context: AuditContext) -> Decisions:
    """Return the decisions of a binary task, rows of unknown label left out."""
    if context.task != "binary":
        raise NotApplicable(f"a {context.task} task has no single threshold")
    outcome = test_outcome(context)
    if outcome.proba is None:
        raise NotApplicable("the model gives no probabilities (no predict_proba)")
    if not np.isfinite(outcome.proba).all():
        raise NotApplicable("some probabilities are NaN or infinite (see ANN201)")
    known = outcome.known
    y = outcome.is_positive[known]
    if len(y) < LEAST_ROWS:
        raise NotApplicable(few_rows(len(y)))
    if y.all() or not y.any():
        raise NotApplicable("all test rows are of one class")
    costs = tuple(_cost(context, key) for key in ("false_positive", "false_negative"))
    given = bool({"false_positive", "false_negative"} & set(context.options.get("threshold", {})))
    called = outcome.predicted[known] == outcome.positive
    proba = np.clip(outcome.proba[known, outcome.positive], 0.0, 1.0)
    return Decisions(y, called, proba, costs, given)


def _cost(context: AuditContext, key: str) -> float:
    value = context.option("threshold", key, 1.0)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise UsageError(f"threshold.{key} must be a positive number, got {value!r}")
    return float(value)


def _cross_fitted(made: Decisions, rng: np.random.Generator) -> np.ndarray:
    """Return each row's cost under a threshold chosen on the half it is not in."""
    half = np.empty(len(made.y), dtype=int)
    for label in (True, False):
        rows = rng.permutation(np.flatnonzero(made.y == label))
        half[rows] = np.arange(len(rows)) % 2
    costs = np.empty(len(made.y))
    for k in (0, 1):
        here, there = half == k, half != k
        threshold = choose_threshold(made.y[there], made.proba[there], made.rule).threshold
        costs[here] = row_costs(made.y[here], made.proba[here] >= threshold, *made.costs)
    return costs


def _thresholds(proba: np.ndarray) -> np.ndarray:
    """Return thresholds that tell all rows apart, at most a thousand."""
    return np.unique(np.append(np.quantile(proba, np.linspace(0, 1, 1000)), 1.0 + 1e-9))


def _mean(name: str, values: np.ndarray, seed: int) -> Estimate:
    n = len(values)

    def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": counts @ values / n}

    draws = bootstrap_draws(statistic, n, _N_BOOT, seed)["mean"]
    return estimate_of(name, float(values.mean()), draws, n, seed, "")


def _table(made: Decisions, best: float, seed: int) -> Table:
    points = {
        "in use": (_in_use(made), made.called),
        "one half": (0.5, made.proba >= 0.5),
        "ideal if calibrated": (made.ideal, made.proba >= made.ideal),
        "lowest on these rows": (best, made.proba >= best),
    }
    rows = []
    for name, (threshold, called) in points.items():
        hits = int((called & made.y).sum())
        cost = _mean(f"Cost per row, {name}", row_costs(made.y, called, *made.costs), seed)
        precision = share_estimate("Precision", hits, int(called.sum()), "no row is called so")
        recall = share_estimate("Recall", hits, int(made.y.sum()), "")
        rows.append([name, threshold, cost, precision, recall, float(called.mean())])
    note = (
        f"Cost of a false positive {made.costs[0]:g}, of a false negative {made.costs[1]:g}"
        f"{'' if made.given else ' (assumed: set them for your case)'}. The lowest on these rows "
        "was chosen on them: it describes them and promises nothing."
    )
    head = ["threshold", "at", "cost per row", "precision", "recall", "share called positive"]
    return Table("Operating points", head, rows, note)


def _in_use(made: Decisions) -> float | None:
    """Return the threshold that gives the decisions in use, if one does."""
    if made.called.all() or not made.called.any():
        return None
    low, high = float(made.proba[~made.called].max()), float(made.proba[made.called].min())
    if low > high:
        return None
    return 0.5 if low <= 0.5 <= high else (low + high) / 2


def _figure(made: Decisions, best: float) -> Figure:
    curve = cost_curve(made.y, made.proba, *made.costs, _GRID)
    current = _in_use(made)
    cost = float(row_costs(made.y, made.called, *made.costs).mean())
    lowest = cost_curve(made.y, made.proba, *made.costs, np.array([best])).costs[0]
    points = {"lowest here": (min(best, 1.0), float(lowest))}
    if current is not None:
        points["in use"] = (current, cost)
    worst = format_number(float(curve.costs.max()))
    return line_chart(
        "Cost by threshold",
        {"cost per row": (_GRID, curve.costs)},
        "threshold",
        "cost per row",
        points=points,
        x_range=(0.0, 1.0),
        alt=f"Line chart, Cost by threshold. In use: {format_number(cost)} a row; lowest on these "
        f"rows: {format_number(float(lowest))} at {format_number(best)}; highest: {worst}.",
    )


CHECKS: tuple[type[Check], ...] = (Threshold,)
