"""What the fairness checks share: attributes, options, and the group table (computed once)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.fairness import (
    ErrorTable,
    GroupTable,
    expected_rates,
    group_errors,
    group_metrics,
    inequality_indices,
    prepare_attributes,
)

#: Metrics of the report in their order; a ratio is a screen beside its difference.
BINARY_METRICS = (
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equalized_odds_difference",
    "equal_opportunity_difference",
    "predictive_parity_difference",
    "predictive_equality_difference",
    "calibration_gap",
    "accuracy_difference",
)
ERROR_METRICS = ("mae_difference", "mean_residual_difference")
PRIMARY = "equal_opportunity_difference"
_PREPARED: WeakKeyDictionary[AuditContext, FairnessInputs] = WeakKeyDictionary()


@dataclass(frozen=True)
class FairnessInputs:
    """Group numbers of a model, ready for the report.

    Attributes
    ----------
    kind : {"binary", "accuracy", "errors"}
        One positive class; several classes without one; regression.
    table : GroupTable or ErrorTable
    metric, reason : str
        The metric the owner answers for, and why (may be empty).
    tolerance : float
        Differences up to this are called small.
    min_group_size : int
        Smaller groups are not compared.
    scale : float
        Mean absolute error over all rows (regression), else 1.
    notes : list of str
        How attributes were cut, and that rates are expected ones.
    inequality : list of Estimate
        Indices over rows; empty where there are none.
    """

    kind: Literal["binary", "accuracy", "errors"]
    table: GroupTable | ErrorTable
    metric: str
    reason: str
    tolerance: float
    min_group_size: int = 30
    scale: float = 1.0
    notes: list[str] = field(default_factory=list)
    inequality: list[Estimate] = field(default_factory=list)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics between groups, in the order of the report."""
        if self.kind == "errors":
            return ERROR_METRICS
        if self.kind == "accuracy":
            return ("accuracy_difference",)
        return tuple(m for m in BINARY_METRICS if m in self.table.metrics)

    def difference(self, metric: str, attribute: str):
        """Return a metric between the groups of an attribute."""
        if self.kind == "errors":
            return self.table.differences[metric.removesuffix("_difference"), attribute]
        return self.table.difference(metric, attribute)


def fairness_inputs(context: AuditContext) -> FairnessInputs:
    """Return the group numbers of a context, computed at the first call.

    Raises
    ------
    NotApplicable
        Without sensitive attributes, or when the positive class never occurs.
    UsageError
        For an option that cannot be.
    """
    if context not in _PREPARED:
        _PREPARED[context] = _prepare(context)
    return _PREPARED[context]


def _prepare(context: AuditContext) -> FairnessInputs:
    if context.sensitive is None or not context.sensitive.shape[1]:
        raise NotApplicable(
            "no sensitive attribute was given (sensitive=...); a model can be unfair towards "
            "groups it does not see"
        )
    if context.y_test is None:
        raise NotApplicable("errors are compared between groups, which needs labels (y_test)")
    attributes, notes = prepare_attributes(
        context.sensitive,
        max_values=_count(context, "max_values", 10),
        n_bins=_count(context, "n_bins", 4, least=2),
    )
    common = {
        "min_group_size": _count(context, "min_group_size", 30),
        "products": _count(context, "products", 2),
        "seed": context.seed("fairness"),
    }
    q = _expected(context)
    if context.task == "regression" and q is None:
        table = group_errors(context.y_test, context.y_pred, attributes, **common)
        return _inputs(context, "errors", table, notes)
    if context.task == "multiclass" and context.positive is None:
        right = (context.y_pred == context.y_test).astype(int)
        table = group_metrics(np.ones(len(right), int), right, attributes, **common)
        return _inputs(context, "accuracy", table, notes)
    if q is not None:
        notes = [*notes, "The model answers at random; its expected rates are compared."]
    return _binary(context, attributes, q, common, notes)


def _binary(context: AuditContext, attributes, q, common: dict, notes) -> FairnessInputs:
    """Return the numbers for one positive class (the rest of several classes is negative)."""
    positive = max(context.y_test.tolist()) if context.classes is None else context.positive
    positive = positive.item() if isinstance(positive, np.generic) else positive
    y = (context.y_test == positive).astype(int)
    if not y.any():
        raise NotApplicable(f"the positive class {positive!r} never occurs in y_test")
    predicted = context.y_pred == positive
    if context.task == "anomaly":
        predicted = context.flagged
    predicted = predicted.astype(int)
    table = group_metrics(
        y, predicted, attributes, score=_score(context, positive), expected=q, **common
    )
    if context.task == "multiclass":
        notes = [*notes, f"{positive!r} is compared with all other classes together."]
    size, seed = table.min_group_size, common["seed"]
    inequality = inequality_indices(
        y, predicted, attributes, expected=q, min_group_size=size, seed=seed
    )
    return _inputs(context, "binary", table, notes, inequality)


def _inputs(context: AuditContext, kind, table, notes, inequality=()) -> FairnessInputs:
    """Add what the owner said."""
    default = {"binary": PRIMARY, "accuracy": "accuracy_difference", "errors": "mae_difference"}
    metric = context.option("fairness", "metric", default[kind])
    known = {"binary": BINARY_METRICS, "accuracy": (), "errors": ERROR_METRICS}[kind]
    if metric not in (*BINARY_METRICS, *ERROR_METRICS):
        raise UsageError(
            f"options['fairness']['metric'] is {metric!r}; expected one of "
            f"{', '.join((*BINARY_METRICS, *ERROR_METRICS))}"
        )
    if metric not in known:
        if metric != default[kind] and metric != PRIMARY:
            notes = [*notes, f"{metric} does not apply to this task."]
        metric = default[kind]
    tolerance = context.option("fairness", "tolerance", 0.1)
    if not isinstance(tolerance, (int, float)) or not 0 <= tolerance < 1:
        raise UsageError(
            f"options['fairness']['tolerance'] must be a number in [0, 1), got {tolerance!r}"
        )
    reason = str(context.option("fairness", "reason", None) or "")
    scale = float(np.abs(context.y_test - context.y_pred).mean()) if kind == "errors" else 1.0
    return FairnessInputs(
        kind=kind,
        table=table,
        metric=metric,
        reason=reason,
        tolerance=float(tolerance),
        min_group_size=_count(context, "min_group_size", 30),
        scale=scale,
        notes=notes,
        inequality=list(inequality),
    )


def _expected(context: AuditContext) -> np.ndarray | None:
    """Return expected rates of the positive class where the model is randomised."""
    q = expected_rates(context.model, context.model_input(context.X_test), context.sensitive)
    if q is None or len(set(context.y_test.tolist())) > 2:
        return None
    if context.classes is not None and context.positive != context.classes[-1]:
        q = 1 - q
    return np.clip(q, 0.0, 1.0)


def _score(context: AuditContext, positive) -> np.ndarray | None:
    """Return the probability of the positive class, if the model gives one."""
    if not context.has_proba:
        return None
    column = int(np.flatnonzero(context.classes == positive)[0])
    score = np.asarray(context.proba[:, column], dtype=np.float64)
    return np.clip(score, 0.0, 1.0) if np.isfinite(score).all() else None


def _count(context: AuditContext, key: str, default: int, least: int = 1) -> int:
    """Return an option that is a whole number."""
    value = context.option("fairness", key, default)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise UsageError(
            f"options['fairness'][{key!r}] must be a whole number of at least {least}, "
            f"got {value!r}"
        )
    return int(value)
