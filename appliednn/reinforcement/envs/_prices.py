"""Made-up prices with trends in them, and the checks that a table of prices has to pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from appliednn.core.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def generate_prices(
    n_times: int = 1000,
    n_assets: int = 1,
    *,
    trend: float = 0.004,
    volatility: float = 0.01,
    persistence: float = 0.97,
    random_state: int | np.random.Generator | None = None,
) -> np.ndarray:
    """Return prices that rise for a while and fall for a while, each starting at 100.

    The log return of a step is ``trend`` times a hidden sign plus normal noise; the sign stays
    what it was with probability ``persistence``. There is something to be learned from past
    returns, by construction: no market is claimed to behave so.

    Parameters
    ----------
    n_times, n_assets : int
        Length of the table and number of columns, which are independent of each other.
    trend : float
        Size of the mean log return of a step; 0 gives a random walk.
    volatility : float
        Standard deviation of the noise of a step.
    persistence : float
        Probability that the hidden sign stays, in [0, 1].
    random_state : int, Generator or None
        Seed, or a generator to draw from.

    Returns
    -------
    ndarray of shape (n_times, n_assets)

    Examples
    --------
    >>> prices = generate_prices(3, 2, random_state=0)
    >>> prices.shape, prices[0].tolist()
    ((3, 2), [100.0, 100.0])
    """
    rng = np.random.default_rng(random_state)
    shape = (n_times - 1, n_assets)
    turns = np.where(rng.random(shape) < persistence, 1, -1)
    signs = rng.choice((-1, 1), n_assets) * np.cumprod(turns, axis=0)
    returns = trend * signs + volatility * rng.normal(size=shape)
    start = np.zeros((1, n_assets))
    return 100 * np.exp(np.concatenate([start, np.cumsum(returns, axis=0)]))


def checked_prices(prices: np.ndarray | pd.DataFrame, least: int) -> np.ndarray:
    """Return a table of prices as float64 (n_times, n_assets), or say what is wrong with it."""
    table = np.asarray(prices)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.number):
        raise UsageError(
            "prices are a table of numbers, a row for each time and a column for each asset; "
            f"what was given has shape {table.shape} and type {table.dtype}"
        )
    table = table.astype(float)
    wrong = np.flatnonzero(~(np.isfinite(table) & (table > 0)).all(axis=1))
    if len(wrong):
        raise UsageError(
            f"row {wrong[0]} of the prices holds {table[wrong[0]].tolist()}; prices are finite "
            "and above 0 (fill what is missing first)"
        )
    if len(table) < least:
        raise UsageError(f"{len(table)} prices were given; with this window give {least} or more")
    return table
