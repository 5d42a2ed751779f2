"""How little a state has to change for another decision, and what has to change."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, NotApplicable, Table
from appliednn.audit.checks._agent_shared import AgentCheck, count_option, no_memory
from appliednn.audit.checks._intervals import LEAST_ROWS, few_rows, share_estimate
from appliednn.audit.checks._words import listed, said
from appliednn.audit.report.svg import interval_chart
from appliednn.core.statistics import Estimate, bootstrap_interval, not_estimable
from appliednn.explain import mean_estimate

_SIZES = (0.05, 0.1, 0.2)
_MOST_FEATURES = 15


class NearestOtherDecision(AgentCheck):
    """The smallest change of a visited state that changes the decision."""

    id = "ANN1115"
    section = "explanations"
    title = "How little changes a decision"
    keys = ("decision_distance", "decided_within_share", "decision_change")

    def run(self, context: AgentContext) -> CheckResult:
        """Search the nearest state with another decision from each of some visited states."""
        from appliednn.explain.policies import counterfactual_states

        if not hasattr(context.model, "decision_function") or context.visited.ndim != 2:
            raise NotApplicable("it is asked of agents with decision values that see vectors")
        no_memory(context)
        made = counterfactual_states(
            context.model,
            context.states,
            context.env,
            n_states=count_option(context, self.section, "max_nearest", 50, least=LEAST_ROWS),
            random_state=context.seed(self.id) % 2**31,
        )
        far = made.distance
        n = len(far)
        estimates = {"decision_distance": _median(far, context.seed(self.id))}
        for size in _SIZES:
            name = f"States decided otherwise within {size:g} standard deviations"
            within = share_estimate(name, int((far <= size).sum()), n, "")
            estimates[f"decided_within_share[{size:g}]"] = within
        found = made.found
        parts = np.abs(made.changes[found]) / np.where(made.scale > 0, made.scale, 1.0)
        order = np.argsort(-parts.mean(axis=0), kind="stable") if found.any() else []
        moved = {made.names[j]: mean_estimate(made.names[j], parts[:, j]) for j in order}
        moved = dict(list(moved.items())[:_MOST_FEATURES])
        rows = [[e.name, e] for e in estimates.values()]
        estimates |= {f"decision_change[{name}]": e for name, e in moved.items()}
        what = "another action" if context.discrete else "an action a tenth of its range away"
        note = (
            f"{n} visited states; the change is the shortest that was found to {what}, in "
            "standard deviations of what is visited: an upper bound. States of one episode are "
            "alike, so that the intervals are rather too narrow."
        )
        figures = []
        if moved:
            label = "mean change (standard deviations)"
            figures = [interval_chart("What changes for another decision", moved, x_label=label)]
        summary = f"{estimates['decision_distance'].name}: {said(estimates['decision_distance'])}"
        summary += f"; most of it in {listed(list(moved), 2)}." if moved else "."
        return CheckResult(
            estimates, [], [Table("Nearest other decision", ["what", ""], rows, note)], figures,
            summary,
        )  # fmt: skip


def _median(distance: np.ndarray, seed: int) -> Estimate:
    """Return the median distance; where none was found counts as farther than all others."""
    name, n = "Median distance to another decision (standard deviations)", len(distance)
    if n < LEAST_ROWS:
        return not_estimable(name, n, few_rows(n))
    ranked = np.where(np.isfinite(distance), distance, 1e9)
    low, high = bootstrap_interval(np.median, ranked, n_boot=1000, seed=seed)
    value = float(np.median(ranked))
    if max(value, high) >= 1e8:
        return not_estimable(name, n, "too many states without another decision nearby")
    return Estimate(name, value, (low, high), n, seed=seed)
