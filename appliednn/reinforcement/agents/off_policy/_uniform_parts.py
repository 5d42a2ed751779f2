"""Sub-models of the agents that learn from a replay buffer: uniform initial weights.

Kernels and biases start uniform within ``1 / sqrt(fan in)``, as in the papers on DDPG and TD3.
Biases count: with few inputs and biases of zero every unit of a layer would bend at the origin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
from keras import layers

from appliednn.core._member_layers import MemberDense, MembersFirst, MembersLast
from appliednn.reinforcement.agents._network_parts import image_body


def uniform(fan_in: int) -> dict:
    """Return the initialisers of a layer that reads ``fan_in`` numbers."""
    limit = 1.0 / math.sqrt(fan_in)
    return {
        "kernel_initializer": keras.initializers.RandomUniform(-limit, limit),
        "bias_initializer": keras.initializers.RandomUniform(-limit, limit),
    }


def dense(width: int, x, activation: str | None = None, name: str | None = None):
    """Return a dense layer's output for ``x``."""
    layer = layers.Dense(width, activation=activation, name=name, **uniform(int(x.shape[-1])))
    return layer(x)


def state_input(observation_shape: Sequence[int]):
    """Return an input and the vector that is read from it: itself, or an image's features."""
    inputs = keras.Input(tuple(observation_shape))
    if len(observation_shape) == 3:
        return inputs, image_body(observation_shape, name="body")(inputs)
    return inputs, inputs


def uniform_stack(
    name: str,
    observation_shape: Sequence[int],
    n_outputs: int,
    hidden_layer_sizes: Sequence[int],
    activation: str,
) -> keras.Model:
    """Return dense layers over an observation as a sub-model."""
    inputs, x = state_input(observation_shape)
    for width in hidden_layer_sizes:
        x = dense(width, x, activation)
    return keras.Model(inputs, dense(n_outputs, x), name=name)


def critics(
    name: str,
    observation_shape: Sequence[int],
    n_actions: int,
    hidden_layer_sizes: Sequence[int],
    activation: str,
    n_critics: int,
) -> keras.Model:
    """Return ``n_critics`` values of observation and action, (n, n_critics, 1), as a sub-model.

    The critics lie side by side in one array a layer: one batched product serves all.
    """
    inputs, x = state_input(observation_shape)
    actions = keras.Input((n_actions,))
    x = MembersFirst(name="members_first")(layers.Concatenate()([x, actions]))
    for i, width in enumerate([*hidden_layer_sizes, 1]):
        layer = MemberDense(width, n_critics, name=f"layer_{i}", **uniform(int(x.shape[-1])))
        x = layer(x)
        if i < len(hidden_layer_sizes):
            x = layers.Activation(activation)(x)
    return keras.Model([inputs, actions], MembersLast(name="members_last")(x), name=name)
