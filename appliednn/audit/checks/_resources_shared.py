"""Latency with an interval, number of parameters, size of the pickle."""

from __future__ import annotations

import io
import pickle

import numpy as np

from appliednn.audit._context_base import SharedContext
from appliednn.audit._library_errors import failures
from appliednn.core.statistics import Estimate, not_estimable


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


def parameters_estimate(context: SharedContext) -> Estimate:
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


def pickled_size(model) -> Estimate:
    """Return the pickled size; nothing is kept."""
    name = "Pickled size (bytes)"
    counter = _Counter()
    try:
        pickle.dump(model, counter, protocol=5)
    except (pickle.PicklingError, *failures()) as error:
        said_ = " ".join(str(error).split())[:120]
        return not_estimable(name, 0, f"{type(error).__name__}: {said_}")
    return Estimate(name, counter.size, None, 1, "exact")
