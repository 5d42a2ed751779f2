"""Training health: learning curves, over- and underfitting, and the layers of the network."""

from __future__ import annotations

import numpy as np

from appliednn.audit._base import Check, CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._agent_seeds import OtherSeeds
from appliednn.audit.checks._agent_training import Generalisation
from appliednn.audit.checks._chosen import chosen_table
from appliednn.audit.report.svg import bar_chart, format_number, line_chart
from appliednn.core.statistics import Estimate
from appliednn.diagnostics import (
    Curves,
    FitGap,
    LayerHealth,
    fit_gap,
    layer_health,
    read_curves,
    training_health,
)

_FIT_ROWS = 5000
_LAYER_ROWS = 1000


class TrainingCurves(Check):
    """How training went, and whether the model fits too closely or too little."""

    id = "ANN401"
    section = "training"
    title = "Learning curves and fit"
    keys = ("train_skill", "test_skill", "train_test_gap")

    def run(self, context: AuditContext) -> CheckResult:
        """Judge the recorded curves, and losses on training against test rows."""
        curves = read_curves(context.model)
        if curves is None and context.task == "anomaly":
            raise NotApplicable("the detector recorded no learning curve")
        if curves is None and context.X_train is None:
            raise NotApplicable(
                "the model recorded no learning curve and no training rows were given (X_train, "
                "y_train)"
            )
        # A detector has no loss on labels that could differ between training and test.
        labelled = context.X_train is not None and context.task != "anomaly"
        fit = _fit(context, context.seed(self.id)) if labelled else None
        health = training_health(curves, fit=fit)
        summary = health.verdict
        if curves is None:
            summary += f" {type(context.model).__name__} recorded no learning curve."
        elif fit is None and context.task != "anomaly":
            summary += " Without training rows (X_train, y_train) the fit is not judged."
        return CheckResult(
            estimates={} if fit is None else _estimates(fit),
            findings=_findings(self.id, health.remarks),
            tables=[
                *_fit_table(fit),
                *_curve_table(curves),
                *chosen_table(context.inner("report_")),
            ],
            figures=[] if curves is None else _curve_figures(curves),
            summary=summary,
        )


class Layers(Check):
    """Gradients and units of each layer of the network."""

    id = "ANN402"
    section = "training"
    title = "Layers of the network"
    keys = ("dead_unit_share", "saturated_unit_share")
    reads = ("table",)
    unread = "the layers of a network that reads text are not examined"

    def run(self, context: AuditContext) -> CheckResult:
        """Measure gradient norms, dead units and saturated units on a sample of rows."""
        from appliednn.robustness import encoded_view

        if context.network_model is None:
            raise NotApplicable("no appliednn network inside the model, so there are no layers")
        if context.reads_series:
            raise NotApplicable("the layers of a network that reads series are not examined")
        trained = context.X_train is not None
        X = context.X_train if trained else context.X_test
        y = context.y_train if trained else context.y_test
        rows = _sample(len(X), _LAYER_ROWS, context.rng(self.id))
        view = encoded_view(context.model, context.model_input(X.iloc[rows]))
        target, note = None, "Gradients are not measured: a detector is trained on no target."
        if context.task != "anomaly":
            target, note = _target(view.estimator, y[rows])
        health = layer_health(view.estimator.network_, view.Z, target, seed=context.seed(self.id))
        where = f"{len(rows)} {'training' if trained else 'test'} rows"
        return CheckResult(
            estimates=_unit_shares(health),
            findings=_findings(self.id, health.remarks),
            tables=_layer_tables(health, where, note),
            figures=_gradient_figure(health),
            summary=_layer_summary(health, where),
        )


def _fit(context: AuditContext, seed: int) -> FitGap:
    """Return the fit on at most 5000 training rows and all test rows."""
    rng = np.random.default_rng(seed)
    rows = _sample(len(context.X_train), _FIT_ROWS, rng)
    X, y = context.X_train.iloc[rows], context.y_train[rows]
    if not context.has_proba:
        train, test = (y, context.predict(X)), (context.y_test, context.y_pred)
    else:
        train = (y, None, context.predict_proba(X))
        test = (context.y_test, None, context.proba)
    return fit_gap(train, test, context.classes, seed=seed)


def _estimates(fit: FitGap) -> dict:
    return {
        "train_skill": fit.train_skill,
        "test_skill": fit.test_skill,
        "train_test_gap": fit.gap,
    }


def _fit_table(fit: FitGap | None) -> list[Table]:
    if fit is None:
        return []
    note = (
        f"Skill: 1 - {fit.loss} / that of a guess which looks at no feature (learned from the "
        "training rows): 1 is perfect, 0 no better than guessing."
    )
    rows = [
        ["training rows", fit.train, fit.train_skill],
        ["test rows", fit.test, fit.test_skill],
        ["difference of the skills", None, fit.gap],
    ]
    return [Table("Fit", ["rows", fit.loss, "skill"], rows, note)]


def _curve_table(curves: Curves | None) -> list[Table]:
    if curves is None:
        return []
    rows = [
        [f"{curves.unit}s run", len(curves.train)],
        [f"{curves.unit} kept", curves.kept_words if curves.kept_by_member else curves.kept + 1],
        ["why it ended", curves.stop_reason or "not recorded"],
        [f"{curves.train_name} at the end", round(curves.train[-1], 6)],
    ]
    if curves.best is not None:
        best = round(curves.validation[curves.best], 6)
        rows.append([f"best {curves.validation_name}", best])
        rows.append([f"{curves.unit} of the best", curves.best + 1])
    if curves.rates:
        rows.append(["learning rate at the end", float(f"{curves.rates[-1]:.3g}")])
    return [Table("Training run", ["what", "value"], rows)]


def _curve_figures(curves: Curves) -> list[Figure]:
    """Return the loss curves; a score is drawn by itself, since its axis is another one."""
    passes = np.arange(1, len(curves.train) + 1)
    series = {curves.train_name: (passes, curves.train)}
    places = np.arange(1, len(curves.validation) + 1)
    together = bool(curves.validation) and curves.lower_is_better
    if together:
        series[curves.validation_name] = (places, curves.validation)
    marked = {}
    if together and not curves.kept_by_member and 0 <= curves.kept < len(curves.validation):
        marked = {"kept": (curves.kept + 1, curves.validation[curves.kept])}
        marked = marked if np.isfinite(marked["kept"][1]) else {}
    figures = []
    if np.isfinite(curves.train).any():
        chart = line_chart("Learning curves", series, curves.unit, "loss", points=marked)
        figures.append(chart)
    if curves.validation and not together:
        name = curves.validation_name
        lines = {name: (places, curves.validation)}
        figures.append(line_chart(name.capitalize(), lines, curves.unit, name))
    return figures


def _unit_shares(health: LayerHealth) -> dict[str, Estimate]:
    """Return the share of dead and of saturated units: counts, hence exact on these rows."""
    out = {}
    for u in health.units:
        counts = {"dead": u.dead, "saturated": u.saturated}
        for kind, count in counts.items():
            if count is not None:
                name = f"{kind} units in {u.layer}"
                share = Estimate(name, count / u.width, None, u.width, "exact")
                out[f"{kind}_unit_share[{u.layer}]"] = share
    return out


def _target(estimator, y: np.ndarray) -> tuple[np.ndarray | None, str]:
    """Return the target as the network takes it, or why gradients cannot be measured."""
    try:
        return estimator.encode_target(y), ""
    except ValueError as error:
        said = " ".join(str(error).split())[:160]
        return None, f"Gradients are not measured: the network takes other labels ({said})."


def _layer_tables(health: LayerHealth, where: str, note: str) -> list[Table]:
    tables = []
    if health.gradients:
        names = list(health.gradients)
        rows = [[n, health.gradients_at_start.get(n), health.gradients[n]] for n in names]
        said = f"L2 norm of the gradient of the mean loss with respect to each kernel, {where}."
        columns = ["layer", "freshly drawn weights", "fitted weights"]
        tables.append(Table("Gradient norms", columns, rows, said))
    if health.units:
        rows = [
            [
                u.layer,
                u.activation or "not known",
                u.width,
                u.dead,
                "" if u.saturated is None else u.saturated,
            ]
            for u in health.units
        ]
        said = (
            f"Dead: zero on every one of {where}. Saturated: within 1 % of an end of the range on "
            f"95 % of the rows (sigmoid, tanh and their like only). {note}"
        )
        columns = ["layer", "activation", "units", "dead", "saturated"]
        tables.append(Table("Units", columns, rows, said.strip()))
    return tables


def _gradient_figure(health: LayerHealth) -> list[Figure]:
    """Return the gradient norms as powers of ten, first layer first."""
    norms = {n: v for n, v in health.gradients_at_start.items() if np.isfinite(v) and v > 0}
    if len(norms) < 2:
        return []
    values = [float(np.log10(v)) for v in norms.values()]
    words = "; ".join(f"{name}: {format_number(v)}" for name, v in norms.items())
    return [
        bar_chart(
            "Gradient norm per layer at the start",
            list(norms),
            values,
            x_label="log10 of the gradient norm, freshly drawn weights",
            alt=f"Bar chart, gradient norm of each kernel on freshly drawn weights. {words}.",
        )
    ]


def _layer_summary(health: LayerHealth, where: str) -> str:
    """Say in a sentence how gradients and units are."""
    said = []
    kinds = {remark.kind for remark in health.remarks}
    if health.gradients and not kinds & {"vanishing", "exploding"}:
        said.append("Gradients neither vanish nor explode.")
    total = sum(u.width for u in health.units)
    dead = sum(u.dead for u in health.units)
    stuck = sum(u.saturated or 0 for u in health.units)
    if total:
        said.append(f"{dead} of {total} hidden units are dead and {stuck} saturated on {where}.")
    else:
        said.append("The network has no hidden activation.")
    return " ".join([*(r.title + "." for r in health.remarks), *said])


def _findings(check: str, remarks) -> list[Finding]:
    return [
        Finding(f"{check}.{r.kind}", r.severity, r.title, r.text, r.action)
        if i == 0 or r.kind not in {x.kind for x in remarks[:i]}
        else Finding(f"{check}.{r.kind}.{i + 1}", r.severity, r.title, r.text, r.action)
        for i, r in enumerate(remarks)
    ]


def _sample(n: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return at most ``most`` row numbers in their order."""
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


CHECKS = (TrainingCurves, Layers, Generalisation, OtherSeeds)
