"""Scores of labelled anomalies in series: volumes under the surface, affiliation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from appliednn.audit._context import AuditContext
from appliednn.audit.checks._detector import Resampling
from appliednn.core.statistics import Estimate, not_estimable
from appliednn.diagnostics import affiliation_f1, vus_pr, vus_roc

#: Key to name.
SERIES_SCORES = {
    "vus_pr": "Volume under the precision-recall surface (VUS-PR)",
    "vus_roc": "Volume under the ROC surface (VUS-ROC)",
    "affiliation_f1": "Affiliation F1 of the alerts",
}
N_BOOT = 100
_NORMAL = 1.959963984540054
_BUFFER = 100


def series_estimates(
    context: AuditContext, y: np.ndarray, ways: Resampling
) -> dict[str, Estimate]:
    """Return the scores of a series with intervals from resampled stretches of it.

    Each resample is a series of its own, of the stretches drawn, one behind the other.
    """
    scores, flagged, n = context.scores, context.flagged, len(y)
    buffer = max_buffer(context)
    point = _scores(y, scores, flagged, buffer)
    made = [
        _scores(y[rows], scores[rows], flagged[rows], buffer) for rows in resampled_series(ways)
    ]
    return {
        key: _estimate(name, point[key], np.array([each[key] for each in made]), n, ways.seed)
        for key, name in SERIES_SCORES.items()
    }


def _estimate(name: str, value: float, draws: np.ndarray, n: int, seed: int) -> Estimate:
    """Return a score with a normal interval of the draws' spread.

    Where stretches meet, segments are cut, which lowers every draw: they are scattered as they
    should be, but not around the score.
    """
    draws = draws[np.isfinite(draws)]
    if len(draws) < N_BOOT / 2:
        return not_estimable(name, n, "more than half of the resamples hold no anomaly")
    half = _NORMAL * float(draws.std(ddof=1))
    return Estimate(name, value, (max(value - half, 0.0), min(value + half, 1.0)), n, seed=seed)


def resampled_series(ways: Resampling) -> Iterator[np.ndarray]:
    """Yield the time points of resampled series, int (n,) each: stretches in the order drawn."""
    rng, n = np.random.default_rng(ways.seed), ways.n
    for _ in range(N_BOOT):
        starts = rng.integers(0, n, -(-n // ways.block))
        yield ((starts[:, None] + np.arange(ways.block)) % n).ravel()[:n]


def max_buffer(context: AuditContext) -> int:
    """Return the largest buffer of the volumes: the detector's window where it has one."""
    found = context.inner("window_")
    return _BUFFER if found is None else int(found.window_)


def _scores(y, scores, flagged, buffer: int) -> dict[str, float]:
    """Return the scores of one series; NaN where they cannot be computed."""
    if y.all() or not y.any():
        return dict.fromkeys(SERIES_SCORES, float("nan"))
    return {
        "vus_pr": vus_pr(y, scores, buffer),
        "vus_roc": vus_roc(y, scores, buffer),
        "affiliation_f1": affiliation_f1(y, flagged),
    }
