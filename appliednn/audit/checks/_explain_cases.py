"""Rows worth explaining one by one: a typical one of each class, and confident mistakes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._context import AuditContext
from appliednn.audit.checks._words import shorten

_MOST_CLASSES = 3
_MOST_WRONG = 3


@dataclass(frozen=True)
class Case:
    """A row and why it is shown.

    Attributes
    ----------
    label : str
        ``"typical 1: 'good'"``: nothing of what the row holds.
    row : int
        Its position.
    wrong : bool
        Whether the prediction is wrong.
    """

    label: str
    row: int
    wrong: bool


def choose_cases(context: AuditContext) -> list[Case]:
    """Return up to three typical and three wrong test rows."""
    if context.task == "regression":
        return _regression_cases(context)
    sure = _confidence(context)
    right = context.y_pred == context.y_test
    cases = []
    labels, counts = np.unique(context.y_pred[right], return_counts=True)
    often = labels[np.argsort(-counts, kind="stable")][:_MOST_CLASSES]
    for i, label in enumerate(often, start=1):
        rows = np.flatnonzero(right & (context.y_pred == label))
        row = rows[np.argmin(np.abs(sure[rows] - np.median(sure[rows])))]
        cases.append(Case(f"typical {i}: {shorten(repr(_plain(label)), 20)}", int(row), False))
    wrong = np.flatnonzero(~right)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:_MOST_WRONG]
    for i, row in enumerate(worst, start=1):
        said = shorten(repr(_plain(context.y_pred[row])), 20)
        cases.append(Case(f"wrong {i}: said {said}", int(row), True))
    return cases


def _confidence(context: AuditContext) -> np.ndarray:
    """Return how sure the model is of its label, (n,); zero where it does not say."""
    if not context.has_proba:
        return np.zeros(len(context.X_test))
    return np.asarray(context.proba, dtype=np.float64).max(axis=1)


def _regression_cases(context: AuditContext) -> list[Case]:
    """Return well-predicted rows at three levels of the prediction, and the worst residuals."""
    predicted = np.asarray(context.y_pred, dtype=np.float64)
    error = np.abs(predicted - np.asarray(context.y_test, dtype=np.float64))
    close = np.flatnonzero(error <= np.median(error))
    cases = []
    levels = (("low", 0.1), ("middle", 0.5), ("high", 0.9))
    for i, (name, level) in enumerate(levels, start=1):
        aim = np.quantile(predicted[close], level)
        row = close[np.argmin(np.abs(predicted[close] - aim))]
        cases.append(Case(f"typical {i}: {name} prediction", int(row), False))
    worst = np.argsort(-error, kind="stable")[:_MOST_WRONG]
    cases += [
        Case(f"wrong {i}: large error", int(row), True) for i, row in enumerate(worst, start=1)
    ]
    return cases


def _plain(label):
    return label.item() if hasattr(label, "item") else label
