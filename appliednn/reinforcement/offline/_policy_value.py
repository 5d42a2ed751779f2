"""What off-policy evaluation returns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from appliednn.core.statistics import Estimate


@dataclass(frozen=True, eq=False)
class PolicyValue:
    """The value of a policy by a log of another's decisions.

    Attributes
    ----------
    method : str
        Estimator.
    estimate : Estimate
        Mean reward a decision, with its interval.
    standard_error : float
        Of the value.
    n : int
        Logged decisions.
    effective_n : float or None
        Kish's effective sample size of the weights: so many decisions the value rests on, as far
        as it rests on weights. None without propensities.
    mean_weight : float or None
        Mean of the unclipped weights; about 1 where the propensities are right.
    max_weight : float or None
        Largest of them.
    clipped : float
        Share of the weights that were clipped.
    unsupported : float
        Probability with which the policy does what the log could not show.
    threshold : float or None
        SWITCH's.
    notes : tuple of str
        What should be known before the value is relied on.
    terms : ndarray of shape (n,)
        One for each decision; their mean is the value.
    draws : ndarray of shape (n_boot,) or None
        Bootstrap values, if the interval is by them.
    """

    method: str
    estimate: Estimate
    standard_error: float
    n: int
    effective_n: float | None = None
    mean_weight: float | None = None
    max_weight: float | None = None
    clipped: float = 0.0
    unsupported: float = 0.0
    threshold: float | None = None
    notes: tuple[str, ...] = ()
    terms: np.ndarray = field(default_factory=lambda: np.zeros(0), repr=False)
    draws: np.ndarray | None = field(default=None, repr=False)

    @property
    def value(self) -> float:
        """Mean reward a decision."""
        return self.estimate.value

    @property
    def ci(self) -> tuple[float, float]:
        """Interval of the value."""
        return self.estimate.ci

    def to_dict(self) -> dict:
        """Return a JSON-ready dict, without anything of single decisions."""
        plain = ("standard_error", "effective_n", "mean_weight", "max_weight", "clipped")
        numbers = {name: getattr(self, name) for name in (*plain, "unsupported", "threshold")}
        return {
            "estimator": self.method,
            **self.estimate.to_dict(),
            **{name: None if v is None else float(v) for name, v in numbers.items()},
            "notes": list(self.notes),
        }


@dataclass(frozen=True, eq=False)
class PolicyComparison:
    """Several policies by one log.

    Attributes
    ----------
    values : dict of str to PolicyValue
        Each policy's; ``"logged"`` is the log's own.
    differences : dict of str to Estimate
        Value less the baseline's, with the interval of paired decisions.
    baseline : str
        What the others are compared with.
    """

    values: dict[str, PolicyValue]
    differences: dict[str, Estimate]
    baseline: str

    def to_frame(self):
        """Return a DataFrame, a row for each policy: value, interval, difference, interval."""
        import pandas as pd

        rows = []
        for name, value in self.values.items():
            difference = self.differences.get(name)
            low, high = (np.nan, np.nan) if difference is None else difference.ci
            rows.append(
                {
                    "policy": name,
                    "value": value.value,
                    "low": value.ci[0],
                    "high": value.ci[1],
                    "effective_n": value.effective_n,
                    f"less {self.baseline}": 0.0 if difference is None else difference.value,
                    "difference low": low,
                    "difference high": high,
                }
            )
        return pd.DataFrame(rows).set_index("policy")

    def to_dict(self) -> dict:
        """Return a JSON-ready dict."""
        return {
            "baseline": self.baseline,
            "values": {name: value.to_dict() for name, value in self.values.items()},
            "differences": {name: d.to_dict() for name, d in self.differences.items()},
        }
