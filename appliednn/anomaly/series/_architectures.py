"""The detectors' networks over time as Keras models; outputs are flat, (n, time x channels)."""

from __future__ import annotations

import math

from appliednn.series import (
    causal_convolutions,
    dilations_for,
    recurrent_layers,
    temporal_blocks,
)

# Time points that a convolution sees, of a TCN's blocks and of a plain stack.
KERNEL_SIZE = 3
CNN_KERNEL_SIZE = 5


def build_next_step(kind: str, n_channels: int, window: int, units: int, n_layers: int):
    """Return a causal network that answers at every time point with a later value.

    Parameters
    ----------
    kind : {"lstm", "gru", "rnn", "cnn", "tcn"}
        Which blocks.
    n_channels, window : int
        Channels of the series and time points of a window.
    units, n_layers : int
        Width, and number of recurrent layers or convolutions; a ``"tcn"`` has as many blocks as
        it takes to see the window.
    """
    import keras

    x = inputs = keras.Input((window, n_channels))
    if kind == "tcn":
        x = temporal_blocks(x, units, dilations_for(window, KERNEL_SIZE), KERNEL_SIZE)
    elif kind == "cnn":
        x = causal_convolutions(x, units, n_layers, CNN_KERNEL_SIZE)
    else:
        x = recurrent_layers(x, kind, units, n_layers)
    return keras.Model(inputs, _values(x, n_channels))


def build_sequence_autoencoder(
    kind: str, n_channels: int, window: int, units: int, code_units: int
):
    """Return a network that rebuilds a window from a narrow code.

    Parameters
    ----------
    kind : {"lstm", "tcn"}
        ``"lstm"``: the last state, narrowed to ``code_units``, is what the decoder reads at every
        time point (P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly
        Detection", 2016; here the decoder is not fed its own outputs). ``"tcn"``: blocks,
        pooled over time by 8 (or what of it divides the window), narrowed to ``code_units``
        channels and spread again.
    n_channels, window, units, code_units : int
        Channels of the series, time points of a window, widths.
    """
    import keras

    x = inputs = keras.Input((window, n_channels))
    if kind == "lstm":
        x = keras.layers.LSTM(units, name="encoder")(x)
        x = keras.layers.Dense(code_units, name="code")(x)
        x = keras.layers.RepeatVector(window, name="repeat")(x)
        x = recurrent_layers(x, "lstm", units, name="decoder")
    else:
        pool = math.gcd(8, window)
        x = temporal_blocks(x, units, [1, 2, 4], KERNEL_SIZE, causal=False)
        x = keras.layers.Conv1D(code_units, 1, name="code")(x)
        x = keras.layers.AveragePooling1D(pool, name="pool")(x)
        x = keras.layers.UpSampling1D(pool, name="spread")(x)
        x = temporal_blocks(x, units, [4, 2, 1], KERNEL_SIZE, causal=False, name="decoder")
    return keras.Model(inputs, _values(x, n_channels))


def _values(x, n_channels: int):
    """Return a linear answer for each channel at each time point, flat."""
    import keras

    x = keras.layers.Dense(n_channels, name="values")(x)
    return keras.layers.Flatten(name="flat")(x)
