"""Resources: how long a prediction takes and how large the model is.

Keys
----
``latency_ms_p50[1]``, ``latency_ms_p95[1]``, ``latency_ms_p50[1000]``, ``latency_ms_p95[1000]``:
milliseconds for a call with that many rows; ``n_parameters``; ``model_bytes``. Times depend on the
machine and are not meant for gates.
"""

from __future__ import annotations

import time

import numpy as np

from appliednn.audit._base import READS, TASKS, Check, CheckResult, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._agent_resources import AgentResources
from appliednn.audit.checks._resources_shared import (
    parameters_estimate,
    pickled_size,
    quantile_estimate,
)
from appliednn.audit.checks._words import said

_SIZES = (1, 1000)
_BUDGET = 1.0  # seconds a size
_MOST_CALLS = 200
_LEAST_CALLS = 5


class Resources(Check):
    """Latency of a prediction and size of the model."""

    id = "ANN801"
    section = "resources"
    title = "Latency and size"
    keys = ("latency_ms_p50", "latency_ms_p95", "n_parameters", "model_bytes")
    # What writes takes minutes a call; an agent has a check of its own.
    tasks = tuple(t for t in TASKS if t not in ("writing", "language", "reinforcement"))
    reads = READS

    def run(self, context: AuditContext) -> CheckResult:
        """Time repeated calls after a warm-up; intervals from the order of the times."""
        call = "predict_proba" if context.has_proba else "predict"
        estimates, rows = {}, []
        # A series shorter than a detector's window has no score.
        sizes = (len(context.X_test),) if context.reads_series else _SIZES
        for size in sizes:
            times = call_times(context, call, size)
            p50 = quantile_estimate(f"Median latency, {size} rows (ms)", times, 0.5)
            p95 = quantile_estimate(f"95th percentile latency, {size} rows (ms)", times, 0.95)
            estimates |= {f"latency_ms_p50[{size}]": p50, f"latency_ms_p95[{size}]": p95}
            rows.append([size, p50, p95, len(times)])
        size = pickled_size(context.model)
        estimates |= {"n_parameters": parameters_estimate(context), "model_bytes": size}
        findings = []
        if size.value is None:
            findings.append(
                Finding(
                    f"{self.id}.1",
                    "low",
                    "The model cannot be pickled",
                    f"Its size is not known, and it cannot be handed over: {size.reason}.",
                    "Save it by its own means, or drop what cannot be pickled (lambdas, handles).",
                )
            )
        note = (
            f"{call} on this machine after a warm-up, n: calls timed. Intervals from order "
            "statistics. Times differ between machines and runs."
        )
        more = [[e.name, e] for e in (estimates["n_parameters"], size)]
        return CheckResult(
            estimates,
            findings,
            [
                Table("Latency", ["rows", "median (ms)", "95th percentile (ms)", "n"], rows, note),
                Table("Size", ["what", "value"], more),
            ],
            summary=f"{_rows(sizes[0])} {said(estimates[f'latency_ms_p50[{sizes[0]}]'])} ms "
            "(median).",
        )


def _rows(size: int) -> str:
    return "One row takes" if size == 1 else f"{size} rows take"


def call_times(context: AuditContext, call: str, size: int) -> np.ndarray:
    """Return the milliseconds of repeated calls with ``size`` rows."""
    take = np.arange(size) % len(context.X_test)
    X = context.model_input(context.X_test.iloc[take].reset_index(drop=True))
    predict = getattr(context.model, call)
    predict(X)
    times: list[float] = []
    until = time.perf_counter() + _BUDGET
    while len(times) < _LEAST_CALLS or (len(times) < _MOST_CALLS and time.perf_counter() < until):
        start = time.perf_counter()
        predict(X)
        times.append(1000 * (time.perf_counter() - start))
    return np.array(times)


CHECKS: tuple[type[Check], ...] = (Resources, AgentResources)
