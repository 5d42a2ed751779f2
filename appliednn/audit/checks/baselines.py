"""Baselines: whether the model is worth it.

Keys
----
``<score>_vs_<baseline>`` for every score of ANN201 and the baselines dummy, linear, boosting (and
forest on demand), of a model of texts dummy and tfidf: a paired difference, **positive when the
model is better**, whichever way the score points (``log_loss_vs_dummy`` is the baseline's log loss
less the model's).
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
    Table,
)
from appliednn.audit._context import AuditContext
from appliednn.audit.checks import _classifier_scores, _regressor_scores
from appliednn.audit.checks._agent_baselines import BesideSimplePolicies
from appliednn.audit.checks._baseline_models import KINDS, Fitted, fit_baseline, wanted_kinds
from appliednn.audit.checks._classifier_scores import ClassifierScores
from appliednn.audit.checks._intervals import estimate_of, n_resamples
from appliednn.audit.checks._outcome import encode, make_outcome, test_outcome
from appliednn.audit.checks._regressor_scores import RegressorScores
from appliednn.audit.checks._text_baselines import FittedText, fit_text_baseline, text_kinds
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate, not_estimable
from appliednn.diagnostics._resampling import bootstrap_draws, percentile_interval

_MOST_ROWS = 20_000
_SCORES = {**_classifier_scores.SCORES, **_regressor_scores.SCORES}
_SHORT = {
    "dummy": "a guess",
    "linear": "a line",
    "boosting": "boosting",
    "forest": "a forest",
    "tfidf": "TF-IDF",
}
_SAME = "the model scores as the guess does on any rows"
_MAIN = {"classify": ("roc_auc", "log_loss"), "regress": ("rmse", "mae")}


class Baselines(Check):
    """The model against cheap ones fitted on the same rows and scored on the same test rows."""

    id = "ANN211"
    section = "baselines"
    title = "Against cheap baselines"
    keys = tuple(f"{score}_vs_{kind}" for score in _SCORES for kind in KINDS)
    tasks = SUPERVISED
    instead = "a detector is compared with cheap detectors, by ANN905"

    def run(self, context: AuditContext) -> CheckResult:
        """Fit the baselines and bootstrap each score's difference in pairs."""
        if context.X_train is None:
            raise NotApplicable("no training data were given, so no baseline can be fitted")
        seed = context.seed(self.id)
        fitted, refused, n_train = self._fit(context, seed)
        if not fitted:
            raise NotApplicable("; ".join(f"{KINDS[k]}: {why}" for k, why in refused.items()))
        model, others = _scorers(context, fitted)
        n = len(context.y_test)
        signs = {key: 1.0 if _SCORES[key][1] else -1.0 for key in model.point() if key in _SCORES}

        def differences(counts: np.ndarray) -> dict[str, np.ndarray]:
            ours = model(counts)
            return {
                f"{key}_vs_{kind}": sign * (ours[key] - theirs[key])
                for kind, theirs in ((k, other(counts)) for k, other in others.items())
                for key, sign in signs.items()
            }

        draws = bootstrap_draws(differences, n, n_resamples(n, model.n_curves), seed)
        point = differences(np.ones((1, n)))
        estimates = {}
        for key, value in point.items():
            score, kind = key.split("_vs_")
            name = f"{_SCORES[score][0]}, gain over {KINDS[kind]}"
            why = model.why_not(score)
            made = estimate_of(name, float(value[0]), draws[key], n, seed, why)
            estimates[key] = not_estimable(name, n, _SAME) if _is_the_guess(kind, made) else made
        main = _MAIN["regress" if context.task == "regression" else "classify"]
        main = [k for k in main if np.isfinite(model.point()[k])] or ["accuracy"]
        return CheckResult(
            estimates,
            self._findings(estimates, draws, others, main),
            [_table(estimates, model, others, main, refused, n_train)],
            [_figure(estimates, others, key) for key in main],
            summary=_summary(estimates, others, main[0]),
        )

    def _fit(
        self, context: AuditContext, seed: int
    ) -> tuple[list[Fitted | FittedText], dict[str, str], int]:
        """Return the fitted baselines, those that cannot be fitted and why, and rows used."""
        classify = context.task != "regression"
        names = context.option("baselines", "names", ())
        kinds = text_kinds(names) if context.reads_text else wanted_kinds(names)
        fit = fit_text_baseline if context.reads_text else fit_baseline
        X, y = context.X_train, context.y_train
        if classify:
            labels = context.classes.tolist()
            codes = encode(y, labels)
            known = codes < len(context.classes)
            X, y = X[known], codes[known]
        most = context.option("baselines", "max_rows", _MOST_ROWS)
        if not isinstance(most, int) or isinstance(most, bool) or most < 10:
            raise UsageError(f"baselines.max_rows must be a whole number >= 10, got {most!r}")
        if len(y) > most:
            rows = np.sort(context.rng(self.id).choice(len(y), most, replace=False))
            X, y = X.iloc[rows], y[rows]
        fitted, refused = [], {}
        for kind in kinds:
            if classify and len(np.unique(y)) < 2 and kind != "dummy":
                refused[kind] = "the training rows are of one class"
                continue
            if kind != "dummy" and not X.notna().any().any():
                refused[kind] = "no training column has a value"
                continue
            fitted.append(fit(kind, X, y, classify=classify, seed=seed))
        return fitted, refused, len(y)

    def _findings(self, estimates, draws, others, main: list[str]) -> list[Finding]:
        findings = []
        first = estimates[f"{main[0]}_vs_dummy"]
        if first.reason == _SAME or (first.value is not None and first.ci[0] <= 0):
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "high",
                    "Not surely better than a guess",
                    f"The gain of the model in {_SCORES[main[0]][0]} over the guess that looks at "
                    f"no feature is {said(first)}.",
                    "Check data and training before anything else; with few test rows, get more.",
                )
            )
        better = self._beaten(estimates, draws, others, main)
        for number, (kind, key) in enumerate(better.items(), start=2):
            findings.append(
                Finding(
                    f"{self.id}.{number}",
                    "medium",
                    f"{KINDS[kind][0].upper()}{KINDS[kind][1:]} does better",
                    f"On the same rows {KINDS[kind]} beats the model: the model's gain in "
                    f"{_SCORES[key.split('_vs_')[0]][0]} is {said(estimates[key])}.",
                    "Use it, or tune the model until it is worth its cost."
                    if kind != "dummy"
                    else "Calibrate the probabilities on held-out rows.",
                )
            )
        return findings + self._alike(estimates, better, main[0])

    def _beaten(self, estimates, draws, others, main: list[str]) -> dict[str, str]:
        """Return baselines surely better in a main score, at a level corrected for all looks."""
        level = 1 - 0.05 / (len(others) * len(main))
        out: dict[str, str] = {}
        for kind in others:
            for key in (f"{score}_vs_{kind}" for score in main):
                if estimates[key].value is None or kind in out:
                    continue
                if percentile_interval(draws[key], level)[1] < 0:
                    out[kind] = key
        return out

    def _alike(self, estimates, better: dict, score: str) -> list[Finding]:
        """Return a hint where a line is as good as can be told."""
        kind = "tfidf" if f"{score}_vs_tfidf" in estimates else "linear"
        made = estimates.get(f"{score}_vs_{kind}")
        if made is None or made.value is None or kind in better or made.ci[0] > 0:
            return []
        return [
            Finding(
                f"{self.id}.9",
                "info",
                "A linear model may do as well",
                f"The gain in {_SCORES[score][0]} over {KINDS[kind]} is {said(made)}: the test "
                "rows cannot tell them apart.",
            )
        ]


def _is_the_guess(kind: str, made: Estimate) -> bool:
    """Whether the model scores as the guess does in every resample: no gain that could pass."""
    if kind != "dummy" or made.ci is None:
        return False
    return max(abs(made.ci[0]), abs(made.ci[1])) <= 1e-9 * max(1.0, abs(made.value))


def _scorers(context: AuditContext, fitted: list[Fitted | FittedText]):
    """Return the scores of the model and of each baseline as functions of counts."""
    X, y = context.X_test, context.y_test
    if context.task == "regression":
        y = np.asarray(y, dtype=np.float64)
        predicted = np.asarray(context.y_pred, dtype=np.float64).reshape(-1)
        if not np.isfinite(predicted).all():
            raise NotApplicable("some predictions are NaN or infinite (see ANN201)")
        return RegressorScores(y, predicted), {
            f.kind: RegressorScores(y, f.predict(X)) for f in fitted
        }
    others = {}
    for f in fitted:
        proba = f.predict_proba(X, len(context.classes))
        others[f.kind] = ClassifierScores(
            make_outcome(context, y, context.classes[f.predict(X)], proba)
        )
    return ClassifierScores(test_outcome(context)), others


def _table(estimates, model, others, main: list[str], refused: dict, n_train: int) -> Table:
    ours = model.point()
    rows = [["the model", *(v for key in main for v in (ours[key], None))]]
    for kind, other in others.items():
        point = other.point()
        cells = [v for key in main for v in (point[key], estimates[f"{key}_vs_{kind}"])]
        rows.append([KINDS[kind], *cells])
    head = ["", *(v for key in main for v in (_SCORES[key][0], "gain of the model"))]
    note = (
        f"Fitted on {n_train} training rows with default settings. Gain: paired bootstrap over "
        "test rows, positive when the model is better."
    )
    for kind, why in refused.items():
        note += f" Not fitted: {KINDS[kind]} ({why})."
    return Table("Baselines", head, rows, note)


def _figure(estimates: dict[str, Estimate], others, key: str) -> Figure:
    rows = {f"over {_SHORT[kind]}": estimates[f"{key}_vs_{kind}"] for kind in others}
    label = f"gain in {_SCORES[key][0]}"
    return interval_chart(f"Gain over baselines, {_SCORES[key][0]}", rows, x_label=label, zero=0.0)


def _summary(estimates: dict[str, Estimate], others, key: str) -> str:
    said_of = [f"{KINDS[kind]} by {said(estimates[f'{key}_vs_{kind}'])}" for kind in others]
    return f"Gain in {_SCORES[key][0]} over " + ", ".join(said_of) + "."


CHECKS: tuple[type[Check], ...] = (Baselines, BesideSimplePolicies)
