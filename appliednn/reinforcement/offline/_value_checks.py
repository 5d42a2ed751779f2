"""What off-policy evaluation refuses, and what it warns of."""

from __future__ import annotations

import numpy as np

from appliednn.reinforcement.offline._decision_log import DecisionLog
from appliednn.reinforcement.offline._value_terms import (
    NEEDS_MODEL,
    NEEDS_PROPENSITY,
    Weights,
)

_FEW_ROWS = 20  # an effective sample below it carries no interval by the central limit theorem


def check_needs(method, log, X, reward_model, interval, clip, reward_range) -> None:
    """Refuse a method without what it needs."""
    if method in NEEDS_PROPENSITY and log.propensity is None:
        raise ValueError(
            f"method={method!r} needs propensity=, the probability by which each logged action "
            "was taken; if the log does not hold it, use method='dm', or estimate it by "
            "cross_val_predict(classifier, X, actions, method='predict_proba')"
        )
    if method.startswith("switch") and log.logging is None:
        raise ValueError(
            f"method={method!r} needs the log's probability of every action, propensity of shape "
            f"({log.n}, {len(log.labels)}); only those of the taken ones were given (use 'dr')"
        )
    if method in NEEDS_MODEL and X is None and not isinstance(reward_model, np.ndarray):
        raise ValueError(
            f"method={method!r} models the reward by the context: give X, or expected rewards as "
            "reward_model=array of shape (n, n_actions)"
        )
    if interval == "bernstein":
        _check_bernstein(method, log, clip, reward_range)


def _check_bernstein(method: str, log: DecisionLog, clip, reward_range) -> None:
    """Refuse a bound for terms whose own bounds are not known."""
    if method not in ("ips", "dr"):
        raise ValueError(
            f"interval='bernstein' was given with method={method!r}; it holds for means of "
            "bounded terms, method='ips' or 'dr'"
        )
    if clip is None or reward_range is None:
        raise ValueError(
            "interval='bernstein' needs clip= (the largest weight there can be) and "
            "reward_range=(least, greatest possible reward)"
        )
    low, high = reward_range
    if not (low <= log.rewards.min() and log.rewards.max() <= high):
        raise ValueError(
            f"reward_range={reward_range} was given, and rewards lie in "
            f"[{log.rewards.min():g}, {log.rewards.max():g}]"
        )


def unsupported_share(log: DecisionLog, target: np.ndarray) -> float:
    """Return the probability with which the policy does what the log cannot show."""
    if log.logging is not None:
        return float((target * (log.logging == 0)).sum(axis=1).mean())
    never = np.setdiff1d(np.arange(len(log.labels)), log.codes)
    return float(target[:, never].sum(axis=1).mean())


def value_notes(
    method: str, log: DecisionLog, weights: Weights | None, unsupported: float
) -> tuple[str, ...]:
    """Return what should be known before the value is relied on."""
    notes = []
    if unsupported > 0:
        rest = "counts as 0" if method in ("ips", "snips") else "rests on the model alone"
        notes.append(
            f"the policy does with probability {unsupported:.3g} what the log never shows; its "
            f"reward there {rest}"
        )
    if weights is None or method == "dm":
        return tuple(notes)
    mean, error = weights.raw.mean(), weights.raw.std() / np.sqrt(log.n)
    if abs(mean - 1) > max(0.1, 4 * error) and unsupported < 0.1:
        notes.append(
            f"the weights have the mean {mean:.3g}, where right propensities give 1 (standard "
            f"error {error:.2g}): check the propensities"
        )
    total, squares = weights.taken.sum(), (weights.taken**2).sum()
    effective = total**2 / squares if squares else 0.0
    if effective < _FEW_ROWS:
        notes.append(
            f"the value rests on an effective sample of {effective:.3g} decisions; policy and "
            "log have little in common"
        )
    return tuple(notes)
