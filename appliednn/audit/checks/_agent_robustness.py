"""What an agent earns when its sensors are noisy, attacked, or the world moves otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit.checks._agent_shared import (
    AgentCheck,
    count_option,
    few_seeds,
    no_memory,
    renamed,
    sizes_option,
)
from appliednn.audit.checks._words import listed, percent, said
from appliednn.audit.report.svg import interval_chart, line_chart
from appliednn.core.errors import UsageError

if TYPE_CHECKING:
    from appliednn.robustness.policies import ReturnCurve

SECTION = "robustness"
_HALF = 0.5
_STICKY = (0.1, 0.25)
_HOW = "The same episodes at every size. Means and paired losses, bootstrap over episodes."


class ObservationNoise(AgentCheck):
    """Return under noise on what is seen, and under actions that stick."""

    id = "ANN1109"
    section = SECTION
    title = "Noise on observations, sticking actions"
    keys = ("return_noise", "return_noise_lost", "return_sticky", "return_sticky_lost")

    def run(self, context: AgentContext) -> CheckResult:
        """Play the first episodes again under each size of noise."""
        from appliednn.robustness.policies import policy_noise_curve, sticky_action_curve

        levels = sizes_option(context, SECTION, "noise", (0.1, 0.2, 0.5))
        given = _given(context, self.id)
        curves = {
            "noise": policy_noise_curve(context.model, context.env, levels, **given),
            "sticky": sticky_action_curve(context.model, context.env, _STICKY, **given),
        }
        names = {"noise": "Return with noise", "sticky": "Return with sticking actions"}
        result = _result(curves, names)
        note = (
            "Noise: Gaussian, in standard deviations of what the agent visits. Sticking: the "
            f"chance that the last action is repeated, whatever was chosen. {_HOW}"
        )
        heads = {"noise": "noise of", "sticky": "sticking at"}
        result.tables = [_table("Disturbed", curves, heads, note)]
        shown = {"noise": curves["noise"]}
        result.figures = [_figure(context, "Return under noise on observations", shown)]
        first = curves["noise"]
        result.summary = f"With noise of {first.levels[0]:g} standard deviations the return is "
        result.summary += f"{said(first.at[0])}."
        result.findings = _lost_half(
            self.id, context, first, "Noise of {} on the sensors costs half", "noise of {} "
            "standard deviations", "Train with noise on observations, or filter the sensors.",
        )  # fmt: skip
        return result


class Attack(AgentCheck):
    """Return while every observation is changed against the decision, beside random changes."""

    id = "ANN1110"
    section = SECTION
    title = "Attacks on observations (PGD)"
    keys = (
        "return_pgd",
        "return_pgd_lost",
        "return_random_change",
        "return_random_change_lost",
        "changed_decisions",
    )

    def run(self, context: AgentContext) -> CheckResult:
        """Attack each decision by projected gradient descent."""
        from appliednn.robustness.policies import policy_attack_curves

        if not hasattr(context.model, "decision_gradient"):
            raise NotApplicable(f"{type(context.model).__name__} has no decision_gradient")
        no_memory(context)
        sizes = sizes_option(context, SECTION, "eps", (0.05, 0.1, 0.2))
        steps = count_option(context, SECTION, "attack_steps", 5)
        given = {**_given(context, self.id), "n_steps": steps}
        made = policy_attack_curves(context.model, context.env, sizes, **given)
        curves = {"pgd": made.curves["pgd"], "random_change": made.curves["random"]}
        names = {"pgd": "Return under attack", "random_change": "Return under random changes"}
        result = _result(curves, names)
        for key, kind in (("pgd", "pgd"), ("random", "random_change")):
            for level, share in zip(curves[kind].levels, made.changed[key], strict=True):
                result.estimates[f"changed_decisions[{kind} {level:g}]"] = share
        note = (
            "Sizes are the largest change of a number, in standard deviations of what the agent "
            f"visits; {steps} steps along the gradient. The attack looks at one decision at a "
            f"time: a planned one may cost more. {_HOW}"
        )
        heads = {"pgd": "attack of", "random_change": "random change of"}
        result.tables = [_table("Attacked", curves, heads, note), _sanity(made.sanity)]
        first = curves["pgd"]
        shown = {"attack (PGD)": first, "random changes": curves["random_change"]}
        title = "Return under attack, and under random changes"
        result.figures = [_figure(context, title, shown)]
        result.summary = (
            f"Under changes of at most {first.levels[0]:g} standard deviations, chosen "
        )
        result.summary += f"against it, the return is {said(first.at[0])}."
        result.findings = _lost_half(
            self.id, context, first, "An attack of {} costs half",
            "changes of at most {} standard deviations, chosen against it",
            "Guard the sensors; train on attacked observations.",
        ) + self._not_believed(made.sanity)  # fmt: skip
        return result

    def _not_believed(self, sanity) -> list[Finding]:
        wrong = [check for check in sanity if not check.passed]
        if not wrong:
            return []
        return [
            Finding(
                f"{self.id}.2",
                "low",
                "The attack may be too weak",
                f"It fails its own test: not so that {wrong[0].name} ({wrong[0].detail}).",
                "Read the return under attack as an upper bound; give more n_steps.",
            )
        ]


class ShiftedDynamics(AgentCheck):
    """Return where one law of the world is another than in training."""

    id = "ANN1111"
    section = SECTION
    title = "Changed dynamics"
    keys = ("return_shifted", "return_shifted_lost")

    def run(self, context: AgentContext) -> CheckResult:
        """Scale one attribute of the environment at a time."""
        from appliednn.robustness.policies import DYNAMICS, dynamics_curves

        asked = _dynamics_option(context)
        if asked is None and not _known(context, DYNAMICS):
            raise NotApplicable(
                f"it is not known what could change in {context.spec['id']}: name attributes in "
                "robustness.dynamics, such as {length: [0.5, 2]}"
            )
        curves = dynamics_curves(context.model, context.env, asked, **_given(context, self.id))
        result, rows, shown = CheckResult(), [], {}
        for name, curve in curves.items():
            for factor, at, lost in zip(curve.levels, curve.at, curve.lost, strict=True):
                label = f"{name} × {factor:g}"
                key = f"{name} {factor:g}"
                at = renamed(at, f"Return with {label}")
                result.estimates[f"return_shifted[{key}]"] = at
                result.estimates[f"return_shifted_lost[{key}]"] = renamed(
                    lost, f"Return lost with {label}"
                )
                rows.append([label, at, lost])
                shown[label] = at
        clean = next(iter(curves.values())).clean_estimate
        rows.insert(0, ["as in training", clean, None])
        note = f"One attribute of the environment scaled at a time. {_HOW}"
        result.tables = [Table("Changed", ["what", "return", "lost"], rows, note)]
        result.figures = [
            interval_chart(
                "Return with changed dynamics", {"as in training": clean} | shown, x_label="return"
            )
        ]
        self._judge(context, result, curves)
        return result

    def _judge(self, context: AgentContext, result: CheckResult, curves) -> None:
        failing = [
            f"{name} × {curve.levels[i]:g}"
            for name, curve in curves.items()
            for i in range(len(curve.levels))
            if _share_lost(context, curve, i)
        ]
        n = sum(len(curve.levels) for curve in curves.values())
        result.summary = f"{len(failing)} of {n} changes cost more than half of what the agent "
        result.summary += "gains over random actions."
        if failing:
            result.findings = [
                Finding(
                    f"{self.id}.1",
                    "low",
                    "It fails where the world is another",
                    f"{len(failing)} of {n} changes of the dynamics surely cost more than half of "
                    f"the gain over random actions: {listed(failing)}.",
                    "Train with varied dynamics, or keep the agent to what it was trained on.",
                )
            ]


def _given(context: AgentContext, check: str) -> dict[str, Any]:
    """Return what all stresses take: the first episodes of the audit, and a seed."""
    return {
        "seeds": few_seeds(context, SECTION),
        "max_steps": context.max_steps,
        "random_state": context.seed(check),
    }


def _dynamics_option(context: AgentContext) -> Mapping[str, Any] | None:
    given = context.option(SECTION, "dynamics", None)
    if given is None:
        return None
    numbers = isinstance(given, Mapping) and all(
        isinstance(factors, (list, tuple))
        and factors
        and all(isinstance(f, (int, float)) and not isinstance(f, bool) and f > 0 for f in factors)
        for factors in given.values()
    )
    if not numbers or not given:
        raise UsageError(
            "robustness.dynamics must be attributes with lists of factors above 0, such as "
            f"{{'length': [0.5, 2.0]}}, got {given!r}"
        )
    return given


def _known(context: AgentContext, table: Mapping[str, Any]) -> bool:
    from appliednn.explain.policies import environment_family

    return environment_family(context.spec["id"]) in table


def _result(curves: Mapping[str, ReturnCurve], names: Mapping[str, str]) -> CheckResult:
    """Return the estimates of curves, by key and level."""
    result = CheckResult()
    for key, curve in curves.items():
        for level, at, lost in zip(curve.levels, curve.at, curve.lost, strict=True):
            name = f"{names[key]} {level:g}"
            result.estimates[f"return_{key}[{level:g}]"] = renamed(at, name)
            result.estimates[f"return_{key}_lost[{level:g}]"] = renamed(lost, f"{name}: lost")
    return result


def _table(
    title: str, curves: Mapping[str, ReturnCurve], heads: Mapping[str, str], note: str
) -> Table:
    rows: list[list] = [["undisturbed", next(iter(curves.values())).clean_estimate, None]]
    rows += [
        [f"{heads[key]} {level:g}", at, lost]
        for key, curve in curves.items()
        for level, at, lost in zip(curve.levels, curve.at, curve.lost, strict=True)
    ]
    return Table(title, ["what", "return", "lost"], rows, note)


def _sanity(checks) -> Table:
    rows = [[c.name, "yes" if c.passed else "NO", c.detail] for c in checks]
    return Table("Is the attack to be believed", ["what must hold", "holds", "detail"], rows)


def _figure(context: AgentContext, title: str, curves: Mapping[str, ReturnCurve]) -> Figure:
    """Draw returns over sizes, with what random actions earn as a level line."""
    lines, bands = {}, {}
    for label, curve in curves.items():
        x, y, low, high = curve.points()
        lines[label], bands[label] = (x, y), (x, low, high)
    return line_chart(
        f"{title} (dashed level: random actions)",
        lines,
        "size (standard deviations)",
        "mean return",
        bands=bands,
        markers=True,
        reference=float(context.chance.mean()),
    )


def _share_lost(context: AgentContext, curve: ReturnCurve, i: int) -> bool:
    """Whether a stress surely costs more than half of the gain over random actions."""
    gain = float(np.mean(curve.clean)) - float(context.chance.mean())
    lost = curve.lost[i]
    return gain > 0 and lost.ci is not None and lost.ci[0] > _HALF * gain


def _lost_half(
    check: str, context: AgentContext, curve: ReturnCurve, title: str, what: str, action: str
) -> list[Finding]:
    """Return a finding on the smallest size that surely costs half of the gain over chance.

    Parameters
    ----------
    title, what : str
        With ``{}`` for the size.
    """
    costly = [i for i in range(len(curve.levels)) if _share_lost(context, curve, i)]
    if not costly:
        return []
    i = costly[0]
    size = format(curve.levels[i], "g")
    lost, gain = curve.lost[i], float(np.mean(curve.clean)) - float(context.chance.mean())
    text = (
        f"With {what.format(size)} the return falls by {said(lost)}: "
        f"{percent(lost.value / gain)} of the gain over random actions."
    )
    severity = "medium" if i == 0 else "low"
    return [Finding(f"{check}.1", severity, title.format(size), text, action)]
