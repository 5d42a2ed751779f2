"""SHAP values for each raw feature, by the network's gradient or by the shap package."""

from __future__ import annotations

import warnings

import numpy as np

from appliednn.core._random import guarded_random_state
from appliednn.explain._explanation import Explanation
from appliednn.explain._pool import NetworkPool, ScorePool

_POINTS_PER_CALL = 32_768


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
        Background rows drawn (all, if there are fewer).
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
    if len(background) > n_background:
        background = np.sort(rng.choice(background, n_background, replace=False))
    everyone = pool.scores(pool.whole(background)).mean(axis=0)
    if isinstance(pool, NetworkPool) and pool.head.differentiable:
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
    shap = import_shap()
    n_features = len(pool.names)
    codes = pool.codes.astype(np.float64)

    def score(mixed: np.ndarray) -> np.ndarray:
        return pool.scores(pool.index_of_codes(mixed))

    n_permutations = int(np.clip(60 // n_features, 1, 4))
    # The explainer seeds and draws from NumPy's global state.
    with guarded_random_state():
        masker = shap.maskers.Independent(codes[background], max_samples=len(background))
        explainer = shap.explainers.Permutation(score, masker, seed=seed % 2**31)
        found = explainer(
            codes[rows], max_evals=n_permutations * (2 * n_features + 1), silent=True
        )
    values = np.asarray(found.values, dtype=np.float64)
    if values.ndim == 2:
        values = values[:, :, None]
    return values[np.arange(len(rows)), :, target]


def import_shap():
    """Return the shap package; it colours its plots through what matplotlib is retiring."""
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        import shap
    return shap
