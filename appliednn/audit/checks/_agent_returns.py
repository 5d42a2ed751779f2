"""What an agent earns, its worst episodes, and whether one seed gives one return."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Finding, Table
from appliednn.audit.checks._agent_shared import RESAMPLED, AgentCheck, mean_of, renamed
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import percent, said
from appliednn.audit.report.svg import format_number
from appliednn.core.statistics import Estimate

_N_WORST = 5
_N_AGAIN = 10


class Returns(AgentCheck):
    """Return and length over seeded episodes, and the worst of them."""

    id = "ANN1101"
    section = "performance"
    title = "Return over seeded episodes"
    keys = (
        "return_mean",
        "return_iqm",
        "return_median",
        "episode_length",
        "truncated_share",
        "far_below_share",
    )

    def run(self, context: AgentContext) -> CheckResult:
        """Sum rewards over one episode a seed."""
        made = context.episodes
        returns = np.asarray(made.returns, dtype=np.float64)
        n, seed = len(returns), context.seed(self.id)
        estimates = {
            **_of_returns(made, seed),
            "episode_length": mean_of("Mean length in steps", made.lengths, seed),
            "truncated_share": share_estimate(
                "Episodes ended by a limit of time", int(made.truncated.sum()), n, ""
            ),
        }
        fence = _fence(returns)
        far = int((returns < fence).sum())
        estimates["far_below_share"] = share_estimate("Episodes far below the others", far, n, "")
        note = (
            f"{n} episodes, each with a seed of its own, that the agent was not trained on; it "
            f"acts without exploring. IQM: mean of the middle half. {RESAMPLED} Far below: less "
            f"than {format_number(fence)}, three interquartile ranges under the lower quartile."
        )
        rows = [[e.name, e] for e in estimates.values()]
        tables = [Table("Return", ["what", ""], rows, note), _worst(made)]
        return CheckResult(
            estimates,
            self._findings(estimates["far_below_share"], returns, fence) + self._alike(context),
            tables,
            summary=f"The mean return is {said(estimates['return_mean'])}, the worst of {n} "
            f"episodes {format_number(float(returns.min()))}.",
        )

    def _findings(self, share: Estimate, returns: np.ndarray, fence: float) -> list[Finding]:
        if not share.value:
            return []
        text = (
            f"{int((returns < fence).sum())} of {len(returns)} episodes, a share of "
            f"{said(share)}, earn less than {format_number(fence)}; the median is "
            f"{format_number(float(np.median(returns)))}, the worst "
            f"{format_number(float(returns.min()))}."
        )
        return [
            Finding(
                f"{self.id}.1",
                "medium" if share.ci[0] > 0.02 else "low",
                "Some episodes go far worse",
                text,
                "Look at their seeds below, and train longer or on more starting states.",
            )
        ]

    def _alike(self, context: AgentContext) -> list[Finding]:
        """Say where a seed changes nothing, so that many episodes are one."""
        seen = context.recorded.observations
        if any(len(o) != len(seen[0]) or not np.array_equal(o, seen[0]) for o in seen[1:]):
            return []
        return [
            Finding(
                f"{self.id}.2",
                "low",
                "Every episode is the same one",
                f"{len(seen)} recorded episodes with different seeds went alike, observation by "
                "observation: they are evidence of one start, and the intervals say nothing of "
                "others.",
                "Let reset(seed=...) draw where an episode begins.",
            )
        ]


def _of_returns(made, seed: int) -> dict[str, Estimate]:
    """Return mean, interquartile mean and median, as the reinforcement room estimates them."""
    from appliednn.reinforcement import Evaluation

    found = Evaluation(made, seed)
    named = {
        "return_mean": ("Mean return", found.mean),
        "return_iqm": ("Interquartile mean of the return", found.iqm),
        "return_median": ("Median return", found.median),
    }
    return {key: renamed(estimate, name) for key, (name, estimate) in named.items()}


def _fence(returns: np.ndarray) -> float:
    """Return below what an episode is far below the others.

    Where all are nearly alike, a twentieth of the median stands for their spread.
    """
    low, middle, high = np.quantile(returns, [0.25, 0.5, 0.75])
    return float(low - 3 * max(high - low, 0.05 * abs(middle)))


def _worst(made) -> Table:
    """Return the worst episodes with their seeds."""
    order = np.argsort(made.returns, kind="stable")[:_N_WORST]
    rows = [
        [str(int(made.seeds[i])), float(made.returns[i]), int(made.lengths[i]), _end(made, i)]
        for i in order
    ]
    note = "A seed gives the episode again: run_episodes(agent.policy(), env, [seed])."
    return Table("Worst episodes", ["seed", "return", "steps", "ended by"], rows, note)


def _end(made, i: int) -> str:
    if made.terminated[i]:
        return "the environment"
    return "a limit of time" if made.truncated[i] else "the limit of this audit"


class Repeatability(AgentCheck):
    """Whether the same seeds give the same returns once more."""

    id = "ANN1104"
    section = "performance"
    title = "One seed, one return"
    keys = ("repeated_return_share",)

    def run(self, context: AgentContext) -> CheckResult:
        """Run some seeds twice in one way and compare bit for bit; then beside other episodes."""
        n = min(_N_AGAIN, len(context.seeds))
        first, again = (
            np.asarray(context.run(context.policy(), context.seeds[:n]).returns) for _ in range(2)
        )
        same = again == first
        share = share_estimate("Seeds that give the same return again", int(same.sum()), n, "")
        findings = []
        if not same.all():
            gap = np.abs(again - first).max()
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "medium",
                    "The same seed gives another return",
                    f"{int((~same).sum())} of {n} seeds gave another return when run again, the "
                    f"largest difference being {format_number(float(gap))}: environment or policy "
                    "draws random numbers that the seed does not set.",
                    "Seed every random number in reset(seed=...), or read the intervals as if "
                    "seeds meant nothing.",
                )
            )
        apart = float(np.abs(np.asarray(context.episodes.returns)[:n] - first).max())
        beside = "Largest difference when other episodes ran beside them"
        note = "Numbers in a batch are added up in another order beside others: their last digits "
        note += "differ, which long episodes may magnify."
        rows = [[share.name, share], [beside, apart]]
        table = Table("Repeated seeds", ["what", ""], rows, note)
        return CheckResult(
            {"repeated_return_share": share},
            findings,
            [table],
            summary=f"{percent(share.value)} of {n} seeds give the same return again.",
        )
