"""Tests of an explanation: whether it says what the model does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from appliednn.core.statistics import Estimate, not_estimable
from appliednn.explain._explanation import Explanation
from appliednn.explain._pool import NetworkPool, ScorePool
from appliednn.explain._ranks import row_correlations

DO_NOT_RELY = "do not rely on this"

#: What each test demands.
MIN_STABILITY = 0.7
MAX_LIKENESS = 0.5
MAX_GAP = 0.05
MIN_ROWS = 10
_STEPS = 20

Method = Callable[..., Explanation]


@dataclass(frozen=True)
class FaithfulnessTest:
    """One test of an explanation.

    Attributes
    ----------
    key : str
        ``"deletion_gain"``, ``"insertion_gain"``, ``"seed_stability"``,
        ``"randomisation_likeness"`` or ``"completeness_gap"``.
    estimate : Estimate
        What was measured; not estimable where the test does not apply.
    demand : str
        What it takes to pass, in words.
    passed : bool or None
        None where the test does not apply.
    """

    key: str
    estimate: Estimate
    demand: str
    passed: bool | None


@dataclass(frozen=True)
class Faithfulness:
    """Every test of one method and what follows.

    Attributes
    ----------
    method : str
    tests : list of FaithfulnessTest
    """

    method: str
    tests: list[FaithfulnessTest]

    @property
    def failed(self) -> list[FaithfulnessTest]:
        """The tests that failed."""
        return [t for t in self.tests if t.passed is False]

    @property
    def verdict(self) -> str:
        """``"reliable"``, ``"not tested"`` or ``"do not rely on this"``."""
        if self.failed:
            return DO_NOT_RELY
        # Without the comparison with chance nothing was shown.
        shown = any(t.passed for t in self.tests if t.key == "deletion_gain")
        return "reliable" if shown else "not tested"


def faithfulness(
    method: Method,
    pool: ScorePool,
    rows: np.ndarray,
    background: np.ndarray,
    target: np.ndarray,
    *,
    seed: int = 0,
    n_random: int = 5,
    n_removal: int = 8,
    n_networks: int = 3,
    made: Explanation | None = None,
) -> Faithfulness:
    """Put a method through every test.

    Deletion and insertion: features are replaced by background values in the order of the
    attributions (or the reverse); the score must fall faster (or rise faster) than in random
    orders. Seed stability: two seeds must rank alike. Model randomisation: a network with fresh
    weights must be explained differently. Completeness: SHAP values must add up.

    Source: V. Petsiuk, A. Das and K. Saenko, BMVC 2018 (deletion, insertion); J. Adebayo et al.,
    NeurIPS 2018 (model randomisation).

    Parameters
    ----------
    method : callable
        ``method(pool, rows, background, target, seed=...)`` gives an Explanation.
    pool : ScorePool
        Rows and scores.
    rows, background : int ndarray
        Pool rows explained, and compared with.
    target : int ndarray of shape (n,)
        Class index explained, for each row.
    seed : int
        Root of every seed here.
    n_random : int
        Random orders of each row.
    n_removal : int
        Background rows that deleted features are taken from.
    n_networks : int
        Networks with fresh weights.
    made : Explanation, optional
        The method's attributions of these rows, if they are at hand.

    Returns
    -------
    Faithfulness
    """
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(4) >> 1]
    first = made or method(pool, rows, background, target, seed=seeds[0])
    second = method(pool, rows, background, target, seed=seeds[1])
    removal = Removal(pool, np.asarray(rows), background, np.asarray(target), n_removal, seeds[2])
    tests = [
        *_against_chance(first, removal, n_random, seeds[2]),
        _stability(first, second),
        _randomisation(method, first, pool, rows, background, target, n_networks, seeds[3]),
    ]
    if first.local_r2 is None:
        gap = first.completeness_gap()
        found = Estimate("Completeness gap", gap, None, len(rows), "exact")
        tests.append(FaithfulnessTest("completeness_gap", found, f"<= {MAX_GAP}", gap <= MAX_GAP))
    return Faithfulness(first.method, tests)


class Removal:
    """The area under the deletion curve of any order of the features.

    Parameters
    ----------
    pool : ScorePool
        Rows and scores.
    rows, background : int ndarray
        Pool rows whose features are deleted, and where their replacements come from.
    target : int ndarray of shape (n,)
        Class index whose score is followed.
    n_removal : int
        Background rows drawn.
    seed : int
        Seed of that draw.
    """

    def __init__(self, pool, rows, background, target, n_removal: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        n_removal = min(n_removal, len(background))
        self.pool, self.rows, self.target = pool, rows, target
        self.givers = rng.choice(background, n_removal, replace=False)
        n_features = len(pool.names)
        self.counts = np.unique(
            np.round(np.linspace(1, n_features - 1, min(n_features - 1, _STEPS))).astype(int)
        )

    def area(self, attribution: np.ndarray) -> np.ndarray:
        """Return the mean score while features are deleted, largest attribution first, (n,).

        The reversed order deletes the smallest first, which is inserting the largest first.
        """
        order = np.argsort(-attribution, axis=1, kind="stable")
        rank = np.argsort(order, axis=1, kind="stable")
        gone = rank[:, None, None, :] < self.counts[None, :, None, None]
        mixed = np.where(gone, self.givers[None, None, :, None], self.rows[:, None, None, None])
        n_each = mixed.shape[1] * mixed.shape[2]
        scores = self.pool.target_scores(
            mixed.reshape(-1, mixed.shape[-1]), np.repeat(self.target, n_each)
        )
        return scores.reshape(len(self.rows), n_each).mean(axis=1)


def _against_chance(first: Explanation, removal: Removal, n_random: int, seed: int):
    """Return the deletion and insertion tests; random orders serve both."""
    names = {
        "deletion_gain": "Deletion against chance",
        "insertion_gain": "Insertion against chance",
    }
    n, n_features = first.values.shape
    size = float(np.abs(first.scores - first.base).mean())
    if n_features < 2 or n < MIN_ROWS or size < 1e-9:
        reason = "the score hardly varies" if n_features > 1 else "one feature has no order"
        reason = f"{n} rows; it takes {MIN_ROWS}" if n < MIN_ROWS else reason
        return [_not_applicable(key, name, n, reason) for key, name in names.items()]
    rng = np.random.default_rng(seed)
    chance = np.mean([removal.area(rng.random((n, n_features))) for _ in range(n_random)], axis=0)
    gains = {
        "deletion_gain": (chance - removal.area(first.values)) / size,
        "insertion_gain": (removal.area(-first.values) - chance) / size,
    }
    tests = []
    for key, gain in gains.items():
        found = mean_estimate(names[key], gain)
        tests.append(FaithfulnessTest(key, found, "interval above 0", found.ci[0] > 0))
    return tests


def _stability(first: Explanation, second: Explanation) -> FaithfulnessTest:
    """Return the rank correlation of two seeds: of features, or of rows where features are few."""
    name, n = "Rank correlation of two seeds", len(first.values)
    if first.values.shape[1] > 2:
        found = _mean_correlation(name, first.values, second.values)
    else:
        found = _mean_correlation(name, first.values.T, second.values.T)
    if found.value is None:
        return _not_applicable("seed_stability", name, n, found.reason)
    passed = found.value >= MIN_STABILITY
    return FaithfulnessTest("seed_stability", found, f">= {MIN_STABILITY}", passed)


def _randomisation(method, first, pool, rows, background, target, n_networks, seed):
    """Return how alike explanations of networks with fresh weights are."""
    key, name = "randomisation_likeness", "Likeness to a network with random weights"
    n, n_features = first.values.shape
    if not (isinstance(pool, NetworkPool) and pool.randomizable):
        reason = "only a network can be given fresh weights"
        return _not_applicable(key, name, n, reason)
    if n_features < 3:
        return _not_applicable(key, name, n, f"{n_features} features are too few to rank")
    values = []
    for i in range(n_networks):
        other = method(pool.randomized(seed + i), rows, background, target, seed=seed)
        values.append(row_correlations(first.values, other.values))
    stacked = np.array(values)
    known = stacked[np.isfinite(stacked)]
    if len(known) == 0:
        return _not_applicable(key, name, n, "every attribution is the same")
    # A fresh network may agree by luck; several, on average, only where the data alone decides.
    found = mean_estimate(name, np.nanmean(np.where(np.isfinite(stacked), stacked, 0.0), axis=0))
    passed = found.value <= MAX_LIKENESS
    return FaithfulnessTest(key, found, f"<= {MAX_LIKENESS}", passed)


def _not_applicable(key: str, name: str, n: int, reason: str) -> FaithfulnessTest:
    return FaithfulnessTest(key, not_estimable(name, n, reason), "", None)


def _mean_correlation(name: str, a: np.ndarray, b: np.ndarray) -> Estimate:
    """Return the mean rank correlation of paired rows with its interval."""
    values = row_correlations(a, b)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return not_estimable(name, len(a), "every attribution is the same")
    return mean_estimate(name, values)


def mean_estimate(name: str, values: np.ndarray) -> Estimate:
    """Return a mean over rows with Student's interval.

    Examples
    --------
    >>> mean_estimate("m", np.array([1.0, 2.0, 3.0])).ci  # doctest: +ELLIPSIS
    (-0.48..., 4.48...)
    """
    from scipy.special import stdtrit

    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Estimate(name, mean, None, n, "exact")
    half = float(stdtrit(n - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(n))
    return Estimate(name, mean, (mean - half, mean + half), n, "student-t")
