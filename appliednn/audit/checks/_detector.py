"""What the checks of detectors share: their base, options, and intervals for rows or series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from appliednn.audit._base import Check
from appliednn.audit._context import AuditContext
from appliednn.audit.checks._intervals import estimate_of, n_resamples, share_estimate
from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.diagnostics._resampling import bootstrap_draws

SECTION = "detection"


class DetectorCheck(Check):
    """A question to an anomaly detector; other models are not asked it."""

    section = SECTION
    tasks = ("anomaly",)


@dataclass(frozen=True)
class Resampling:
    """How intervals over rows are made: rows alone, or stretches of a series.

    Attributes
    ----------
    n : int
        Rows.
    seed : int
    block : int
        Time points that stay together; 1: rows are independent.
    groups : ndarray of shape (n,) or None
        Groups that keep their size in each resample of rows.
    """

    n: int
    seed: int
    block: int = 1
    groups: np.ndarray | None = None

    @property
    def how(self) -> str:
        """How intervals are made, in words for a table's note."""
        if self.block > 1:
            return f"bootstrap over stretches of {self.block} time points"
        return "stratified bootstrap over rows" if self.groups is not None else "bootstrap"

    def draws(
        self, statistic: Callable[[np.ndarray], dict[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Return draws of statistics of counts (b, n), by name."""
        return bootstrap_draws(
            statistic,
            self.n,
            n_resamples(self.n),
            self.seed,
            groups=self.groups,
            block=self.block,
        )

    def share(self, name: str, hits: np.ndarray, of: np.ndarray, why_not: str) -> Estimate:
        """Return the share of ``hits`` among the rows ``of`` (bool, shape (n,) each)."""
        k, n = int((hits & of).sum()), int(of.sum())
        # Where all are alike no resample differs: the interval of independent rows is better.
        if self.block == 1 or k in (0, n):
            return share_estimate(name, k, n, why_not)
        weights = np.column_stack([hits & of, of]).astype(np.float64)

        def statistic(counts: np.ndarray) -> dict[str, np.ndarray]:
            top, bottom = (counts @ weights).T
            return {"share": np.divide(top, bottom, np.full(len(top), np.nan), where=bottom > 0)}

        return estimate_of(name, k / n, self.draws(statistic)["share"], n, self.seed, why_not)


def resampling(context: AuditContext, check_id: str, *, stratified: bool = False) -> Resampling:
    """Return how intervals over the test rows are made."""
    n, seed = len(context.X_test), context.seed(check_id)
    if context.reads_series:
        return Resampling(n, seed, block_length(context, n))
    return Resampling(n, seed, groups=context.y_test if stratified else None)


def train_resampling(context: AuditContext, check_id: str) -> Resampling:
    """Return how intervals over the training rows are made."""
    n, seed = len(context.X_train), context.seed(f"{check_id} training")
    return Resampling(n, seed, block_length(context, n) if context.reads_series else 1)


def block_length(context: AuditContext, n: int) -> int:
    """Return how many time points stay together.

    Twice as far as a value may change the detector's scores, where it says so, and at
    least the cube root of ``n``, the rate at which blocks have to grow; at most a tenth of ``n``.
    """
    window = 2 * reach_of(context)
    return max(2, min(max(window, round(n ** (1 / 3))), n // 10))


def reach_of(context: AuditContext) -> int:
    """Return over how many time points a value may change scores: window and smoothing."""
    found = context.inner("window_")
    if found is None:
        return 0
    return int(found.window_) + int(getattr(found, "smoothing_", 1)) - 1


def rows_to_compare(context: AuditContext) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return which test and training rows may be compared without labelled anomalies.

    With labels of both or of neither there is one way. Where only test rows are labelled, the
    training rows may be clean or hold anomalies as well: then all test rows count, or the normal
    ones, and the caller takes the way in which both sets are more alike.
    """
    n, n_train = len(context.X_test), len(context.X_train)
    test = normal_rows(context, context.y_test, n)
    train = normal_rows(context, context.y_train, n_train)
    if context.y_train is not None or context.y_test is None:
        return [(test, train)]
    return [(test, train), (np.ones(n, dtype=bool), train)]


def normal_rows(context: AuditContext, y: np.ndarray | None, n: int) -> np.ndarray:
    """Return which of ``n`` rows to compare two sets by: those not known to be anomalies.

    Of a series also those that no window with an anomaly covers, where a tenth of all is left.
    """
    everywhere = np.ones(n, dtype=bool)
    if y is None or (y == 1).all():
        return everywhere
    if context.reads_series:
        near = np.convolve(y, np.ones(2 * reach_of(context) + 1), mode="same")[:n] > 0
        if (~near).mean() >= 0.1:
            return ~near
    return y == 0


def count_option(context: AuditContext, key: str, default: int, least: int = 1) -> int:
    """Return an option of the section that is a whole number."""
    value = context.option(SECTION, key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"detection.{key} must be a whole number >= {least}, got {value!r}")
    return value


def seconds_option(context: AuditContext, key: str, default: float) -> float:
    """Return an option of the section that is a positive number of seconds."""
    value = context.option(SECTION, key, default)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not np.isfinite(value) or value <= 0:
        raise UsageError(f"detection.{key} must be a positive number of seconds, got {value!r}")
    return float(value)


def some_rows(context: AuditContext, n: int, most: int, name: str) -> np.ndarray:
    """Return at most ``most`` of ``n`` row numbers in their order; of a series one stretch."""
    if n <= most:
        return np.arange(n)
    rng = context.rng(name)
    if context.reads_series:
        return np.arange(most) + int(rng.integers(0, n - most + 1))
    return np.sort(rng.choice(n, most, replace=False))


def top_rows(scores: np.ndarray, k: int) -> np.ndarray:
    """Return which ``k`` rows have the highest scores, bool (n,); ties by place."""
    out = np.zeros(len(scores), dtype=bool)
    out[np.argsort(-scores, kind="stable")[:k]] = True
    return out


def n_top(n: int) -> int:
    """Return how many rows are the top: one in a hundred, at least 10, at most half.

    Examples
    --------
    >>> n_top(5000), n_top(200), n_top(6)
    (50, 10, 3)
    """
    return max(1, min(max(10, -(-n // 100)), n // 2))


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Return the overlap of two sets given as bool arrays; two empty sets overlap wholly.

    Examples
    --------
    >>> jaccard(np.array([True, True, False]), np.array([False, True, True]))
    0.3333333333333333
    """
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 1.0


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's correlation of two scores; 0 where one of them is constant.

    Examples
    --------
    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([1.0, 8.0, 9.0]))
    1.0
    """
    from scipy.stats import rankdata

    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return round(float(np.corrcoef(rankdata(a), rankdata(b))[0, 1]), 12)
