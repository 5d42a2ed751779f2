"""Return under attacks on the observations, beside random changes of the same size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliednn.core.errors import UsageError
from appliednn.core.statistics import Estimate, bootstrap_interval
from appliednn.explain.policies import check_memoryless, is_continuous, open_env, play_policy
from appliednn.robustness._sanity import SanityCheck
from appliednn.robustness.policies._pgd import pgd_observations
from appliednn.robustness.policies._return_curve import ReturnCurve, stress_frame
from appliednn.robustness.policies._stress import stress_seeds

EPS = (0.05, 0.1, 0.2)
# States on which the attack itself is checked.
_CHECKED = 300


@dataclass(frozen=True)
class PolicyAttackResult:
    """What attacks on the observations did.

    Attributes
    ----------
    curves : dict of str to ReturnCurve
        By attack (``"pgd"``, ``"random"``), over the sizes.
    changed : dict of str to list of Estimate
        Share of decisions that each size changed (continuous actions: mean change of the action
        in shares of its range).
    sanity : list of SanityCheck
        Whether the numbers are to be believed.
    """

    curves: dict[str, ReturnCurve]
    changed: dict[str, list[Estimate]]
    sanity: list[SanityCheck]

    def to_frame(self):
        """Return one row for each attack and size: return, paired loss and changed decisions."""
        import pandas as pd

        frame = stress_frame(self.curves)
        shares = [
            share for key in self.curves for share in (0.0, *(e.value for e in self.changed[key]))
        ]
        return frame.assign(changed=pd.Series(shares))


def policy_attack_curves(
    agent,
    env=None,
    eps: Sequence[float] = EPS,
    *,
    scale=None,
    n_steps: int = 5,
    n_episodes: int = 20,
    seeds: Sequence[int] | None = None,
    max_steps: int | None = None,
    random_state: int = 0,
) -> PolicyAttackResult:
    """Play while every observation is changed against the decision, at every size.

    Each observation is attacked as the policy sees it (a stack of frames as a whole), by
    projected gradient descent on the chosen action; beside it, each number moves by the same
    size in a random direction. The attack looks at one decision at a time and not at the return:
    a policy may lose more than this finds.

    Parameters
    ----------
    agent : fitted agent
        As for :func:`pgd_observations`; gives ``policy()``.
    env : str, callable or gymnasium.Env, optional
        Default: the agent's own.
    eps : sequence of float
        Largest change of a number, in units of ``scale``.
    scale : ndarray of shape observation_shape, or float, optional
        Default: the standard deviation of each number over the undisturbed episodes (for images
        one number for all pixels).
    n_steps : int
        Gradient steps.
    n_episodes : int
        Episodes at each size.
    seeds : sequence of int, optional
        Seeds of the episodes; default drawn from ``random_state``.
    max_steps : int, optional
        Longest episode.
    random_state : int
        Seed of episodes and random changes.

    Returns
    -------
    PolicyAttackResult

    Raises
    ------
    UsageError
        If the agent has no gradient where one is needed or has a memory, or a size is not
        positive.

    Examples
    --------
    >>> from appliednn.robustness.policies import policy_attack_curves
    >>> from appliednn.reinforcement import PPOAgent
    >>> agent = PPOAgent("CartPole-v1", total_timesteps=256, eval_freq=None, random_state=0).fit()
    >>> result = policy_attack_curves(agent, eps=[0.1], n_episodes=3)
    >>> result.curves["pgd"].lost[0].n
    3
    """
    sizes = tuple(sorted(float(e) for e in eps))
    if not sizes or sizes[0] <= 0:
        raise UsageError(f"eps must be positive numbers; got {sizes}")
    seeds = stress_seeds(seeds, n_episodes, random_state)
    run = _Run(agent, env, seeds, max_steps, int(random_state))
    clean = run.play(None)
    check_memoryless(agent, clean)
    if scale is None:
        rows = np.concatenate(clean.observations).astype(np.float64)
        scale = rows.std(axis=0) if rows.ndim == 2 else float(rows.std())
    played = {
        "pgd": [run.play(lambda rows, e=e: run.attacked(rows, e, scale, n_steps)) for e in sizes],
        "random": [run.play(_Corners(e, scale, run.root, run.bounds)) for e in sizes],
    }
    unit = "largest change, in standard deviations of the visited states"
    curves = {
        name: ReturnCurve(
            name, unit, sizes, clean.returns, np.array([e.returns for e in found]), seeds
        )
        for name, found in played.items()
    }
    changed = {name: [run.changed(e) for e in found] for name, found in played.items()}
    checks = _checks(run, np.concatenate(clean.observations), sizes, scale, n_steps)
    return PolicyAttackResult(curves, changed, checks)


class _Run:
    """Episodes in which something stands between sensors and policy."""

    def __init__(self, agent, env, seeds, max_steps, root: int) -> None:
        self.agent, self.env, self.seeds, self.max_steps = agent, env, seeds, max_steps
        self.root = root
        one = open_env(agent, env)
        space = one.observation_space
        one.close()
        images = space.dtype.kind in "iu"
        self.bounds = (space.low, space.high) if images else (None, None)

    def play(self, change):
        """Play and record; ``change`` takes observations and returns what the policy sees."""
        around = None if change is None else lambda act: _Between(act, change)
        return play_policy(
            self.agent, self.env, self.seeds, around=around, record=True,
            max_steps=self.max_steps,
        )  # fmt: skip

    def attacked(self, rows, eps, scale, n_steps) -> np.ndarray:
        """Return attacked observations."""
        low, high = self.bounds
        return pgd_observations(self.agent, rows, eps, scale, n_steps=n_steps, low=low, high=high)

    def moved(self, rows: np.ndarray, seen: np.ndarray) -> float:
        """Return how far decisions differ when other observations are seen."""
        return float(self._differences(rows, np.asarray(self.agent.predict(seen))).mean())

    def _differences(self, rows: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Return 1 for each changed choice, or the change of a continuous action, (n,)."""
        wanted = np.asarray(self.agent.predict(rows), dtype=np.float64).reshape(len(rows), -1)
        taken = taken.astype(np.float64).reshape(len(rows), -1)
        if not is_continuous(self.agent):
            return (wanted != taken).any(axis=1).astype(np.float64)
        space = self.agent.action_space_
        wanted, taken = (np.clip(x, space.low, space.high) for x in (wanted, taken))
        return (np.abs(wanted - taken) / (space.high - space.low)).mean(axis=1)

    def changed(self, episodes) -> Estimate:
        """Return how far the actions taken differ from those without the change."""
        rows = np.concatenate(episodes.observations)
        each = self._differences(rows, np.concatenate(episodes.actions))
        name = "Mean change of the action" if is_continuous(self.agent) else "Decisions changed"
        sums = np.add.reduceat(each, np.r_[0, np.cumsum(episodes.lengths)[:-1]])
        lengths = episodes.lengths.astype(np.float64)
        value, n = float(each.mean()), len(sums)
        if n < 2:
            return Estimate(name, value, None, n, reason="one episode gives no interval")
        ci = bootstrap_interval(lambda s, m: float(s.sum() / m.sum()), sums, lengths)
        return Estimate(name, value, ci, n, seed=0)


class _Between:
    """A policy that sees changed observations."""

    def __init__(self, act, change) -> None:
        self.act, self.change = act, change

    def begin(self, rows: np.ndarray, seeds: np.ndarray) -> None:
        """Tell policy and change which rows begin an episode, and its seed."""
        for part in (self.act, self.change):
            if hasattr(part, "begin"):
                part.begin(rows, seeds)

    def __call__(self, observations: np.ndarray, first: np.ndarray) -> np.ndarray:
        return self.act(self.change(observations), first)


class _Corners:
    """Moves each number by ``eps`` in a random direction that the episode's seed decides."""

    def __init__(self, eps: float, scale, root: int, bounds) -> None:
        self.eps, self.scale, self.root, self.bounds = eps, scale, root, bounds
        self.rngs: dict[int, np.random.Generator] = {}

    def begin(self, rows: np.ndarray, seeds: np.ndarray) -> None:
        """Begin episodes in some rows."""
        for row, seed in zip(rows, seeds, strict=True):
            self.rngs[int(row)] = np.random.default_rng([self.root, int(seed)])

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        shape = observations.shape[1:]
        ups = [self.rngs[i].random(shape) < 0.5 for i in range(len(observations))]
        moved = observations + self.eps * self.scale * np.where(ups, 1.0, -1.0)
        if self.bounds[0] is not None:
            moved = np.round(np.clip(moved, *self.bounds))
        return moved.astype(observations.dtype)


def _checks(run: _Run, states: np.ndarray, sizes, scale, n_steps) -> list[SanityCheck]:
    """Whether the attack changes more than chance, and more the larger it is, on equal states.

    Under attack a policy visits other states at every size, so that shares of its decisions
    there do not compare.
    """
    rng = np.random.default_rng(run.root)
    rows = states[np.sort(rng.permutation(len(states))[:_CHECKED])]
    pgd = [run.moved(rows, run.attacked(rows, e, scale, n_steps)) for e in sizes]
    chance = []
    for e in sizes:
        corners = _Corners(e, scale, run.root, run.bounds)
        corners.begin(np.arange(len(rows)), np.arange(len(rows)))
        chance.append(run.moved(rows, corners(rows)))
    lead, grown = np.subtract(pgd, chance), np.diff(pgd)
    return [
        SanityCheck(
            "PGD changes at least as many decisions as random changes of its size",
            bool((lead >= 0).all()),
            f"smallest lead {lead.min():.3g} on {len(rows)} states",
        ),
        SanityCheck(
            "PGD changes no fewer decisions as eps grows",
            bool((grown >= -1 / len(rows)).all()),
            "at every size" if (grown >= 0).all() else f"fewer by {-grown.min():.3g}",
        ),
    ]
