"""Linear chains of tags in NumPy: the best path, the partition sum, marginal probabilities.

Scores are log-potentials, padded to one length: ``emissions`` (n, T, n_tags) of which sentence i
has ``lengths[i]`` rows, ``transitions`` (n_tags, n_tags) from row to column, ``start`` and ``end``
(n_tags,). Loops run over time only; all sentences of a batch go side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp


@dataclass
class Chain:
    """The part of a linear-chain model that is the same for all sentences.

    Attributes
    ----------
    transitions : ndarray of shape (n_tags, n_tags)
        Score of a tag (row) being followed by another (column).
    start, end : ndarray of shape (n_tags,)
        Score of a tag at the first and at the last token.
    """

    transitions: np.ndarray
    start: np.ndarray
    end: np.ndarray


def _forward(emissions: np.ndarray, lengths: np.ndarray, chain: Chain) -> np.ndarray:
    """Return log sums over all paths up to each token and tag, (n, T, n_tags)."""
    alpha = np.empty(emissions.shape)
    alpha[:, 0] = chain.start + emissions[:, 0]
    for t in range(1, emissions.shape[1]):
        step = logsumexp(alpha[:, t - 1, :, None] + chain.transitions, axis=1)
        alpha[:, t] = np.where((t < lengths)[:, None], step + emissions[:, t], alpha[:, t - 1])
    return alpha


def log_partition(emissions: np.ndarray, lengths: np.ndarray, chain: Chain) -> np.ndarray:
    """Return the log of the summed exponentials of all paths' scores, (n,); 0 for no tokens.

    Examples
    --------
    >>> flat = Chain(np.zeros((2, 2)), np.zeros(2), np.zeros(2))
    >>> np.exp(log_partition(np.zeros((1, 3, 2)), np.array([3]), flat)).round(6).tolist()
    [8.0]
    """
    emissions, lengths = np.asarray(emissions, dtype=np.float64), np.asarray(lengths)
    alpha = _forward(emissions, lengths, chain)[:, -1]
    return np.where(lengths > 0, logsumexp(alpha + chain.end, axis=1), 0.0)


def best_paths(emissions: np.ndarray, lengths: np.ndarray, chain: Chain) -> list[np.ndarray]:
    """Return the path of the highest score of each sentence (A. Viterbi, 1967).

    Returns
    -------
    list of ndarray of int
        Tag numbers, as many as the sentence has tokens.
    """
    emissions, lengths = np.asarray(emissions, dtype=np.float64), np.asarray(lengths)
    n, n_steps, n_tags = emissions.shape
    came_from = np.zeros((n, n_steps, n_tags), dtype=np.int32)
    best = chain.start + emissions[:, 0]
    rows = np.arange(n)
    for t in range(1, n_steps):
        scores = best[:, :, None] + chain.transitions
        came_from[:, t] = scores.argmax(axis=1)
        step = scores.max(axis=1) + emissions[:, t]
        best = np.where((t < lengths)[:, None], step, best)
    tag = (best + chain.end).argmax(axis=1)
    paths = np.zeros((n, n_steps), dtype=np.int32)
    for t in range(n_steps - 1, -1, -1):
        paths[:, t] = tag
        tag = np.where(t < lengths, came_from[rows, t, tag], tag)
    return [path[:length] for path, length in zip(paths, lengths, strict=True)]


def marginals(emissions: np.ndarray, lengths: np.ndarray, chain: Chain) -> list[np.ndarray]:
    """Return each token's probability of each tag, summed over all paths (forward-backward).

    Returns
    -------
    list of ndarray of shape (n_tokens, n_tags)
        Rows add up to 1.
    """
    emissions, lengths = np.asarray(emissions, dtype=np.float64), np.asarray(lengths)
    alpha = _forward(emissions, lengths, chain)
    beta = np.empty_like(alpha)
    beta[:, -1] = chain.end
    for t in range(emissions.shape[1] - 2, -1, -1):
        after = beta[:, t + 1] + emissions[:, t + 1]
        step = logsumexp(chain.transitions + after[:, None, :], axis=2)
        beta[:, t] = np.where((t + 1 < lengths)[:, None], step, chain.end)
    both = alpha + beta
    shares = np.exp(both - logsumexp(both, axis=2, keepdims=True))
    return [share[:length] for share, length in zip(shares, lengths, strict=True)]
