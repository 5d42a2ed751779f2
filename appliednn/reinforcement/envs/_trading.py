"""Trading on a table of prices, with costs, without looking ahead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from appliednn.core.errors import UsageError, import_extra
from appliednn.reinforcement.envs._prices import checked_prices, generate_prices

if TYPE_CHECKING:
    import pandas as pd

gymnasium = import_extra("gymnasium", "rl")
spaces = gymnasium.spaces

_RUIN = 1e-6  # share of the wealth that is left when a step would have taken all of it


class TradingEnv(gymnasium.Env):
    """Hold assets over time; the return of an episode is the logarithm of the wealth's growth.

    At each step the policy has seen all prices up to now. It names the share of its wealth that
    each asset is to have; the trade is made at the present price, and then the next price comes.
    Shares drift with the prices, so that holding an asset costs nothing after the first trade.

    Parameters
    ----------
    prices : DataFrame or ndarray of shape (n_times,) or (n_times, n_assets), optional
        Finite, above 0, oldest first. Without it every episode draws prices of its own
        (``generate_prices``), so that other seeds are other data.
    actions : {"positions", "weights"}
        "positions": one asset, short, out or long (Discrete). "weights": the share of each asset
        (Box), brought down in proportion if their sizes add up to more than 1.
    window : int
        Past log returns that are observed.
    episode_length : int, optional
        Steps of an episode; it starts at a random time that leaves room for it. Without it, an
        episode is the whole table (250 steps of made-up prices).
    cost, slippage : float
        Share of the traded value that is paid, and by which the price moves against the trade.
    allow_short : bool
        Whether shares may be negative.

    Raises
    ------
    UsageError
        The prices are unusable or too few, or "positions" meet several assets.

    Notes
    -----
    Observations (window * n_assets + n_assets): log returns in percent, the oldest first, then
    the present shares. Reward: change of the logarithm of the wealth, costs included. ``info``:
    ``turnover`` (share of the wealth that was traded) and ``cost`` (share that it cost). An
    episode is cut off (truncated) at its last price; it terminates if all is lost.

    Examples
    --------
    >>> env = TradingEnv(np.array([100.0, 100.0, 110.0, 99.0]), window=1, cost=0.0, slippage=0.0)
    >>> env.reset(seed=0)[0].tolist()
    [0.0, 0.0]
    >>> round(math.exp(env.step(2)[1]), 3), round(math.exp(env.step(0)[1]), 3)
    (1.1, 1.1)
    """

    metadata = {"render_modes": []}

    def __init__(
        self,
        prices: np.ndarray | pd.DataFrame | None = None,
        actions: Literal["positions", "weights"] = "positions",
        window: int = 10,
        episode_length: int | None = None,
        cost: float = 0.001,
        slippage: float = 0.0005,
        allow_short: bool = True,
        render_mode: str | None = None,
    ):
        length = episode_length if episode_length is not None else 1
        self.prices = None if prices is None else checked_prices(prices, window + 1 + length)
        n_assets = 1 if prices is None else self.prices.shape[1]
        if actions not in ("positions", "weights") or (actions == "positions" and n_assets > 1):
            raise UsageError(
                f"actions={actions!r} with {n_assets} assets; give 'positions' (one asset) or "
                "'weights'"
            )
        if window < 1 or length < 1 or cost < 0 or slippage < 0 or cost + slippage >= 1:
            raise UsageError(
                f"window={window}, episode_length={episode_length}, cost={cost}, "
                f"slippage={slippage}; give lengths of 1 or more, and costs from 0 that together "
                "stay below 1"
            )
        self.actions, self.window, self.episode_length = actions, window, episode_length
        self.cost, self.slippage, self.allow_short = cost, slippage, allow_short
        self.render_mode = render_mode
        self.n_assets = n_assets
        self.observation_space = spaces.Box(-np.inf, np.inf, ((window + 1) * n_assets,))
        self.action_space = _action_space(actions, n_assets, allow_short)

    def reset(self, *, seed=None, options=None):
        """Begin without a position, at a time at which the window is full."""
        super().reset(seed=seed)
        prices, length = self.prices, self.episode_length
        if prices is None:
            length = length or 250
            prices = generate_prices(self.window + 1 + length, random_state=self.np_random)
        latest = len(prices) - 1 - (length or len(prices) - 1 - self.window)
        self._now = int(self.np_random.integers(self.window, latest + 1))
        self._end = self._now + length if length else len(prices) - 1
        log_returns = np.diff(np.log(prices), axis=0)
        self._log_returns = log_returns
        self._percent = (100 * log_returns).astype(np.float32)
        self._weights = np.zeros(self.n_assets)
        return self._observation(), {"turnover": 0.0, "cost": 0.0}

    def step(self, action):
        """Trade to the shares that ``action`` names, then go to the next price."""
        weights = self._named(action)
        turnover = float(np.abs(weights - self._weights).sum())
        paid = min(turnover * (self.cost + self.slippage), 1 - _RUIN)
        gains = np.expm1(self._log_returns[self._now])
        earned = max(1 + float(weights @ gains), _RUIN)
        # What an asset is worth after its price has moved, as a share of the new wealth.
        self._weights = weights * (1 + gains) / earned
        self._now += 1
        ruined = earned <= _RUIN
        reward = math.log(1 - paid) + math.log(earned)
        at_end = self._now >= self._end
        info = {"turnover": turnover, "cost": paid}
        return self._observation(), reward, ruined, at_end, info

    def _named(self, action) -> np.ndarray:
        if self.actions == "positions":
            return np.array([float(int(action) - (1 if self.allow_short else 0))])
        low = -1.0 if self.allow_short else 0.0
        weights = np.clip(np.asarray(action, float), low, 1.0)
        return weights / max(1.0, float(np.abs(weights).sum()))

    def _observation(self) -> np.ndarray:
        past = self._percent[self._now - self.window : self._now].reshape(-1)
        return np.concatenate([past, self._weights], dtype=np.float32)


def buy_and_hold(env: TradingEnv):
    """Return the policy that puts all wealth into the assets, in equal parts, and stays.

    Parameters
    ----------
    env : TradingEnv or wrapper of one
        Only its kind of actions and number of assets are read.

    Returns
    -------
    callable
        ``act(observations, first) -> actions`` for ``run_episodes``. With several assets the
        shares are kept equal, which trades a little at every step.

    Examples
    --------
    >>> buy_and_hold(TradingEnv())(np.zeros((3, 11)), np.zeros(3, bool)).tolist()
    [2, 2, 2]
    """
    inner = env.unwrapped
    if inner.actions == "positions":
        action = np.array(2 if inner.allow_short else 1)
    else:
        action = np.full(inner.n_assets, 1 / inner.n_assets, np.float32)

    def act(observations, first):
        return np.broadcast_to(action, (len(observations), *action.shape))

    return act


def _action_space(actions: str, n_assets: int, allow_short: bool) -> spaces.Space:
    if actions == "positions":
        return spaces.Discrete(3 if allow_short else 2)
    return spaces.Box(-1.0 if allow_short else 0.0, 1.0, (n_assets,), np.float32)
