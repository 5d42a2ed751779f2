"""The variational autoencoder of the detectors as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops

from appliednn.anomaly._vae_numpy import LEAST_LOG_VARIANCE
from appliednn.core._layers import HashNormal


@keras.saving.register_keras_serializable(package="appliednn")
class BoundedVariance(keras.layers.Layer):
    """Means and log variances side by side, the latter kept above a bound, smoothly."""

    xla_pays = rows_independent = True

    def call(self, inputs):
        """Return the inputs with the second half bounded."""
        mean, spread = ops.split(inputs, 2, axis=-1)
        spread = LEAST_LOG_VARIANCE + ops.softplus(spread - LEAST_LOG_VARIANCE)
        return ops.concatenate([mean, spread], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return the shape unchanged."""
        return input_shape


def build_vae(
    n_inputs: int,
    hidden: Sequence[int],
    n_components: int,
    activation: str = "relu",
    draw: bool = True,
) -> keras.Model:
    """Return the network.

    Parameters
    ----------
    n_inputs : int
        Width of a row.
    hidden : sequence of int
        Units of the encoder's hidden layers; the decoder's mirror them.
    n_components : int
        Latent units.
    activation : str
        Name of a Keras activation.
    draw : bool
        Whether the decoder reads draws of the latent units while training, not their means.

    Returns
    -------
    keras.Model
        Its outputs are the means and the log variances of the columns, then those of the latent
        units: (n, 2 n_inputs + 2 n_components).
    """
    x = inputs = keras.Input((n_inputs,))
    for i, width in enumerate(hidden):
        x = keras.layers.Dense(width, activation=activation, name=f"encoder_{i}")(x)
    latent = keras.layers.Dense(2 * n_components, name="latent")(x)
    x = HashNormal(name="draw")(latent) if draw else latent[:, :n_components]
    for i, width in enumerate(reversed(hidden)):
        x = keras.layers.Dense(width, activation=activation, name=f"decoder_{i}")(x)
    x = keras.layers.Dense(2 * n_inputs, name="columns")(x)
    x = BoundedVariance(name="bounded")(x)
    return keras.Model(inputs, keras.layers.Concatenate(name="all")([x, latent]))
