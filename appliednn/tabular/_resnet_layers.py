"""Layers of the residual network: batch normalisation for networks side by side."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="appliednn")
class MemberBatchNormalization(keras.layers.Layer):
    """Batch normalisation with statistics of each member's own batch.

    Source: S. Ioffe and C. Szegedy, Batch Normalization, ICML 2015. In training it uses the mean
    and variance over the batch axis, otherwise their moving averages (of the unbiased variance,
    as in PyTorch). A batch must not hold padded rows.

    Parameters
    ----------
    members : int
        Networks side by side; 0 for one, inputs (batch, width).
    momentum : float
        Share of a moving average that is kept at each step.
    epsilon : float
        Added to the variance.
    """

    xla_pays = True
    rows_independent = False
    gamma_initializer = moving_variance_initializer = "ones"
    beta_initializer = moving_mean_initializer = "zeros"

    def __init__(
        self, members: int = 0, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs
    ) -> None:
        super().__init__(**kwargs)
        self.members = int(members)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)

    def build(self, input_shape) -> None:
        """Create scale, shift and the moving statistics."""
        k, width = self.members, int(input_shape[-1])
        shape = (k, 1, width) if k else (width,)
        for name in ("gamma", "beta", "moving_mean", "moving_variance"):
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                trainable=not name.startswith("moving"),
            )
            setattr(self, name, weight)

    def call(self, inputs, training: bool = False):
        """Return the normalised inputs."""
        if training:
            axis = 1 if self.members else 0
            mean = ops.mean(inputs, axis=axis, keepdims=True)
            variance = ops.mean(ops.square(inputs - mean), axis=axis, keepdims=True)
            self._follow(mean, variance, ops.shape(inputs)[axis])
        else:
            mean, variance = self.moving_mean, self.moving_variance
        scale = self.gamma * ops.rsqrt(variance + self.epsilon)
        return (inputs - mean) * scale + self.beta

    def _follow(self, mean, variance, n_rows) -> None:
        n = ops.cast(n_rows, variance.dtype)
        unbiased = variance * (n / ops.maximum(n - 1.0, 1.0))
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, unbiased)):
            new = ops.reshape(new, moving.shape)
            moving.assign(moving * self.momentum + new * (1.0 - self.momentum))

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"members": self.members, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
