"""Scores of a detector and of cheap ones fitted on the same rows, and how they compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import NotApplicable
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._cheap_detectors import KINDS, encode_alike, fit_cheap
from appliednn.audit.checks._cheap_series import fit_cheap_series, series_kinds
from appliednn.audit.checks._detection_labels import AREAS, areas_of
from appliednn.audit.checks._detection_series import max_buffer, resampled_series
from appliednn.audit.checks._detector import (
    Resampling,
    count_option,
    n_top,
    rank_correlation,
    resampling,
    some_rows,
    top_rows,
)
from appliednn.audit.checks._intervals import estimate_of
from appliednn.core.statistics import Estimate
from appliednn.diagnostics import vus_pr
from appliednn.diagnostics._ranking import RankedScores

_MOST_ROWS = 10_000
_FEWEST = 20


@dataclass(frozen=True)
class Beside:
    """Scores of the detector and of each cheap one for the same test rows.

    Attributes
    ----------
    names : dict
        Key of a cheap detector to how the report calls it.
    ours : ndarray of shape (n,)
    theirs : dict of str to ndarray of shape (n,)
    y : ndarray of bool, shape (n,), or None
    n_train : int
        Rows the cheap ones were fitted on.
    ways : Resampling
    areas : dict
        Key to name of the areas that are compared, the one that matters most first.
    buffer : int
        Largest buffer of the volumes of a series.
    """

    names: dict[str, str]
    ours: np.ndarray
    theirs: dict[str, np.ndarray]
    y: np.ndarray | None
    n_train: int
    ways: Resampling
    areas: dict[str, str]
    buffer: int

    def score(self, scores: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the areas of one detector for counts of shape (b, n)."""
        found = areas_of(RankedScores(self.y, scores), counts)
        return {key: found[key] for key in self.areas if key in found}


def fit_beside(context: AuditContext, check_id: str) -> Beside:
    """Fit the cheap detectors on at most ``max_baseline_rows`` rows and score the test rows."""
    if context.X_train is None:
        raise NotApplicable("no training data were given, so no cheap detector can be fitted")
    most = count_option(context, "max_baseline_rows", _MOST_ROWS, least=_FEWEST)
    chosen = some_rows(context, len(context.X_train), most, f"{check_id} training")
    if len(chosen) < _FEWEST:
        raise NotApplicable(
            f"{len(chosen)} training rows are too few for neighbours (at least {_FEWEST})"
        )
    rows = some_rows(context, len(context.X_test), most, check_id)
    train, test = context.X_train.iloc[chosen], context.X_test.iloc[rows]
    ours, ways = context.scores[rows], resampling(context, check_id)
    y = None if context.y_test is None else context.y_test[rows] == 1
    y = None if y is None or y.all() or not y.any() else y
    block = min(ways.block, max(2, len(rows) // 10)) if ways.block > 1 else 1
    ways = Resampling(len(rows), ways.seed, block, None if block > 1 else y)
    if context.reads_series:
        names = series_kinds()
        theirs = fit_cheap_series(context, train, test, ways.seed)
    else:
        names = KINDS
        if not train.notna().any().any():
            raise NotApplicable("no training column has a value")
        Z, Z_test = encode_alike(train, test)
        theirs = {kind: fit_cheap(kind, Z, ways.seed)(Z_test) for kind in KINDS}
    areas = {"vus_pr": "VUS-PR", "roc_auc": "ROC AUC"} if context.reads_series else AREAS
    return Beside(names, ours, theirs, y, len(chosen), ways, areas, max_buffer(context))


def gains_of(made: Beside) -> tuple[dict[str, Estimate], dict[str, np.ndarray], dict]:
    """Return the gain in each area over each cheap detector, its draws, and the areas."""
    if made.y is None:
        return {}, {}, {}
    both = {"": made.ours, **made.theirs}
    n = len(made.y)
    point = {kind: made.score(scores, np.ones((1, n))) for kind, scores in both.items()}
    if "vus_pr" in made.areas:
        for kind, scores in both.items():
            point[kind]["vus_pr"] = np.array([vus_pr(made.y, scores, made.buffer)])
    draws = _drawn(made, both)
    gains = {}
    for kind in made.theirs:
        for area, name in made.areas.items():
            key = f"{area}_vs_{kind}"
            value = float(point[""][area][0] - point[kind][area][0])
            name = f"{name}, gain over {made.names[kind]}"
            gains[key] = estimate_of(name, value, draws[key], n, made.ways.seed, "")
    return gains, draws, point


def _drawn(made: Beside, both: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return draws of the gain in each area over each cheap detector."""

    def differences(counts: np.ndarray) -> dict[str, np.ndarray]:
        ours = made.score(made.ours, counts)
        return {
            f"{area}_vs_{kind}": ours[area] - theirs[area]
            for kind, theirs in ((k, made.score(s, counts)) for k, s in made.theirs.items())
            for area in theirs
        }

    draws = made.ways.draws(differences)
    if "vus_pr" in made.areas:
        volumes = [_volumes(made, both, rows) for rows in resampled_series(made.ways)]
        for kind in made.theirs:
            draws[f"vus_pr_vs_{kind}"] = np.array([v[""] - v[kind] for v in volumes])
    return draws


def _volumes(made: Beside, both: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, float]:
    """Return VUS-PR of each detector on a resampled series; NaN without anomalies in it."""
    y = made.y[rows]
    if y.all() or not y.any():
        return dict.fromkeys(both, float("nan"))
    return {kind: vus_pr(y, scores[rows], made.buffer) for kind, scores in both.items()}


def alike_of(made: Beside) -> dict[str, Estimate]:
    """Return the rank correlation with each cheap detector and the overlap of the top rows."""
    out, n = {}, len(made.ours)
    top = top_rows(made.ours, n_top(n))
    for kind, scores in made.theirs.items():
        name = f"Rank correlation with {made.names[kind]}"
        value = rank_correlation(made.ours, scores)
        draws = made.ways.draws(
            lambda c, s=scores: {"r": weighted_rank_correlation(made.ours, s, c)}
        )
        out[f"rank_correlation[{kind}]"] = estimate_of(
            name, value, draws["r"], n, made.ways.seed, ""
        )
        theirs = top_rows(scores, n_top(n))
        out[f"top_overlap[{kind}]"] = made.ways.share(
            f"Overlap of the top rows with {made.names[kind]}", top & theirs, top | theirs, ""
        )
    return out


def weighted_rank_correlation(a: np.ndarray, b: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the correlation of the ranks of two scores for counts of shape (b, n)."""
    from scipy.stats import rankdata

    ranks = np.column_stack([rankdata(a), rankdata(b)]) / len(a)
    x, y = ranks.T
    total = counts.sum(1)
    mx, my = (counts @ ranks / total[:, None]).T
    squares = counts @ np.column_stack([x * x, y * y, x * y]) / total[:, None]
    vx, vy, cov = squares[:, 0] - mx**2, squares[:, 1] - my**2, squares[:, 2] - mx * my
    spread = np.sqrt(np.maximum(vx, 0) * np.maximum(vy, 0))
    return np.divide(cov, spread, np.zeros_like(cov), where=spread > 0)
