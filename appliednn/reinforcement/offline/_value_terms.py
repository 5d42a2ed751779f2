"""The estimators' arithmetic: what each logged decision says of another policy's value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliednn.reinforcement.offline._decision_log import DecisionLog

#: Methods whose value rests on a model's rewards as they are: an error of the model stays in it.
MODEL_BOUND = ("dm", "switch", "switch-dr")
NEEDS_MODEL = ("dm", "dr", "switch", "switch-dr")
NEEDS_PROPENSITY = ("ips", "snips", "dr", "switch", "switch-dr")


@dataclass(frozen=True)
class Weights:
    """How much likelier the policy takes the logged actions than the log's own did.

    Attributes
    ----------
    taken : ndarray of shape (n,)
        Of the actions that were taken, clipped.
    raw : ndarray of shape (n,)
        The same, not clipped.
    every : ndarray of shape (n, K) or None
        Of all actions (infinite where the log could not take what the policy would), where the
        log's probabilities of all of them are known.
    """

    taken: np.ndarray
    raw: np.ndarray
    every: np.ndarray | None


def importance_weights(log: DecisionLog, target: np.ndarray, clip: float | None) -> Weights:
    """Return the importance weights of a policy with probabilities ``target`` (n, K)."""
    raw = target[np.arange(log.n), log.codes] / log.propensity
    every = None
    if log.logging is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            every = np.where(target > 0, target / log.logging, 0.0)
    return Weights(raw if clip is None else np.minimum(raw, clip), raw, every)


def row_terms(
    method: str,
    log: DecisionLog,
    target: np.ndarray,
    weights: Weights | None,
    model: np.ndarray | None,
    threshold: float | None = None,
) -> np.ndarray:
    """Return a term for each decision, whose mean is the value (SNIPS: see ``influence``).

    Parameters
    ----------
    method : str
        Name of the estimator.
    log : DecisionLog
        Decisions.
    target : ndarray of shape (n, K)
        The policy's probabilities.
    weights : Weights or None
        Its importance weights.
    model : ndarray of shape (n, K) or None
        Expected rewards.
    threshold : float, optional
        Above it SWITCH leaves an action to the model.
    """
    if method in ("ips", "snips"):
        return weights.taken * log.rewards
    direct = (target * model).sum(axis=1)
    if method == "dm":
        return direct
    left = log.rewards - model[np.arange(log.n), log.codes]
    if method == "dr":
        return direct + weights.taken * left
    kept = weights.taken * (weights.raw <= threshold)
    if method == "switch-dr":
        return direct + kept * left
    return kept * log.rewards + (target * model * (weights.every > threshold)).sum(axis=1)


def influence(method: str, terms: np.ndarray, weights: Weights | None) -> np.ndarray:
    """Return terms whose mean is the value and whose spread gives its standard error."""
    if method != "snips":
        return terms
    mean = weights.taken.mean()
    value = terms.mean() / mean
    # The ratio's first-order expansion (delta method).
    return value + (terms - value * weights.taken) / mean


def choose_threshold(
    method: str, log: DecisionLog, target: np.ndarray, weights: Weights, model: np.ndarray
) -> float:
    """Return SWITCH's threshold with the least bound of its mean squared error.

    The variance is that of the terms; the bias is at most the probability of what is left to the
    model times the range of the rewards (Wang et al. 2017, section 4).
    """
    spread = float(np.ptp(log.rewards))
    finite = weights.every[np.isfinite(weights.every) & (weights.every > 0)]
    grid = np.unique(np.quantile(finite, np.linspace(0, 1, 21), method="inverted_cdf"))
    bounds = []
    for threshold in grid:
        terms = row_terms(method, log, target, weights, model, threshold)
        bias = spread * (target * (weights.every > threshold)).sum(axis=1).mean()
        bounds.append(terms.var() / log.n + bias**2)
    return float(grid[int(np.argmin(bounds))])
