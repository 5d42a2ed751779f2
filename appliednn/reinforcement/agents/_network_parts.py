"""Sub-models that several agents' networks are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers


def dense_stack(
    name: str,
    input_shape: Sequence[int],
    n_outputs: int,
    *,
    hidden_layer_sizes: Sequence[int],
    activation: str,
    gain: float = 1.0,
    output_activation: str = "linear",
) -> keras.Model:
    """Return dense layers as a sub-model: orthogonal kernels, the last one of this gain."""
    inputs = keras.Input(tuple(input_shape))
    hidden = inputs
    for width in hidden_layer_sizes:
        hidden = layers.Dense(
            width,
            activation=activation,
            kernel_initializer=keras.initializers.Orthogonal(math.sqrt(2.0)),
        )(hidden)
    outputs = layers.Dense(
        n_outputs,
        activation=output_activation,
        kernel_initializer=keras.initializers.Orthogonal(gain),
    )(hidden)
    return keras.Model(inputs, outputs, name=name)


def image_body(observation_shape: Sequence[int], name: str) -> keras.Model:
    """Return convolutions over an image of bytes (height, width, channels), as a sub-model.

    Large images (Atari's 84 x 84) are read as by V. Mnih et al., Nature 518 (2015): strides of 4
    and 2; small ones by 3 x 3 kernels with a stride of 2 in the second layer.
    """
    height, width, _ = observation_shape
    inputs = keras.Input(tuple(observation_shape))
    hidden = layers.Rescaling(1.0 / 255.0)(inputs)
    large = min(height, width) >= 36
    spec = [(32, 8, 4), (64, 4, 2), (64, 3, 1)] if large else [(16, 3, 1), (32, 3, 2)]
    for filters, kernel, stride in spec:
        hidden = layers.Conv2D(
            filters,
            kernel,
            strides=stride,
            padding="valid" if large else "same",
            activation="relu",
            kernel_initializer=keras.initializers.Orthogonal(math.sqrt(2.0)),
        )(hidden)
    hidden = layers.Flatten()(hidden)
    outputs = layers.Dense(
        512 if large else 128,
        activation="relu",
        kernel_initializer=keras.initializers.Orthogonal(math.sqrt(2.0)),
    )(hidden)
    return keras.Model(inputs, outputs, name=name)
