"""Performance: headline scores, scores per class with curves, residuals.

Keys
----
Classification: ``accuracy``, ``balanced_accuracy``, ``precision``, ``recall``, ``f1``, ``mcc``,
``roc_auc``, ``pr_auc``, ``log_loss``, ``brier``; ``class_precision[label]``,
``class_recall[label]``. Regression: ``r2``, ``rmse``, ``mae``, ``mape``, ``pinball`` (at the
quantile the model was fitted for, else 0.5), ``pinball[0.1]``, ``pinball[0.5]``,
``pinball[0.9]``; ``mean_residual``.
"""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import SUPERVISED, Check, CheckResult, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks import _classifier_scores, _regressor_scores
from appliednn.audit.checks._agent_actions import Actions
from appliednn.audit.checks._agent_constraints import Constraints
from appliednn.audit.checks._agent_replay import Replay
from appliednn.audit.checks._agent_returns import Repeatability, Returns
from appliednn.audit.checks._classifier_scores import MACRO, ClassifierScores
from appliednn.audit.checks._intervals import (
    estimate_of,
    n_resamples,
    perfect,
    score_rows,
    share_estimate,
)
from appliednn.audit.checks._outcome import Outcome, test_outcome
from appliednn.audit.checks._per_class import per_class
from appliednn.audit.checks._regressor_scores import QUANTILES, RegressorScores
from appliednn.audit.checks._residuals import residuals
from appliednn.audit.checks._words import listed, percent, said
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._resampling import bootstrap_draws

_FEW = 30


class Headline(Check):
    """How good the predictions are on the test rows."""

    id = "ANN201"
    section = "performance"
    title = "Headline scores"
    keys = (*_classifier_scores.SCORES, *_regressor_scores.SCORES)
    tasks = SUPERVISED
    instead = (
        "how well a detector finds anomalies is asked by ANN901 (with labels) and ANN904 (without)"
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Compute every score with an interval: Wilson for shares, bootstrap for the rest."""
        if context.task == "regression":
            return self._regression(context)
        outcome = test_outcome(context)
        estimates = classifier_estimates(outcome, context.seed(self.id))
        main = next(
            (estimates[k] for k in ("roc_auc", "accuracy") if estimates[k].value is not None),
            estimates["accuracy"],
        )
        n = len(outcome.y)
        return CheckResult(
            estimates=estimates,
            findings=self._outcome_findings(outcome) + self._few(n),
            tables=[
                Table("Scores", ["score", "on test rows"], score_rows(estimates), _note(outcome))
            ],
            summary=f"{main.name} is {said(main)}; {said(estimates['accuracy'])} of the "
            "predictions are right."
            if main.name != "Accuracy"
            else f"Accuracy is {said(main)}.",
        )

    def _regression(self, context: AuditContext) -> CheckResult:
        scores = RegressorScores(context.y_test, context.y_pred, fitted_quantile(context))
        estimates = regressor_estimates(scores, context.seed(self.id))
        findings = []
        odd = int((~np.isfinite(scores.predicted)).sum())
        if odd:
            findings.append(self._not_finite(odd, len(scores.y), "predictions"))
        r2 = estimates["r2"]
        if r2.value is not None and r2.ci[1] < 0:
            findings.append(
                Finding(
                    f"{self.id}.4",
                    "high",
                    "Worse than the mean of the target",
                    f"R² is {said(r2)}: predicting the mean of the test rows errs less.",
                    "Check the scale and order of the target, then the training.",
                )
            )
        note = (
            "Percentile bootstrap over rows. Pinball loss without a level is at the quantile "
            f"the model was fitted for ({scores.quantile:g})."
        )
        return CheckResult(
            estimates=estimates,
            findings=findings + self._few(len(scores.y)),
            tables=[Table("Scores", ["score", "on test rows"], score_rows(estimates), note)],
            summary=f"R² is {said(r2)}, RMSE {said(estimates['rmse'])}.",
        )

    def _not_finite(self, odd: int, n: int, what: str) -> Finding:
        return Finding(
            f"{self.id}.1",
            "high",
            f"Some {what} are not finite",
            f"For {odd} of {n} test rows the {what} are NaN or infinite.",
            "Find these rows' inputs: extreme or missing values, or training that diverged.",
        )

    def _outcome_findings(self, outcome: Outcome) -> list[Finding]:
        """Return what makes every score doubtful."""
        findings, n = [], len(outcome.y)
        if outcome.proba is not None:
            odd = int((~np.isfinite(outcome.proba)).any(1).sum())
            if odd:
                findings.append(self._not_finite(odd, n, "probabilities"))
        n_true, n_given = len(np.unique(outcome.y)), len(np.unique(outcome.predicted))
        if n_given == 1 and n_true > 1 and n >= _FEW:
            only = outcome.labels[outcome.predicted[0]]
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "high",
                    "Every row gets the same answer",
                    f"All {n} test rows are predicted as {only!r}, though {n_true} classes occur.",
                    "Check that training converged; for rare classes weigh them or move the "
                    "decision threshold.",
                )
            )
        if not outcome.known.all():
            findings.append(self._unknown(outcome))
        if n_true == 1:
            findings.append(
                Finding(
                    f"{self.id}.5",
                    "medium",
                    "All test rows are of one class",
                    f"All {n} test rows are {outcome.labels[outcome.y[0]]!r}: most scores cannot "
                    "be estimated.",
                    "Split again, stratified by class.",
                )
            )
        return findings

    def _unknown(self, outcome: Outcome) -> Finding:
        odd, n = ~outcome.known, len(outcome.y)
        names = sorted({repr(outcome.labels[k]) for k in outcome.y[odd]})
        return Finding(
            f"{self.id}.3",
            "medium",
            "Test labels the model never saw",
            f"{int(odd.sum())} of {n} test rows ({percent(odd.mean())}) carry labels unknown to "
            f"the model: {listed(names)}. They count as wrong, and are left out where "
            "probabilities are scored.",
            "Train with these classes, or take the rows out of the test set on purpose.",
        )

    def _few(self, n: int) -> list[Finding]:
        if n >= _FEW:
            return []
        text = f"The test set has {n} rows: every interval is wide, some scores have none."
        return [Finding(f"{self.id}.6", "low", "Few test rows", text, "Hold out more rows.")]


def classifier_estimates(outcome: Outcome, seed: int) -> dict[str, Estimate]:
    """Return every headline score of a classifier with its interval."""
    scores, n = ClassifierScores(outcome), len(outcome.y)
    draws = bootstrap_draws(scores, n, n_resamples(n, scores.n_curves), seed)
    sizes = np.bincount(outcome.y, minlength=outcome.n_classes)
    fewest = int(sizes[sizes > 0].min())
    n_of = {"roc_auc": outcome.known.sum(), "pr_auc": outcome.known.sum()}
    n_of |= {"log_loss": outcome.known.sum(), "brier": outcome.known.sum()}
    out = {}
    for key, value in scores.point().items():
        name = _classifier_scores.SCORES[key][0]
        if outcome.positive is None and key in MACRO:
            name += " (macro)"
        made = estimate_of(
            name, value, draws[key], int(n_of.get(key, n)), seed, scores.why_not(key)
        )
        out[key] = made if key in ("log_loss", "brier") else perfect(made, fewest)
    return out | _shares(outcome, scores)


def _shares(outcome: Outcome, scores: ClassifierScores) -> dict[str, Estimate]:
    """Return the scores that are plain shares, whose Wilson intervals hold for few rows too."""
    right = outcome.y == outcome.predicted
    out = {"accuracy": share_estimate("Accuracy", right.sum(), len(right), "")}
    if outcome.positive is not None:
        given, true = outcome.predicted == outcome.positive, outcome.is_positive
        hits = int((given & true).sum())
        for key, n in (("precision", given.sum()), ("recall", true.sum())):
            out[key] = share_estimate(key.capitalize(), hits, int(n), scores.why_not(key))
    return out


def regressor_estimates(scores: RegressorScores, seed: int) -> dict[str, Estimate]:
    """Return every headline score of a regressor with its interval."""
    n = len(scores.y)
    names = {key: name for key, (name, _) in _regressor_scores.SCORES.items()}
    names |= {f"pinball[{q}]": f"Pinball loss at {q:g}" for q in QUANTILES}
    if not np.isfinite(scores.predicted).all():
        draws, points = {}, dict.fromkeys(names, float("nan"))
    else:
        draws, points = bootstrap_draws(scores, n, n_resamples(n), seed), scores.point()
    return {
        key: estimate_of(name, points[key], draws.get(key), n, seed, scores.why_not(key))
        for key, name in names.items()
    }


def fitted_quantile(context: AuditContext) -> float:
    """Return the quantile that a regressor was fitted for: its own parameter, else the median."""
    model = context.network_model or context.model
    model = model.steps[-1][1] if hasattr(model, "steps") else model
    q = getattr(model, "quantile", None)
    fits = getattr(model, "loss", None) in ("quantile", None)
    number = isinstance(q, (int, float)) and not isinstance(q, bool)
    return float(q) if fits and number and 0 < q < 1 else 0.5


def _note(outcome: Outcome) -> str:
    how = "Accuracy, precision and recall: Wilson intervals; the rest: percentile bootstrap."
    if outcome.positive is not None:
        label = outcome.labels[outcome.positive]
        return f"{how} Positive class: {label!r}. Brier score from 0 to 1."
    return (
        "Accuracy: Wilson interval; the rest: percentile bootstrap. Macro averages over classes; "
        "areas one class against the rest. Brier score from 0 to 2."
    )


class Detail(Check):
    """Which classes are recognised and what they are taken for; how a regression errs."""

    id = "ANN202"
    section = "performance"
    title = "Errors in detail"
    keys = ("class_precision", "class_recall", "mean_residual")
    tasks = SUPERVISED
    instead = (
        "how well a detector finds anomalies is asked by ANN901 (with labels) and ANN904 (without)"
    )

    def run(self, context: AuditContext) -> CheckResult:
        """Return scores per class with curves, or residuals by tenths of the prediction."""
        make = residuals if context.task == "regression" else per_class
        return make(context, self.id)


CHECKS: tuple[type[Check], ...] = (
    Headline,
    Detail,
    Returns,
    Constraints,
    Actions,
    Repeatability,
    Replay,
)
