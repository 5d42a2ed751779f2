"""What the detectors' networks are trained on: one value a row, as in ``_losses.py``."""

from __future__ import annotations

from keras import ops

# A distance of zero has no inverse.
_LEAST = 1e-6


def elbo(y, raw, hyper):
    """Negative evidence lower bound of a variational autoencoder (Kingma and Welling 2014).

    ``raw`` holds the mean and the log variance of each column of ``y``, then those of each latent
    unit. A row's value is the Gaussian negative log likelihood, without its constant, plus
    ``beta`` times the divergence of the latent units from a standard normal distribution, both
    summed over their units and divided by the number of columns.
    """
    d = y.shape[-1]
    k = (raw.shape[-1] - 2 * d) // 2
    mean, log_variance, latent, log_latent = ops.split(raw, [d, 2 * d, 2 * d + k], axis=-1)
    squared = ops.square(ops.cast(y, raw.dtype) - mean)
    likelihood = 0.5 * ops.sum(squared * ops.exp(-log_variance) + log_variance, axis=-1)
    divergence = 0.5 * ops.sum(
        ops.exp(log_latent) + ops.square(latent) - 1.0 - log_latent, axis=-1
    )
    return (likelihood + hyper["beta"] * divergence) / d


def deep_sad(y, raw, hyper):
    """Distances to the centre, pulled in or pushed out (Ruff et al., ICLR 2020).

    ``raw`` is the difference to the centre; ``y`` is 0 for a row without a label, 1 for one known
    to be normal, -1 for a known anomaly, whose inverse distance counts. Labelled rows weigh
    ``eta``.
    """
    distance = ops.mean(ops.square(raw), axis=-1)
    y = ops.cast(y, raw.dtype)
    known = hyper["eta"] * ops.where(y < 0, 1.0 / (distance + _LEAST), distance)
    return ops.where(y == 0, distance, known)


def ganomaly(y, raw, hyper):
    """Losses of generator and discriminator side by side (Akcay, Atapour and Breckon 2018).

    ``raw`` holds the rebuilt row, the errors of its encoding and of the discriminator's features,
    and the discriminator's logits of the row and of the rebuilt one; the network sees to it that
    each reaches only the weights it is meant for.
    """
    d = y.shape[-1]
    rebuilt, errors = raw[:, :d], raw[:, d:]
    reconstruction = ops.mean(ops.abs(ops.cast(y, raw.dtype) - rebuilt), axis=-1)
    discriminator = ops.softplus(-errors[:, 2]) + ops.softplus(errors[:, 3])
    generator = reconstruction + errors[:, 0] + hyper["adversarial"] * errors[:, 1]
    return generator + discriminator
