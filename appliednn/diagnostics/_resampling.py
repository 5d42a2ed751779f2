"""Bootstrap over rows, many resamples at once: a resample is how often each row is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

# Cells of one block of resamples (32 MB as float64): larger blocks are no faster.
_MAX_CELLS = 4_000_000


def resample_counts(n: int, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Yield blocks of bootstrap resamples of ``n`` rows as counts.

    Parameters
    ----------
    n : int
        Number of rows; each resample draws ``n`` of them with replacement.
    n_boot : int
        Number of resamples over all blocks.
    seed : int
        Seed of the resampling.

    Yields
    ------
    ndarray of shape (n_block, n), float64
        How often each row was drawn; each line sums to ``n``.

    Examples
    --------
    >>> [block.sum(axis=1).tolist() for block in resample_counts(5, 3, seed=0)]
    [[5.0, 5.0, 5.0]]
    """
    rng = np.random.default_rng(seed)
    step = max(1, _MAX_CELLS // n)
    for start in range(0, n_boot, step):
        size = min(step, n_boot - start)
        rows = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        counts = np.bincount(rows.ravel(), minlength=size * n)
        yield counts.reshape(size, n).astype(np.float64)


def bootstrap_draws(
    statistic: Callable[[np.ndarray], dict[str, np.ndarray]], n: int, n_boot: int, seed: int
) -> dict[str, np.ndarray]:
    """Return the draws of several statistics over the same resamples.

    Parameters
    ----------
    statistic : callable
        Takes counts of shape (b, n), returns arrays of shape (b,) by name.
    n, n_boot, seed : int
        As in :func:`resample_counts`.

    Returns
    -------
    dict of str to ndarray of shape (n_boot,)

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> draws = bootstrap_draws(lambda c: {"mean": c @ x / c.sum(1)}, 100, 400, seed=0)
    >>> bool(abs(draws["mean"].std() - x.std() / 10) < 0.3)
    True
    """
    blocks = [statistic(counts) for counts in resample_counts(n, n_boot, seed)]
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]}


def percentile_interval(draws: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of bootstrap draws; NaN draws are left out.

    Returns
    -------
    tuple of (float, float)
        ``(nan, nan)`` when fewer than half of the draws are finite.

    Examples
    --------
    >>> percentile_interval(np.arange(101.0), level=0.5)
    (25.0, 75.0)
    """
    finite = draws[np.isfinite(draws)]
    if len(finite) < max(1.0, len(draws) / 2):
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
