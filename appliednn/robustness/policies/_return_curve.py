"""Return under growing stress, episode by episode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from appliednn.core.statistics import Estimate, bootstrap_interval

_DRAWS = 1000


@dataclass(frozen=True)
class ReturnCurve:
    """Returns of the same seeded episodes at levels of stress.

    Attributes
    ----------
    name : str
        What the stress is.
    unit : str
        What a level is.
    levels : tuple of float
        Stress.
    clean : ndarray of shape (n,)
        Returns without stress.
    values : ndarray of shape (n_levels, n)
        Returns under stress.
    seeds : int ndarray of shape (n,)
        Seed of each episode, the same at every level.
    clean_level : float
        Level that stands for no stress.
    seed : int
        Seed of the bootstrap intervals.

    Examples
    --------
    >>> curve = ReturnCurve("noise", "sd", (1.0,), np.full(4, 9.0), np.full((1, 4), 7.0), [0] * 4)
    >>> curve.at[0].value, curve.lost[0].value, curve.lost[0].ci
    (7.0, 2.0, (2.0, 2.0))
    """

    name: str
    unit: str
    levels: tuple[float, ...]
    clean: np.ndarray
    values: np.ndarray
    seeds: np.ndarray
    clean_level: float = 0.0
    seed: int = 0

    @cached_property
    def at(self) -> list[Estimate]:
        """Mean return at each level."""
        return [
            self._mean(f"Return at {level:g}", row)
            for level, row in zip(self.levels, self.values, strict=True)
        ]

    @cached_property
    def clean_estimate(self) -> Estimate:
        """Mean return without stress."""
        return self._mean("Return, unchanged", self.clean)

    @cached_property
    def lost(self) -> list[Estimate]:
        """Mean return lost at each level, in pairs of episodes with one seed."""
        return [
            self._mean(f"Return lost at {level:g}", self.clean - row)
            for level, row in zip(self.levels, self.values, strict=True)
        ]

    def estimates(self, key: str, name: str) -> dict[str, Estimate]:
        """Return the mean return at each level under ``key[level]``, named ``name level``."""
        return {
            f"{key}[{level:g}]": replace(estimate, name=f"{name} {level:g}")
            for level, estimate in zip(self.levels, self.at, strict=True)
        }

    def nearest(self, level: float) -> int:
        """Return the position of the level nearest to one asked for."""
        return int(np.argmin(np.abs(np.array(self.levels) - level)))

    def points(self) -> tuple[list[float], list[float], list[float], list[float]]:
        """Return levels, values, lower and upper ends in the order of levels, clean included."""
        made = sorted(
            [(self.clean_level, self.clean_estimate), *zip(self.levels, self.at, strict=True)],
            key=lambda point: point[0],
        )
        ends = [e.ci or (e.value, e.value) for _, e in made]
        return (
            [float(level) for level, _ in made],
            [float(e.value) for _, e in made],
            [float(low) for low, _ in ends],
            [float(high) for _, high in ends],
        )

    def to_frame(self):
        """Return one row a level: return and paired loss with their intervals.

        Returns
        -------
        DataFrame
            Columns ``stress``, ``level``, ``return``, ``low``, ``high``, ``lost``, ``lost_low``,
            ``lost_high``, ``n``; the first row is unstressed.
        """
        import pandas as pd

        rows = [(self.clean_level, self.clean_estimate, None)]
        rows += zip(self.levels, self.at, self.lost, strict=True)
        table = [
            (self.name, level, *_numbers(found), *_numbers(lost), found.n)
            for level, found, lost in rows
        ]
        columns = ["stress", "level", "return", "low", "high", "lost", "lost_low", "lost_high"]
        return pd.DataFrame(table, columns=[*columns, "n"])

    def _mean(self, name: str, values: np.ndarray) -> Estimate:
        n, mean = len(values), float(np.mean(values))
        if n < 2:
            return Estimate(name, mean, None, n, reason="one episode gives no interval")
        ci = bootstrap_interval(np.mean, values, n_boot=_DRAWS, seed=self.seed)
        return Estimate(name, mean, ci, n, seed=self.seed)


def stress_frame(curves: Mapping[str, ReturnCurve]):
    """Return the tables of several curves as one DataFrame, the mapping's keys as ``stress``."""
    import pandas as pd

    frames = [curve.to_frame().assign(stress=key) for key, curve in curves.items()]
    return pd.concat(frames, ignore_index=True)


def _numbers(estimate: Estimate | None) -> tuple[float, float, float]:
    """Return value and ends (zero for what was not stressed)."""
    if estimate is None:
        return 0.0, 0.0, 0.0
    low, high = estimate.ci or (np.nan, np.nan)
    return float(estimate.value), float(low), float(high)
