"""A bidirectional LSTM that runs both directions in one loop."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="appliednn")
class ForgetBias(keras.initializers.Initializer):
    """Zeros, and ones for the forget gates, so that a fresh LSTM remembers."""

    def __call__(self, shape, dtype=None):
        """Return a bias of shape (..., 4, units)."""
        ones, zeros = ops.ones(shape, dtype), ops.zeros(shape, dtype)
        gate = ops.reshape(ops.arange(4), (4, 1))
        return ops.where(gate == 1, ones, zeros)


@keras.saving.register_keras_serializable(package="appliednn")
class BiLSTM(keras.layers.Layer):
    """LSTM over a padded batch in both directions, exact for every length.

    Each sentence is turned round within its own length for the backward direction, so that
    padding is only ever read after the last token. Inputs are projected for all time points at
    once; the loop takes one step of both directions at a time.

    Parameters
    ----------
    units : int
        Width of each direction.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997.
    """

    kernel_initializer = "glorot_uniform"
    recurrent_initializer = "orthogonal"
    bias_initializer = ForgetBias()

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.width = int(units)

    def build(self, input_shape) -> None:
        """Create the weights; gates in the order input, forget, candidate, output."""
        x, lengths = input_shape
        u = self.width
        self.kernel = self.add_weight(name="kernel", shape=(x[-1], 8 * u))
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(2, u, 4 * u), initializer=self.recurrent_initializer
        )
        self.bias = self.add_weight(
            name="bias", shape=(2, 4, u), initializer=self.bias_initializer
        )

    def call(self, inputs):
        """Return states, (n, T, 2 units), of inputs (n, T, width) and lengths (n,)."""
        x, lengths = inputs
        u, n, n_steps = self.width, ops.shape(x)[0], ops.shape(x)[1]
        steps = ops.arange(n_steps)
        lengths = ops.cast(lengths, "int32")[:, None]
        turned = ops.where(steps < lengths, lengths - 1 - steps, steps)
        gates = ops.matmul(x, self.kernel) + ops.reshape(self.bias, (-1,))
        forward, backward = gates[:, :, : 4 * u], gates[:, :, 4 * u :]
        backward = ops.take_along_axis(backward, turned[:, :, None], axis=1)
        gates = ops.transpose(ops.stack([forward, backward], axis=0), (2, 0, 1, 3))

        def step(state, now):
            h, c = state
            z = now + ops.matmul(h, self.recurrent_kernel)
            i, f, g, o = ops.split(z, 4, axis=-1)
            c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
            h = ops.sigmoid(o) * ops.tanh(c)
            return (h, c), (h, c)

        zeros = ops.zeros((2, n, u), dtype=x.dtype)
        _, (states, _) = ops.scan(step, (zeros, zeros), gates)
        states = ops.transpose(states, (1, 2, 0, 3))
        backward = ops.take_along_axis(states[1], turned[:, :, None], axis=1)
        return ops.concatenate([states[0], backward], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return (n, T, 2 units)."""
        return (*input_shape[0][:-1], 2 * self.width)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "units": self.width}
