"""Score-based search over the corners of an L-infinity box: needs predictions, no gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def corner_search(
    score: Callable[[np.ndarray], np.ndarray],
    Z: np.ndarray,
    eps: float | np.ndarray,
    *,
    n_tries: int = 50,
    mask: np.ndarray | None = None,
    lower: np.ndarray | None = None,
    upper: np.ndarray | None = None,
    random_state: int = 0,
) -> np.ndarray:
    """Look for each row's worst corner of the box of half-width ``eps`` around it.

    Every row starts at a random corner; each further try flips the signs of a random subset of
    features (half of them at first, one in the end) and keeps the flip where the score grew.

    Parameters
    ----------
    score : callable
        Takes (n, d) points, returns (n,) numbers; larger is worse for the model.
    Z : ndarray of shape (n, d)
        Clean rows.
    eps : float or ndarray of shape (n,)
        Half-width of the box, in units of ``Z``; one for all rows or one for each.
    n_tries : int
        Calls of ``score`` beside the one for the clean rows.
    mask : ndarray of bool, broadcastable to (n, d), optional
        Where a point may move; default everywhere.
    lower, upper : ndarray, broadcastable to (n, d), optional
        Bounds of the points.
    random_state : int
        Seed; equal seeds give equal points.

    Returns
    -------
    ndarray of shape (n, d)
        The worst point found for each row; the clean row where nothing was worse.

    Notes
    -----
    A tabular variant of the Square attack (M. Andriushchenko et al., ECCV 2020), which flips
    squares of an image: here the flipped set is a random subset of the features.

    Examples
    --------
    >>> worst = corner_search(lambda Z: Z @ [1.0, -2.0], np.zeros((1, 2)), 0.5, n_tries=20)
    >>> worst.tolist()
    [[0.5, -0.5]]
    """
    rng = np.random.default_rng(random_state)
    clean = np.asarray(Z)
    move = np.ones(clean.shape, bool) if mask is None else np.broadcast_to(mask, clean.shape)
    width = max(1, int(move.any(axis=0).sum()))

    half = np.asarray(eps, dtype=float).reshape(-1, 1)

    def corner(signs):
        points = np.where(move, clean + (half * signs).astype(clean.dtype), clean)
        if lower is None and upper is None:
            return points
        return np.where(move, np.clip(points, lower, upper), clean)

    best, best_score = clean.copy(), np.array(score(clean), dtype=float)
    signs = rng.choice([-1.0, 1.0], clean.shape)
    current = np.full(len(clean), -np.inf)
    for k in range(n_tries):
        proposal = signs if k == 0 else _flip(signs, k / n_tries, width, rng)
        points = corner(proposal)
        found = np.asarray(score(points), dtype=float)
        accepted = found > current
        signs = np.where(accepted[:, None], proposal, signs)
        current = np.where(accepted, found, current)
        worse = found > best_score
        best[worse], best_score[worse] = points[worse], found[worse]
    return best


def _flip(signs: np.ndarray, done: float, width: int, rng: np.random.Generator) -> np.ndarray:
    """Flip a random subset of each row's signs; the subset shrinks as the search goes on."""
    share = max(0.5 * (1 - done) ** 2, 1 / width)
    return np.where(rng.random(signs.shape) < share, -signs, signs)
