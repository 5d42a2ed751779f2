"""The baselines a config names, fitted on the same rows and compared pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from appliednn.audit._base import Check, CheckResult, Finding, NotApplicable, Table
from appliednn.core.statistics import Estimate, bootstrap_interval
from appliednn.pipeline._model import named_estimator

CHECK_ID = "ANN219"
OWN_OF_AUDIT = (
    "DummyClassifier",
    "DummyRegressor",
    "LogisticRegression",
    "Ridge",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
)
"""Baselines that every audit fits by itself: dummy, linear, gradient boosting."""


def baseline_check(names: Sequence[str]) -> type[Check]:
    """Return the check of these baselines, to be handed to the audit with its own.

    Parameters
    ----------
    names : sequence of str
        Estimators of the registry. Each is fitted with its default parameters behind the same
        encoder; all differences are signed so that above 0 the model is better.
    """

    class NamedBaselines(Check):
        """Ask whether the model is better than each baseline the config names."""

        id = CHECK_ID
        section = "baselines"
        title = "Baselines named in the config"
        keys = tuple(
            f"{metric}_vs_{name}" for name in names for metric in ("log_loss", "roc_auc", "rmse")
        )

        def run(self, context: Any) -> CheckResult:
            """Fit and compare each baseline."""
            if context.X_train is None:
                raise NotApplicable("there are no training rows to fit baselines on")
            if context.classes is not None and not context.has_proba:
                raise NotApplicable("the model gives no probabilities")
            result = CheckResult()
            rows = []
            for name in names:
                found = _compare(name, context)
                result.estimates.update({f"{k}_vs_{name}": e for k, e in found.items()})
                result.findings += _findings(name, found)
                rows += [[name, metric, estimate] for metric, estimate in found.items()]
            note = "Paired bootstrap over test rows; above 0 the model is better."
            table = Table(self.title, ["baseline", "metric", "advantage of the model"], rows, note)
            result.tables.append(table)
            result.summary = f"Compared with {', '.join(names)}. {note}"
            return result

    return NamedBaselines


def _compare(name: str, context: Any) -> dict[str, Estimate]:
    """Return the model's advantage over one baseline by metric."""
    from appliednn.pipeline.registry import estimator

    seed = context.seed(f"{CHECK_ID}/{name}")
    baseline, _ = named_estimator(estimator(name).load(), {}, seed)
    baseline.fit(context.X_train, context.y_train)
    y, n = context.y_test, len(context.y_test)
    if context.classes is None:
        squares = [(y - p) ** 2 for p in (baseline.predict(context.X_test), context.y_pred)]
        return {"rmse": _estimate("RMSE", _rmse_difference, squares, n, seed)}
    theirs = _aligned(baseline, context)
    losses = [_log_losses(y, p, context.classes) for p in (theirs, context.proba)]
    found = {"log_loss": _estimate("log loss", _mean_difference, losses, n, seed)}
    truth = context.y_true_binary if context.task == "binary" else None
    if truth is not None and 0 < truth.sum() < n:
        column = int(np.flatnonzero(context.classes == context.positive)[0])
        arrays = [context.score_positive, theirs[:, column], truth]
        found["roc_auc"] = _estimate("ROC AUC", _auc_difference, arrays, n, seed, truth)
    return found


def _estimate(
    what: str,
    statistic: Callable[..., float],
    arrays: list[np.ndarray],
    n: int,
    seed: int,
    strata: np.ndarray | None = None,
) -> Estimate:
    low, high = bootstrap_interval(statistic, *arrays, seed=seed, strata=strata)
    name = f"Advantage in {what}"
    ci = (low, high) if np.isfinite(low) else None
    return Estimate(name, float(statistic(*arrays)), ci, n, seed=seed)


def _mean_difference(theirs: np.ndarray, ours: np.ndarray) -> float:
    return float(theirs.mean() - ours.mean())


def _rmse_difference(theirs: np.ndarray, ours: np.ndarray) -> float:
    return float(np.sqrt(theirs.mean()) - np.sqrt(ours.mean()))


def _auc_difference(ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> float:
    return _auc(ours, truth) - _auc(theirs, truth)


def _auc(score: np.ndarray, truth: np.ndarray) -> float:
    """Return the ROC AUC from ranks (Mann-Whitney), ties counted half."""
    from scipy.stats import rankdata

    positives = truth.sum()
    ranks = rankdata(score)[truth == 1].sum()
    return float(
        (ranks - positives * (positives + 1) / 2) / (positives * (len(truth) - positives))
    )


def _aligned(baseline: Any, context: Any) -> np.ndarray:
    """Return the baseline's probabilities in the order of the model's classes."""
    proba = np.asarray(baseline.predict_proba(context.X_test), dtype=np.float64)
    out = np.zeros((len(proba), len(context.classes)))
    for column, label in enumerate(baseline.classes_):
        out[:, context.classes == label] = proba[:, [column]]
    return out


def _log_losses(y: np.ndarray, proba: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return each row's log loss; a probability of 0 counts as the smallest one a float has."""
    truth = np.asarray(proba, dtype=np.float64)[np.arange(len(y)), np.searchsorted(classes, y)]
    return -np.log(np.maximum(truth, np.finfo(np.float64).eps))


def _findings(name: str, found: dict[str, Estimate]) -> list[Finding]:
    """Return a finding for a metric in which the baseline is clearly better."""
    return [
        Finding(
            f"{CHECK_ID}.{name}.{metric}",
            "medium",
            f"{name} is better",
            f"On the same rows {name} is better by {-e.value:.3g} in {metric} "
            f"(95 % interval {-e.ci[1]:.3g} to {-e.ci[0]:.3g}, n = {e.n}).",
            f"Use {name}, or say what the model is worth its cost for.",
        )
        for metric, e in found.items()
        if e.ci is not None and e.ci[1] < 0
    ]
