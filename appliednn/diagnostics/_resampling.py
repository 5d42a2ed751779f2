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


def stratified_counts(groups: np.ndarray, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Yield resamples in which each group keeps its size; as :func:`resample_counts`.

    Examples
    --------
    >>> block = next(stratified_counts(np.array([True, False, False]), 4, seed=0))
    >>> block[:, 0].tolist(), block.sum(axis=1).tolist()
    ([1.0, 1.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0])
    """
    groups = np.asarray(groups)
    places = [np.flatnonzero(groups == value) for value in np.unique(groups)]
    rng, step = np.random.default_rng(seed), max(1, _MAX_CELLS // len(groups))
    for start in range(0, n_boot, step):
        size = min(step, n_boot - start)
        counts = np.empty((size, len(groups)))
        for at in places:
            drawn = rng.integers(0, len(at), (size, len(at))) + np.arange(size)[:, None] * len(at)
            each = np.bincount(drawn.ravel(), minlength=size * len(at))
            counts[:, at] = each.reshape(size, len(at))
        yield counts


def block_counts(n: int, length: int, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Yield resamples of whole stretches of a series; as :func:`resample_counts`.

    Stretches of ``length`` time points are drawn with replacement, one beginning at any time
    point and the last one going on at the start (the circular block bootstrap), so that
    neighbours stay together; each line sums to ``n`` or up to ``length - 1`` more.

    References
    ----------
    D. N. Politis, J. P. Romano, "A circular block-resampling procedure for stationary data", 1992.

    Examples
    --------
    >>> [block.sum(axis=1).tolist() for block in block_counts(9, 3, 2, seed=0)]
    [[9.0, 9.0]]
    """
    rng, n_blocks = np.random.default_rng(seed), -(-n // length)
    step = max(1, _MAX_CELLS // n)
    for start in range(0, n_boot, step):
        size = min(step, n_boot - start)
        starts = rng.integers(0, n, (size, n_blocks)) + np.arange(size)[:, None] * n
        begun = np.bincount(starts.ravel(), minlength=size * n).reshape(size, n)
        # A time point is in every block that began within the last ``length`` time points.
        total = np.cumsum(np.hstack([begun[:, n - length :], begun]), axis=1)
        yield (total[:, length:] - total[:, :n]).astype(np.float64)


def bootstrap_draws(
    statistic: Callable[[np.ndarray], dict[str, np.ndarray]],
    n: int,
    n_boot: int,
    seed: int,
    *,
    groups: np.ndarray | None = None,
    block: int = 1,
) -> dict[str, np.ndarray]:
    """Return the draws of several statistics over the same resamples.

    Parameters
    ----------
    statistic : callable
        Takes counts of shape (b, n), returns arrays of shape (b,) by name.
    n, n_boot, seed : int
        As in :func:`resample_counts`.
    groups : ndarray of shape (n,), optional
        Each group keeps its size in every resample.
    block : int
        Rows are the time points of a series, of which stretches of this length stay together.

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
    if block > 1:
        resamples = block_counts(n, block, n_boot, seed)
    elif groups is not None:
        resamples = stratified_counts(groups, n_boot, seed)
    else:
        resamples = resample_counts(n, n_boot, seed)
    blocks = [statistic(counts) for counts in resamples]
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
