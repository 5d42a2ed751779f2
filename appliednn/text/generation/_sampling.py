"""The next token: the likeliest, or one drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities along the last axis, float64."""
    logits = np.asarray(logits, dtype=np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def kept_by_rank(log_probs: np.ndarray, top_k: int) -> np.ndarray:
    """Return log-probabilities with all but each row's ``top_k`` likeliest at minus infinity.

    Examples
    --------
    >>> kept_by_rank(np.log([[0.5, 0.3, 0.2]]), 2).round(2).tolist()
    [[-0.69, -1.2, -inf]]
    """
    if top_k >= log_probs.shape[1]:
        return log_probs
    order = np.argsort(-log_probs, axis=1, kind="stable")
    out = np.full_like(log_probs, -np.inf)
    best = order[:, :top_k]
    np.put_along_axis(out, best, np.take_along_axis(log_probs, best, 1), 1)
    return out


def kept_by_mass(log_probs: np.ndarray, top_p: float) -> np.ndarray:
    """Return log-probabilities of the fewest tokens that hold ``top_p``, the rest at -inf.

    Source: A. Holtzman et al., "The Curious Case of Neural Text Degeneration", ICLR 2020.

    Examples
    --------
    >>> kept_by_mass(np.log([[0.5, 0.3, 0.2]]), 0.7).round(2).tolist()
    [[-0.69, -1.2, -inf]]
    """
    order = np.argsort(-log_probs, axis=1, kind="stable")
    p = np.exp(np.take_along_axis(log_probs, order, 1))
    keep = np.cumsum(p, axis=1) - p < top_p * p.sum(axis=1, keepdims=True)
    keep[:, 0] = True
    out = np.full_like(log_probs, -np.inf)
    np.put_along_axis(out, order, np.where(keep, np.take_along_axis(log_probs, order, 1), out), 1)
    return out


def draw(
    logits: np.ndarray,
    rngs: Sequence[np.random.Generator],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """Return a token drawn for each row.

    Parameters
    ----------
    logits : ndarray (n, n_ids)
        Scores.
    rngs : sequence of n Generator
        One a row, so that a row's draws do not depend on the other rows.
    temperature : float
        Scores are divided by it.
    top_k, top_p : int, float, optional
        Which tokens may be drawn: so many, so much probability.

    Returns
    -------
    ndarray of int (n,)
    """
    log_probs = log_softmax(np.asarray(logits, dtype=np.float64) / temperature)
    if top_k is not None:
        log_probs = kept_by_rank(log_probs, top_k)
    if top_p is not None:
        log_probs = kept_by_mass(log_probs, top_p)
    total = np.cumsum(np.exp(log_probs), axis=1)
    at = np.array([rng.random() for rng in rngs]) * total[:, -1]
    return np.minimum((total <= at[:, None]).sum(axis=1), logits.shape[1] - 1)
