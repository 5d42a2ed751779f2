"""Rates per group and per product of attributes, each with its interval and n."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from appliednn.core.statistics import Estimate, not_estimable, wilson_interval
from appliednn.fairness._calibration import (
    GroupCalibration,
    compare_calibration,
    group_calibration,
    score_bins,
)
from appliednn.fairness._difference import METRICS, GroupDifference, compare_rates
from appliednn.fairness._groups import group_labels, with_products
from appliednn.fairness._labels import indicators

#: Rate -> (what a reader calls it, cases, rows they are among, what is missing without those).
RATES: dict[str, tuple[str, Callable, Callable, str]] = {
    "selection_rate": ("selection rate", lambda g: g.n_selected, lambda g: g.n, "n=0"),
    "tpr": ("true positive rate", lambda g: g.n_hit, lambda g: g.n_pos, "n_pos=0"),
    "fpr": (
        "false positive rate",
        lambda g: g.n_selected - g.n_hit,
        lambda g: g.n - g.n_pos,
        "n_neg=0",
    ),
    "ppv": ("precision", lambda g: g.n_hit, lambda g: g.n_selected, "nobody is selected"),
    "accuracy": (
        "accuracy",
        lambda g: g.n - g.n_pos - g.n_selected + 2 * g.n_hit,
        lambda g: g.n,
        "n=0",
    ),
    "base_rate": ("base rate", lambda g: g.n_pos, lambda g: g.n, "n=0"),
}


@dataclass(frozen=True)
class Group:
    """One group's counts and rates.

    Attributes
    ----------
    attribute, name : str
        ``"sex"`` and ``"f"``, or ``"sex & age"`` and ``"f & below 30"``.
    n, n_pos : int
        Rows, and positives among them.
    n_selected, n_hit : float
        Rows predicted positive, and positives among those; expected numbers for a randomised
        predictor.
    rates : dict of str to Estimate
        ``selection_rate``, ``tpr``, ``fpr``, ``ppv``, ``accuracy``, ``base_rate`` with Wilson
        intervals (for expected rates these are conservative).
    calibration : GroupCalibration or None
        Present when scores were given.
    """

    attribute: str
    name: str
    n: int
    n_pos: int
    n_selected: float
    n_hit: float
    level: float = 0.95
    calibration: GroupCalibration | None = None
    rates: Mapping[str, Estimate] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rates = {kind: self._rate(kind) for kind in RATES}
        object.__setattr__(self, "rates", rates)

    def counts(self, kind: str) -> tuple[float, float]:
        """Return cases and the rows they are among, for a rate."""
        _, cases, among, _ = RATES[kind]
        return cases(self), among(self)

    def _rate(self, kind: str) -> Estimate:
        k, n = self.counts(kind)
        said, _, _, lack = RATES[kind]
        if not n > 0:
            return not_estimable(said, 0, f"{lack} in this group")
        # Sums of expected rates may miss 0 or n by a rounding error.
        k = min(max(k, 0.0), n)
        ci = wilson_interval(k, n, self.level)
        return Estimate(said, k / n, ci, round(n), "wilson", self.level)


@dataclass(frozen=True)
class GroupTable:
    """Groups by attribute, and the differences between them; holds counts, no rows.

    Attributes
    ----------
    groups : dict of str to tuple of Group
        By attribute, products such as ``"sex & age"`` after the attributes.
    positive : label
        The positive label.
    min_group_size : int
        Smaller groups are shown, but not compared.
    """

    groups: Mapping[str, tuple[Group, ...]]
    positive: Any
    min_group_size: int
    level: float
    seed: int

    @property
    def attributes(self) -> tuple[str, ...]:
        """Attributes, then their products."""
        return tuple(self.groups)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names that :meth:`difference` takes here."""
        first = next(iter(self.groups.values()))
        scored = first[0].calibration is not None
        return (*METRICS, "calibration_gap") if scored else tuple(METRICS)

    def difference(self, metric: str, attribute: str) -> GroupDifference:
        """Return a metric between the groups of an attribute.

        Parameters
        ----------
        metric : str
            ``demographic_parity_difference``, ``demographic_parity_ratio``,
            ``equalized_odds_difference``, ``equalized_odds_mean``,
            ``equal_opportunity_difference``, ``predictive_parity_difference``,
            ``predictive_equality_difference``, ``accuracy_difference``, ``base_rate_difference``
            or ``calibration_gap`` (with scores).
        attribute : str
            One of ``attributes``.

        Raises
        ------
        ValueError
            For an unknown metric or attribute.
        """
        if attribute not in self.groups:
            known = ", ".join(self.groups)
            raise ValueError(f"attribute {attribute!r} is not in the table; it has {known}")
        if metric not in self.metrics:
            lack = " (it needs score=...)" if metric == "calibration_gap" else ""
            raise ValueError(f"metric {metric!r} is none of {', '.join(self.metrics)}{lack}")
        large, small = [], {}
        for group in self.groups[attribute]:
            if group.n >= self.min_group_size:
                large.append(group)
            else:
                small[group.name] = f"n={group.n}, fewer than {self.min_group_size} rows"
        if metric == "calibration_gap":
            parts = {g.name: g.calibration for g in large}
            return compare_calibration(parts, small, level=self.level, seed=self.seed)
        kinds = METRICS[metric][1]
        return compare_rates(
            metric,
            [g.name for g in large],
            {kind: [g.rates[kind] for g in large] for kind in kinds},
            {kind: [g.counts(kind) for g in large] for kind in kinds},
            small,
            min_group_size=self.min_group_size,
            level=self.level,
            seed=self.seed,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group: n, n_pos and the rates (NaN where not estimable)."""
        rows = [
            {"attribute": g.attribute, "group": g.name, "n": g.n, "n_pos": g.n_pos}
            | {kind: np.nan if e.value is None else e.value for kind, e in g.rates.items()}
            for groups in self.groups.values()
            for g in groups
        ]
        return pd.DataFrame(rows).set_index(["attribute", "group"])


def group_metrics(
    y_true: Any,
    y_pred: Any,
    groups: Any,
    *,
    score: Any = None,
    positive: Any = None,
    min_group_size: int = 30,
    level: float = 0.95,
    expected: Any = None,
    products: int = 2,
    seed: int = 0,
) -> GroupTable:
    """Return rates per group with intervals, and the differences between groups.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n,)
        Labels; ``y_pred`` may be None when ``expected`` is given.
    groups : DataFrame, Series, mapping, or array-like of shape (n,) or (n, n_attributes)
        Sensitive attributes; a missing value is the group ``"missing"``.
    score : array-like of shape (n,), optional
        Probability of the positive label, for calibration within groups.
    positive : label, optional
        The positive label; may be left out for labels 0 and 1 only.
    min_group_size : int
        Smaller groups are shown, but not compared.
    level : float
        Confidence level.
    expected : array-like of shape (n,), optional
        Probability with which a randomised predictor gives the positive label
        (:func:`~appliednn.fairness.expected_rates`); used in place of ``y_pred``.
    products : int
        Products of up to this many attributes are groups too; 1 for none.
    seed : int
        Seed of the permutations and of the bootstrap.

    Returns
    -------
    GroupTable

    Raises
    ------
    ValueError
        For labels that do not fit together (see :mod:`appliednn.fairness._labels`), scores
        outside [0, 1] or wrong lengths.

    Examples
    --------
    >>> table = group_metrics([1, 0, 1, 0], [1, 0, 0, 0], list("aabb"), min_group_size=1)
    >>> table.to_frame()[["n", "tpr"]].values.tolist()
    [[2.0, 1.0], [2.0, 0.0]]
    >>> table.difference("equal_opportunity_difference", "group").estimate.value
    1.0
    """
    y, q, positive = indicators(y_true, y_pred, positive, expected)
    labels = with_products(group_labels(groups, len(y)), products)
    s = None if score is None else _scores(score, len(y))
    bins = None if s is None else score_bins(s)
    table = {}
    for attribute, codes in labels.items():
        table[attribute] = tuple(
            _group(attribute, name, codes.codes == i, (y, q, s, bins), level, seed)
            for i, name in enumerate(codes.categories)
        )
    return GroupTable(table, positive, int(min_group_size), float(level), int(seed))


def _group(attribute: str, name: str, mask: np.ndarray, arrays, level: float, seed: int) -> Group:
    """Return one group from its rows."""
    y, q, s, bins = (None if a is None else a[mask] for a in arrays)
    calibration = None if s is None else group_calibration(y, s, bins, level=level, seed=seed)
    return Group(
        attribute=attribute,
        name=name,
        n=len(y),
        n_pos=int(y.sum()),
        n_selected=float(q.sum()),
        n_hit=float((q * y).sum()),
        level=level,
        calibration=calibration,
    )


def _scores(score: Any, n: int) -> np.ndarray:
    s = np.asarray(score, dtype=np.float64)
    if s.shape != (n,):
        raise ValueError(f"score must have shape ({n},), got {s.shape}")
    if not np.all((s >= 0) & (s <= 1)):
        raise ValueError("score must hold probabilities of the positive label, in [0, 1]")
    return s
