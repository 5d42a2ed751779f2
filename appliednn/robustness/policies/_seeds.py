"""Return on the seeds that a policy was chosen by, beside fresh ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate
from appliednn.explain.policies import play_policy


@dataclass(frozen=True)
class SeedGap:
    """Episodes on seen and on fresh seeds.

    Attributes
    ----------
    seen, fresh : Evaluation
        Episodes of the policy.
    gap : Estimate
        Mean return on seen seeds less that on fresh ones; positive: the policy was flattered.
    """

    seen: object
    fresh: object
    gap: Estimate

    def to_frame(self):
        """Return one row for seen and one for fresh seeds: mean return with interval."""
        import pandas as pd

        rows = []
        for key, found in (("seen", self.seen.mean), ("fresh", self.fresh.mean)):
            low, high = found.ci or (np.nan, np.nan)
            rows.append((key, found.value, low, high, found.n))
        return pd.DataFrame(rows, columns=["seeds", "return", "low", "high", "n"])


def unseen_seeds(
    agent,
    env=None,
    *,
    seen: Sequence[int],
    n_episodes: int = 20,
    max_steps: int | None = None,
    random_state: int = 0,
) -> SeedGap:
    """Compare the return on seeds that the policy was trained or chosen by with fresh ones.

    Episodes of different seeds have nothing in common that would pair them: the interval of the
    gap resamples both sides on their own.

    Parameters
    ----------
    agent : fitted agent
        Gives ``policy()``.
    env : str, callable or gymnasium.Env, optional
        Default: the agent's own.
    seen : sequence of int
        Seeds of the episodes by which the policy was chosen.
    n_episodes : int
        Episodes on fresh seeds.
    max_steps : int, optional
        Longest episode.
    random_state : int
        Seed of the fresh seeds and of the bootstrap.

    Returns
    -------
    SeedGap

    Raises
    ------
    UsageError
        If ``seen`` is empty.

    Examples
    --------
    >>> from appliednn.robustness.policies import unseen_seeds
    >>> from appliednn.reinforcement import PPOAgent
    >>> agent = PPOAgent("CartPole-v1", total_timesteps=256, eval_freq=None, random_state=0).fit()
    >>> low, high = unseen_seeds(agent, seen=range(10)).gap.ci
    >>> low < high
    True
    """
    from appliednn.reinforcement import Evaluation

    seen = np.asarray(list(seen), dtype=np.int64)
    if len(seen) == 0:
        raise UsageError("seen is empty; give the seeds of the episodes the policy was chosen by")
    drawn = np.random.SeedSequence([int(random_state), 30]).generate_state(n_episodes + len(seen))
    fresh = np.setdiff1d(drawn >> 1, seen)[:n_episodes]
    ours, new = (
        Evaluation(play_policy(agent, env, seeds, max_steps=max_steps)) for seeds in (seen, fresh)
    )
    return SeedGap(ours, new, _gap(ours.returns, new.returns, random_state))


def _gap(seen: np.ndarray, fresh: np.ndarray, seed: int, n_boot: int = 2000) -> Estimate:
    """Return the difference of two means with a two-sample bootstrap interval."""
    name, value = "Return on seen less fresh seeds", float(seen.mean() - fresh.mean())
    n = min(len(seen), len(fresh))
    if n < 2:
        return Estimate(name, value, None, n, reason="one episode gives no interval")
    rng = np.random.default_rng(seed)
    draws = [
        side[rng.integers(0, len(side), (n_boot, len(side)))].mean(axis=1)
        for side in (seen, fresh)
    ]
    low, high = np.quantile(draws[0] - draws[1], [0.025, 0.975])
    return Estimate(name, value, (float(low), float(high)), n, seed=seed)
