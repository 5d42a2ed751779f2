"""Learning-rate schedules, computed on the host for every step and handed over as data."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from numbers import Real

import numpy as np

_DEFAULTS: dict[str, dict[str, float]] = {
    "constant": {"warmup": 0.0},
    "step": {"warmup": 0.0, "factor": 0.5, "every": 10},
    "exponential": {"warmup": 0.0, "decay": 0.95},
    "cosine": {"warmup": 0.05, "end": 0.0, "cycles": 1},
    "one_cycle": {"peak_at": 0.3, "start": 0.04, "end": 1e-4},
    "plateau": {"warmup": 0.0, "factor": 0.5, "patience": 5, "min_factor": 1e-3},
    "coslog": {"cycles": 4},
    "flat_cos": {"flat": 0.5},
}

_RANGES = {
    "warmup": ("from 0 to below 1", lambda v: 0 <= v < 1),
    "factor": ("above 0", lambda v: v > 0),
    "every": ("of at least 1", lambda v: v >= 1),
    "decay": ("above 0", lambda v: v > 0),
    "end": ("of at least 0", lambda v: v >= 0),
    "start": ("of at least 0", lambda v: v >= 0),
    "peak_at": ("between 0 and 1", lambda v: 0 < v < 1),
    "patience": ("of at least 1", lambda v: v >= 1),
    "min_factor": ("of at least 0", lambda v: v >= 0),
    "cycles": ("of at least 1", lambda v: v >= 1),
    "flat": ("from 0 to below 1", lambda v: 0 <= v < 1),
}


def _float32(rates: np.ndarray) -> np.ndarray:
    """Return rates in single precision; one too large is infinite, and training diverges."""
    with np.errstate(over="ignore"):
        return rates.astype(np.float32)


class Schedule:
    """Learning rate of each step.

    Parameters
    ----------
    name : str
        ``"constant"``, ``"step"`` (times ``factor`` every ``every`` epochs), ``"exponential"``
        (times ``decay`` an epoch), ``"cosine"`` (to ``end`` times the rate, ``cycles`` times over,
        each cycle of whole epochs and nearly equal length: Huang et al. 2017), ``"one_cycle"``
        (Smith and Topin 2018: from ``start`` up to the rate at the share ``peak_at`` of all steps,
        down to ``end``), ``"plateau"`` (times ``factor`` after ``patience`` epochs without a
        better monitored value, not below ``min_factor``), ``"coslog"`` (``cycles`` cosine waves
        from 0 up and down again, each twice as long as the one before: Holzmueller et al. 2024),
        ``"flat_cos"`` (constant up to the share ``flat`` of all steps, then a half cosine to 0).
    params : mapping, optional
        The numbers above; ``warmup`` is a share of all steps with a linear rise from 0.
    learning_rate : float or callable
        Peak rate; or a Keras schedule, called with the step, which then replaces ``name``.
    n_epochs, steps_per_epoch : int
        Planned length.

    Examples
    --------
    >>> s = Schedule("step", {"factor": 0.25, "every": 2}, 1.0, n_epochs=4, steps_per_epoch=1)
    >>> s.rates(0, 4).round(4).tolist()
    [1.0, 1.0, 0.25, 0.25]
    """

    def __init__(
        self,
        name: str,
        params: Mapping[str, float] | None,
        learning_rate: float,
        n_epochs: int,
        steps_per_epoch: int,
    ) -> None:
        self.name = name
        self.params = {**_DEFAULTS[name], **check_schedule_params(name, params)}
        # A Keras schedule is called with the step; it gives the rate itself.
        self._custom = learning_rate if callable(learning_rate) else None
        self.learning_rate = 1.0 if self._custom else float(learning_rate)
        self.steps_per_epoch = max(1, steps_per_epoch)
        self.n_steps = max(1, n_epochs * self.steps_per_epoch)
        self.scale = 1.0
        self._best = np.inf
        self._stale = 0

    def rates(self, first_step: int, n_steps: int) -> np.ndarray:
        """Return the rates of ``n_steps`` steps from ``first_step`` on, float32 (n_steps,)."""
        step = np.arange(first_step, first_step + n_steps, dtype=np.float64)
        if self._custom is not None:
            factor = np.array([float(self._custom(int(s))) for s in step])
            return _float32(self.scale * factor)
        factor = getattr(self, f"_{self.name}")(step)
        warmup = self.params.get("warmup", 0.0) * self.n_steps
        if warmup >= 1:
            factor = factor * np.minimum(1.0, (step + 1) / warmup)
        return _float32(self.learning_rate * self.scale * factor)

    def end_epoch(self, monitored: float) -> None:
        """Tell a plateau schedule the value (lower is better) of the epoch that ended."""
        if self.name != "plateau":
            return
        if monitored < self._best:
            self._best, self._stale = monitored, 0
            return
        self._stale += 1
        if self._stale >= self.params["patience"]:
            self.scale = max(self.scale * self.params["factor"], self.params["min_factor"])
            self._stale = 0

    def _constant(self, step):
        return np.ones_like(step)

    _plateau = _constant

    def _step(self, step):
        epoch = step // self.steps_per_epoch
        return self.params["factor"] ** (epoch // self.params["every"])

    def _exponential(self, step):
        return self.params["decay"] ** (step // self.steps_per_epoch)

    def _cosine(self, step):
        ends = cycle_ends(self.n_steps // self.steps_per_epoch, int(self.params["cycles"]))
        starts = self.steps_per_epoch * np.concatenate([[0.0], ends])
        starts[0] = self.params["warmup"] * self.n_steps
        cycle = np.minimum(np.searchsorted(starts[1:], step, side="right"), len(ends) - 1)
        length = np.maximum(1, starts[cycle + 1] - starts[cycle])
        t = np.clip((step - starts[cycle]) / length, 0.0, 1.0)
        end = self.params["end"]
        return end + (1 - end) * 0.5 * (1 + np.cos(np.pi * t))

    def _one_cycle(self, step):
        p = self.params
        t = np.clip(step / max(1, self.n_steps - 1), 0.0, 1.0)
        rise = 0.5 * (1 - np.cos(np.pi * np.minimum(1.0, t / p["peak_at"])))
        fall = 0.5 * (1 + np.cos(np.pi * np.clip((t - p["peak_at"]) / (1 - p["peak_at"]), 0, 1)))
        up = p["start"] + (1 - p["start"]) * rise
        down = p["end"] + (1 - p["end"]) * fall
        return np.where(t < p["peak_at"], up, down)

    def _coslog(self, step):
        waves = np.log2(1 + (2 ** self.params["cycles"] - 1) * step / self.n_steps)
        return 0.5 * (1 - np.cos(2 * np.pi * waves))

    def _flat_cos(self, step):
        return flat_cos(step / self.n_steps, self.params["flat"])


def flat_cos(t: np.ndarray, flat: float = 0.5) -> np.ndarray:
    """Return 1 up to ``t = flat``, then a half cosine to 0 at ``t = 1``.

    Examples
    --------
    >>> flat_cos(np.array([0.0, 0.5, 0.75, 1.0])).round(6).tolist()
    [1.0, 1.0, 0.5, 0.0]
    """
    rest = np.clip((np.asarray(t) - flat) / (1 - flat), 0.0, 1.0)
    return 0.5 * (1 + np.cos(np.pi * rest))


def cycle_ends(n_epochs: int, cycles: int) -> np.ndarray:
    """Return after how many epochs each cycle of a cyclic schedule ends, int (cycles,).

    Where there are fewer epochs than cycles, each epoch is one.

    Examples
    --------
    >>> cycle_ends(10, 4).tolist()
    [2, 5, 7, 10]
    """
    cycles = max(1, min(cycles, n_epochs))
    return np.arange(1, cycles + 1) * n_epochs // cycles


def check_schedule_params(name: str, params: Mapping[str, float] | None) -> dict[str, float]:
    """Return ``params`` if the schedule takes all of them in their range, else raise ValueError.

    Examples
    --------
    >>> check_schedule_params("cosine", {"warmup": 0.1})
    {'warmup': 0.1}
    """
    known = _DEFAULTS[name]
    for key in params or {}:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"schedule_params got {key!r}, which schedule={name!r} does not take "
                f"(it takes {sorted(known)}){hint}"
            )
        words, fits = _RANGES[key]
        if not isinstance(params[key], Real) or not fits(params[key]):
            raise ValueError(
                f"schedule_params got {key}={params[key]!r}; expected a number {words}"
            )
    return dict(params or {})
