"""Layers of a stacked model: k networks side by side, their weights with a leading axis k.

Inside a stacked model activations have the shape (k, batch, ...): one batched matrix product a
layer serves every member.
"""

from __future__ import annotations

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="appliednn")
class MembersFirst(keras.layers.Layer):
    """Bring inputs to (k, batch, ...).

    Rows that all members share, (batch, d), get a leading axis of one and broadcast; rows of each
    member's own, (batch, k, d), are transposed.
    """

    xla_pays = rows_independent = True

    def call(self, inputs):
        """Return (1, batch, d) or (k, batch, d)."""
        if len(inputs.shape) == 2:
            return ops.expand_dims(inputs, 0)
        return ops.transpose(inputs, (1, 0, 2))

    def compute_output_shape(self, input_shape):
        """Return the shape with the members first."""
        if len(input_shape) == 2:
            return (1, *input_shape)
        return (input_shape[1], input_shape[0], input_shape[2])


@keras.saving.register_keras_serializable(package="appliednn")
class MembersLast(keras.layers.Layer):
    """Give each member's raw output, (batch, k, out), or one for all, (batch, out).

    Parameters
    ----------
    kind : {"binary", "multiclass", "multilabel", "regression"}
        Kind of target: probabilities are averaged for classes, numbers for regression. The
        average is given as the raw output that stands for it (log-probabilities or logits).
    aggregate : bool
        Whether to average.
    """

    xla_pays = rows_independent = True

    def __init__(self, kind: str = "regression", aggregate: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.aggregate = bool(aggregate)

    def call(self, inputs):
        """Return (batch, k, out) or (batch, out)."""
        if not self.aggregate:
            return ops.transpose(inputs, (1, 0, 2))
        if self.kind == "regression":
            return ops.mean(inputs, axis=0)
        if self.kind == "multiclass":
            return _log_mean(ops.log_softmax(inputs, axis=-1))
        return _log_mean(-ops.softplus(-inputs)) - _log_mean(-ops.softplus(inputs))

    def compute_output_shape(self, input_shape):
        """Return the shape with rows first."""
        k, batch, out = input_shape
        return (batch, out) if self.aggregate else (batch, k, out)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return {**super().get_config(), "kind": self.kind, "aggregate": self.aggregate}


def _log_mean(log_values):
    """Return the log of the mean over the members of what is given as logs."""
    return ops.logsumexp(log_values, axis=0) - math.log(log_values.shape[0])


@keras.saving.register_keras_serializable(package="appliednn")
class MemberDense(keras.layers.Layer):
    """A dense layer for each member, or one layer where ``members`` is 0.

    Parameters
    ----------
    units : int
        Width of the output.
    members : int
        Number of networks side by side; 0 for a plain layer.
    use_bias : bool
        Whether to add a bias.
    fan_in_scale : bool
        Divide the product by ``sqrt(fan_in)`` (NTK parametrisation) instead of in the weights.
    kernel_initializer, bias_initializer
        Of one network; members are drawn one by one.
    group : str
        Prefix of the groups that kernel (``group``) and bias (``group + "bias"``) belong to.
    """

    xla_pays = rows_independent = True

    def __init__(
        self,
        units: int,
        members: int = 0,
        use_bias: bool = True,
        fan_in_scale: bool = False,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        group: str = "",
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.group = group
        self.rate_groups = {"kernel": group, "bias": f"{group}bias"}
        self.units = int(units)
        self.members = int(members)
        self.use_bias = bool(use_bias)
        self.fan_in_scale = bool(fan_in_scale)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape) -> None:
        """Create kernel and bias, with a leading axis for the members."""
        width, k = int(input_shape[-1]), self.members
        self._factor = 1.0 / math.sqrt(width) if self.fan_in_scale else 1.0
        self.kernel = self.add_weight(
            name="kernel",
            shape=(k, width, self.units) if k else (width, self.units),
            initializer=self.kernel_initializer,
        )
        self.bias = None
        if self.use_bias:
            shape = (k, 1, self.units) if k else (self.units,)
            self.bias = self.add_weight(
                name="bias", shape=shape, initializer=self.bias_initializer
            )

    def call(self, inputs):
        """Return ``inputs @ kernel + bias`` for each member."""
        x = inputs if self._factor == 1.0 else inputs * self._factor
        x = ops.matmul(x, self.kernel)
        return x if self.bias is None else x + self.bias

    def compute_output_shape(self, input_shape):
        """Return the shape with the last axis replaced."""
        if not self.members:
            return (*input_shape[:-1], self.units)
        return (self.members, *input_shape[1:-1], self.units)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        serialize = keras.initializers.serialize
        return {
            **super().get_config(),
            "units": self.units,
            "members": self.members,
            "use_bias": self.use_bias,
            "fan_in_scale": self.fan_in_scale,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
            "group": self.group,
        }
