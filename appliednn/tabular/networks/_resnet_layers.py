"""Layers of the residual network: batch normalisation for networks side by side."""

from __future__ import annotations

import keras
from keras import ops

_TINY = 1e-30


@keras.saving.register_keras_serializable(package="appliednn")
class MemberBatchNormalization(keras.layers.Layer):
    """Batch normalisation with statistics of each member's own batch.

    Source: S. Ioffe and C. Szegedy, Batch Normalization, ICML 2015. In training it uses the mean
    and variance over the batch axis, otherwise their moving averages (of the unbiased variance,
    as in PyTorch). A training program hands over the rows' weights: a weight counts as that many
    rows, and rows of weight zero, such as those that fill a batch, count for nothing.

    Parameters
    ----------
    members : int
        Networks side by side; 0 for one, inputs (batch, width).
    momentum : float
        Share of a moving average that is kept at each step.
    epsilon : float
        Added to the variance.

    Attributes
    ----------
    row_weights : tensor of shape (batch,) or (batch, members), or None
        Set while a training step is traced; None: every row counts once.
    """

    xla_pays = True
    rows_independent = False
    rate_groups = {"gamma": "norm", "beta": "norm"}  # noqa: RUF012
    gamma_initializer = moving_variance_initializer = "ones"
    beta_initializer = moving_mean_initializer = "zeros"
    row_weights = None

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
            mean, variance = self._statistics(inputs)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        scale = self.gamma * ops.rsqrt(variance + self.epsilon)
        return (inputs - mean) * scale + self.beta

    def _statistics(self, inputs):
        """Return mean and variance of the batch; let the moving averages follow."""
        axis = 1 if self.members else 0
        if self.row_weights is None:
            weights = ops.ones_like(inputs[..., :1])
        elif self.members:
            weights = ops.cast(ops.transpose(self.row_weights)[..., None], inputs.dtype)
        else:
            weights = ops.cast(self.row_weights[:, None], inputs.dtype)
        total = ops.sum(weights, axis=axis, keepdims=True)
        shares = weights / ops.maximum(total, _TINY)
        mean = ops.sum(inputs * shares, axis=axis, keepdims=True)
        variance = ops.sum(ops.square(inputs - mean) * shares, axis=axis, keepdims=True)
        self._follow(mean, variance, total, ops.sum(weights > 0, axis=axis, keepdims=True))
        return mean, variance

    def _follow(self, mean, variance, total, n_rows) -> None:
        """Let the moving averages follow a batch, unless it has one row, which has no spread."""
        factor = ops.where(total >= 2.0, total / ops.maximum(total - 1.0, 1.0), 1.0)
        share = ops.cast(n_rows > 1, mean.dtype) * (1.0 - self.momentum)
        for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance * factor)):
            shaped = ops.reshape(moving, ops.shape(new))
            moving.assign(ops.reshape(shaped + share * (new - shaped), moving.shape))

    def compute_output_shape(self, input_shape):
        """Return the input's shape."""
        return input_shape

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"members": self.members, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
