"""Calibration within groups: expected calibration error of each group and the gap.

An ECE is biased upwards: a perfectly calibrated model on n rows shows a positive one, the larger
the fewer rows, so that groups of unlike size seem to differ. Each estimate therefore comes with
its *floor*, what noise alone would give, and the intervals reach down from the value less the
floor and up from the value itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtri

from appliednn.core.statistics import Estimate, not_estimable
from appliednn.fairness._difference import GroupDifference
from appliednn.fairness._intervals import corrected_level, widest_gap

N_BINS = 10
N_BOOT = 300
_NULL_DRAWS = 5000
_MANY_ROWS = 2000


@dataclass(frozen=True)
class GroupCalibration:
    """Calibration of one group.

    Attributes
    ----------
    ece : Estimate
        Mean over rows of ``|observed share - mean score|`` of the row's bin.
    floor : float
        What a perfectly calibrated model would show on these rows.
    se : float
        Bootstrap standard error of the ECE.
    spread : ndarray of shape (n_bins,)
        Standard deviation of each bin's part of the ECE for a perfectly calibrated model.
    """

    ece: Estimate
    floor: float
    se: float
    spread: np.ndarray


def score_bins(score: np.ndarray, n_bins: int = N_BINS) -> np.ndarray:
    """Return each row's bin of equal frequency; the same bins serve every group.

    Examples
    --------
    >>> score_bins(np.array([0.1, 0.2, 0.3, 0.4]), 2).tolist()
    [0, 0, 1, 1]
    """
    edges = np.unique(np.quantile(score, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, score, side="right")


def group_calibration(
    y: np.ndarray, score: np.ndarray, bins: np.ndarray, *, level: float, seed: int
) -> GroupCalibration:
    """Return the calibration of one group's rows.

    Parameters
    ----------
    y, score : ndarray of shape (n,)
        0/1 labels and probabilities of the positive label.
    bins : ndarray of int, shape (n,)
        From :func:`score_bins`.
    """
    n, n_bins = len(y), int(bins.max()) + 1
    rest = y - score
    value = float(np.abs(np.bincount(bins, rest, n_bins)).sum() / n)
    spread = np.sqrt(np.bincount(bins, score * (1 - score), n_bins)) / n
    # The mean of |N(0, s)| is s * sqrt(2 / pi).
    floor = float(np.sqrt(2 / np.pi) * spread.sum())
    draw = draw_ece_rows if n <= _MANY_ROWS else draw_ece_sums
    se = float(draw(rest, bins, np.random.default_rng(seed)).std())
    reach = float(ndtri(0.5 + level / 2)) * se
    ci = (max(0.0, value - floor - reach), min(1.0, value + reach))
    ece = Estimate("ECE", value, ci, n, "bootstrap, noise floor allowed for", level, seed)
    return GroupCalibration(ece, floor, se, spread)


def draw_ece_rows(rest: np.ndarray, bins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return bootstrap draws of the ECE, shape (N_BOOT,), by resampling rows."""
    n, n_bins = len(rest), int(bins.max()) + 1
    draws = np.empty(N_BOOT)
    for b in range(N_BOOT):
        rows = rng.integers(0, n, n)
        draws[b] = np.abs(np.bincount(bins[rows], rest[rows], n_bins)).sum() / n
    return draws


def draw_ece_sums(rest: np.ndarray, bins: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return draws like :func:`draw_ece_rows` at a cost that does not grow with n.

    Over many rows the resampled sum of each bin is normal, with the moments that resampling has.
    """
    n = len(rest)
    sums, squares = np.bincount(bins, rest), np.bincount(bins, rest**2)
    spread = np.sqrt(np.maximum(squares - sums**2 / n, 0.0))
    return np.abs(rng.normal(sums, spread, (N_BOOT, len(sums)))).sum(axis=1) / n


def compare_calibration(
    groups: dict[str, GroupCalibration], excluded: dict[str, str], *, level: float, seed: int
) -> GroupDifference:
    """Return the gap between the largest and the smallest ECE.

    The null is a model that is perfectly calibrated in every group.
    """
    name = "calibration gap"
    n = sum(g.ece.n for g in groups.values())
    if len(groups) < 2:
        reason = "fewer than two groups are large enough"
        return GroupDifference(not_estimable(name, n, reason), excluded=excluded)
    names, parts = list(groups), list(groups.values())
    values = np.array([g.ece.value for g in parts])
    z = float(ndtri(0.5 + corrected_level(level, len(parts)) / 2))
    pairs = []
    for a, b in combinations(parts, 2):
        plain = a.ece.value - b.ece.value
        clean = plain - (a.floor - b.floor)
        reach = z * float(np.hypot(a.se, b.se))
        pairs.append((min(plain, clean) - reach, max(plain, clean) + reach))
    low, high = widest_gap(pairs)
    value = float(np.ptp(values))
    rng = np.random.default_rng(seed)
    null = np.ptp(
        [np.abs(rng.normal(0.0, g.spread, (_NULL_DRAWS, len(g.spread)))).sum(1) for g in parts], 0
    )
    return GroupDifference(
        Estimate(
            name,
            value,
            (low, min(1.0, high)),
            n,
            "bootstrap, noise floor allowed for",
            level,
            seed,
        ),
        null_limit=float(np.quantile(null, 0.95)),
        p_value=float((1 + (null >= value).sum()) / (1 + len(null))),
        lowest=names[int(values.argmin())],
        highest=names[int(values.argmax())],
        compared=tuple(names),
        excluded=excluded,
    )
