"""Resources: how long a prediction takes and how large the model is.

Keys
----
``latency_ms_p50[1]``, ``latency_ms_p95[1]``, ``latency_ms_p50[1000]``, ``latency_ms_p95[1000]``:
milliseconds for a call with that many rows; ``n_parameters``; ``model_bytes``. Times depend on the
machine and are not meant for gates.
"""

from __future__ import annotations

import io
import pickle
import time

import numpy as np

from appliednn.audit._base import READS, TASKS, Check, CheckResult, Finding, Table
from appliednn.audit._context import AuditContext
from appliednn.audit._library_errors import failures
from appliednn.audit.checks._words import said
from appliednn.core.statistics import Estimate, not_estimable

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
        estimates |= {"n_parameters": _parameters(context), "model_bytes": _bytes(context.model)}
        size = estimates["model_bytes"]
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


def quantile_estimate(name: str, values: np.ndarray, q: float) -> Estimate:
    """Return a quantile with an interval from order statistics (no law is assumed).

    The interval's ends are the values whose ranks a binomial(n, q) count lies between in 95 % of
    samples; where no rank is high enough, the largest value. Source: W. J. Conover, Practical
    Nonparametric Statistics (1999), section 3.2.

    Examples
    --------
    >>> made = quantile_estimate("median", np.arange(1.0, 101.0), 0.5)
    >>> made.value, made.ci
    (50.5, (40.0, 61.0))
    """
    from scipy.stats import binom

    ordered, n = np.sort(values), len(values)
    low = max(int(binom.ppf(0.025, n, q)), 1)
    high = min(int(binom.ppf(0.975, n, q)) + 1, n)
    ci = (float(ordered[low - 1]), float(ordered[high - 1]))
    return Estimate(name, float(np.quantile(ordered, q)), ci, n, "order statistics")


def _parameters(context: AuditContext) -> Estimate:
    """Return the number of learned numbers, where the model says what it learned."""
    name = "Learned parameters"
    inner = context.network_model
    if inner is not None:
        n = sum(int(np.size(w)) for w in inner.network_.weights)
        return Estimate(name, n, None, n, "exact")
    model = context.model.steps[-1][1] if hasattr(context.model, "steps") else context.model
    parts = [getattr(model, a, None) for a in ("coef_", "intercept_", "coefs_", "intercepts_")]
    if parts[0] is None and parts[2] is None:
        return not_estimable(name, 0, "this kind of model does not say")
    arrays = [a for p in parts if p is not None for a in (p if isinstance(p, list) else [p])]
    n = sum(int(a.nnz) if hasattr(a, "nnz") else int(np.size(a)) for a in arrays)
    return Estimate(name, n, None, n, "exact")


class _Counter(io.RawIOBase):
    """A file that only counts what is written to it."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data) -> int:
        n = memoryview(data).nbytes
        self.size += n
        return n


def _bytes(model) -> Estimate:
    """Return the pickled size; nothing is kept."""
    name = "Pickled size (bytes)"
    counter = _Counter()
    try:
        pickle.dump(model, counter, protocol=5)
    except (pickle.PicklingError, *failures()) as error:
        said_ = " ".join(str(error).split())[:120]
        return not_estimable(name, 0, f"{type(error).__name__}: {said_}")
    return Estimate(name, counter.size, None, 1, "exact")


CHECKS: tuple[type[Check], ...] = (Resources,)
