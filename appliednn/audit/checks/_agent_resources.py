"""What an action costs: milliseconds, parameters, bytes."""

from __future__ import annotations

import time

import numpy as np

from appliednn.audit._agent_context import AgentContext
from appliednn.audit._base import CheckResult, Table
from appliednn.audit.checks._agent_shared import AgentCheck
from appliednn.audit.checks._resources_shared import (
    parameters_estimate,
    pickled_size,
    quantile_estimate,
)
from appliednn.audit.checks._words import said

_SIZES = (1, 64)
_BUDGET = 1.0  # seconds for one size
_MOST, _LEAST = 500, 20


class AgentResources(AgentCheck):
    """Time of an action and size of the agent."""

    id = "ANN1114"
    section = "resources"
    title = "Time of an action, size"
    keys = ("latency_ms_p50", "latency_ms_p95", "n_parameters", "model_bytes")

    def run(self, context: AgentContext) -> CheckResult:
        """Time repeated calls of ``predict`` after a warm-up."""
        estimates, rows = {}, []
        for size in _SIZES:
            times = _times(context, size)
            p50 = quantile_estimate(f"Median time of {size} actions (ms)", times, 0.5)
            p95 = quantile_estimate(f"95th percentile, {size} actions (ms)", times, 0.95)
            estimates |= {f"latency_ms_p50[{size}]": p50, f"latency_ms_p95[{size}]": p95}
            rows.append([size, p50, p95, len(times)])
        estimates |= {
            "n_parameters": parameters_estimate(context),
            "model_bytes": pickled_size(context.model),
        }
        note = (
            "predict on this machine after a warm-up, n: calls timed. Intervals from order "
            "statistics. Times differ between machines and runs."
        )
        sizes = [[estimates[k].name, estimates[k]] for k in ("n_parameters", "model_bytes")]
        head = ["observations", "median (ms)", "95th percentile (ms)", "n"]
        return CheckResult(
            estimates,
            [],
            [Table("Time of an action", head, rows, note), Table("Size", ["what", ""], sizes)],
            summary=f"One action takes {said(estimates['latency_ms_p50[1]'])} ms (median).",
        )


def _times(context: AgentContext, size: int) -> np.ndarray:
    """Return the milliseconds of repeated calls with ``size`` observations."""
    seen = context.visited[np.arange(size) % len(context.visited)]
    context.model.predict(seen)
    times: list[float] = []
    until = time.perf_counter() + _BUDGET
    while len(times) < _LEAST or (len(times) < _MOST and time.perf_counter() < until):
        began = time.perf_counter()
        context.model.predict(seen)
        times.append(1000 * (time.perf_counter() - began))
    return np.array(times)
