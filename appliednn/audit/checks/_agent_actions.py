"""Which actions an agent takes: never-used ones, one that it always takes, full throttle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit.checks._agent_shared import AgentCheck, ratio_of
from appliednn.audit.checks._words import listed, percent, said
from appliednn.audit.report.svg import format_number, interval_chart
from appliednn.core.statistics import Estimate

_ALWAYS = 0.98
_MOST_SHOWN = 20
_AT_BOUND = 0.01  # of the range: nearer to an end counts as full throttle


@dataclass(frozen=True)
class _Part:
    """One choice of an agent: a list of options, and what was chosen at each step.

    Attributes
    ----------
    name : str
        Before the option's number; empty where there is one choice.
    n : int
        Options.
    chosen : list of int arrays
        One an episode.
    """

    name: str
    n: int
    chosen: list[np.ndarray]

    def label(self, option: int) -> str:
        """Return what a table calls an option."""
        return f"{self.name}{option}"


class Actions(AgentCheck):
    """How often each action is taken, or how far and how often to the limit."""

    id = "ANN1103"
    section = "performance"
    title = "Actions taken"
    keys = ("action_share", "unused_actions", "action_mean", "action_at_limit_share")

    def run(self, context: AgentContext) -> CheckResult:
        """Count the actions of the recorded episodes."""
        taken = [np.asarray(a) for a in context.recorded.actions]
        space = context.model.action_space_
        if hasattr(space, "n") or hasattr(space, "nvec"):
            return self._choices(context, _parts(space, taken))
        if not hasattr(space, "low"):
            raise NotApplicable(f"actions of the kind {type(space).__name__} are not counted")
        return self._numbers(context, space, taken)

    def _choices(self, context: AgentContext, parts: list[_Part]) -> CheckResult:
        seed, result = context.seed(self.id), CheckResult()
        for part in parts:
            steps = np.array([len(c) for c in part.chosen])
            for option in range(part.n):
                hits = np.array([int((c == option).sum()) for c in part.chosen])
                label = part.label(option)
                made = ratio_of(f"Share of action {label}", hits, steps, seed)
                result.estimates[f"action_share[{label}]"] = made
        called = _called(context, list(result.estimates))
        shares = {called[key]: e for key, e in result.estimates.items()}
        result.tables.append(_table(shares, len(context.recorded.lengths)))
        shown = dict(list(shares.items())[:_MOST_SHOWN])
        result.figures.append(
            interval_chart("Actions taken", shown, x_label="share of steps", x_range=(0.0, 1.0))
        )
        unused, n = [name for name, e in shares.items() if not e.value], len(shares)
        result.estimates["unused_actions"] = Estimate(
            "Actions never taken", len(unused), None, n, "exact"
        )
        result.findings = self._findings(shares, unused)
        most = max(shares, key=lambda label: shares[label].value or 0.0)
        result.summary = f"{n - len(unused)} of {n} actions are taken; action {most} at a share "
        result.summary += f"of {said(shares[most])} of the steps."
        return result

    def _findings(self, shares: dict[str, Estimate], unused: list[str]) -> list[Finding]:
        found = []
        always = [label for label, e in shares.items() if e.value and e.value > _ALWAYS]
        if always:
            found.append(
                Finding(
                    f"{self.id}.1",
                    "medium",
                    "One action nearly always",
                    f"Action {listed(always)} is taken at a share of "
                    f"{said(shares[always[0]])} of the steps: what is seen hardly matters.",
                    "Compare with the best constant action (ANN1106), and let it explore more.",
                )
            )
        elif unused:
            found.append(
                Finding(
                    f"{self.id}.2",
                    "info",
                    "Actions that are never taken",
                    f"{len(unused)} of {len(shares)} actions were not taken in any recorded "
                    f"episode: {listed(unused)}.",
                )
            )
        return found

    def _numbers(self, context: AgentContext, space, taken: list[np.ndarray]) -> CheckResult:
        seed, result = context.seed(self.id), CheckResult()
        low, high = (np.asarray(v, np.float64).reshape(-1) for v in (space.low, space.high))
        steps = np.array([len(a) for a in taken])
        flat = [a.reshape(len(a), -1).astype(np.float64) for a in taken]
        rows = []
        for j in range(len(low)):
            sums = np.array([a[:, j].sum() for a in flat])
            near = _AT_BOUND * (high[j] - low[j])
            limit = [(a[:, j] <= low[j] + near) | (a[:, j] >= high[j] - near) for a in flat]
            mean = ratio_of(f"Mean of action {j}", sums, steps, seed)
            hits = np.array([int(x.sum()) for x in limit])
            at = ratio_of(f"Steps with action {j} at its limit", hits, steps, seed)
            result.estimates |= {f"action_mean[{j}]": mean, f"action_at_limit_share[{j}]": at}
            together = np.concatenate([a[:, j] for a in flat])
            bounds = f"{format_number(float(low[j]))} to {format_number(float(high[j]))}"
            rows.append([str(j), bounds, mean, float(together.std()), at])
        head = ["action", "allowed", "mean", "spread", "share of steps at a limit"]
        note = f"{len(taken)} recorded episodes; bootstrap over episodes."
        result.tables.append(Table("Actions taken", head, rows, note))
        worst = max(range(len(low)), key=lambda j: result.estimates[_limit(j)].value or 0.0)
        at = result.estimates[_limit(worst)]
        if at.value is not None and at.ci[0] > 0.5:
            result.findings.append(
                Finding(
                    f"{self.id}.1",
                    "info",
                    "Mostly full throttle",
                    f"Action {worst} stands at its limit at a share of {said(at)} of the steps.",
                )
            )
        result.summary = f"{percent(at.value or 0.0)} of the steps are at a limit of the action."
        return result


def _limit(j: int) -> str:
    return f"action_at_limit_share[{j}]"


def _parts(space, taken: list[np.ndarray]) -> list[_Part]:
    """Return the choices of a space: one, or one for each component."""
    if hasattr(space, "nvec"):
        sizes = np.asarray(space.nvec).reshape(-1)
        flat = [a.reshape(len(a), -1) for a in taken]
        return [
            _Part(f"{j}:", int(n), [a[:, j] for a in flat]) for j, n in enumerate(sizes.tolist())
        ]
    start = int(getattr(space, "start", 0))
    return [_Part("", int(space.n), [a.reshape(-1) - start for a in taken])]


def _called(context: AgentContext, keys: list[str]) -> dict[str, str]:
    """Return what a reader calls the actions: number, and name where the environment has one."""
    labels = {key: key[13:-1] for key in keys}
    if not context.discrete:
        return labels
    names = dict(zip(keys, context.action_names, strict=True))
    return {k: v if names[k] == f"action {v}" else f"{v} ({names[k]})" for k, v in labels.items()}


def _table(shares: dict[str, Estimate], n: int) -> Table:
    rows = [[name, e] for name, e in shares.items()][:_MOST_SHOWN]
    note = f"{n} recorded episodes; bootstrap over episodes."
    if len(shares) > _MOST_SHOWN:
        note += f" The first {_MOST_SHOWN} of {len(shares)} actions."
    return Table("Actions taken", ["action", "share of steps"], rows, note)
