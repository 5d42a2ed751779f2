"""What an agent's environment counts besides the reward: broken constraints, costs."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Finding, NotApplicable, Table
from appliednn.audit.checks._agent_shared import RESAMPLED, AgentCheck, mean_of
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import said
from appliednn.core.errors import UsageError

#: Names of ``info`` that environments use for what must not happen.
COSTS = ("cost", "costs", "violation", "violations", "collision", "collisions", "crash", "hazard")


class Constraints(AgentCheck):
    """Numbers of ``info`` summed over episodes; those that count broken constraints are judged."""

    id = "ANN1102"
    section = "performance"
    title = "Constraints and other counts"
    keys = ("cost_per_episode", "cost_episode_share", "info_per_episode")

    def run(self, context: AgentContext) -> CheckResult:
        """Sum what the environment reports in ``info`` at each step."""
        sums = dict(context.episodes.info_sums)
        if not sums:
            raise NotApplicable(
                "the environment reports no number in info: put what must not happen there, such "
                "as info['cost']"
            )
        names, n, seed = _costs(context, sums), len(context.seeds), context.seed(self.id)
        result = CheckResult()
        rows = []
        for name in sorted(sums, key=lambda s: (s not in names, s)):
            values, costly = np.asarray(sums[name], dtype=np.float64), name in names
            mean = mean_of(f"{name} an episode", values, seed)
            some = share_estimate(f"Episodes with {name}", int((values != 0).sum()), n, "")
            result.estimates[f"{'cost' if costly else 'info'}_per_episode[{name}]"] = mean
            if costly:
                result.estimates[f"cost_episode_share[{name}]"] = some
                result.findings += self._findings(len(result.findings) + 1, name, mean, some)
            worst = int(np.argmax(np.abs(values)))
            kind = "constraint" if costly else "count"
            rows.append([name, kind, mean, some, float(values[worst])])
        head = ["name", "kind", "sum an episode", "episodes that have any", "largest"]
        note = (
            f"Sums over the steps of each of {n} episodes. {RESAMPLED} Constraints: whole numbers "
            "called cost, violation, collision, crash or hazard, or those named in the options."
        )
        result.tables.append(Table("Counts of the environment", head, rows, note))
        costs = "; ".join(said(result.estimates[f"cost_episode_share[{c}]"]) for c in names)
        result.summary = (
            f"Share of episodes with {', '.join(names)}: {costs}." if names else "No constraint."
        )
        return result

    def _findings(self, number: int, name: str, mean, some) -> list[Finding]:
        if not some.value:
            return []
        return [
            Finding(
                f"{self.id}.{number}",
                "high" if some.ci[0] > 0.5 else "medium",
                f"The constraint {name} is broken",
                f"A share of {said(some)} of the episodes has {name}; on average "
                f"{said(mean)} an episode.",
                "Put the cost into the reward, mask the actions that cause it, or set a gate on "
                f"cost_episode_share[{name}].",
            )
        ]


def _costs(context: AgentContext, sums: dict) -> list[str]:
    """Return which names count broken constraints."""
    asked = context.option("performance", "costs", None)
    if asked is None:
        # What counts broken constraints is whole; a fraction is a price that was paid.
        whole = {name: bool(np.all(np.mod(values, 1) == 0)) for name, values in sums.items()}
        return [name for name in sums if name.lower() in COSTS and whole[name]]
    names = [asked] if isinstance(asked, str) else list(asked)
    absent = [name for name in names if name not in sums]
    if absent:
        raise UsageError(
            f"performance.costs: the environment reports no {', '.join(map(repr, absent))} in "
            f"info; it reports {', '.join(sums)}"
        )
    return names
