"""How learning went: the curve, and whether the kept policy's return was luck."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit.checks._agent_shared import RESAMPLED, AgentCheck, mean_of
from appliednn.audit.checks._intervals import LEAST_ROWS
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import format_number, line_chart
from appliednn.core.statistics import Estimate

_WORTH_SAYING = 0.1  # of the gain over random


class Generalisation(AgentCheck):
    """The return a policy was kept for, beside that of episodes it was not kept for."""

    id = "ANN1108"
    section = "training"
    title = "Learning, and the return of the kept policy"
    keys = ("best_return_optimism", "best_return")

    def run(self, context: AgentContext) -> CheckResult:
        """Compare the best evaluation of training with the audit's episodes."""
        agent = context.model
        history = getattr(agent, "history_", None) or {}
        best = getattr(agent, "best_return_", None)
        if best is None and not history.get("n_steps"):
            raise NotApplicable(
                "the agent tells neither how it learned nor the return it was kept for"
            )
        result = CheckResult(figures=_curve(history))
        rows = [["steps of training", getattr(agent, "n_steps_", None)]]
        rows.append(["stopped because of", getattr(agent, "stop_reason_", None)])
        if best is not None:
            fresh = np.asarray(context.episodes.returns, dtype=np.float64)
            name = "Return the policy was kept for, above that of fresh episodes"
            gap = _gap(name, _kept_returns(agent), float(best), fresh, context.seed(self.id))
            result.estimates["best_return_optimism"] = gap
            result.estimates["best_return"] = Estimate(
                "Return the policy was kept for",
                float(best),
                None,
                len(_kept_returns(agent)),
                "exact",
            )
            rows += [[e.name, e] for e in reversed(result.estimates.values())]
            result.findings = self._optimism(gap, fresh)
            result.summary = f"{gap.name}: {said(gap)}."
        result.findings += self._falls(history)
        note = (
            f"The policy of the best evaluation is kept, so that its return flatters. {RESAMPLED}"
        )
        result.tables.append(Table("Learning", ["what", ""], rows, note))
        return result

    def _optimism(self, gap: Estimate, fresh: np.ndarray) -> list[Finding]:
        if gap.value is None or gap.ci[0] <= _WORTH_SAYING * max(abs(float(fresh.mean())), 1e-9):
            return []
        return [
            Finding(
                f"{self.id}.1",
                "medium",
                "The return it was kept for flatters",
                f"On episodes that did not choose it, the policy earns less by {said(gap)}.",
                "Report the return of the audit; raise n_eval_episodes.",
            )
        ]

    def _falls(self, history: dict) -> list[Finding]:
        """Say where the last policy was far worse than the best one."""
        returns = [float(r) for r in history.get("eval_return", [])]
        if len(returns) < 3:
            return []
        best, last, first = max(returns), returns[-1], min(returns)
        if best - last <= 0.25 * (best - first) or best == first:
            return []
        return [
            Finding(
                f"{self.id}.2",
                "info",
                "Learning got worse after its best",
                f"The best of {len(returns)} evaluations gave {format_number(best)}, the last "
                f"{format_number(last)}: the best policy is kept, the last would be worse.",
            )
        ]


def _gap(name: str, kept: np.ndarray, best: float, fresh: np.ndarray, seed: int) -> Estimate:
    """Return the return that the policy was kept for less that of fresh episodes.

    Where the agent tells the episodes that it was kept for, both means are uncertain (Welch,
    normal); else the kept return is taken as it is.
    """
    if len(fresh) < LEAST_ROWS or len(kept) < 2:
        return mean_of(name, best - fresh, seed)
    spread = kept.var(ddof=1) / len(kept) + fresh.var(ddof=1) / len(fresh)
    half, value = 1.96 * float(np.sqrt(spread)), best - float(fresh.mean())
    return Estimate(name, value, (value - half, value + half), len(fresh), "welch")


def _kept_returns(agent) -> np.ndarray:
    """Return the returns of the episodes that the policy was kept for, none if it is not told."""
    told = getattr(agent, "best_returns_", None)
    return np.zeros(0) if told is None else np.asarray(told, float)


def _curve(history: dict) -> list[Figure]:
    """Draw the returns of training episodes and of evaluations."""
    lines = {}
    for name, x, y in (
        ("episodes of training", "n_steps", "return"),
        ("evaluations", "eval_n_steps", "eval_return"),
    ):
        if len(history.get(x, [])) > 1 and len(history.get(x)) == len(history.get(y, [])):
            lines[name] = (history[x], history[y])
    return [line_chart("Learning curve", lines, "steps", "mean return")] if lines else []
