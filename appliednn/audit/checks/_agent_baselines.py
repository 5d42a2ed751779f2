"""What an agent earns beside policies that nobody had to train, episode by episode."""

from __future__ import annotations

import numpy as np

from appliednn.audit._agent_context import Act, AgentContext
from appliednn.audit._base import CheckResult, Figure, Finding, Table
from appliednn.audit.checks._agent_shared import N_BOOT, RESAMPLED, AgentCheck, mean_of
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import line_chart
from appliednn.core.statistics import Estimate, not_estimable

_SAME = "the agent earns the same in every episode"
_N_TRIALS = 10  # episodes that choose the constant action
_RANDOM, _CONSTANT, _RULE = "random", "constant", "rule"


class BesideSimplePolicies(AgentCheck):
    """Random actions, the best constant action and a rule of thumb on the same seeds."""

    id = "ANN1106"
    section = "baselines"
    title = "Beside policies that nobody trained"
    keys = (
        *(f"return_vs_{kind}" for kind in (_RANDOM, _CONSTANT, _RULE)),
        "return_share_of_rule",
        "random_wins_share",
    )

    def run(self, context: AgentContext) -> CheckResult:
        """Run each policy on the agent's seeds; resample episodes together."""
        seed = context.seed(self.id)
        names, policies = _policies(context)
        ours = np.asarray(context.episodes.returns, dtype=np.float64)
        theirs = {_RANDOM: context.chance}
        theirs |= {kind: np.asarray(context.run(p).returns) for kind, p in policies.items()}
        estimates: dict[str, Estimate] = {}
        rows = [["the agent", mean_of("Mean return", ours, seed), None]]
        for kind, returns in theirs.items():
            gain = mean_of(f"Gain in return over {names[kind]}", ours - returns, seed)
            gain = gain if kind == _RULE else _without_ties(gain)
            estimates[f"return_vs_{kind}"] = gain
            rows.append([names[kind], mean_of("Mean return", returns, seed), gain])
        wins, n = int((theirs[_RANDOM] >= ours).sum()), len(ours)
        estimates["random_wins_share"] = share_estimate(
            "Episodes in which random actions earn as much", wins, n, ""
        )
        if _RULE in theirs:
            made = _share_of_gain(ours, theirs[_RULE], theirs[_RANDOM], seed)
            estimates["return_share_of_rule"] = made
        note = (
            f"{n} episodes, the same seeds for all; gains are paired. {RESAMPLED} The constant "
            f"action was chosen on {_N_TRIALS} other episodes."
        )
        more = [[e.name, e] for k, e in estimates.items() if not k.startswith("return_vs")]
        tables = [
            Table("Return", ["policy", "mean return", "gain of the agent"], rows, note),
            Table("Besides", ["what", ""], more),
        ]
        figure = _sorted_returns({"the agent": ours} | {names[k]: r for k, r in theirs.items()})
        return CheckResult(
            estimates,
            self._findings(estimates, names),
            tables,
            [figure],
            summary=f"{estimates['return_vs_random'].name}: "
            f"{said(estimates['return_vs_random'])}.",
        )

    def _findings(self, estimates: dict[str, Estimate], names: dict[str, str]) -> list[Finding]:
        found = []
        for number, kind in enumerate((_RANDOM, _CONSTANT), start=1):
            gain = estimates[f"return_vs_{kind}"]
            if gain.reason != _SAME and (gain.value is None or gain.ci[0] > 0):
                continue
            surely = gain.value is None or gain.ci[1] < 0
            title = f"No better than {names[kind]}" if surely else f"Not surely better: {kind}"
            found.append(
                Finding(
                    f"{self.id}.{number}",
                    "high" if surely else "medium",
                    title,
                    f"{gain.name}: {said(gain)}.",
                    "Train longer or with another rate; look at the learning curve first.",
                )
            )
        return found + self._rule(estimates.get(f"return_vs_{_RULE}"))

    def _rule(self, gain: Estimate | None) -> list[Finding]:
        if gain is None or gain.value is None or gain.ci[0] > 0:
            return []
        worse = gain.ci[1] < 0
        title = "A rule of thumb earns more" if worse else "A rule of thumb earns as much"
        return [
            Finding(
                f"{self.id}.3",
                "medium" if worse else "info",
                title,
                f"{gain.name}: {said(gain)}.",
                "Use the rule, unless the agent holds up better under change (ANN1109-1111).",
            )
        ]


def _without_ties(gain: Estimate) -> Estimate:
    """Return a gain; not estimable where both earn the same in all episodes."""
    if gain.value == 0 and gain.ci == (0.0, 0.0):
        return not_estimable(gain.name, gain.n, _SAME)
    return gain


def _policies(context: AgentContext) -> tuple[dict[str, str], dict[str, Act]]:
    """Return names of what an agent stands beside, and the policies besides random actions."""
    from appliednn.reinforcement import best_constant_action

    rng = context.rng("constant action")
    seeds = rng.choice(2**31 - 1, _N_TRIALS, replace=False)
    constant = best_constant_action(context.limited_env, seeds, context.frame_stack)
    names = {_RANDOM: "random actions", _CONSTANT: f"the best constant action ({_said(constant)})"}
    policies: dict[str, Act] = {_CONSTANT: constant}
    if context.rule_of_thumb is not None:
        names[_RULE] = "a rule of thumb"
        policies[_RULE] = context.rule_of_thumb
    return names, policies


def _said(constant) -> str:
    action = np.asarray(constant.action)
    if action.ndim == 0:
        return f"{action:g}"
    return ", ".join(f"{v:g}" for v in action.reshape(-1)[:4]) + ", …" * (action.size > 4)


def _share_of_gain(ours: np.ndarray, rule: np.ndarray, chance: np.ndarray, seed: int) -> Estimate:
    """Return how much of what a rule gains over chance the agent gains.

    Not estimable where the rule is not surely better than chance.
    """
    name, n = "Share of the rule's gain over random actions that the agent reaches", len(ours)
    lead = mean_of("", rule - chance, seed)
    if lead.value is None or lead.ci[0] <= 0:
        return not_estimable(name, n, "the rule of thumb is not surely better than random here")
    ways = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), N_BOOT)
    bottom = ways @ (rule - chance)
    draws = (ways @ (ours - chance))[bottom > 0] / bottom[bottom > 0]
    value = float((ours - chance).sum() / (rule - chance).sum())
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(name, value, (min(float(low), value), max(float(high), value)), n, seed=seed)


def _sorted_returns(returns: dict[str, np.ndarray]) -> Figure:
    """Draw each policy's returns from the worst episode to the best."""
    lines = {
        name: (np.linspace(0, 100, len(values)), np.sort(values))
        for name, values in returns.items()
    }
    return line_chart(
        "Returns, from the worst episode to the best", lines, "episodes (%)", "return"
    )
