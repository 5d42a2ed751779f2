"""The headline scores of a classifier, for its rows as they are and for many resamples."""

from __future__ import annotations

import numpy as np

from appliednn.audit.checks._outcome import Outcome
from appliednn.diagnostics import _confusion
from appliednn.diagnostics._ranking import RankedScores

#: Key to (name, whether higher is better).
SCORES: dict[str, tuple[str, bool]] = {
    "accuracy": ("Accuracy", True),
    "balanced_accuracy": ("Balanced accuracy", True),
    "precision": ("Precision", True),
    "recall": ("Recall", True),
    "f1": ("F1", True),
    "mcc": ("Matthews correlation", True),
    "roc_auc": ("ROC AUC", True),
    "pr_auc": ("PR AUC (average precision)", True),
    "log_loss": ("Log loss", False),
    "brier": ("Brier score", False),
}
MACRO = ("precision", "recall", "f1")


class ClassifierScores:
    """Scores of one outcome as functions of how often each row counts.

    Parameters
    ----------
    outcome : Outcome

    Notes
    -----
    Binary: precision, recall, F1 and both areas belong to the positive class, and the Brier score
    is the mean of ``(p - y) ** 2``. Several classes: macro averages; areas one class against the
    rest, averaged over classes that occur; the Brier score sums over classes (0 to 2). Rows whose
    label the model does not know count as wrong, and do not count where probabilities are scored.
    """

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._known = outcome.known.astype(float)
        self._rank = self._rankings()
        self._losses = self._row_losses()

    def __call__(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return each score for counts of shape (b, n): arrays of shape (b,), NaN if undefined."""
        out = self.outcome
        matrices = _confusion.confusions(out.y, out.predicted, len(out.labels), counts)
        scores = {
            "accuracy": _confusion.accuracy(matrices),
            "balanced_accuracy": _confusion.balanced_accuracy(matrices),
        }
        if out.positive is not None:
            scores |= _confusion.of_label(matrices, out.positive)
        else:
            scores |= _confusion.macro(matrices)
        scores["mcc"] = _confusion.mcc(matrices)
        counted = counts * self._known
        scores["roc_auc"] = self._area(counted, "roc_auc")
        scores["pr_auc"] = self._area(counted, "average_precision")
        total = counted.sum(1)
        for key in ("log_loss", "brier"):
            sums = counted @ self._losses[key] if self._losses else np.full(len(total), np.nan)
            scores[key] = np.divide(sums, total, np.full(len(total), np.nan), where=total > 0)
        return scores

    def point(self) -> dict[str, float]:
        """Return each score of the rows as they are."""
        return {k: float(v[0]) for k, v in self(np.ones((1, len(self.outcome.y)))).items()}

    @property
    def n_curves(self) -> int:
        """Curves that are scored: one, or one a class."""
        return max(1, len(self._rank))

    def why_not(self, key: str) -> str:
        """Return why a score cannot be computed here."""
        out = self.outcome
        if key in ("log_loss", "brier", "roc_auc", "pr_auc"):
            if out.proba is None and (out.score is None or key in ("log_loss", "brier")):
                return "the model gives no probabilities (no predict_proba)"
            if out.proba is not None and not self._finite():
                return "some probabilities are NaN or infinite"
        if not out.known.any():
            return "no test row has a label that the model knows"
        if out.positive is not None and key in ("recall", "f1", "pr_auc"):
            return "no test row is of the positive class (n_pos = 0)"
        if key == "precision":
            return "no row was predicted to be of the positive class"
        return "all test rows are of one class"

    def _finite(self) -> bool:
        return self.outcome.proba is None or bool(np.isfinite(self.outcome.proba).all())

    def _rankings(self) -> list[RankedScores]:
        """Return one ranking for a binary outcome, else one a class."""
        out = self.outcome
        if out.positive is not None:
            return [] if out.score is None else [RankedScores(out.is_positive, out.score)]
        if out.proba is None or not self._finite():
            return []
        return [RankedScores(out.y == k, out.proba[:, k]) for k in range(out.n_classes)]

    def _area(self, counts: np.ndarray, which: str) -> np.ndarray:
        """Return the mean area over classes that occur."""
        if not self._rank:
            return np.full(len(counts), np.nan)
        areas = np.stack([getattr(ranked, which)(counts) for ranked in self._rank])
        usable = np.isfinite(areas)
        n = usable.sum(0)
        total = np.where(usable, areas, 0.0).sum(0)
        return np.divide(total, n, np.full(len(counts), np.nan), where=n > 0)

    def _row_losses(self) -> dict[str, np.ndarray]:
        """Return log loss and Brier score of each row (0 where the label is unknown)."""
        out = self.outcome
        if out.proba is None or not self._finite():
            return {}
        proba = out.proba / np.maximum(out.proba.sum(1, keepdims=True), out.eps)
        rows, y = np.arange(len(out.y)), np.minimum(out.y, out.n_classes - 1)
        log_loss = -np.log(np.clip(proba[rows, y], out.eps, 1 - out.eps))
        if out.positive is not None:
            brier = (proba[:, out.positive] - out.is_positive) ** 2
        else:
            brier = (proba**2).sum(1) - 2 * proba[rows, y] + 1
        return {"log_loss": log_loss, "brier": brier}
