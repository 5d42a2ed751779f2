"""Generator, second encoder and discriminator of the detectors as one Keras model.

All learn in one step of one optimiser. Who learns from what is settled inside the network: the
discriminator sees rebuilt rows without a gradient to the generator, and the generator meets the
discriminator's features through weights that stand still.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="appliednn")
class StillDense(keras.layers.Dense):
    """A dense layer that can be asked without learning from the answer."""

    xla_pays = rows_independent = True

    def call(self, inputs, still: bool = False):
        """Return the answer; with ``still`` gradients pass to the inputs alone."""
        if not still:
            return super().call(inputs)
        product = ops.matmul(inputs, ops.stop_gradient(self.kernel))
        return self.activation(product + ops.stop_gradient(self.bias))


@keras.saving.register_keras_serializable(package="appliednn")
class NoGradient(keras.layers.Layer):
    """Hands its inputs on and no gradient back."""

    xla_pays = rows_independent = True

    def call(self, inputs):
        """Return the inputs."""
        return ops.stop_gradient(inputs)

    def compute_output_shape(self, input_shape):
        """Return the shape unchanged."""
        return input_shape


@keras.saving.register_keras_serializable(package="appliednn")
class MeanSquare(keras.layers.Layer):
    """Mean squared difference of two inputs, one number a row."""

    xla_pays = rows_independent = True

    def call(self, first, second):
        """Return (batch, 1)."""
        return ops.mean(ops.square(first - second), axis=-1, keepdims=True)

    def compute_output_shape(self, first_shape, second_shape):
        """Return one column."""
        return (first_shape[0], 1)


def build_gan(
    n_inputs: int, hidden: Sequence[int], n_components: int, activation: str = "leaky_relu"
) -> keras.Model:
    """Return the network.

    Parameters
    ----------
    n_inputs : int
        Width of a row.
    hidden : sequence of int
        Units of the hidden layers of encoders and discriminator; the decoder's mirror them.
    n_components : int
        Width of the encoding.
    activation : str
        Name of a Keras activation.

    Returns
    -------
    keras.Model
        Its outputs are the rebuilt row, the mean squared differences of its encoding and of its
        features in the discriminator to the row's own, and the discriminator's logits of the row
        and of the rebuilt row: (n, n_inputs + 4).
    """

    def dense(width: int, name: str, **more):
        return keras.layers.Dense(width, name=name, **more)

    def encoder(x, name: str):
        for i, width in enumerate(hidden):
            x = dense(width, f"{name}_{i}", activation=activation)(x)
        return dense(n_components, name)(x)

    inputs = keras.Input((n_inputs,))
    code = x = encoder(inputs, "encoder")
    for i, width in enumerate(reversed(hidden)):
        x = dense(width, f"decoder_{i}", activation=activation)(x)
    rebuilt = dense(n_inputs, "decoder")(x)
    encoding = MeanSquare(name="encoding_error")(code, encoder(rebuilt, "second_encoder"))

    layers = [StillDense(w, activation, name=f"critic_{i}") for i, w in enumerate(hidden)]
    judge = StillDense(1, name="critic")

    def features(x, still: bool):
        for layer in layers:
            x = layer(x, still=still)
        return x

    difference = MeanSquare(name="feature_error")(features(inputs, True), features(rebuilt, True))
    own = judge(features(inputs, False))
    other = judge(features(NoGradient(name="as_given")(rebuilt), False))
    parts = [rebuilt, encoding, difference, own, other]
    return keras.Model(inputs, keras.layers.Concatenate(name="all")(parts))
