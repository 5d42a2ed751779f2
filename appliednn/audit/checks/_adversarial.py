"""ANN702: the metric under the worst small changes, found through the network's gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliednn.audit._base import SUPERVISED, Check, CheckResult, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._stress import (
    Sample,
    count_option,
    curve_chart,
    draw_sample,
    is_large,
    levels_option,
    said,
)
from appliednn.audit.report.svg import format_number
from appliednn.core.statistics import Estimate
from appliednn.robustness import (
    AdversarialResult,
    AttackSettings,
    EncodedView,
    RowMetric,
    StressCurve,
    adversarial_curves,
    deployed_score,
    encoded_view,
)

EPS = (0.01, 0.05, 0.1, 0.2, 0.3)


class Adversarial(Check):
    """How the metric falls under the worst small changes of the continuous features."""

    id = "ANN702"
    section = "robustness"
    title = "Adversarial points (FGSM, PGD)"
    keys = ("accuracy_fgsm", "accuracy_pgd", "rmse_fgsm", "rmse_pgd", "prediction_shift_pgd")
    tasks = SUPERVISED
    instead = "attacks look for a wrong answer, and a detector is given none to be wrong about"
    reads = ("table",)
    unread = "a text has no numbers to move; attacks that exchange words are ANN1022"

    def run(self, context: AuditContext) -> CheckResult:
        """Attack through the network's own gradients and say whether the attack is credible."""
        sample = draw_sample(context, self.id)
        view = encoded_view(context.model, context.model_input(sample.X))
        if view is None:
            raise NotApplicable(
                "gradient attacks (FGSM, PGD) need the network's gradients, and this model has "
                "none to give; the black-box search of ANN704 stands in, and is weaker"
            )
        view, sample = _known(view, sample)
        if not view.mask.any():
            raise NotApplicable("no continuous feature, so an attack has nothing to change")
        eps = levels_option(context, "eps", EPS)
        settings = self._settings(context, sample)
        lower, upper = _bounds(context, view)
        score = deployed_score(view.estimator, view.Z, sample.predict(sample.X))
        found = adversarial_curves(
            view, sample.y, score, eps, settings=settings, lower=lower, upper=upper
        )
        return self._result(sample, view, found, settings)

    def _settings(self, context: AuditContext, sample: Sample) -> AttackSettings:
        usual = AttackSettings()
        return AttackSettings(
            n_steps=count_option(context, "n_steps", usual.n_steps),
            n_restarts=count_option(context, "n_restarts", usual.n_restarts),
            n_tries=count_option(context, "n_tries", usual.n_tries),
            seed=sample.seed,
        )

    def _result(self, sample, view, found: AdversarialResult, settings) -> CheckResult:
        kind, name = sample.metric.kind, sample.metric.name
        estimates: dict[str, Estimate] = {}
        for attack in ("fgsm", "pgd"):
            label = f"{name} under {attack.upper()} at eps"
            estimates |= found.curves[attack].estimates(f"{kind}_{attack}", label)
        estimates |= _shift_estimates(found, sample)
        curves = {"FGSM": found.curves["fgsm"], "PGD": found.curves["pgd"]}
        pgd = found.curves["pgd"]
        failed = [c for c in found.sanity if not c.passed]
        doubt = f" {len(failed)} of {len(found.sanity)} sanity checks failed." if failed else ""
        return CheckResult(
            estimates=estimates,
            findings=self._findings(sample, pgd, failed),
            tables=[
                _attack_table(found, sample, _attack_note(view, settings, sample)),
                Table(
                    "Is the attack to be believed?",
                    ["What must hold", "Result", "Detail"],
                    [[c.name, "pass" if c.passed else "FAIL", c.detail] for c in found.sanity],
                ),
            ],
            figures=[curve_chart("Attacks", curves, "eps (encoded units)")],
            summary=f"Under PGD {sample.metric.word} goes from {said(pgd.clean_estimate)} "
            f"to {said(pgd.at[-1])} at eps {pgd.levels[-1]:g}.{doubt}",
        )

    def _findings(self, sample: Sample, pgd: StressCurve, failed) -> list[Finding]:
        findings = []
        i = pgd.nearest(0.1)
        lost = pgd.lost[i]
        if is_large(sample, pgd.clean, lost.ci[0] / 2):
            text = (
                f"Changes of at most {pgd.levels[i]:g} in each continuous feature (encoded "
                f"units) cost {said(lost)} of {sample.metric.word}."
            )
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "low",
                    "Small chosen changes flip predictions",
                    text + _against_constant(sample, pgd, i),
                    "Only a concern where someone can choose the features; then train on "
                    "attacked rows, regularise more, or limit what a user may set.",
                )
            )
        if failed:
            told = "; ".join(f"{c.name}: {c.detail}" for c in failed)
            findings.append(
                Finding(
                    f"{self.id}.2",
                    "medium",
                    "The attack's numbers are in doubt",
                    f"{len(failed)} sanity checks failed ({told}), so the model may be less "
                    "robust than shown.",
                    "Raise robustness.n_steps and n_restarts; look for saturated activations.",
                )
            )
        return findings


def _known(view: EncodedView, sample: Sample) -> tuple[EncodedView, Sample]:
    """Leave out rows whose label the network does not know: no loss can be computed for them."""
    if not hasattr(view.estimator, "classes_"):
        return view, sample
    keep = np.flatnonzero(np.isin(sample.y, view.estimator.classes_))
    if len(keep) == 0:
        raise NotApplicable("the network knows none of the test labels")
    if len(keep) == len(sample.y):
        return view, sample
    kept = replace(sample, X=sample.X.iloc[keep].reset_index(drop=True), y=sample.y[keep])
    return view.take(keep), kept


def _bounds(context: AuditContext, view: EncodedView) -> tuple[np.ndarray, np.ndarray]:
    """Return the range of every encoded feature over reference rows: points stay inside."""
    low, high = view.Z.min(axis=0), view.Z.max(axis=0)
    if context.X_train is not None:
        train = encoded_view(context.model, context.model_input(context.X_train.head(5000))).Z
        low, high = np.minimum(low, train.min(axis=0)), np.maximum(high, train.max(axis=0))
    return low, high


def _shift_estimates(found: AdversarialResult, sample: Sample) -> dict[str, Estimate]:
    """Return the mean distance PGD moves a prediction, with bootstrap intervals (regression)."""
    if found.shift is None:
        return {}
    mean = RowMetric("accuracy")  # a plain mean over rows
    low, high = mean.intervals(found.shift.T, seed=sample.seed)
    return {
        f"prediction_shift_pgd[{eps:g}]": Estimate(
            f"Mean shift of predictions under PGD at eps {eps:g}",
            float(moved.mean()),
            (float(low[i]), float(high[i])),
            len(moved),
            seed=sample.seed,
        )
        for i, (eps, moved) in enumerate(zip(found.curves["pgd"].levels, found.shift, strict=True))
    }


def _attack_table(found: AdversarialResult, sample: Sample, note: str) -> Table:
    """Return the metric by attack and size."""
    name = sample.metric.name
    made = [found.curves[a].at for a in ("fgsm", "pgd", "random")]
    clean = found.curves["pgd"].clean_estimate
    rows: list[list] = [[0, clean, clean, clean]]
    rows += [[eps, *e] for eps, *e in zip(found.curves["pgd"].levels, *made, strict=True)]
    columns = ["eps", "FGSM", "PGD", "random search"]
    if found.margins:
        columns.append("median margin under PGD")
        for row, margin in zip(rows, found.margins, strict=True):
            row.append(round(margin, 4))
    else:
        columns.append("mean shift under PGD")
        rows[0].append(0.0)
        shifts = _shift_estimates(found, sample).values()
        for row, estimate in zip(rows[1:], shifts, strict=True):
            row.append(estimate)
    return Table(f"{name} under attack", columns, rows, note)


def _attack_note(view: EncodedView, settings: AttackSettings, sample: Sample) -> str:
    moves = int(view.mask.any(axis=0).sum())
    return (
        f"L-infinity in the encoded (standardised) space; {moves} of {view.Z.shape[1]} encoded "
        "features are continuous and move, within the range seen in the data; categories, "
        f"indicators and missing cells stay. PGD: {settings.n_steps} steps of 2.5 eps / "
        f"{settings.n_steps}, {settings.n_restarts} starts (the row itself, then random points), "
        "then the margin of the logits where the loss may mislead; "
        f"random search: {settings.n_tries} corners. The worst point found counts; "
        f"{len(sample.y)} rows, seed {settings.seed}. Margin: the true class's probability beyond "
        "what keeps its label."
    )


def _against_constant(sample: Sample, pgd: StressCurve, i: int) -> str:
    """Say whether a constant prediction would now do better."""
    if sample.metric.kind == "accuracy":
        constant = float(np.unique(sample.y, return_counts=True)[1].max() / len(sample.y))
        beaten = pgd.at[i].ci[1] < constant
    else:
        constant = float(np.std(np.asarray(sample.y, dtype=float)))
        beaten = pgd.at[i].ci[0] > constant
    if not beaten:
        return ""
    return f" A constant prediction ({format_number(constant)}) would then do better."
