"""Layers of our own: noise by hashing positions, because Keras's generators stall XLA."""

from __future__ import annotations

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="appliednn")
class HashDropout(keras.layers.Layer):
    """Dropout whose mask is a hash of (position, step counter, seed).

    The rate, the seed and the counter are weights, so that a compiled program can be reused with
    other values; they count as state and are saved with the model. The hash is the finaliser of
    MurmurHash3 (A. Appleby).

    Parameters
    ----------
    rate : float in [0, 1)
        Share of the inputs set to zero while training.
    group : str
        A fit sets the rate to the number ``"dropout" + group`` of its own, if it has one.
    members : int
        Networks side by side, each with a rate of its own; the inputs' first axis.
    """

    def __init__(self, rate: float = 0.0, group: str = "", members: int = 0, **kwargs) -> None:
        super().__init__(**kwargs)
        self.initial_rate = float(rate)
        self.group = group
        self.members = int(members)
        self.supports_masking = True

    def build(self, input_shape) -> None:
        """Create the counter, the seed and the rate."""
        state = {"shape": (), "trainable": False, "aggregation": "only_first_replica"}
        self.counter = self.add_weight(name="counter", dtype="int32", initializer="zeros", **state)
        self.seed = self.add_weight(name="seed", dtype="int32", initializer="zeros", **state)
        state["shape"] = (self.members, *[1] * (len(input_shape) - 1)) if self.members else ()
        self.rate = self.add_weight(
            name="rate",
            dtype="float32",
            initializer=keras.initializers.Constant(self.initial_rate),
            **state,
        )

    def call(self, inputs, training: bool = False):
        """Return the inputs, masked and rescaled while training."""
        if not training:
            return inputs
        self.counter.assign(self.counter + 1)
        uniform = _hash_uniform(ops.shape(inputs), self.counter, self.seed)
        scale = 1.0 / (1.0 - ops.convert_to_tensor(self.rate))
        keep = ops.where(uniform >= self.rate, scale, ops.zeros_like(scale))
        return inputs * ops.cast(keep, inputs.dtype)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        own = {"rate": self.initial_rate, "group": self.group, "members": self.members}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="appliednn")
class HashNormal(keras.layers.Layer):
    """Draws from normal distributions while training, by hashing (position, step counter, seed).

    Its inputs are the means and the logarithms of the variances side by side, (batch, 2 k); it
    gives draws (batch, k) while training and the means otherwise. The draws are Box and Muller's
    of :class:`HashDropout`'s uniform ones.
    """

    xla_pays = rows_independent = True

    def build(self, input_shape) -> None:
        """Create the counter and the seed."""
        state = {"shape": (), "trainable": False, "aggregation": "only_first_replica"}
        self.counter = self.add_weight(name="counter", dtype="int32", initializer="zeros", **state)
        self.seed = self.add_weight(name="seed", dtype="int32", initializer="zeros", **state)

    def call(self, inputs, training: bool = False):
        """Return draws, or the means."""
        mean, log_variance = ops.split(inputs, 2, axis=-1)
        if not training:
            return mean
        self.counter.assign(self.counter + 1)
        uniform = _hash_uniform(ops.shape(inputs), self.counter, self.seed)
        radius, angle = ops.split(uniform, 2, axis=-1)
        normal = ops.sqrt(-2.0 * ops.log1p(-radius)) * ops.cos(2.0 * math.pi * angle)
        return mean + ops.exp(0.5 * log_variance) * ops.cast(normal, mean.dtype)

    def compute_output_shape(self, input_shape):
        """Return the shape with the last axis halved."""
        return (*input_shape[:-1], input_shape[-1] // 2)


def _hash_uniform(shape, counter, seed):
    """Return uniform draws in [0, 1) of the given shape, float32."""
    size = ops.prod(ops.convert_to_tensor(shape, dtype="int32"))
    h = ops.cast(ops.arange(size, dtype="int32"), "uint32") * _uint(0x9E3779B1)
    h = h + ops.cast(counter, "uint32") * _uint(0x85EBCA77) + ops.cast(seed, "uint32")
    h = ops.bitwise_xor(h, ops.right_shift(h, _uint(16))) * _uint(0x85EBCA6B)
    h = ops.bitwise_xor(h, ops.right_shift(h, _uint(13))) * _uint(0xC2B2AE35)
    h = ops.bitwise_xor(h, ops.right_shift(h, _uint(16)))
    uniform = ops.cast(ops.cast(ops.right_shift(h, _uint(8)), "int32"), "float32")
    return ops.reshape(uniform * (1.0 / (1 << 24)), shape)


def _uint(value: int):
    return ops.cast(ops.convert_to_tensor(value, dtype="int64"), "uint32")
