"""Scores per class, the confusion matrix, ROC and precision-recall curves."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._outcome import Outcome, test_outcome
from appliednn.audit.checks._words import listed, percent, said, shorten
from appliednn.audit.report.svg import heatmap, line_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._confusion import confusions
from appliednn.diagnostics._ranking import RankedScores

_MOST_CLASSES = 30
_MOST_CURVES = 5
_MOST_CELLS = 12
_GRID = np.linspace(0.0, 1.0, 41)


def per_class(context: AuditContext, check_id: str) -> CheckResult:
    """Count the confusion matrix of a classifier; rates have Wilson intervals."""
    outcome = test_outcome(context)
    n_labels = len(outcome.labels)
    matrix = confusions(outcome.y, outcome.predicted, n_labels, np.ones((1, len(outcome.y))))
    matrix = matrix[0].astype(int)
    precision, recall = _rates(outcome, matrix)
    estimates = {f"class_recall[{k}]": e for k, e in recall.items()}
    estimates |= {f"class_precision[{k}]": e for k, e in precision.items()}
    worst = min((e for e in recall.values() if e.value is not None), key=lambda e: e.value)
    return CheckResult(
        estimates=estimates,
        findings=_never(outcome, matrix, check_id),
        tables=[_table(outcome, matrix, precision, recall)],
        figures=[_confusion_figure(outcome, matrix), *_curves(outcome)],
        summary=f"The lowest {worst.name.replace('Recall', 'recall is that')}: {said(worst)}.",
    )


def _never(outcome: Outcome, matrix: np.ndarray, check_id: str) -> list[Finding]:
    """Return the classes that occur often enough and are never predicted."""
    support, given = matrix.sum(1), matrix.sum(0)
    missed = [k for k in range(outcome.n_classes) if given[k] == 0 and support[k] >= 20]
    if not missed or (given > 0).sum() == 1:  # one answer for all rows: said by ANN201
        return []
    names = [repr(outcome.labels[k]) for k in missed]
    rows = int(support[missed].sum())
    return [
        Finding(
            f"{check_id}.1",
            "medium",
            "Classes that are never predicted",
            f"No row is predicted as {listed(names)}, though {rows} of {len(outcome.y)} test "
            f"rows ({percent(rows / len(outcome.y))}) are.",
            "Weigh rare classes in training, resample, or merge classes nobody needs apart.",
        )
    ]


def _rates(
    outcome: Outcome, matrix: np.ndarray
) -> tuple[dict[object, Estimate], dict[object, Estimate]]:
    """Return precision and recall by label."""
    precision, recall = {}, {}
    for k, label in enumerate(outcome.labels):
        hits, support, given = int(matrix[k, k]), int(matrix[k].sum()), int(matrix[:, k].sum())
        recall[label] = share_estimate(
            f"Recall of {label}", hits, support, "no test row is of this class"
        )
        precision[label] = share_estimate(
            f"Precision of {label}", hits, given, "no row was predicted as this class"
        )
    return precision, recall


def _table(outcome: Outcome, matrix: np.ndarray, precision: dict, recall: dict) -> Table:
    support, given = matrix.sum(1), matrix.sum(0)
    order = list(range(len(outcome.labels)))
    note = "Wilson intervals: recall over the rows of a class, precision over those predicted so."
    if len(order) > _MOST_CLASSES:
        order = sorted(order, key=lambda k: recall[outcome.labels[k]].value or 0.0)
        note += f" The {_MOST_CLASSES} classes of lowest recall of {len(order)}."
        order = order[:_MOST_CLASSES]
    rows = []
    for k in order:
        label, both = outcome.labels[k], support[k] + given[k]
        f1 = 2 * matrix[k, k] / both if both and support[k] else None
        rows.append(
            [shorten(label), int(support[k]), int(given[k]), precision[label], recall[label], f1]
        )
    columns = ["class", "rows", "predicted", "precision", "recall", "F1"]
    return Table("Per class", columns, rows, note)


def _confusion_figure(outcome: Outcome, matrix: np.ndarray) -> Figure:
    """Draw the confusion matrix, rare classes put together where there are many."""
    names = [shorten(label, 16) for label in outcome.labels]
    if len(names) > _MOST_CELLS:
        order = np.argsort(-matrix.sum(1), kind="stable")
        keep = np.sort(order[: _MOST_CELLS - 1])
        group = np.full(len(names), _MOST_CELLS - 1)
        group[keep] = np.arange(len(keep))
        merged = np.zeros((_MOST_CELLS, _MOST_CELLS), dtype=int)
        np.add.at(merged, (group[:, None], group[None, :]), matrix)
        names = [names[k] for k in keep] + [f"{len(names) - len(keep)} others"]
        matrix = merged
    total = np.maximum(matrix.sum(1, keepdims=True), 1)
    return heatmap(
        "Confusion matrix",
        names,
        names,
        matrix,
        x_label="predicted",
        y_label="true",
        shade=matrix / total,
    )


def _curves(outcome: Outcome) -> list[Figure]:
    """Draw ROC and precision-recall curves, read off at fixed places (no row can be found)."""
    roc, pr = {}, {}
    for name, ranked in _rankings(outcome).items():
        tp, fp = ranked.curve()
        if tp[-1] == 0 or fp[-1] == 0:
            continue
        recall, fall_out = tp / tp[-1], fp / fp[-1]
        roc[name] = (_GRID, np.interp(_GRID, fall_out, recall))
        precision = np.divide(tp, tp + fp, np.ones_like(tp), where=tp + fp > 0)
        # Linear between places would promise too much: take the next true place of the curve.
        place = np.searchsorted(recall, _GRID[1:] - 1e-12)
        pr[name] = (_GRID[1:], precision[np.minimum(place, len(recall) - 1)])
    if not roc:
        return []
    box = {"x_range": (0.0, 1.0), "y_range": (0.0, 1.0)}
    at, both = _operating_point(outcome)
    return [
        line_chart(
            "ROC curve",
            roc,
            "false positive rate",
            "true positive rate",
            reference="diagonal",
            points=at,
            **box,
        ),
        line_chart("Precision and recall", pr, "recall", "precision", points=both, **box),
    ]


def _rankings(outcome: Outcome) -> dict[str, RankedScores]:
    if outcome.positive is not None:
        if outcome.score is None:
            return {}
        name = shorten(outcome.labels[outcome.positive], 24)
        return {name: RankedScores(outcome.is_positive, outcome.score)}
    if outcome.proba is None or not np.isfinite(outcome.proba).all():
        return {}
    size = np.bincount(outcome.y, minlength=outcome.n_classes)[: outcome.n_classes]
    return {
        shorten(outcome.labels[k], 24): RankedScores(outcome.y == k, outcome.proba[:, k])
        for k in np.argsort(-size, kind="stable")[:_MOST_CURVES]
    }


def _operating_point(outcome: Outcome) -> tuple[dict, dict]:
    """Return where the model's own decisions lie on both curves (binary)."""
    if outcome.positive is None:
        return {}, {}
    given, true = outcome.predicted == outcome.positive, outcome.is_positive
    hits, n_given, n_true = (given & true).sum(), given.sum(), true.sum()
    recall = hits / n_true
    at = {"in use": (float((n_given - hits) / (len(true) - n_true)), float(recall))}
    return at, ({"in use": (float(recall), float(hits / n_given))} if n_given else {})
