"""The dense network of the detectors as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from appliednn.core._layers import HashDropout
from appliednn.core._member_layers import MemberDense, MembersFirst, MembersLast


@keras.saving.register_keras_serializable(package="appliednn")
class Shift(keras.layers.Layer):
    """Adds a vector that training leaves as it is; a fit sets it.

    Parameters
    ----------
    members : int
        Networks side by side, each with a vector of its own; the inputs' first axis.
    """

    xla_pays = rows_independent = True

    def __init__(self, members: int = 0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.members = int(members)

    def build(self, input_shape) -> None:
        """Create the vector, zeros."""
        width = int(input_shape[-1])
        shape = (self.members, 1, width) if self.members else (width,)
        self.shift = self.add_weight(
            name="shift", shape=shape, initializer="zeros", trainable=False
        )

    def call(self, inputs):
        """Return the inputs plus the vector."""
        return inputs + self.shift

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "members": self.members}


def build_dense(
    n_inputs: int,
    widths: Sequence[int],
    activation: str = "relu",
    use_bias: bool = True,
    noise: bool = False,
    shift: bool = False,
    members: int = 0,
    aggregate: bool = False,
) -> keras.Model:
    """Return the network: dense layers, of which the last is linear.

    Parameters
    ----------
    n_inputs : int
        Width of a row.
    widths : sequence of int
        Units of each layer; the last are the outputs.
    activation : str
        Name of a Keras activation.
    use_bias : bool
        Whether layers have biases; without them no weights map every row to one point but zero.
    noise : bool
        Whether a share of the inputs is set to zero while training; a fit sets the share.
    shift : bool
        Whether a vector that is not trained is added to the outputs.
    members : int
        Networks side by side; 0 for one.
    aggregate : bool
        Give the members' average for rows they share.
    """
    inputs = keras.Input((members, n_inputs) if members and not aggregate else (n_inputs,))
    x = MembersFirst(name="members_first")(inputs) if members else inputs
    if noise:
        x = HashDropout(name="noise", members=members)(x)
    for i, width in enumerate(widths):
        x = MemberDense(width, members, use_bias=use_bias, name=f"dense_{i}")(x)
        if i + 1 < len(widths):
            x = keras.layers.Activation(activation, name=f"activation_{i}")(x)
    if shift:
        x = Shift(members, name="shift")(x)
    if members:
        x = MembersLast("regression", aggregate, name="members_last")(x)
    return keras.Model(inputs, x)
