"""The dense network of the detectors as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence


def build_dense(
    n_inputs: int,
    widths: Sequence[int],
    activation: str = "relu",
    use_bias: bool = True,
    noise: bool = False,
):
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
    """
    import keras

    from appliednn.core._layers import HashDropout

    x = inputs = keras.Input((n_inputs,))
    if noise:
        x = HashDropout(name="noise")(x)
    for i, width in enumerate(widths):
        x = keras.layers.Dense(width, use_bias=use_bias, name=f"dense_{i}")(x)
        if i + 1 < len(widths):
            x = keras.layers.Activation(activation, name=f"activation_{i}")(x)
    return keras.Model(inputs, x)
