"""Layers over time, in Keras: each block takes and returns a tensor (n, n_timepoints, units)."""

from __future__ import annotations

from collections.abc import Sequence

RECURRENT = ("rnn", "gru", "lstm")


def recurrent_layers(x, cell: str, units: int, n_layers: int = 1, *, name: str = "recurrent"):
    """Return the states of stacked recurrent layers at every time point.

    Parameters
    ----------
    x : Keras tensor of shape (n, n_timepoints, width)
        Input.
    cell : {"rnn", "gru", "lstm"}
        Elman 1990; Cho et al. 2014; Hochreiter and Schmidhuber 1997.
    units, n_layers : int
        Width of a state, and how many layers.
    name : str
        Prefix of the layers' names.

    Raises
    ------
    ValueError
        For an unknown cell.
    """
    import keras

    classes = {
        "rnn": keras.layers.SimpleRNN,
        "gru": keras.layers.GRU,
        "lstm": keras.layers.LSTM,
    }
    if cell not in classes:
        raise ValueError(f"cell={cell!r} was given; expected one of {sorted(classes)}")
    for i in range(n_layers):
        x = classes[cell](units, return_sequences=True, name=f"{name}_{i}")(x)
    return x


def causal_convolutions(x, units: int, n_layers: int, kernel_size: int = 3):
    """Return stacked causal convolutions with rectified outputs.

    ``receptive_field(kernel_size, [1] * n_layers)`` time points are seen.
    """
    import keras

    for i in range(n_layers):
        x = keras.layers.Conv1D(
            units, kernel_size, padding="causal", activation="relu", name=f"conv_{i}"
        )(x)
    return x


def temporal_blocks(
    x,
    units: int,
    dilations: Sequence[int],
    kernel_size: int = 3,
    *,
    causal: bool = True,
    name: str = "block",
):
    """Return the residual blocks of a temporal convolutional network.

    Each block adds two dilated convolutions with rectified outputs to its input (through a
    convolution of width 1 where the widths differ) and rectifies the sum (S. Bai, J. Z. Kolter,
    V. Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
    Sequence Modeling", arXiv 1803.01271, 2018; weights are not normalised and nothing is dropped).

    Parameters
    ----------
    x : Keras tensor of shape (n, n_timepoints, width)
        Input.
    units, kernel_size : int
        Channels of the convolutions, and their width in time points.
    dilations : sequence of int
        One block each.
    causal : bool
        Whether an output sees its own and earlier time points only.
    name : str
        Prefix of the layers' names.
    """
    import keras

    padding = "causal" if causal else "same"
    for b, dilation in enumerate(dilations):
        y = x
        for i in range(2):
            y = keras.layers.Conv1D(
                units,
                kernel_size,
                padding=padding,
                dilation_rate=dilation,
                activation="relu",
                kernel_initializer="he_normal",
                name=f"{name}_{b}_conv_{i}",
            )(y)
        if x.shape[-1] != units:
            x = keras.layers.Conv1D(units, 1, name=f"{name}_{b}_shortcut")(x)
        x = keras.layers.Add(name=f"{name}_{b}_add")([x, y])
        x = keras.layers.Activation("relu", name=f"{name}_{b}_activation")(x)
    return x


def dilations_for(n_timepoints: int, kernel_size: int = 3) -> list[int]:
    """Return doubling dilations whose blocks see at least so many time points, and at most twice.

    Examples
    --------
    >>> dilations_for(64), receptive_field(3, [1, 2, 4, 8, 16], per_block=2)
    ([1, 2, 4, 8, 16], 125)
    """
    out = [1]
    while receptive_field(kernel_size, out, per_block=2) < n_timepoints:
        out.append(2 * out[-1])
    return out


def receptive_field(kernel_size: int, dilations: Sequence[int], *, per_block: int = 1) -> int:
    """Return how many time points an output of dilated convolutions sees.

    Examples
    --------
    >>> receptive_field(3, [1, 1, 1])
    7
    """
    return 1 + per_block * (kernel_size - 1) * sum(dilations)
