"""Layers of our own: a dropout that hashes positions, because Keras's generators stall XLA."""

from __future__ import annotations

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
