"""A single feature that predicts the target too well: most often it would not be known in use."""

from __future__ import annotations

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
from appliednn.audit.checks._intervals import (
    LEAST_ROWS,
    estimate_of,
    few_rows,
    n_resamples,
    perfect,
)
from appliednn.audit.checks._words import listed, said, shorten
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._one_feature import MAX_COLUMNS, OneFeature, one_feature_scores, score
from appliednn.diagnostics._resampling import bootstrap_draws

#: A feature whose score is surely above this alone is called suspicious, and a leak.
SUSPICIOUS, LEAK = 0.99, 0.999
_MOST_ROWS = 5_000
_SHOWN = 8


class Leakage(Check):
    """How well each feature predicts the target on its own."""

    id = "ANN104"
    section = "data"
    title = "Features that give the target away"
    keys = ("max_single_feature_auc", "max_single_feature_r2")
    tasks = SUPERVISED
    instead = "a detector is not fitted on labels, so no feature can give them away to it"
    reads = ("table",)
    unread = "a text has no features of its own; single words are tried by ANN1003"

    def run(self, context: AuditContext) -> CheckResult:
        """Predict the target from each feature alone, out of fold, on training rows if given."""
        X, y, where = self._rows(context)
        classify = context.task != "regression"
        found = one_feature_scores(X, y, classify=classify, seed=context.seed(self.id))
        metric = "ROC AUC" if classify else "R²"
        target = np.eye(int(y.max()) + 1)[y] if classify else np.asarray(y, dtype=float)[:, None]
        fewest = int(target.sum(0).min()) if classify else 0
        estimates = [
            self._estimate(one, target, metric, context.seed(self.id), fewest)
            for one in found[: _SHOWN if target.shape[1] <= 20 else 2]
        ]
        key = "max_single_feature_auc" if classify else "max_single_feature_r2"
        return CheckResult(
            {key: estimates[0]},
            self._findings(found, estimates, metric),
            [_table(found, estimates, metric, where, len(y))],
            [_figure(found, estimates, metric)],
            summary=f"The best single feature, {found[0].column}, reaches {said(estimates[0])}.",
        )

    def _rows(self, context: AuditContext):
        """Return at most 5 000 rows with codes or numbers as target."""
        X, y, where = context.X_test, context.y_test, "test"
        if context.X_train is not None:
            X, y, where = context.X_train, context.y_train, "training"
        if context.task != "regression":
            place = {label: k for k, label in enumerate(dict.fromkeys(y.tolist()))}
            # Rare classes cannot be told apart by one feature on five folds.
            codes = np.array([place[v] for v in y.tolist()])
            often = np.bincount(codes) >= LEAST_ROWS
            keep = often[codes]
            X, y = X[keep], np.unique(codes[keep], return_inverse=True)[1]
            if often.sum() < 2:
                raise NotApplicable(
                    f"fewer than two classes have at least {LEAST_ROWS} {where} rows"
                )
            y = self._positive_last(context, y, codes[keep], place)
        elif np.ptp(np.asarray(y, dtype=float)) == 0:
            raise NotApplicable("the target is constant")
        if len(y) < 2 * LEAST_ROWS:
            raise NotApplicable(few_rows(len(y)).replace(str(LEAST_ROWS), str(2 * LEAST_ROWS)))
        if len(y) > _MOST_ROWS:
            rows = np.sort(context.rng(self.id).choice(len(y), _MOST_ROWS, replace=False))
            X, y = X.iloc[rows], y[rows]
        return X.reset_index(drop=True), np.asarray(y), where

    def _positive_last(self, context, y, codes, place) -> np.ndarray:
        """Give the positive class of a binary task code 1, as an AUC reads it."""
        if context.task == "binary" and y.max() == 1 and context.positive in place:
            return (codes == place[context.positive]).astype(int)
        return y

    def _estimate(
        self, one: OneFeature, target: np.ndarray, metric: str, seed: int, fewest: int
    ) -> Estimate:
        def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
            return {"score": score(target, one.predicted, counts)}

        n_boot = min(500, n_resamples(len(target), target.shape[1]))
        draws = bootstrap_draws(statistic, len(target), n_boot, seed)["score"]
        name = f"{metric} of {one.column} alone"
        made = estimate_of(name, one.score, draws, len(target), seed, "the target is constant")
        return perfect(made, fewest) if fewest else made

    def _findings(self, found, estimates, metric: str) -> list[Finding]:
        pairs = [(o, e) for o, e in zip(found, estimates, strict=False) if e.value is not None]
        odd = [(o, e) for o, e in pairs if e.ci[0] > SUSPICIOUS or o.score > LEAK]
        if not odd:
            return []
        sure = any(o.score > LEAK for o, _ in odd)
        one, estimate = odd[0]
        return [
            Finding(
                f"{self.id}.1",
                "high" if sure else "medium",
                "A feature gives the target away",
                f"From {one.column} alone the target is predicted with a {metric} of "
                f"{said(estimate)}, out of fold. Above {SUSPICIOUS:g} are: "
                f"{listed([o.column for o, _ in odd])}.",
                "Make sure that it is known when the prediction is needed; if it is made from or "
                "after the target, drop it and train again.",
            )
        ]


def _table(found, estimates, metric: str, where: str, n: int) -> Table:
    rows = [[shorten(o.column), e] for o, e in zip(found, estimates, strict=False)]
    more = f" The {len(rows)} best of {len(found)} features." if len(found) > len(rows) else ""
    if len(found) == MAX_COLUMNS:
        more += f" Only the {MAX_COLUMNS} features most related to the target were tried."
    note = (
        f"{n} {where} rows, five folds: a tree of at most 32 leaves for a number, the mean target "
        f"for a category. Bootstrap intervals.{more}"
    )
    return Table("One feature at a time", ["feature", f"{metric} alone"], rows, note)


def _figure(found, estimates, metric: str) -> Figure:
    rows = [(shorten(o.column, 24), e) for o, e in zip(found, estimates, strict=False)]
    return interval_chart("One feature at a time", rows, x_label=f"{metric} of the feature alone")
