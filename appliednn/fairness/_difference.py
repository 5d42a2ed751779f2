"""The largest difference between groups, with its interval and what chance alone would give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from appliednn.core.statistics import Estimate, not_estimable
from appliednn.fairness._intervals import (
    gap_interval,
    null_shares,
    smallest_ratio_interval,
)

#: Metric -> (what a reader calls it, rates compared).
METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "demographic_parity_difference": ("demographic parity difference", ("selection_rate",)),
    "demographic_parity_ratio": ("demographic parity ratio", ("selection_rate",)),
    "equalized_odds_difference": ("equalized odds difference", ("tpr", "fpr")),
    "equalized_odds_mean": ("equalized odds difference (mean)", ("tpr", "fpr")),
    "equal_opportunity_difference": ("equal opportunity difference", ("tpr",)),
    "predictive_parity_difference": ("predictive parity difference", ("ppv",)),
    "predictive_equality_difference": ("predictive equality difference", ("fpr",)),
    "accuracy_difference": ("accuracy difference", ("accuracy",)),
    "base_rate_difference": ("base rate difference", ("base_rate",)),
}
#: Enough for a p-value of 0.05 after a correction for a hundred tests.
NULL_DRAWS = 5000
_TOO_FEW = "fewer than two groups have at least {size} rows and this rate"


@dataclass(frozen=True)
class GroupDifference:
    """A difference (or ratio) between groups.

    Attributes
    ----------
    estimate : Estimate
        Its interval holds for the largest difference of all pairs at once; n counts the rows of
        the compared groups that the rates rest on.
    null_limit : float or None
        What 95 % of data sets of this size keep within although no group differs (for a ratio:
        stay above), by permuting the groups. None where nothing could be compared.
    p_value : float or None
        Share of such data sets with a difference at least as large.
    lowest, highest : str
        Groups with the smallest and the largest rate.
    compared : tuple of str
        Groups compared.
    excluded : dict of str to str
        Groups left out, each with the reason.
    """

    estimate: Estimate
    null_limit: float | None = None
    p_value: float | None = None
    lowest: str = ""
    highest: str = ""
    compared: tuple[str, ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)

    @property
    def beyond_chance(self) -> bool:
        """Whether the permutation test says at 5 % that groups differ."""
        return self.p_value is not None and self.p_value <= 0.05


def compare_rates(
    metric: str,
    names: Sequence[str],
    rates: Mapping[str, Sequence[Estimate]],
    counts: Mapping[str, Sequence[tuple[float, float]]],
    excluded: Mapping[str, str],
    *,
    min_group_size: int,
    level: float,
    seed: int,
) -> GroupDifference:
    """Return a metric of :data:`METRICS` over groups that are large enough.

    Parameters
    ----------
    metric : str
        Key of :data:`METRICS`.
    names : sequence of str
        Groups.
    rates : mapping of rate to sequence of Estimate
        One for each group; those not estimable are left out with their reason.
    counts : mapping of rate to sequence of (k, n)
        What each rate was made of.
    excluded : mapping of str to str
        Groups already left out.
    """
    said, kinds = METRICS[metric]
    left_out = dict(excluded)
    parts: dict[str, tuple[list[str], np.ndarray, np.ndarray]] = {}
    for kind in kinds:
        keep = [i for i, e in enumerate(rates[kind]) if e.value is not None]
        for i in set(range(len(names))) - set(keep):
            left_out[names[i]] = rates[kind][i].reason
        k, n = (np.array([counts[kind][i][j] for i in keep]) for j in (0, 1))
        parts[kind] = ([names[i] for i in keep], k, n)
    if any(len(part[0]) < 2 for part in parts.values()):
        n_rows = round(sum(float(part[2].sum()) for part in parts.values()))
        reason = _TOO_FEW.format(size=min_group_size)
        return GroupDifference(not_estimable(said, n_rows, reason), excluded=left_out)
    if metric == "demographic_parity_ratio":
        return _ratio(said, *parts["selection_rate"], left_out, level, seed)
    combine = np.mean if metric == "equalized_odds_mean" else np.max
    return _gap(said, list(parts.values()), combine, left_out, level, seed)


def _gap(said, parts, combine: Callable, left_out, level: float, seed: int) -> GroupDifference:
    """Return the (largest or mean) gap of one or more rates, bounds and null alike."""
    rng = np.random.default_rng(seed)
    gaps = [float(np.ptp(k / n)) for _, k, n in parts]
    bounds = np.array([gap_interval(k, n, level, len(parts)) for _, k, n in parts])
    null = combine([np.ptp(null_shares(k, n, rng, NULL_DRAWS), axis=1) for _, k, n in parts], 0)
    value = float(combine(gaps, 0))
    p = _p_value(null >= value - 1e-12)
    # The exact test has the last word on zero: Newcombe's intervals are near their level only.
    low = float(combine(bounds[:, 0])) if p <= 1 - level else 0.0
    names, k, n = parts[int(np.argmax(gaps))]
    return GroupDifference(
        Estimate(
            said,
            value,
            (low, float(combine(bounds[:, 1]))),
            round(sum(float(m.sum()) for _, _, m in parts)),
            method=_method("Newcombe", len(names), len(parts)),
            level=level,
        ),
        null_limit=float(np.quantile(null, 0.95)),
        p_value=p,
        lowest=names[int(np.argmin(k / n))],
        highest=names[int(np.argmax(k / n))],
        compared=tuple(dict.fromkeys(name for part in parts for name in part[0])),
        excluded=left_out,
    )


def _ratio(said, names, k, n, left_out, level: float, seed: int) -> GroupDifference:
    """Return the smallest ratio of two selection rates."""
    if not k.any():
        reason = "no row is selected in any group"
        return GroupDifference(
            not_estimable(said, round(float(n.sum())), reason), excluded=left_out
        )
    shares = k / n
    value = float(shares.min() / shares.max())
    null = null_shares(k, n, np.random.default_rng(seed), NULL_DRAWS)
    null = null.min(axis=1) / null.max(axis=1)
    p = _p_value(null <= value + 1e-12)
    low, high = smallest_ratio_interval(k, n, level)
    return GroupDifference(
        Estimate(
            said,
            value,
            (low, high if p <= 1 - level else 1.0),
            round(float(n.sum())),
            method=_method("Donner-Zou", len(names), 1),
            level=level,
        ),
        null_limit=float(np.quantile(null, 0.05)),
        p_value=p,
        lowest=names[int(np.argmin(shares))],
        highest=names[int(np.argmax(shares))],
        compared=tuple(names),
        excluded=left_out,
    )


def _p_value(at_least: np.ndarray) -> float:
    """Return the permutation p-value; the data count as one permutation."""
    return float((1 + at_least.sum()) / (1 + len(at_least)))


def _method(name: str, n_groups: int, n_rates: int) -> str:
    """Say how the interval was made."""
    pairs = n_groups * (n_groups - 1) // 2 * n_rates
    return name.lower() if pairs == 1 else f"{name.lower()}, all {pairs} pairs at once"
