"""An agent that trades on made-up prices, on a later part of the table, beside buy and hold."""

from pathlib import Path

import numpy as np
import pandas as pd

from appliednn.reinforcement import (
    Evaluation,
    PPOAgent,
    TradingEnv,
    buy_and_hold,
    generate_prices,
    replay_svg,
    run_episodes,
)

days = pd.bdate_range("2001-01-01", periods=6000)
prices = pd.DataFrame(generate_prices(6000, random_state=0), index=days, columns=["price"])
earlier, later = prices.iloc[:4500], prices.iloc[4500:]


def past():
    """Make the market to learn in: years of the earlier part, costs of 0.15 % a trade."""
    return TradingEnv(earlier, episode_length=250, cost=0.001, slippage=0.0005)


def future():
    """Make the market to be judged in."""
    return TradingEnv(later, episode_length=250, cost=0.001, slippage=0.0005)


agent = PPOAgent(
    past,
    total_timesteps=60_000,
    n_steps=64,
    n_epochs=10,
    gamma=0.9,
    learning_rate=1e-3,
    schedule="linear",
    normalize_observations=True,
    normalize_rewards=True,
    random_state=0,
).fit()

years = range(40)  # seeds; each draws the day on which a year of 250 steps begins
traded = agent.evaluate(future, seeds=years, record=True)
held = Evaluation(run_episodes(buy_and_hold(future()), future, years))
print("mean growth of the wealth in a year of the later part (in overlapping years):")
for name, found in (("agent", traded), ("buy and hold", held)):
    low, high = np.expm1(found.mean.ci)
    print(f"  {name:12} {np.expm1(found.mean.value):+.0%} (95 %: {low:+.0%} to {high:+.0%})")
cost = traded.episodes.info_sums["cost"].mean()
print(f"share of the wealth that went to costs in a year: {cost:.1%}")
print(
    f"years in which holding did better: {(held.returns > traded.returns).sum()} of {len(years)}"
)

picture = Path("reports/trading.svg")
picture.parent.mkdir(exist_ok=True)
median_year = int(np.argsort(traded.returns)[len(years) // 2])
picture.write_text(replay_svg(traded.episodes, future, median_year), encoding="utf-8")
print(f"a middling year: {picture}")
