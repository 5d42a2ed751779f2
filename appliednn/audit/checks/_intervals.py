"""Estimates with bootstrap intervals from the scores of an outcome."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from appliednn.core.statistics import Estimate, not_estimable, wilson_interval
from appliednn.diagnostics._resampling import percentile_interval

#: Below this many rows a bootstrap interval misleads: too few different resamples.
LEAST_ROWS = 10


def n_resamples(n: int, n_curves: int = 1) -> int:
    """Return how many resamples are worth their time.

    Parameters
    ----------
    n : int
        Rows.
    n_curves : int
        Curves scored a resample (one a class where there are several).

    Examples
    --------
    >>> n_resamples(2000), n_resamples(2000, 10), n_resamples(10**6)
    (1000, 500, 200)
    """
    return int(np.clip(10_000_000 // (n * n_curves), 200, 1000))


def estimate_of(
    name: str, value: float, draws: np.ndarray, n: int, seed: int, why_not: str
) -> Estimate:
    """Return the estimate of a score from its bootstrap draws.

    Parameters
    ----------
    name : str
    value : float
        NaN where the score cannot be computed.
    draws : ndarray of shape (n_boot,)
    n : int
        Rows it rests on.
    seed : int
    why_not : str
        Reason for the reader where ``value`` is NaN.
    """
    if not np.isfinite(value):
        return not_estimable(name, n, why_not)
    if n < LEAST_ROWS:
        return not_estimable(name, n, few_rows(n))
    ci = percentile_interval(draws)
    if not np.isfinite(ci).all():
        return not_estimable(name, n, "more than half of the resamples cannot be scored")
    return Estimate(name, value, (min(ci[0], value), max(ci[1], value)), n, seed=seed)


#: Reason of a gain that is 0 in every resample: nothing that a gate could pass on.
SAME = "the model does as the cheap one on every row"


def without_ties(gain: Estimate) -> Estimate:
    """Return a gain over a cheap model; not estimable where both do the same on all rows.

    Examples
    --------
    >>> without_ties(Estimate("gain", 0.0, (0.0, 0.0), 50)).value is None
    True
    """
    if gain.value == 0 and gain.ci == (0.0, 0.0):
        return not_estimable(gain.name, gain.n, SAME)
    return gain


def few_rows(n: int) -> str:
    """Return the reason that ``n`` rows are too few."""
    rows = "1 row is" if n == 1 else f"{n} rows are"
    return f"{rows} too few for an interval (at least {LEAST_ROWS})"


def perfect(estimate: Estimate, fewest: int) -> Estimate:
    """Widen the interval of a perfect score, in which no resample can show an error.

    The upper end of a share's Wilson interval says what may have been missed on ``fewest`` rows.

    Examples
    --------
    >>> ci = perfect(Estimate("ROC AUC", 1.0, (1.0, 1.0), 50), fewest=20).ci
    >>> round(ci[0], 3), ci[1]
    (0.839, 1.0)
    """
    if estimate.value != 1.0 or estimate.ci is None or estimate.ci[0] < 1.0 or fewest < 1:
        return estimate
    low = wilson_interval(fewest, fewest, estimate.level)[0]
    return Estimate(estimate.name, 1.0, (low, 1.0), estimate.n, "wilson", estimate.level, None, "")


def share_estimate(name: str, k: float, n: float, why_not: str) -> Estimate:
    """Return a share with its Wilson interval."""
    if n <= 0:
        return not_estimable(name, 0, why_not)
    return Estimate(name, k / n, wilson_interval(k, n), int(n), "wilson")


def score_rows(estimates: Mapping[str, Estimate]) -> list[list]:
    """Return estimates as rows of a table: name, then the estimate."""
    return [[estimate.name, estimate] for estimate in estimates.values()]
