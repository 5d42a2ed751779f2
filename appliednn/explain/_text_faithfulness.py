"""Tests of an explanation by words: whether it says what the model does."""

from __future__ import annotations

import numpy as np

from appliednn.core.statistics import Estimate, not_estimable
from appliednn.explain._faithfulness import (
    MAX_GAP,
    MIN_ROWS,
    MIN_STABILITY,
    Faithfulness,
    FaithfulnessTest,
    mean_estimate,
)
from appliednn.explain._ranks import row_correlations
from appliednn.explain._text_pool import TextExplanation, TextPool

_STEPS = 5
_MANY_WORDS = 3


def text_faithfulness(
    made: TextExplanation,
    pool: TextPool,
    rows: np.ndarray,
    *,
    again: TextExplanation | None = None,
    seed: int = 0,
    n_random: int = 5,
) -> Faithfulness:
    """Put an explanation of texts through its tests.

    Deletion and insertion: words are taken out in the order of the attributions, or in the
    reverse; the score must fall faster, or more slowly, than when words go at random. Seed
    stability: another seed must rank the words of a text alike. Completeness: what should add up
    to the score must do so.

    Source: V. Petsiuk, A. Das and K. Saenko, BMVC 2018 (deletion, insertion).

    Parameters
    ----------
    made : TextExplanation
    pool : TextPool
        Texts and scores.
    rows : int ndarray of shape (n,)
        Texts that ``made`` explains.
    again : TextExplanation, optional
        The same with another seed, where there is one.
    seed : int
        Of the random orders.
    n_random : int
        Random orders of each text.

    Returns
    -------
    Faithfulness
    """
    tests = _against_chance(made, pool, rows, np.random.default_rng(seed), n_random)
    tests.append(_stability(made, again))
    if made.adds_up:
        gap = made.completeness_gap()
        found = Estimate("Completeness gap", gap, None, len(rows), "exact")
        tests.append(FaithfulnessTest("completeness_gap", found, f"<= {MAX_GAP}", gap <= MAX_GAP))
    return Faithfulness(made.method, tests)


def _against_chance(made, pool, rows, rng, n_random: int) -> list[FaithfulnessTest]:
    names = {
        "deletion_gain": "Deletion against chance",
        "insertion_gain": "Insertion against chance",
    }
    many = [i for i, words in enumerate(made.words) if len(words) >= 2]
    size = float(np.abs(made.scores - made.base).mean()) if len(rows) else 0.0
    reason = ""
    if len(many) < MIN_ROWS:
        reason = f"{len(many)} texts of two words or more; it takes {MIN_ROWS}"
    elif size < 1e-9:
        reason = "the score hardly varies"
    if reason:
        return [_not_applicable(key, name, len(many), reason) for key, name in names.items()]
    gains = np.array([_gains(made, pool, rows, i, rng, n_random) for i in many]) / size
    tests = []
    for (key, name), gain in zip(names.items(), gains.T, strict=True):
        found = mean_estimate(name, gain)
        tests.append(FaithfulnessTest(key, found, "interval above 0", found.ci[0] > 0))
    return tests


def _gains(made, pool, rows, i: int, rng, n_random: int) -> tuple[float, float]:
    """Return how much sooner the score of a text falls, and rises, than at random."""
    values = made.values[i]
    n = len(values)
    # Ties, as of attributions that are all zero, are broken at random: else places would count.
    shuffled = rng.permutation(n)
    first = shuffled[np.argsort(-values[shuffled], kind="stable")]
    orders = [first, first[::-1], *(rng.permutation(n) for _ in range(n_random))]
    counts = np.unique(np.round(np.linspace(1, n - 1, min(n - 1, _STEPS))).astype(int))
    keep = np.ones((len(orders), len(counts), n), dtype=bool)
    for a, order in enumerate(orders):
        for b, k in enumerate(counts):
            keep[a, b, order[:k]] = False
    left = pool.left(int(rows[i]), keep.reshape(-1, n))
    scores = pool.target_scores(left, int(made.target[i])).reshape(len(orders), -1).mean(axis=1)
    chance = float(scores[2:].mean())
    return chance - float(scores[0]), float(scores[1]) - chance


def _stability(made: TextExplanation, again: TextExplanation | None) -> FaithfulnessTest:
    key, name = "seed_stability", "Rank correlation of two seeds"
    if again is None:
        return _not_applicable(key, name, len(made.values), "nothing is drawn at random")
    pairs = [
        row_correlations(a[None], b[None])[0]
        for a, b in zip(made.values, again.values, strict=True)
        if len(a) >= _MANY_WORDS
    ]
    known = np.array([p for p in pairs if np.isfinite(p)])
    if len(known) < 2:
        return _not_applicable(key, name, len(known), "no two texts have three words or more")
    found = mean_estimate(name, known)
    passed = found.value >= MIN_STABILITY
    return FaithfulnessTest(key, found, f">= {MIN_STABILITY}", passed)


def _not_applicable(key: str, name: str, n: int, reason: str) -> FaithfulnessTest:
    return FaithfulnessTest(key, not_estimable(name, n, reason), "", None)
