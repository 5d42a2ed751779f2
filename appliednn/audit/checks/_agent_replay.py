"""An ordinary episode and the worst one, to be watched."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Figure, Table
from appliednn.audit.checks._agent_shared import AgentCheck, count_option
from appliednn.audit.report.svg import format_number
from appliednn.core.statistics import Estimate


class Replay(AgentCheck):
    """Two episodes as moving pictures: one of median return, and the worst."""

    id = "ANN1105"
    section = "performance"
    title = "Two episodes to watch"
    keys = ("episodes_drawn",)

    def run(self, context: AgentContext) -> CheckResult:
        """Play the two episodes once more, recorded, and draw them."""
        from appliednn.reinforcement import replay_svg

        returns = np.asarray(context.episodes.returns, dtype=np.float64)
        order = np.argsort(returns, kind="stable")
        places = {"an ordinary one (median return)": int(order[len(order) // 2])}
        if returns[order[0]] < returns[order[len(order) // 2]]:
            places["the worst"] = int(order[0])
        chosen = context.seeds[list(places.values())]
        made = context.run(context.policy(), chosen, record=True)
        frames = count_option(context, "performance", "replay_frames", 150, least=10)
        figures, rows = [], []
        for i, name in enumerate(places):
            earned = format_number(float(made.returns[i]))
            said = f"return {earned} after {int(made.lengths[i])} steps"
            title = f"Episode: {name}, {said}"
            svg = replay_svg(
                made, context.env, i, title=title, max_frames=frames, standalone=False
            )
            figures.append(Figure(title, svg, f"A moving picture of an episode: {name}, {said}."))
            seed = str(int(chosen[i]))
            rows.append([name, seed, float(made.returns[i]), int(made.lengths[i])])
        note = "" if len(places) > 1 else "No episode earned less than the median."
        head = ["episode", "seed", "return", "steps"]
        n = Estimate("Episodes drawn", len(figures), None, len(returns), "exact")
        return CheckResult(
            {"episodes_drawn": n},
            figures=figures,
            tables=[Table("Episodes", head, rows, note)],
            summary=f"{len(figures)} of {len(returns)} episodes, drawn as they went.",
        )
