"""SHAP values for each raw feature, by the network's gradient or by the shap package."""

from __future__ import annotations

import warnings

import numpy as np

from appliednn.core._random import guarded_random_state
from appliednn.explain._explanation import Explanation
from appliednn.explain._pool import NetworkPool, ScorePool

_POINTS_PER_CALL = 32_768
_PERMUTED_BACKGROUND = 30
_CELLS_AT_ONCE = 10_000_000


def shap_values(
    pool: ScorePool,
    rows: np.ndarray,
    background: np.ndarray,
    target: np.ndarray,
    *,
    seed: int = 0,
    n_background: int = 50,
    n_steps: int = 16,
) -> Explanation:
    """Return SHAP values of pool rows against background rows.

    Networks take expected gradients: the gradient integrated along straight lines from each
    background row, in the encoded space, summed for each raw feature (Aumann-Shapley values).
    Other models, and networks that embed categories, take shap's permutation explainer.

    Source: S. Lundberg and S.-I. Lee, NeurIPS 2017; G. Erion et al., Nature Machine Intelligence
    3 (2021) 620-631 (expected gradients).

    Parameters
    ----------
    pool : ScorePool
        Rows and scores.
    rows, background : int ndarray
        Pool rows to explain, and to compare with.
    target : int ndarray of shape (n,)
        Class index whose score is explained, for each row (0 for a regressor).
    seed : int
        Seed of the background sample and of the permutations.
    n_background : int
        Background rows drawn (all, if there are fewer; at most 30 for permutations).
    n_steps : int
        Gauss-Legendre points of each integral.

    Returns
    -------
    Explanation

    Examples
    --------
    >>> import pandas as pd
    >>> from appliednn.explain import FramePool
    >>> frame = pd.DataFrame({"a": [0.0, 2.0, 5.0], "b": [1.0, 1.0, 3.0]})
    >>> pool = FramePool(frame, lambda X: 2 * X["a"] - X["b"], "points")
    >>> found = shap_values(pool, np.array([2]), np.array([0, 1]), np.array([0]))
    >>> found.values.round(6).tolist()
    [[8.0, -2.0]]
    """
    rng = np.random.default_rng(seed)
    rows, target = np.asarray(rows), np.asarray(target)
    smooth = isinstance(pool, NetworkPool) and pool.head.differentiable
    n_background = n_background if smooth else min(n_background, _PERMUTED_BACKGROUND)
    if len(background) > n_background:
        background = np.sort(rng.choice(background, n_background, replace=False))
    everyone = pool.scores(pool.whole(background)).mean(axis=0)
    if smooth:
        how = f"expected gradients, {n_steps} points a line"
        values = _expected_gradients(pool, rows, background, target, n_steps)
    else:
        how = "permutations of the features (shap)"
        values = _permuted(pool, rows, background, target, int(rng.integers(2**31)))
    scores = pool.target_scores(pool.whole(rows), target)
    return Explanation(
        "SHAP", how, pool.names, values, scores, everyone[target], target, pool.unit,
        len(background),
    )  # fmt: skip


def _expected_gradients(pool: NetworkPool, rows, background, target, n_steps: int) -> np.ndarray:
    """Return attributions of raw features, (n, n_features)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    nodes, weights = ((nodes + 1) / 2).astype(np.float32), weights / 2
    base = pool.Z[background]
    n_each = len(base) * n_steps
    summed = np.zeros((pool.Z.shape[1], len(pool.names)))
    summed[np.arange(len(pool.source)), pool.source] = 1.0
    found = []
    size = max(1, _POINTS_PER_CALL // n_each)
    for start in range(0, len(rows), size):
        x = pool.Z[rows[start : start + size]]
        step = x[:, None, None, :] - base[None, :, None, :]
        points = base[None, :, None, :] + nodes[None, None, :, None] * step
        aims = np.repeat(target[start : start + size], n_each)
        slope = pool.head.gradient(points.reshape(-1, x.shape[1]), aims).reshape(points.shape)
        mean_slope = np.einsum("rbsd,s->rbd", slope, weights)
        found.append((mean_slope * step[:, :, 0, :]).mean(axis=1) @ summed)
    return np.concatenate(found)


def _permuted(pool: ScorePool, rows, background, target, seed: int) -> np.ndarray:
    """Return the permutation explainer's values on coded rows, (n, n_features)."""
    n_features = len(pool.names)
    # A permutation is walked there and back, which is exact up to interactions of two features.
    max_evals = int(np.clip(60 // n_features, 1, 2)) * (2 * n_features + 1)
    size = max(1, _CELLS_AT_ONCE // (max_evals * len(background) * n_features))
    found = []
    for start in range(0, len(rows), size):
        some = slice(start, start + size)
        values = _permuted_block(pool, rows[some], background, max_evals, seed)
        found.append(values[np.arange(values.shape[0]), :, target[some]])
    return np.concatenate(found)


def _permuted_block(pool: ScorePool, rows, background, max_evals: int, seed: int) -> np.ndarray:
    """Return the values of some rows for every target, (n, n_features, n_targets).

    shap asks for a row's mixtures at a time, and what it asks for does not depend on the answers:
    it runs once to collect the mixtures, all are scored at once, and it runs again on the scores.
    """
    shap = import_shap()
    codes = pool.codes.astype(np.float64)
    n_targets = pool.scores(pool.whole(rows[:1])).shape[1]
    asked: list[np.ndarray] = []

    def collect(mixed: np.ndarray) -> np.ndarray:
        asked.append(np.array(mixed))
        return np.zeros((len(mixed), n_targets))

    def run(answer):
        with guarded_random_state():  # the explainer seeds and draws from NumPy's global state
            masker = shap.maskers.Independent(codes[background], max_samples=len(background))
            explainer = shap.explainers.Permutation(answer, masker, seed=seed)
            return explainer(codes[rows], max_evals=max_evals, silent=True)

    run(collect)
    scores = pool.scores(pool.index_of_codes(np.concatenate(asked)))
    ends = np.cumsum([len(mixed) for mixed in asked])[:-1]
    answers = iter(np.split(scores, ends))
    found = run(lambda mixed: next(answers))
    return np.asarray(found.values, dtype=np.float64).reshape(len(rows), -1, n_targets)


def import_shap():
    """Return the shap package; it colours its plots through what matplotlib is retiring."""
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        import shap
    return shap
