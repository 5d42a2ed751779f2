"""What the seed of training does: copies trained with other seeds, and their learning curves."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from inspect import signature

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Figure, Finding, NotApplicable, Table
from appliednn.audit.checks._agent_shared import (
    AgentCheck,
    count_option,
    few_seeds,
    seconds_option,
)
from appliednn.audit.checks._intervals import share_estimate
from appliednn.audit.checks._words import said
from appliednn.audit.report.svg import format_number, line_chart
from appliednn.core.statistics import Estimate
from appliednn.explain import mean_estimate

_LEAST = 2
_POINTS = 60
_HALF = 0.5


@dataclass(frozen=True)
class Copy:
    """A copy of the agent, trained with a seed of its own.

    Attributes
    ----------
    seed : int
        Of its training.
    steps, returns : list of float
        Its learning curve.
    final : list of float
        Returns of its kept policy, one an episode of the audit.
    n_steps : int
        Steps it took.
    seconds : float
        How long it took.
    """

    seed: int
    steps: list[float]
    returns: list[float]
    final: list[float]
    n_steps: int
    seconds: float

    @property
    def mean(self) -> float:
        """Mean return of its kept policy."""
        return float(np.mean(self.final))


class OtherSeeds(AgentCheck):
    """Learning curves over seeds of training, the spread of final returns, seeds that fail."""

    id = "ANN1107"
    section = "training"
    title = "Learning curves over seeds of training"
    keys = ("seed_return_mean", "seed_return_spread", "seed_return_worst", "failed_seed_share")

    def run(self, context: AgentContext) -> CheckResult:
        """Train copies with other seeds and let each play the first episodes of the audit."""
        copies, why = _trained(context, self.id)
        means = np.array([copy.mean for copy in copies])
        episodes = few_seeds(context, "training")
        ours = float(np.mean(np.asarray(context.episodes.returns)[: len(episodes)]))
        chance = float(context.chance[: len(episodes)].mean())
        line = chance + _HALF * (max(ours, float(means.max())) - chance)
        failed = int((means < line).sum())
        k = len(copies)
        mean = mean_estimate("Mean final return over seeds of training", means)
        estimates = {
            "seed_return_mean": mean,
            "seed_return_spread": _spread(means),
            "seed_return_worst": Estimate(
                "Final return of the worst seed", float(means.min()), None, k, "exact"
            ),
            "failed_seed_share": share_estimate("Seeds of training that fail", failed, k, ""),
        }
        result = CheckResult(
            estimates,
            self._findings(estimates, ours, means, _shorter(context, copies)),
            [_table(copies, ours, len(episodes)), _summary(estimates, chance, why)],
            [_curves(copies)],
        )
        result.summary = f"{k} copies trained with other seeds: mean final return {said(mean)}, "
        result.summary += f"the worst {format_number(float(means.min()))}."
        return result

    def _findings(
        self, estimates: dict[str, Estimate], ours: float, means: np.ndarray, shorter: bool
    ) -> list[Finding]:
        found = []
        share = estimates["failed_seed_share"]
        if share.value:
            found.append(
                Finding(
                    f"{self.id}.1",
                    "medium",
                    "Training fails with some seeds",
                    f"A share of {said(share)} of the copies ends below half of the way from "
                    "random actions to the best: this agent may be a lucky draw"
                    + (" (the copies were trained for fewer steps)." if shorter else "."),
                    "Train longer, lower the learning rate, and report the mean over seeds.",
                )
            )
        mean = estimates["seed_return_mean"]
        if not shorter and mean.ci is not None and ours > mean.ci[1] and (means < ours).all():
            found.append(
                Finding(
                    f"{self.id}.2",
                    "low",
                    "This agent is better than its copies",
                    f"It earns {format_number(ours)} on these episodes, every copy less; their "
                    f"mean is {said(mean)}.",
                    "Expect the mean of the copies when it is trained anew.",
                )
            )
        return found


def _trained(context: AgentContext, check: str) -> tuple[list[Copy], str]:
    """Return the trained copies, and why they are fewer than asked for."""
    k = context.train_seeds
    if k < _LEAST:
        raise NotApplicable(
            f"not asked for: train_seeds=3 trains three more agents (train_seeds={k} was given)"
        )
    if not _learns_in_an_environment(context.model):
        name = type(context.model).__name__
        raise NotApplicable(f"{name} does not learn in an environment, so no copy can be trained")
    budget = seconds_option(context, "training", "max_seconds", 600.0)
    copies: list[Copy] = []
    for number in range(1, k + 1):
        spent = sum(copy.seconds for copy in copies)
        longest = max((copy.seconds for copy in copies), default=0.0)
        if copies and spent + longest > budget:
            break
        copies.append(_copy(context, check, number, budget - spent))
    if len(copies) < _LEAST:
        raise NotApplicable(
            f"one copy took {copies[0].seconds:.0f} s of the {budget:g} s there are for {k} "
            "(training.max_seconds): too dear; give more seconds or fewer total_timesteps"
        )
    few = f"{len(copies)} of {k} copies fitted into {budget:g} s. " if len(copies) < k else ""
    return copies, few


def _learns_in_an_environment(agent) -> bool:
    """Whether an agent can be cloned, and its ``fit`` takes an environment rather than a log."""
    if not hasattr(agent, "get_params") or not hasattr(agent, "fit"):
        return False
    return next(iter(signature(agent.fit).parameters), "") == "env"


def _copy(context: AgentContext, check: str, number: int, seconds: float) -> Copy:
    """Return one copy, from the journal where an interrupted audit has left it."""
    key, settings = f"{check} copy {number}", _settings(context, number)
    about = repr((sorted(settings.items()), sorted(context.spec.items()), type(context.model)))
    known = None if context.journal is None else context.journal.get(key)
    if known is not None:
        entry = json.loads(known)
        if entry["about"] == about:
            return Copy(**entry["copy"])
    made = _train(context, {**settings, "max_seconds": seconds})
    if context.journal is not None:
        context.journal.put(key, json.dumps({"about": about, "copy": asdict(made)}).encode())
    return made


def _settings(context: AgentContext, number: int) -> dict:
    """Return what a copy has in its own way."""
    settings = {"random_state": context.seed(f"copy {number}") % 2**31}
    if context.option("training", "total_timesteps", None) is not None:
        settings["total_timesteps"] = count_option(context, "training", "total_timesteps", 1)
    return settings


def _train(context: AgentContext, settings: dict) -> Copy:
    """Train one copy and let it play."""
    from sklearn.base import clone

    copy = clone(context.model)
    known = copy.get_params(deep=False)
    limit = known.get("max_seconds")
    if limit is not None:
        settings["max_seconds"] = min(limit, settings["max_seconds"])
    if "verbose" in known:
        settings["verbose"] = False
    copy.set_params(**{name: value for name, value in settings.items() if name in known})
    began = time.perf_counter()
    copy.fit(context.env)
    seconds = time.perf_counter() - began
    act, episodes = copy.policy(deterministic=True), few_seeds(context, "training")
    final = context.run(act, episodes).returns
    steps, returns = _history(copy)
    n_steps = int(getattr(copy, "n_steps_", 0))
    final = [float(r) for r in final]
    return Copy(settings["random_state"], steps, returns, final, n_steps, seconds)


def _shorter(context: AgentContext, copies: list[Copy]) -> bool:
    """Whether the copies were trained for clearly fewer steps than the agent."""
    own = getattr(context.model, "n_steps_", None)
    return own is not None and max(copy.n_steps for copy in copies) < 0.9 * own


def _history(agent) -> tuple[list[float], list[float]]:
    """Return steps and returns of the learning curve: evaluations, or episodes of training."""
    history = getattr(agent, "history_", None) or {}
    for x, y in (("eval_n_steps", "eval_return"), ("n_steps", "return")):
        if len(history.get(x, [])) > 1:
            pairs = [(float(a), float(b)) for a, b in zip(history[x], history[y], strict=True)]
            pairs = [pair for pair in pairs if np.isfinite(pair[1])]
            return [a for a, _ in pairs], [b for _, b in pairs]
    return [], []


def _spread(means: np.ndarray) -> Estimate:
    """Return the standard deviation of final returns with the interval of a normal law."""
    from scipy.stats import chi2

    k, value = len(means), float(means.std(ddof=1))
    ends = (value * np.sqrt((k - 1) / chi2.ppf(q, k - 1)) for q in (0.975, 0.025))
    low, high = ends
    name = "Standard deviation of final returns over seeds"
    return Estimate(name, value, (float(low), float(high)), k, "chi-squared")


def _table(copies: list[Copy], ours: float, n: int) -> Table:
    rows = [["the audited agent", None, ours, None]]
    rows += [[str(c.seed), c.n_steps, c.mean, c.seconds] for c in copies]
    head = ["seed of training", "steps", "mean return", "seconds"]
    return Table("Copies", head, rows, f"Kept policies on the first {n} episodes of the audit.")


def _summary(estimates: dict[str, Estimate], chance: float, why: str) -> Table:
    note = (
        f"{why}Mean with Student's interval over seeds, spread with that of a normal law; a seed "
        f"fails below half of the way from random actions ({format_number(chance)}) to the best."
    )
    return Table("Over seeds", ["what", ""], [[e.name, e] for e in estimates.values()], note)


def _curves(copies: list[Copy]) -> Figure:
    """Draw the mean curve with its interval, on a grid of steps that all copies reached."""
    drawn = [c for c in copies if len(c.steps) > 1]
    if not drawn:
        return line_chart("Learning curves", {}, "steps", "mean return")
    grid = np.linspace(max(c.steps[0] for c in drawn), min(c.steps[-1] for c in drawn), _POINTS)
    table = np.array([np.interp(grid, c.steps, c.returns) for c in drawn])
    made = [mean_estimate("", column) for column in table.T]
    name = f"mean of {len(drawn)} seeds"
    low, high = (np.array([m.ci[i] if m.ci else m.value for m in made]) for i in (0, 1))
    low, high = np.maximum(low, table.min()), np.minimum(high, table.max())
    lines = {name: (grid, table.mean(axis=0))}
    lines |= {"worst seed": (grid, table[np.argmin([c.mean for c in drawn])])}
    return line_chart(
        "Learning curves over seeds of training",
        lines,
        "steps",
        "mean return",
        bands={name: (grid, low, high)},
    )
