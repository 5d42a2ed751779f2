"""What the checks of agents share: their base, options, and intervals over episodes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import Check, NotApplicable
from appliednn.audit.checks._intervals import LEAST_ROWS
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate, not_estimable

N_BOOT = 2000
RESAMPLED = "Intervals: bootstrap over episodes, 95 %."


class AgentCheck(Check):
    """A question to an agent; other models are not asked it."""

    tasks = ("reinforcement",)
    reads = ("environment",)


def mean_of(name: str, values: np.ndarray, seed: int) -> Estimate:
    """Return a mean over episodes with a bootstrap interval.

    Parameters
    ----------
    name : str
    values : ndarray of shape (n,)
        One an episode.
    seed : int
        Of the resampling.

    Examples
    --------
    >>> made = mean_of("return", np.arange(20.0), seed=0)
    >>> made.value, made.ci[0] < 9.5 < made.ci[1]
    (9.5, True)
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < LEAST_ROWS:
        return not_estimable(name, n, few_episodes(n))
    value = float(values.mean())
    ways = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), N_BOOT)
    low, high = np.quantile(ways @ values / n, [0.025, 0.975])
    return Estimate(name, value, (min(float(low), value), max(float(high), value)), n, seed=seed)


def renamed(estimate: Estimate, name: str) -> Estimate:
    """Return an estimate under the name that a reader of the report needs.

    Examples
    --------
    >>> renamed(Estimate("at 0.1", 7.0, None, 3), "Return with noise 0.1").name
    'Return with noise 0.1'
    """
    return replace(estimate, name=name)


def ratio_of(name: str, tops: np.ndarray, bottoms: np.ndarray, seed: int) -> Estimate:
    """Return a share of steps with a bootstrap over episodes, whose steps belong together.

    Parameters
    ----------
    name : str
    tops, bottoms : ndarray of shape (n,)
        Steps counted, and all steps, of each episode.
    seed : int
    """
    n = len(tops)
    if n < 2:
        return not_estimable(name, n, few_episodes(n))
    value = float(tops.sum() / bottoms.sum())
    ways = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), N_BOOT)
    low, high = np.quantile((ways @ tops) / (ways @ bottoms), [0.025, 0.975])
    return Estimate(name, value, (min(float(low), value), max(float(high), value)), n, seed=seed)


def no_memory(context: AgentContext) -> None:
    """Leave a question that single observations answer, where they do not make the decision.

    Raises
    ------
    NotApplicable
        For an agent with a memory.
    """
    if context.remembers:
        raise NotApplicable(
            "the agent remembers what it saw before, so that no single observation makes its "
            "decision"
        )


def few_episodes(n: int) -> str:
    """Return the reason that ``n`` episodes are too few."""
    episodes = "1 episode is" if n == 1 else f"{n} episodes are"
    return f"{episodes} too few for an interval (at least {LEAST_ROWS})"


def count_option(
    context: AgentContext, section: str, key: str, default: int, least: int = 1
) -> int:
    """Return an option of a section that is a whole number."""
    value = context.option(section, key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"{section}.{key} must be a whole number >= {least}, got {value!r}")
    return value


def seconds_option(context: AgentContext, section: str, key: str, default: float) -> float:
    """Return an option of a section that is a positive number of seconds."""
    value = context.option(section, key, default)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise UsageError(f"{section}.{key} must be a positive number of seconds, got {value!r}")
    return float(value)


def sizes_option(
    context: AgentContext, section: str, key: str, default: tuple[float, ...]
) -> tuple[float, ...]:
    """Return an option of a section that is a list of positive numbers."""
    given = context.option(section, key, default)
    wrong = UsageError(f"{section}.{key} must be a list of positive numbers, got {given!r}")
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise wrong
    sizes = tuple(given)
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in sizes)
    if not sizes or not numbers or not all(np.isfinite(v) and v > 0 for v in sizes):
        raise wrong
    return tuple(float(v) for v in sizes)


def few_seeds(context: AgentContext, section: str, default: int = 20) -> np.ndarray:
    """Return the first seeds of the audit: costly questions are asked on part of them."""
    n = count_option(context, section, "n_episodes", default, least=2)
    return context.seeds[:n]
