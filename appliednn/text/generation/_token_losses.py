"""How unexpected tokens are under the scores that a network gives."""

from __future__ import annotations

from keras import ops


def token_losses(logits, ids, smoothing: float = 0.0):
    """Return the cross-entropy of each token, (batch, length), in nats.

    Parameters
    ----------
    logits : tensor (batch, length, n_ids)
        Scores.
    ids : tensor of int (batch, length)
        Tokens.
    smoothing : float
        Share of the target given to all tokens alike (C. Szegedy et al., CVPR 2016).
    """
    own = ops.sparse_categorical_crossentropy(ids, logits, from_logits=True)
    if not smoothing:
        return own
    every = ops.logsumexp(logits, axis=-1) - ops.mean(logits, axis=-1)
    return (1.0 - smoothing) * own + smoothing * every


def log_probs_of(logits, ids):
    """Return the log-probability of each token, (batch, length)."""
    return -token_losses(logits, ids)
